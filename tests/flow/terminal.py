"""Somebody at a terminal: lines go in and come out, over real pipes."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import count
from time import monotonic

from adapters.console.adapter import ConsoleAdapter
from adapters.console.inbound import PLATFORM
from adapters.console.lines import Lines
from tests.flow.studio import Studio

PATIENCE_S = 20.0


class Terminal:
    """The two ends that a person has of it."""

    def __init__(self, adapter: ConsoleAdapter, keys: int, screen: int) -> None:
        self.adapter = adapter
        self._keys = keys
        self._screen = screen
        self._seen = ""

    def types(self, line: str) -> None:
        """Type a line."""
        os.write(self._keys, f"{line}\n".encode())

    @property
    def shown(self) -> str:
        """All that was written so far."""
        try:
            while found := os.read(self._screen, 1 << 16):
                self._seen += found.decode()
        except BlockingIOError:
            pass
        return self._seen

    async def shows(self, words: str) -> None:
        """Wait until some words are on the screen."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.shown:  # noqa: ASYNC110  another thread writes it
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def talking(self, studio: Studio) -> AsyncGenerator[None]:
        """Have a studio hear what is typed meanwhile."""
        hears = asyncio.ensure_future(self.adapter.run(partial(studio.app.hear, PLATFORM)))
        try:
            yield
        finally:
            os.close(self._keys)  # whoever reads it comes to the end
            await asyncio.wait([hears])


@contextmanager
def terminal(user: str) -> Generator[Terminal]:
    """Yield a terminal at which somebody sits to talk, and close it."""
    source, keys = os.pipe()
    screen, sink = os.pipe()
    os.set_blocking(screen, False)
    ids = count(1)
    face = Lines(
        source, sink, user=user, json=False, new_id=lambda: f"x{next(ids)}", clock=monotonic
    )
    try:
        yield Terminal(ConsoleAdapter(face), keys, screen)
    finally:
        for end in (source, screen, sink):
            os.close(end)
