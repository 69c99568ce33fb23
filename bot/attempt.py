"""Work that is looked at when it is over, whatever came of it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def attempted(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Return work when it is over: its task has the result, or what went wrong.

    For stations that go from one session to the next: a bug in one costs that, not the others.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:  # who waits for it is gone
        await ended(task)
        raise
    return task


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, and return when they have let go of what they had open."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
