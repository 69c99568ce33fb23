"""One life of an engine, as its client sees it: from its start to its end."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count

from generation import wire
from generation.config import EngineConfig
from generation.errors import BadRecipe, EngineAbsent, EngineError, EngineLost
from generation.recipe import Picture, Progress, Recipe

log = logging.getLogger(__name__)

Tell = Callable[[Progress], None]

GRACE_S = 3.0
"""How long a process may take to end when its connection has."""
CLOSED = "引擎已关闭"
"""Why an engine has ended that we wanted to end."""
KINDS = {kind.__name__: kind for kind in EngineError.__subclasses__()}
"""Errors that cross the process, by name."""


@dataclass(slots=True)
class _Draw:
    count: int
    tell: Tell
    done: asyncio.Future[list[Picture]]
    pictures: dict[int, Picture] = field(default_factory=dict[int, Picture])


class Link:
    """A connection to an engine, and its process where that is our child."""

    def __init__(
        self,
        config: EngineConfig,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        process: asyncio.subprocess.Process | None,
        ready: asyncio.Event,
    ) -> None:
        self._config, self._process, self._ready = config, process, ready
        self._reader, self._writer = streams
        self._loop = asyncio.get_running_loop()
        self._draws: dict[int, _Draw] = {}
        self._ids = count(1)
        self._silent_s = self._still_s = 0.0
        """Since the engine last said something, and last got somewhere; counted by our own watch,
        so that a pause of ours is not taken for one of the engine's."""
        self._steps = -1
        self._last_line = ""
        self._was_ready = False
        self.beat: wire.Beat | None = None
        """Its last sign of life."""
        self.end: str | None = None
        """Why it has ended, if it has."""
        self._life = asyncio.create_task(self._live())

    @classmethod
    async def open(cls, config: EngineConfig, ready: asyncio.Event) -> "Link":
        """Start an engine, or connect to one that listens.

        Args:
            config: Goes to a child as it is.
            ready: Is set while the engine is warm.

        Raises:
            EngineLost: There is none.
        """
        try:
            if config.address:
                return cls(config, await _connect(config), None, ready)
            ours, theirs = socket.socketpair()
            with theirs, ExitStack() as undo:
                streams = await asyncio.open_connection(sock=ours)
                undo.callback(streams[1].close)
                process = await _start(config, theirs.fileno())
                undo.pop_all()
            return cls(config, streams, process, ready)
        except OSError as error:
            raise EngineAbsent(f"引擎起不来：{error}") from error

    @property
    def pid(self) -> int | None:
        """Of the engine's process, where it is our child."""
        return self._process.pid if self._process else None

    async def draw(
        self, recipes: Sequence[Recipe], tell: Tell, *, owner: str, images: Mapping[str, bytes]
    ) -> list[Picture]:
        """Return one picture for each recipe, in order; to cancel it is to stop the drawing.

        Args:
            recipes: What to draw.
            tell: Is told of each step.
            owner: Whom it is drawn for.
            images: Files of the sources and masks that the recipes name, by their SHA-256.

        Raises:
            EngineError: One cannot be drawn, or the engine is gone.
        """
        if self.end is not None:
            raise EngineLost(self.end)
        _check_room(images)
        draw_id, done = next(self._ids), self._loop.create_future()
        try:
            self._send(wire.Draw(draw_id, list(recipes), owner, dict(images)))
        except (UnicodeEncodeError, OverflowError) as error:
            raise BadRecipe("里面有传不过去的字或数") from error
        except wire.Garbled as error:
            raise BadRecipe(f"描述太长了：连图最多 {wire.LARGEST >> 20} MiB") from error
        self._draws[draw_id] = _Draw(len(recipes), tell, done)
        try:
            return await done
        finally:
            del self._draws[draw_id]
            if done.cancelled():
                self._send(wire.Cancel(draw_id))

    async def close(self) -> None:
        """End it."""
        self._life.cancel()
        await asyncio.wait({self._life})

    def _send(self, message: wire.Asked) -> None:
        if not self._writer.is_closing():
            self._writer.write(wire.encode(message))

    async def _live(self) -> None:
        """Listen and watch until the end, whatever it is; then tell all who wait."""
        listening = asyncio.create_task(self._listen())
        watching = asyncio.create_task(self._watch())
        logging_on = asyncio.create_task(self._log())
        end = CLOSED
        try:
            done, _ = await asyncio.wait({listening, watching}, return_when=asyncio.FIRST_COMPLETED)
            end = done.pop().result()
        finally:
            listening.cancel()
            watching.cancel()
            self._ready.clear()
            self._writer.close()
            self.end = end  # from now on nothing more is asked of it
            end += await self._bury(grace_s=0.0 if watching.done() else GRACE_S)
            await logging_on
            self._finish(end)

    async def _listen(self) -> str:
        """Take what the engine says until it says no more; return why that is."""
        try:
            while (message := await wire.read_answered(self._reader)) is not None:
                self._silent_s = 0.0
                if isinstance(message, wire.Hello) and message.version != wire.VERSION:
                    return f"引擎是第 {message.version} 版，这里是第 {wire.VERSION} 版"
                self._take(message)
        except wire.Garbled as error:
            return f"引擎的话听不懂：{error}"
        return "引擎断开了"

    def _take(self, message: wire.Answered) -> None:
        match message:
            case wire.Ready():
                self._still_s = 0.0
                self._was_ready = True
                self._ready.set()
            case wire.Beat():
                if not message.busy or message.steps != self._steps:
                    self._still_s = 0.0
                self._steps, self.beat = message.steps, message
            case wire.Told() | wire.Drawn() | wire.Failed():
                draw = self._draws.get(message.id)
                if draw and not draw.done.done():  # else it was cancelled: too late
                    self._answer(draw, message)
            case wire.Hello():
                pass

    def _answer(self, draw: _Draw, message: wire.Told | wire.Drawn | wire.Failed) -> None:
        match message:
            case wire.Told():
                # soon, not now: an error in it is its owner's, and must not end the listening
                self._loop.call_soon(draw.tell, message.progress)
            case wire.Drawn():
                draw.pictures[message.index] = message.picture
                if len(draw.pictures) == draw.count:
                    draw.done.set_result([draw.pictures[i] for i in range(draw.count)])
            case wire.Failed():
                draw.done.set_exception(KINDS.get(message.error, EngineError)(message.words))

    async def _watch(self) -> str:
        """Return why the engine must be killed, once it must."""
        config = self._config
        while True:
            await asyncio.sleep(config.heartbeat_s)
            self._silent_s += config.heartbeat_s
            self._still_s += config.heartbeat_s
            if not self._ready.is_set():
                if self._still_s > config.start_timeout_s:
                    return f"引擎 {config.start_timeout_s:g} 秒还没准备好"
            elif self._silent_s > config.silence_s:
                return f"引擎 {config.silence_s:g} 秒没有心跳"
            elif self._still_s > config.step_timeout_s:
                return f"引擎 {config.step_timeout_s:g} 秒没有画完一步"

    async def _log(self) -> None:
        """Pass the engine's log on to ours, and remember its last line."""
        if self._process is None or self._process.stderr is None:
            return
        rest = b""
        while chunk := await self._process.stderr.read(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._last_line = line.decode(errors="replace")
                log.info("engine: %s", self._last_line)

    async def _bury(self, *, grace_s: float) -> str:
        """See to it that the process is gone; return what it said last, for the words."""
        if self._process is None:
            return ""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace_s)
        if self._process.returncode is None:
            self._process.kill()
        code = await self._process.wait()
        return f"（退出码 {code}：{self._last_line}）" if code > 0 else f"（退出码 {code}）"

    def _finish(self, end: str) -> None:
        log.log(logging.INFO if end.startswith(CLOSED) else logging.WARNING, "%s", end)
        self.end = end
        for draw in self._draws.values():
            if not draw.done.done():
                lost = EngineLost if self._was_ready else EngineAbsent
                draw.done.set_exception(lost(end))


def _check_room(images: Mapping[str, bytes]) -> None:
    """Refuse images that do not fit in a frame, before one is made of them."""
    size, most = sum(map(len, images.values())), wire.LARGEST - wire.ROOM
    if size > most:
        raise BadRecipe(f"原图和遮罩一共 {size / 2**20:.0f} MB，最多 {most >> 20} MB")


async def _connect(config: EngineConfig) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the engine that listens; it may come up later than we do."""
    path = config.address.removeprefix("unix:")
    deadline_s = asyncio.get_running_loop().time() + config.start_timeout_s
    while True:
        try:
            return await asyncio.open_unix_connection(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if asyncio.get_running_loop().time() > deadline_s:
                raise
            await asyncio.sleep(config.heartbeat_s)


async def _start(config: EngineConfig, fd: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        # -P: what lies in the folder that the bot was started in is no module of ours
        *(sys.executable, "-P", "-m", "generation.server"),
        *("--fd", str(fd), "--config", config.model_dump_json()),
        pass_fds=(fd,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
