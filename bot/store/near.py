"""A connection that runs a statement where it is asked for, and only what takes long in its thread.

To hand a statement to another thread and its rows back takes ten times as long as most statements
do, while that thread waits for others to let it run; what is said in a group session takes dozens
(docs/decisions/0009).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

log = logging.getLogger(__name__)

BREATH_S = 0.005
"""Others on the loop have their turn at least so often, however many statements follow."""
SLOW_S = 0.1
"""A statement that keeps the loop so long is told of: it ought to be run at length."""

SHOWN = 200
"""Characters of it; its parameters are nobody's business."""

_AT_LENGTH = ContextVar("at_length", default=False)


@contextmanager
def at_length() -> Generator[None]:
    """Have the statements within run in their connection's thread: they may take long."""
    before = _AT_LENGTH.set(True)
    try:
        yield
    finally:
        _AT_LENGTH.reset(before)


class Near(aiosqlite.Connection):
    """A connection of one event loop; made with check_same_thread=False."""

    _handed = 0
    """What its thread has to do: until that is done, everything else goes there behind it."""
    _breathed_s = 0.0

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a function of the connection or of a cursor; all their methods come here."""
        if _AT_LENGTH.get() or self._handed:
            return await self._hand_over(fn, *args, **kwargs)
        began_s = perf_counter()
        if began_s > self._breathed_s + BREATH_S:
            await asyncio.sleep(0)
            self._breathed_s = began_s = perf_counter()
            if self._handed:
                return await self._hand_over(fn, *args, **kwargs)
        try:
            return fn(*args, **kwargs)
        finally:
            if (took_s := perf_counter() - began_s) > SLOW_S:
                said = " ".join(str(args[0] if args else fn).split())[:SHOWN]
                log.warning("a statement kept all others waiting for %.2f s: %s", took_s, said)

    async def _hand_over(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self._handed += 1
        handed: Coroutine[None, None, T] = super()._execute(fn, *args, **kwargs)  # pyright: ignore[reportUnknownMemberType]  untyped there
        running = asyncio.ensure_future(handed)
        running.add_done_callback(self._taken_back)
        return await asyncio.shield(running)  # it runs on when nobody waits for it any more

    def _taken_back(self, running: asyncio.Future[Any]) -> None:
        self._handed -= 1
        if not running.cancelled():
            running.exception()  # whoever still waits has it
