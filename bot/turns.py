"""Updates on their way to an answer: one's own in order, those of others beside them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.event import Event, Joined, Left, Lookup, Message, Moved
from bot.store.inbox import Update

ALBUM_S = 1.0
"""Pictures that were sent as one come as messages of their own; how long after the last of them
another may still come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An update, and the event in it."""

    update: Update
    event: Event | None
    """None: it is of no use, or cannot be read."""

    @property
    def whose(self) -> str:
        """Whose turn it waits for: of one person in one chat, things happen in order."""
        match self.event:
            case None:
                return self.update.platform
            case Moved() | Joined() | Left() as event:
                return event.chat.key
            case Lookup() as event:
                return f"{event.user.key} looks"
            case event:
                return f"{event.chat.key} {event.user.key}"

    @property
    def album(self) -> str:
        """What it is a part of; empty: it stands alone."""
        return self.event.album if isinstance(self.event, Message) else ""


Answer = Callable[[Sequence[Arrived]], Awaitable[None]]
"""Answers an update, or those that were sent as one."""


class Turns:
    """Has each update answered in its turn."""

    def __init__(self, answer: Answer, now: Callable[[], float]) -> None:
        """Begin.

        Args:
            answer: Returns when it is done.
            now: Seconds since the epoch, UTC.
        """
        self._answer = answer
        self._now = now
        self._waiting = dict[str, deque[Arrived]]()
        self.waiting = 0
        """Updates that are not answered yet."""

    def has(self, arrived: Arrived) -> bool:
        """Return whether something waits that has to be answered before an update."""
        return arrived.whose in self._waiting

    def put(self, arrived: Arrived, tasks: asyncio.TaskGroup) -> None:
        """Have an update answered."""
        self.waiting += 1
        others = self._waiting.get(arrived.whose)
        if others is not None:
            others.append(arrived)
            return
        self._waiting[arrived.whose] = deque([arrived])
        tasks.create_task(self._serve(arrived.whose))

    async def _serve(self, name: str) -> None:
        queue = self._waiting[name]
        while queue:
            together = await self._together(queue)
            await self._answer(together)
            self.waiting -= len(together)
        del self._waiting[name]

    async def _together(self, queue: deque[Arrived]) -> list[Arrived]:
        """Take the next update from a queue, and with it all that was sent as one with it."""
        album = queue[0].album
        if not album:
            return [queue.popleft()]
        while True:
            wait_s = _newest(queue, album) + ALBUM_S - self._now()
            if wait_s <= 0:
                break
            await asyncio.sleep(min(wait_s, ALBUM_S))
        found = [arrived for arrived in queue if arrived.album == album]
        for arrived in found:
            queue.remove(arrived)
        return found


def _newest(queue: deque[Arrived], album: str) -> float:
    return max(arrived.update.received_at for arrived in queue if arrived.album == album)
