"""Looks into a data folder that another process may be using."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.job import Job
from bot.store.database import read_only
from bot.store.gallery import Gallery
from bot.store.limits import QueueConfig
from bot.store.queue import Queue
from bot.store.store import FILE


class Reader:
    """Answers questions, changes nothing."""

    def __init__(self, connection: Connection, data: Path) -> None:
        self._connection = connection
        self._queue = Queue(QueueConfig(), lambda: 0.0)
        self._gallery = Gallery(data, 0, lambda: 0.0)

    async def job(self, job_id: int) -> Job | None:
        """Return a job by its id."""
        return await self._queue.get(self._connection, job_id)

    async def jobs(self, limit: int) -> list[Job]:
        """Return the newest jobs, newest first."""
        return await self._queue.latest(self._connection, limit)

    async def artworks(self, limit: int) -> tuple[Artwork, ...]:
        """Return the newest artworks, newest first."""
        return await self._gallery.latest(self._connection, limit)


@asynccontextmanager
async def reading(data: Path) -> AsyncGenerator[Reader]:
    """Open a data folder for reading.

    Raises:
        StoreError: It cannot be read.
    """
    connection = await read_only(data / FILE)
    try:
        yield Reader(connection, data)
    finally:
        await connection.close()
