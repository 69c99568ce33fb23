"""Statements that run where they are asked for, and those that run in the connection's thread."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator
from functools import partial
from itertools import count

import pytest

from bot.store import near
from bot.store.near import Near, at_length

COUNT_FAR = """
WITH RECURSIVE far (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM far WHERE n < 2000000)
SELECT count(*) FROM far
"""
"""It takes a good part of a second."""


@pytest.fixture
async def db() -> AsyncGenerator[Near]:
    connection = Near(partial(sqlite3.connect, ":memory:", check_same_thread=False), 64)
    async with connection:
        await connection.create_function(  # pyright: ignore[reportUnknownMemberType]  untyped
            "thread", 0, threading.get_ident
        )
        yield connection


async def thread_of(db: Near) -> int:
    ((ident,),) = await db.execute_fetchall("SELECT thread()")
    return ident


async def test_a_statement_runs_where_it_is_asked_for_and_at_length_in_a_thread(db: Near) -> None:
    here = threading.get_ident()
    assert await thread_of(db) == here
    with at_length():
        assert await thread_of(db) != here
    assert await thread_of(db) == here


async def test_so_do_the_methods_of_its_cursors(db: Near) -> None:
    async with db.execute("SELECT 1 UNION SELECT 2 UNION SELECT 3") as rows:
        assert tuple(await rows.fetchone() or ()) == (1,)
        assert [tuple(row) async for row in rows] == [(2,), (3,)]
    await db.executescript("CREATE TABLE t (n); INSERT INTO t VALUES (1);")
    async with db.executemany("INSERT INTO t VALUES (?)", [(2,), (3,)]) as done:
        assert done.rowcount == 2
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.execute("SELECT * FROM nowhere")
    with at_length(), pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.execute("SELECT * FROM nowhere")


async def test_what_follows_something_long_waits_behind_it_and_keeps_nobody_else_waiting(
    db: Near,
) -> None:
    order = list[str]()

    async def counts() -> None:
        with at_length():
            await db.execute_fetchall(COUNT_FAR)
        order.append("long")

    async def looks() -> None:
        assert await thread_of(db) != threading.get_ident()
        order.append("short")

    async def breathes() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        order.append("another's")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(counts())
        await asyncio.sleep(0)
        tasks.create_task(looks())
        tasks.create_task(breathes())
    assert order == ["another's", "long", "short"]
    assert await thread_of(db) == threading.get_ident()


async def test_whoever_gives_up_waiting_does_not_stop_it(db: Near) -> None:
    async def counts() -> None:
        with at_length():
            await db.execute_fetchall(COUNT_FAR)

    counting = asyncio.ensure_future(counts())
    await asyncio.sleep(0.01)
    counting.cancel()
    await asyncio.wait([counting])
    assert await thread_of(db) != threading.get_ident(), "it is still at it"
    await asyncio.sleep(0)
    assert await thread_of(db) == threading.get_ident()


async def test_others_have_their_turn_between_many_statements(
    db: Near, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.execute_fetchall("SELECT 1")
    times = count(time.perf_counter(), 0.001)
    monkeypatch.setattr(near, "perf_counter", lambda: next(times))
    turns = list[int]()
    for number in range(20):
        asyncio.get_running_loop().call_soon(turns.append, number)
        await db.execute_fetchall("SELECT 1")
    assert 0 < len(turns) < 20


async def test_a_statement_that_keeps_all_others_waiting_is_told_of(
    db: Near, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "SLOW_S", 0.01)
    with caplog.at_level(logging.WARNING):
        await db.execute_fetchall(COUNT_FAR, ())
        with at_length():
            await db.execute_fetchall(COUNT_FAR, ())
    (told,) = caplog.records
    assert "WITH RECURSIVE far" in told.getMessage()
