"""The file: who may open it, what is kept when, and what happens when the disk says no."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiosqlite import Connection

from bot.errors import DiskFull, NewerStore, StoreBusy, StoreDamaged, StoreReadOnly
from bot.store.database import Database
from bot.store.limits import QueueConfig
from bot.store.reader import reading
from bot.store.store import FILE, Store

NOTE = "UPDATE level SET served = served + 1"


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[Database]:
    database = await Database.open(folder / FILE)
    try:
        yield database
    finally:
        await database.close()


async def level(db: Connection) -> float:
    for row in await db.execute_fetchall("SELECT served FROM level"):
        return row[0]
    raise LookupError


async def note(db: Connection) -> None:
    await db.execute(NOTE)


async def pragma(database: Database, name: str) -> object:
    async def read(db: Connection) -> object:
        rows = [row[0] for row in await db.execute_fetchall(f"PRAGMA {name}")]
        return rows[0]

    return await database.write(read)


async def test_every_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        assert await pragma(database, "journal_mode") == "wal"
        assert await pragma(database, "synchronous") == 2  # FULL
        assert await pragma(database, "foreign_keys") == 1


async def test_a_shell_that_has_the_file_is_waited_for_and_nobody_else_is_kept(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as database:
        with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            writing = asyncio.ensure_future(database.write(note))
            for _ in range(5):
                await asyncio.sleep(0.01)
                assert await level(database.reader) == 0
            assert not writing.done()
            shell.execute("ROLLBACK")
        await writing
        assert await level(database.reader) == 1


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.reader.execute(NOTE)


async def test_a_second_process_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from bot.store.database import Database\n"
        "try: asyncio.run(Database.open(Path(sys.argv[1])))\n"
        "except Exception as error: print(type(error).__name__, *error.args)"
    )
    async with opened(tmp_path):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(tmp_path / FILE), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    assert out.decode().split() == ["StoreBusy", str(tmp_path), str(os.getpid())]


async def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(StoreBusy):
            await Database.open(tmp_path / FILE)


async def test_a_newer_schema_is_refused_by_its_number_and_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(NewerStore) as refused:
        await Database.open(tmp_path / FILE)
    assert refused.value.args[1] == 99
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database" * 1000, b"SQLite format 3\x00" + b"\xff" * 4096]
)
async def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreDamaged):
        await Database.open(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == content


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreReadOnly):
        await Database.open(tmp_path / "file" / "data" / FILE)


async def test_a_write_that_fails_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    async def fails(db: Connection) -> None:
        await note(db)
        raise ZeroDivisionError

    async with opened(tmp_path) as database:
        with pytest.raises(ZeroDivisionError):
            await database.write(fails)
        await database.write(note)
        assert await level(database.reader) == 1


async def test_a_full_disk_is_said_and_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async def fills(db: Connection) -> None:
        await db.execute(
            "INSERT INTO updates (platform, update_id, body, received_at)"
            " VALUES ('t', hex(randomblob(8)), zeroblob(1000000), 0)"
        )

    async with opened(tmp_path) as database:
        await pragma(database, "max_page_count = 60")
        with pytest.raises(DiskFull, match="磁盘满了"):
            await database.write(fills)
        await database.write(note)
        await pragma(database, "max_page_count = 100000")
        await database.write(fills)
        assert await level(database.reader) == 1


async def test_a_storm_of_cancelled_writers_keeps_no_lock(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        tasks = [asyncio.ensure_future(database.write(note)) for _ in range(300)]
        for number, task in enumerate(tasks):
            if number % 7 == 0:
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(database.write(note), 10)


async def test_whoever_waits_for_a_commit_can_be_cancelled_at_any_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        for turn in range(150):
            waiting = asyncio.ensure_future(database.after(database.commits, 0.001))
            writing = asyncio.ensure_future(database.write(note))
            for _ in range(turn % 12):
                await asyncio.sleep(0)
            waiting.cancel()
            done, _ = await asyncio.wait([waiting], timeout=5)
            assert done
            await writing


async def test_a_wait_ends_with_the_next_commit_and_not_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        seen = database.commits
        waiting = asyncio.ensure_future(database.after(seen))
        await asyncio.sleep(0)
        assert not waiting.done()
        await database.write(note)
        await asyncio.wait_for(waiting, 5)
        await asyncio.wait_for(database.after(seen), 5)  # it was before: no waiting at all


async def test_a_folder_in_use_can_be_looked_into(tmp_path: Path) -> None:
    store = await Store.open(tmp_path, QueueConfig(), ["t"], float)
    try:
        async with reading(tmp_path) as reader:
            assert await reader.jobs(10) == []
    finally:
        await store.close()
