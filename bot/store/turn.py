"""Whose turn it is to write: what arrives first, then by turns answers and all else."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self


class Turn:
    """A lock with three lines: first who is in a hurry, then by turns who answers and all others.

    Each line is served in the order of coming. A person's patience begins with what arrives; were
    that kept in its turn behind the answers to all others, nobody would hear for seconds that they
    were heard. Nor are answers kept behind all that is to be drawn and sent, or that behind them.
    """

    def __init__(self) -> None:
        self._taken = False
        self._hurried = deque[asyncio.Future[None]]()
        self._answering = deque[asyncio.Future[None]]()
        self._waiting = deque[asyncio.Future[None]]()
        self._answers = True
        """Whether an answer comes before all else, next time."""
        self.hurry = Line(self, self._hurried)
        """The short line: `async with turn.hurry`."""
        self.answer = Line(self, self._answering)
        """Of those who answer somebody."""
        self.line = Line(self, self._waiting)
        """Of all others."""

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
        by_turns = (self._answering, self._waiting)
        for line in (self._hurried, *(by_turns if self._answers else reversed(by_turns))):
            while line:
                following = line.popleft()
                if not following.done():
                    if line is not self._hurried:
                        self._answers = line is self._waiting
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
