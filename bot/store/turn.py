"""Whose turn it is to write: what arrives before what is done with it."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self


class Turn:
    """A lock with a short line beside the long one: who is in a hurry goes before all others.

    Each line is served in the order of coming. A person's patience begins with what arrives; were
    that kept in its turn behind the answers to all others, nobody would hear for seconds that they
    were heard.
    """

    def __init__(self) -> None:
        self._taken = False
        self._hurried = deque[asyncio.Future[None]]()
        self._waiting = deque[asyncio.Future[None]]()
        self.hurry = Line(self, self._hurried)
        """The short line: `async with turn.hurry`."""
        self.line = Line(self, self._waiting)
        """The long one."""

    async def take(self, line: deque[asyncio.Future[None]]) -> None:
        """Return when it is the caller's turn."""
        if not self._taken:
            self._taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Let the next one have it."""
        for line in (self._hurried, self._waiting):
            while line:
                following = line.popleft()
                if not following.done():
                    following.set_result(None)
                    return
        self._taken = False


class Line:
    """A place to wait in."""

    def __init__(self, turn: Turn, line: deque[asyncio.Future[None]]) -> None:
        self._turn = turn
        self._line = line

    async def __aenter__(self) -> Self:
        await self._turn.take(self._line)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._turn.give()
