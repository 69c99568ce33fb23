"""All that is kept, in one hand."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from aiosqlite import Connection

from bot.errors import DiskFull
from bot.store.acts import Acts
from bot.store.allowances import Allowances
from bot.store.bans import Bans
from bot.store.database import Database
from bot.store.gallery import Gallery
from bot.store.gifts import Gifts
from bot.store.inbox import Inbox
from bot.store.limits import QueueConfig
from bot.store.names import Names
from bot.store.outbox import Outbox
from bot.store.pauses import Pauses
from bot.store.plates import Plates
from bot.store.preferences import Preferences
from bot.store.queue import Queue
from bot.store.samples import Samples
from bot.store.sessions import Sessions
from bot.store.sources import Sources
from bot.store.uploads import Uploads
from bot.store.usage import Usage

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

ROOM_S = 2.0
"""How often a full disk is tried again."""
FILE = "danqing.db"
"""The database, below the data folder."""


class Store:
    """The database, and those who keep things in it."""

    def __init__(
        self,
        database: Database,
        data: Path,
        config: QueueConfig,
        platforms: Collection[str],
        now: Callable[[], float],
    ) -> None:
        self._database = database
        self.inbox = Inbox(platforms, now)
        self.queue = Queue(config, now)
        self.gallery = Gallery(data, config.min_free_mb, now)
        self.sources = Sources(data)
        self.plates = Plates(data)
        self.samples = Samples(data)
        self.uploads = Uploads(now)
        self.sessions = Sessions(now)
        self.outbox = Outbox(self.gallery, self.plates, self.uploads, self.sessions, platforms, now)
        self.usage = Usage()
        self.preferences = Preferences()
        self.names = Names()
        self.allowances = Allowances()
        self.gifts = Gifts(now)
        self.bans = Bans(now)
        self.pauses = Pauses(now)
        self.acts = Acts(now)
        self.now = now

    @classmethod
    async def open(
        cls,
        data: Path,
        config: QueueConfig,
        platforms: Collection[str],
        now: Callable[[], float],
    ) -> Self:
        """Open a data folder for this process alone, and put back what a crash interrupted.

        Args:
            data: The folder; made if missing.
            config: Limits of the queue.
            platforms: Names of those that are on; what concerns others keeps until they are.
            now: Seconds since the epoch, UTC.

        Raises:
            StoreError: The folder is in use, newer, damaged or read-only.
        """
        store = cls(await Database.open(data / FILE), data, config, platforms, now)
        for file in store.gallery.pictures.half_written():
            file.unlink(missing_ok=True)
        await store.write(store.gallery.open)
        await store.write(store.queue.recover)
        await store.read(store.inbox.recover)
        await store.write(store.inbox.forget)
        return store

    async def close(self) -> None:
        """Finish what is being written, and let go of the folder."""
        await self._database.close()
        self.sources.close()

    @property
    def commits(self) -> int:
        """Grows with every change."""
        return self._database.commits

    async def after(self, commits: int, timeout_s: float | None = None) -> None:
        """Return when something has changed since then, or the time is up."""
        await self._database.after(commits, timeout_s)

    async def write(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work(transaction, ...): all of it is on disk on return, or none."""
        return await self._database.write(work, *args, **kwargs)

    async def hurry(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like write, but before all that waits to be written: somebody waits to be heard."""
        return await self._database.hurry(work, *args, **kwargs)

    async def answer(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like write, by turns with all that waits to be written: somebody waits for an answer."""
        return await self._database.answer(work, *args, **kwargs)

    async def insist(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like write; but while the disk is full, wait for room: this must not be forgotten."""
        while True:
            try:
                return await self.write(work, *args, **kwargs)
            except DiskFull:
                log.error("the disk is full; trying again")  # noqa: TRY400  no bug to trace
                await asyncio.sleep(ROOM_S)

    async def read(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work(connection, ...) on what is committed."""
        return await work(self._database.reader, *args, **kwargs)

    async def idle(self) -> bool:
        """Return whether nothing is on its way to a platform that is on.

        In the order of the line, so that what moves on meanwhile is still seen.
        """
        return (
            await self.read(self.inbox.next) is None
            and await self.read(self.queue.idle)
            and await self.read(self.sessions.wanting, 0) is None
            and not await self.read(self.outbox.chats)
        )
