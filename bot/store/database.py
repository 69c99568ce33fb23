"""The one SQLite file: its lock, its migrations, one connection that writes and one that reads."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Concatenate, ParamSpec, Self, TypeVar

from aiosqlite import Connection

from bot.errors import DiskFull, NewerStore, StoreBusy, StoreDamaged, StoreReadOnly
from bot.store.near import Near, at_length
from bot.store.turn import Line, Turn
from bot.wording import say

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

WRITER = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 5000;
PRAGMA journal_size_limit = 67108864;
PRAGMA secure_delete = ON;
"""
"""What is deleted is overwritten with zeros: those who want to be forgotten are."""
PATIENT, IMPATIENT = "PRAGMA busy_timeout = 5000", "PRAGMA busy_timeout = 0"
"""Nobody else writes; should somebody, it is waited for in the thread, and never on the loop."""

READER = """
PRAGMA query_only = ON;
PRAGMA busy_timeout = 5000;
"""

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """One process owns the file and one connection writes to it.

    That keeps out of reach the WAL-reset fault of SQLite before 3.51.3, which needs two writers.
    """

    def __init__(self, writer: Connection, reader: Connection, lock: IO[str]) -> None:
        self.reader = reader
        """Sees what is committed; for questions that decide nothing."""
        self.commits = 0
        """Grows with every commit that changed something."""
        self._writer = writer
        self._lock = lock
        self._turn = Turn()
        self._committed = asyncio.Event()
        self._writes = set[asyncio.Task[object]]()

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the file, made anew or brought up to date.

        Raises:
            StoreError: Another process has it, it is newer than this code, damaged or read-only.
        """
        lock = _locked(path)
        try:
            writer = await _connect(path, "rwc", WRITER)
            try:
                await _migrate(writer, path)
                await writer.execute(IMPATIENT)
                reader = await _connect(path, "ro", READER)
            except BaseException:
                await writer.close()
                raise
        except BaseException:
            lock.close()
            raise
        return cls(writer, reader, lock)

    async def close(self) -> None:
        """Finish the writes under way, fold the log into the file, and let go of it."""
        if self._writes:
            await asyncio.wait(self._writes)
        await self.reader.close()
        with at_length():
            await self._writer.execute(PATIENT)
            await self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        await self._writer.close()
        self._lock.close()

    async def write(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run work(connection, ...) as one transaction: all of it is on disk on return, or none.

        A caller that is cancelled does not cancel the write: a cancelled BEGIN would keep the
        lock (aiosqlite queues the statement before it awaits, omnilib/aiosqlite#259).

        Raises:
            DiskFull: Nothing was written, because nothing more fits.
        """
        return await self._written(self._turn.line, work, *args, **kwargs)

    async def hurry(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like write, but before all that waits to be written.

        Raises:
            DiskFull: Nothing was written, because nothing more fits.
        """
        return await self._written(self._turn.hurry, work, *args, **kwargs)

    async def answer(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like write, by turns with all that waits to be written: somebody waits for an answer.

        Raises:
            DiskFull: Nothing was written, because nothing more fits.
        """
        return await self._written(self._turn.answer, work, *args, **kwargs)

    async def _written(
        self,
        line: Line,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        task = asyncio.ensure_future(self._transact(lambda db: work(db, *args, **kwargs), line))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def after(self, commits: int, timeout_s: float | None = None) -> None:
        """Return when something was committed after that many commits, or the time is up."""
        if self.commits > commits:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._committed.wait()

    async def _transact(self, work: Callable[[Connection], Awaitable[T]], line: Line) -> T:
        async with line:
            before = self._writer.total_changes
            try:
                await self._begin()
                result = await work(self._writer)
                with at_length():  # it waits for the disk
                    await self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    await self._writer.execute("ROLLBACK")
                if _code(error) == sqlite3.SQLITE_FULL:
                    raise DiskFull(say("磁盘满了，暂时记不下新的请求，请稍后再试")) from error
                raise
            if self._writer.total_changes != before:
                self.commits += 1
                self._committed.set()
                self._committed = asyncio.Event()  # for the next commit
        return result

    async def _begin(self) -> None:
        """Begin a transaction, once nobody else has the file, as somebody's shell."""
        try:
            await self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise
            with at_length():
                await self._writer.execute(PATIENT)
                try:
                    await self._writer.execute("BEGIN IMMEDIATE")
                finally:
                    await self._writer.execute(IMPATIENT)


async def read_only(path: Path) -> Connection:
    """Open the file for reading while another process may own it.

    Raises:
        StoreError: It cannot be read.
    """
    return await _connect(path, "ro", READER)


@contextmanager
def lock_folder(path: Path) -> Generator[None]:
    """Keep every other process out of the folder of the file; the folder is made if missing.

    Raises:
        StoreError: Another process has it, or it cannot be written.
    """
    lock = _locked(path)
    try:
        yield
    finally:
        lock.close()


def snapshot(path: Path, to: Path, *, pages: int, pause_s: float) -> None:
    """Copy the file as it is at this moment, while its process goes on writing.

    One transaction holds the moment: without it, every commit would begin the copy anew.

    Args:
        path: The file.
        to: The copy; there is none yet.
        pages: How many are copied at a time.
        pause_s: Between two times.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.isolation_level = None
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            with closing(sqlite3.connect(to)) as target:

                def pause(*_: int) -> None:
                    time.sleep(pause_s)

                source.backup(target, pages=pages, progress=pause)
    except sqlite3.Error as error:
        raise _translated(error, path) from error


def _locked(path: Path) -> IO[str]:
    """Return the open lock file; the lock goes with the process, however it ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_suffix(".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreReadOnly(path.parent, error.strerror) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip() or "?"
        lock.close()
        raise StoreBusy(path.parent, owner) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


async def _connect(path: Path, mode: str, pragmas: str) -> Connection:
    try:
        connection = await Near(
            partial(
                sqlite3.connect,
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            ),
            iter_chunk_size=64,
        )
    except sqlite3.Error as error:
        raise _translated(error, path) from error
    connection.row_factory = sqlite3.Row
    try:
        await connection.executescript(pragmas)
        await connection.execute_fetchall("SELECT count(*) FROM sqlite_schema")
    except sqlite3.Error as error:
        await connection.close()
        raise _translated(error, path) from error
    return connection


async def _migrate(writer: Connection, path: Path) -> None:
    scripts = sorted(MIGRATIONS.glob("*.sql"))
    version = await _user_version(writer)
    if version > len(scripts):
        raise NewerStore(path, version, len(scripts))
    for number, script in enumerate(scripts[version:], start=version + 1):
        body = script.read_text(encoding="utf-8")
        try:
            await writer.executescript(
                f"BEGIN IMMEDIATE; {body} PRAGMA user_version = {number}; COMMIT;"
            )
        except sqlite3.Error as error:
            if writer.in_transaction:
                await writer.execute("ROLLBACK")
            raise _translated(error, path) from error


async def _user_version(writer: Connection) -> int:
    async with writer.execute("PRAGMA user_version") as rows:
        row = await rows.fetchone()
    return 0 if row is None else int(row[0])


def _code(error: BaseException) -> int | None:
    return error.sqlite_errorcode if isinstance(error, sqlite3.OperationalError) else None


def _translated(error: sqlite3.Error, path: Path) -> Exception:
    """Return the error in the words of the data folder."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_FULL:
            return StoreReadOnly(path.parent, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(path.parent, "?")
        case _:
            return StoreDamaged(path, str(error))
