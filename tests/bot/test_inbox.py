"""Updates: each kept once, the oldest first, found without reading all that ever came."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiosqlite import Connection

from bot.event import Chat, User
from bot.request import Request
from bot.store.inbox import WAITING
from bot.store.limits import QueueConfig
from bot.store.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    store = await Store.open(tmp_path, QueueConfig(), ["t"], lambda: 1.0)
    try:
        yield store
    finally:
        await store.close()


async def test_an_update_is_kept_once_and_answered_in_order(store: Store) -> None:
    receive, inbox = store.inbox.receive, store.inbox
    assert await store.write(receive, "t", "1", b"one")
    assert not await store.write(receive, "t", "1", b"again")
    assert await store.write(receive, "t", "2", b"two")
    for body in (b"one", b"two"):
        update = await store.read(inbox.next)
        assert update is not None
        assert update.body == body
        await store.write(inbox.done, update)
    assert await store.read(inbox.next) is None
    assert not await store.write(receive, "t", "2", b"a late repeat")


async def test_the_next_update_is_found_among_the_unanswered_only(store: Store) -> None:
    async def plan(db: Connection) -> list[str]:
        rows = await db.execute_fetchall(f"EXPLAIN QUERY PLAN {WAITING}", ('["t"]', 0, 1))
        return [row["detail"] for row in rows]

    steps = await store.read(plan)
    assert steps[0] == "SEARCH updates USING INDEX updates_waiting (id>?)"
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)


async def test_what_is_committed_is_seen_at_once_beside_busy_readers(store: Store) -> None:
    user, chat, request = User("t", "a"), Chat("t", "c"), Request(prompt="山", seed=1)
    await store.write(store.queue.submit, user, chat, "1", request, 1.0)

    async def busy() -> None:
        while True:
            await store.read(store.queue.get, 1)

    readers = [asyncio.ensure_future(busy()) for _ in range(2)]
    stale = 0
    for number in range(200):
        await store.write(store.inbox.receive, "t", str(number), b"{}")
        update = await store.read(store.inbox.next)
        if update is None:
            stale += 1
        else:
            await store.write(store.inbox.done, update)
    for reader in readers:
        reader.cancel()
    assert stale == 0


async def test_only_what_is_begun_after_a_restart_counts_as_tried(tmp_path: Path) -> None:
    async def opened() -> Store:
        return await Store.open(tmp_path, QueueConfig(), ["t"], lambda: 1.0)

    store = await opened()
    for number in range(3):
        await store.write(store.inbox.receive, "t", str(number), b"{}")
    await store.close()  # nobody was begun: the process ended before
    for _ in range(5):
        store = await opened()
        suspect, *_ = waiting = await store.read(store.inbox.waiting, 0, 9)
        assert all(store.inbox.outlived(update) for update in waiting)
        await store.write(store.inbox.begun, suspect)
        await store.close()
    store = await opened()
    waiting = await store.read(store.inbox.waiting, 0, 9)
    await store.write(store.inbox.receive, "t", "new", b"{}")
    newest = (await store.read(store.inbox.waiting, 0, 9))[-1]
    assert [update.attempts for update in waiting] == [5, 0, 0]
    assert not store.inbox.outlived(newest)
    await store.close()
