"""Lines in, lines out: the terminal's face to pipes, files and programs."""

import asyncio
import logging
import os
import select
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from math import inf
from typing import TypeVar

from adapters.console.face import Hear
from adapters.console.inbound import CHAT, from_line
from adapters.console.outbound import progress_to_json, to_json, to_lines
from adapters.console.seat import Seat
from bot.errors import NotSent, StudioError
from bot.reply import Button, Delivery, Reply, Status

CHUNK_BYTES = 1 << 16
PROGRESS_EVERY_S = 0.25
"""Least time between two progress lines of a job."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class Lines:
    """Hears a message in every line, and writes every reply as lines of text or one of JSON."""

    def __init__(
        self,
        source: int,
        sink: int,
        *,
        user: str,
        json: bool,
        new_id: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        """Set up the face.

        Args:
            source: File descriptor that is read.
            sink: File descriptor that is written.
            user: Who types, where a line names nobody else.
            json: Whether a reply is one line of JSON.
            new_id: Makes an id that no line ever had.
            clock: Monotonic seconds.
        """
        self._source = source
        self._sink = sink
        self._seat = Seat(user)
        self._json = json
        self._new_id = new_id
        self._throttle = Throttle(PROGRESS_EVERY_S, clock)
        self._buttons: list[Button] = []
        self._lock = threading.Lock()
        """Held while a line is written, so that lines stay whole."""

    async def run(self, hear: Hear) -> None:
        """Hear every line; the next is read when the last is on disk."""
        async for line in read_lines(self._source):
            if (told := self._seat.changed(line)) is not None:
                await self._tell(told)
                continue
            line_id, said = self._new_id(), self._seat.speech(line)
            try:
                update = from_line(said.words, line_id, said.user, self._buttons, guest=said.guest)
                await hear(line_id, update)
            except StudioError as error:
                await self._tell(str(error))

    async def send(self, delivery: Delivery) -> None:
        """Write a reply; it has left this process when the call returns.

        Raises:
            NotSent: Nobody reads any more.
        """
        if delivery.last and delivery.job_id is not None:
            self._throttle.forget(delivery.job_id)
        first = len(self._buttons) + 1
        self._buttons += [button for row in delivery.reply.buttons for button in row]
        if self._json:
            data = to_json(delivery)
        else:
            data = "".join(line + "\n" for line in to_lines(delivery, first)).encode()
        try:
            await aside(lambda: self._write(data))
        except OSError as error:
            raise NotSent(f"standard output is gone: {error}", arrived=None) from error

    async def show(self, status: Status) -> None:
        """Write a progress line of JSON; drop it if one was just written or nobody reads on."""
        if self._json and self._lock.acquire(blocking=False):
            with suppress(OSError):  # the courier meets the same error, and can act on it
                _, free, _ = select.select([], [self._sink], [], 0)
                if free and self._throttle.due(status):
                    write_all(self._sink, progress_to_json(status))
            self._lock.release()

    async def _tell(self, words: str) -> None:
        """Say something of the terminal itself."""
        await self.send(Delivery(id=0, chat=CHAT, reply=Reply(text=words)))

    def _write(self, data: bytes) -> None:
        with self._lock:
            write_all(self._sink, data)


class Throttle:
    """Lets the first and the last status of a job through, and between them a few a second."""

    def __init__(self, every_s: float, clock: Callable[[], float]) -> None:
        self._every_s = every_s
        self._clock = clock
        self._shown: dict[int, float] = {}
        """When a job was last let through; infinity after its last status."""

    def due(self, status: Status) -> bool:
        """Say whether to show this status."""
        shown = self._shown.get(status.job_id)
        last = 0 < status.steps == status.step and status.number == status.count - 1
        now = self._clock()
        if shown == inf or (shown is not None and not last and now - shown < self._every_s):
            return False
        self._shown[status.job_id] = inf if last else now
        return True

    def forget(self, job_id: int) -> None:
        """Forget a job that is over."""
        self._shown.pop(job_id, None)


async def read_lines(source: int) -> AsyncIterator[str]:
    """Yield the lines of a file descriptor of any kind, however long, without their ends."""
    rest = bytearray()
    while chunk := await aside(lambda: _read(source)):
        seen = len(rest)
        rest += chunk
        while (end := rest.find(b"\n", seen)) >= 0:
            line = rest[:end]
            del rest[: end + 1]
            seen = 0
            yield _decode(line)
    if rest:
        yield _decode(rest)


async def aside(block: Callable[[], T]) -> T:
    """Run what may block for ever in a daemon thread, so that neither loop nor exit waits."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(done.set_result, block())
        except (OSError, ValueError) as error:
            settle = partial(done.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(lambda: None if done.cancelled() else settle())

    threading.Thread(target=work, name="console", daemon=True).start()
    return await done


def write_all(sink: int, data: bytes) -> None:
    """Write all of the data, also where the descriptor does not block."""
    rest = memoryview(data)
    while rest:
        select.select([], [sink], [])
        rest = rest[os.write(sink, rest) :]


def _read(source: int) -> bytes:
    try:
        select.select([source], [], [])
        return os.read(source, CHUNK_BYTES)
    except OSError as error:
        log.warning("standard input cannot be read: %s", error)
        return b""


def _decode(line: bytearray) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")
