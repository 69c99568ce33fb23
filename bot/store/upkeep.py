"""What is done beside the line, a little at a time: indexing, sweeping, letting go."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.store.limits import GalleryConfig
from bot.store.near import at_length
from bot.store.plates import KEPT_S
from bot.store.store import Store

log = logging.getLogger(__name__)

START_S = 5.0
"""From the start until anything is done: first the line gets going."""
EVERY_S = 3600.0
"""Between two rounds."""
PAUSE_S = 0.02
"""Between two transactions, so that whoever writes is never far from their turn."""
BATCH = 16
"""Rows of one transaction."""
STRAY_S = 3600.0
"""A picture that no row names and that is older is of an attempt that came to nothing."""
UNUSED_S = 24 * 3600.0
"""So long an image that was handed in waits for a request that names it."""
DAY_S = 24 * 3600.0
SESSION_S = 30 * DAY_S
"""So long it is kept what happened in a group session that is over."""
ASKED = 500
"""Files that are asked about in one query."""

# In the order in which they were made, whatever the clock has done since.
OLDEST = """
SELECT artworks.id, made_at, bytes, state,
       EXISTS (SELECT 1 FROM favourites WHERE artwork_id = artworks.id) AS favourite
FROM artworks CROSS JOIN jobs ON jobs.id = job_id
WHERE artworks.id > ? ORDER BY artworks.id LIMIT ?
"""


class Upkeep:
    """Keeps the data folder in order while the studio runs."""

    def __init__(self, store: Store, config: GalleryConfig) -> None:
        self._store = store
        self._config = config

    async def run(self) -> None:
        """Work in small pieces, until cancelled."""
        with at_length():
            await asyncio.sleep(START_S)
            await self._try(self.read_on)
            await self._try(self.sweep)
            while True:
                await self._try(self.retain)
                await self._try(self.forget)
                await self._try(self.sweep_sources)
                await self._try(self.sweep_plates)
                await asyncio.sleep(EVERY_S)

    async def read_on(self) -> None:
        """Index what is from before there was an index."""
        await self._until_done(self._store.gallery.read_on, BATCH)

    async def sweep(self) -> int:
        """Remove files that no artwork names and that are older than an hour; return how many."""
        pictures, gallery, removed = self._store.gallery.pictures, self._store.gallery, 0
        before = self._store.now() - STRAY_S
        for folder in await asyncio.to_thread(pictures.folders):
            doomed = await asyncio.to_thread(pictures.doom, folder, before)
            for first in range(0, len(doomed), ASKED):
                asked = doomed[first : first + ASKED]
                wanted = await self._store.read(gallery.wanted, asked)
                removed += await asyncio.to_thread(pictures.sweep, asked, wanted)
                await asyncio.sleep(0)
        if removed:
            log.info("%d files that no artwork names are removed", removed)
        return removed

    async def retain(self) -> int:
        """Remove what is older, or more, than the config allows; return how many artworks.

        Favourites stay, whoever's they are, and what is still on its way to its user.
        """
        after, removed = 0, 0
        while (self._config.days or self._config.max_mb) and after is not None:
            after, gone = await self._store.insist(self._remove_some, after)
            await asyncio.to_thread(self._store.gallery.remove_files, gone)
            removed += len(gone)
            await asyncio.sleep(PAUSE_S)
        if self._config.days:
            await self._forget_jobs()
        if removed:
            log.info("%d old artworks are removed", removed)
        return removed

    async def forget(self) -> None:
        """Drop replies that were sent, updates that were handled, and turns, days ago."""
        await self._store.insist(self._store.inbox.forget)
        await self._until_done(self._store.outbox.forget, 10 * BATCH)
        before = self._store.now() - SESSION_S
        await self._until_done(partial(self._store.sessions.forget, before=before), BATCH)

    async def sweep_sources(self) -> int:
        """Remove images that were handed in a day ago and that nothing names; return how many."""
        sources, removed = self._store.sources, 0
        before = self._store.now() - UNUSED_S
        for folder in await asyncio.to_thread(sources.folders):
            old = await asyncio.to_thread(sources.older, folder, before)
            wanted = await self._store.read(self._store.queue.wanted, [path.stem for path in old])
            unwanted = [path for path in old if path.stem not in wanted]
            removed += await asyncio.to_thread(sources.remove, unwanted, before)
        return removed

    async def sweep_plates(self) -> int:
        """Remove plates that went out a day ago; return how many."""
        before = self._store.now() - KEPT_S
        return await asyncio.to_thread(self._store.plates.sweep, before)

    async def _remove_some(
        self, db: Connection, after: int
    ) -> tuple[int | None, tuple[Artwork, ...]]:
        """Remove some of the oldest; return where to go on, or None, and what was removed."""
        size, _, _ = await self._store.gallery.state(db)
        excess = size - self._config.max_mb * 2**20 if self._config.max_mb else 0
        due = self._store.now() - self._config.days * DAY_S if self._config.days else None
        ids, last = list[int](), None
        for row in await db.execute_fetchall(OLDEST, (after, BATCH)):
            if excess <= 0 and (due is None or row["made_at"] >= due):
                last = None
                break
            last = row["id"]
            if not row["favourite"] and row["state"] in {"delivered", "failed", "cancelled"}:
                ids.append(last)
                excess -= row["bytes"]
        gone = await self._store.gallery.get(db, ids)
        await self._store.gallery.remove(db, gone)
        return last, gone

    async def _forget_jobs(self) -> None:
        """Forget requests of that age of which no artwork is left."""
        before, after = self._store.now() - self._config.days * DAY_S, 0
        while after is not None:
            after = await self._store.insist(self._store.queue.forget, before, after, BATCH)
            await asyncio.sleep(PAUSE_S)

    async def _until_done(
        self, work: Callable[[Connection, int], Awaitable[bool]], batch: int
    ) -> None:
        """Do some of it at a time until there is nothing left to do."""
        left = True
        while left:
            left = await self._store.insist(work, batch)
            await asyncio.sleep(PAUSE_S)

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do it; what fails is tried again in the next round, and costs the studio nothing."""
        try:
            await work()
        except (OSError, sqlite3.Error):
            log.exception("upkeep")
