"""The queue against a real file: fair, limited, and always in agreement with its own jobs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from aiosqlite import Connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import NoSuchJob, QueueFull
from bot.event import Chat, User
from bot.job import Job, Place, State
from bot.request import Request
from bot.store.limits import QueueConfig
from bot.store.queue import NEXT_LANE, NEXT_ROOM
from bot.store.store import Store

GROUP = Chat("t", "group", group=True)


class Line:
    """A store, and the few things that these tests do to its queue."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def ask(self, name: str, chat: Chat = GROUP, cost: float = 1.0) -> Job:
        user, request = User("t", name, name), Request(prompt="山", seed=1)
        return await self.store.write(self.store.queue.submit, user, chat, "1", request, cost)

    async def claim(self) -> Job | None:
        return await self.store.write(self.store.queue.claim)

    async def served(self, times: int) -> list[str]:
        """Claim and finish, one after the other."""
        names: list[str] = []
        for _ in range(times):
            job = await self.claim()
            if job is None:
                break
            names.append(job.user.id)
            await self.move(job, State.DRAWN)
        return names

    async def move(self, job: Job, state: State, *, failed: bool = False) -> Job | None:
        return await self.store.write(self.store.queue.move, job, state, failed=failed)

    async def books(self) -> list[tuple[object, ...]]:
        """All that is derived from jobs."""

        async def read(db: Connection) -> list[tuple[object, ...]]:
            found: list[tuple[object, ...]] = []
            for table in (
                "SELECT user, waiting, round(backlog, 6), drawing FROM people ORDER BY user",
                "SELECT chat, user, head, round(served, 6), open FROM lanes ORDER BY chat, user",
                "SELECT chat, waiting, drawing, round(best, 6), head FROM rooms ORDER BY chat",
            ):
                found += [tuple(row) for row in await db.execute_fetchall(table)]
            return found

        return await self.store.read(read)


@asynccontextmanager
async def opened(folder: Path, limits: QueueConfig) -> AsyncGenerator[Line]:
    ticks = count(1)
    store = await Store.open(folder, limits, ["t"], lambda: float(next(ticks)))
    try:
        yield Line(store)
    finally:
        await store.close()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncGenerator[Line]:
    limits = QueueConfig(waiting_per_user=1000, waiting_per_chat=1000, drawing_per_user=2)
    async with opened(tmp_path, limits) as line:
        yield line


async def test_twenty_light_users_are_served_before_the_rest_of_a_flood(line: Line) -> None:
    for _ in range(500):
        await line.ask("flood")
    for number in range(20):
        await line.ask(f"light{number}")
    first = await line.served(25)
    assert {name for name in first if name != "flood"} == {f"light{n}" for n in range(20)}


async def test_a_group_does_not_hide_its_light_members_behind_its_flooder(line: Line) -> None:
    for _ in range(50):
        await line.ask("flood", Chat("t", "a"))
    await line.ask("quiet", Chat("t", "a"))
    await line.ask("elsewhere", Chat("t", "b"))
    assert set(await line.served(3)) == {"flood", "quiet", "elsewhere"}


async def test_turns_follow_cost_not_number(line: Line) -> None:
    for _ in range(4):
        await line.ask("big", cost=4.0)
    for _ in range(16):
        await line.ask("small", cost=1.0)
    first = await line.served(10)
    assert first.count("small") == 8
    assert first.count("big") == 2


async def test_absence_saves_nothing_up(line: Line) -> None:
    for _ in range(20):
        await line.ask("steady")
    await line.served(10)
    for _ in range(10):
        await line.ask("back")
    first = await line.served(10)
    assert abs(first.count("back") - first.count("steady")) <= 1


async def test_what_was_drawn_long_ago_is_not_held_against_anyone(line: Line) -> None:
    for _ in range(50):
        await line.ask("old")
    await line.served(50)
    for _ in range(10):
        await line.ask("new")
    for _ in range(10):
        await line.ask("old")
    first = await line.served(10)
    assert abs(first.count("old") - first.count("new")) <= 2  # the bound of the paper


async def test_one_user_is_drawn_for_at_most_twice_at_once(line: Line) -> None:
    for _ in range(3):
        await line.ask("a")
    assert [await line.claim() is not None for _ in range(3)] == [True, True, False]


async def test_one_chat_is_drawn_for_up_to_its_limit(line: Line) -> None:
    for number in range(10):
        await line.ask(f"u{number}")
    claims = [await line.claim() for _ in range(10)]
    assert sum(job is not None for job in claims) == QueueConfig().drawing_per_chat
    await line.ask("elsewhere", Chat("t", "b"))
    job = await line.claim()
    assert job is not None
    assert job.user.id == "elsewhere"


async def test_a_full_queue_is_refused_with_its_number(tmp_path: Path) -> None:
    async with opened(tmp_path, QueueConfig(waiting_per_user=2, waiting_per_chat=3)) as line:
        for _ in range(2):
            await line.ask("a")
        with pytest.raises(QueueFull, match="你还有 2 个任务"):
            await line.ask("a")
        await line.ask("b")
        with pytest.raises(QueueFull, match="这里已经有 3 个任务"):
            await line.ask("c")


async def test_a_late_answer_of_an_old_attempt_changes_nothing(line: Line) -> None:
    await line.ask("a")
    old = await line.claim()
    assert old is not None
    await line.move(old, State.QUEUED, failed=True)
    new = await line.claim()
    assert new is not None
    assert (new.attempts, new.failures) == (2, 1)
    assert await line.move(old, State.DRAWN) is None
    assert await line.move(new, State.DRAWN) is not None


async def test_another_attempt_is_not_charged_again(line: Line) -> None:
    await line.ask("a", cost=5.0)
    await line.ask("b", cost=5.0)
    job = await line.claim()
    assert job is not None
    await line.move(job, State.QUEUED)
    assert sorted(await line.served(2)) == ["a", "b"]

    async def counters(db: Connection) -> set[float]:
        return {row[0] for row in await db.execute_fetchall("SELECT served FROM people")}

    assert await line.store.read(counters) == {5.0}


async def test_only_its_owner_cancels_a_job_and_only_once(line: Line) -> None:
    job = await line.ask("a")
    queue = line.store.queue
    with pytest.raises(NoSuchJob, match="别人"):
        await line.store.write(queue.cancel, job.id, User("t", "b"))
    await line.store.write(queue.cancel, job.id, User("t", "a"))
    with pytest.raises(NoSuchJob, match="已经结束"):
        await line.store.write(queue.cancel, job.id, User("t", "a"))
    with pytest.raises(NoSuchJob, match="找不到"):
        await line.store.write(queue.cancel, 99, User("t", "a"))
    assert await line.claim() is None


async def test_place_in_the_queue(line: Line) -> None:
    for _ in range(5):
        await line.ask("flood")
    last = await line.ask("flood")
    light = await line.ask("light")
    queue = line.store.queue
    assert await line.store.read(queue.ahead, last) == Place(jobs=6, people=1, cost=6.0)
    assert (await line.store.read(queue.ahead, light)).jobs <= 1


async def test_a_restart_puts_back_what_was_being_drawn(tmp_path: Path) -> None:
    async with opened(tmp_path, QueueConfig()) as line:
        await line.ask("a")
        await line.claim()
    async with opened(tmp_path, QueueConfig()) as line:
        job = await line.claim()
    assert job is not None
    assert job.attempts == 2


async def test_a_claim_is_two_index_lookups(line: Line) -> None:
    async def plan(db: Connection) -> list[str]:
        steps: list[str] = []
        for statement, values in ((NEXT_ROOM, ()), (NEXT_LANE, ("t:group",))):
            rows = await db.execute_fetchall(f"EXPLAIN QUERY PLAN {statement}", values)
            steps += [row["detail"] for row in rows]
        return steps

    assert await line.store.read(plan) == [
        "SEARCH rooms USING COVERING INDEX rooms_open (best>?)",
        *("CORRELATED SCALAR SUBQUERY 1", "SEARCH pauses USING PRIMARY KEY (scope=?)"),
        "SEARCH lanes USING INDEX lanes_open (chat=?)",
    ]


STEP = st.tuples(
    st.sampled_from(["ask", "ask", "claim", "done", "back", "fail", "cancel"]),
    st.sampled_from("abcd"),
    st.sampled_from("xyz"),
    st.sampled_from([0.5, 1.0, 3.0]),
)


@given(steps=st.lists(STEP, max_size=40))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_the_books_always_agree_with_the_jobs(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, float]]
) -> None:
    limits = QueueConfig(drawing_per_user=1, drawing_per_chat=2)
    async with opened(tmp_path_factory.mktemp("q"), limits) as line:
        await walk(line, steps)
        kept = await line.books()
        await line.store.write(line.store.queue.rebuild)
        assert await line.books() == kept


async def walk(line: Line, steps: list[tuple[str, str, str, float]]) -> None:
    """Take the steps that make sense where they stand."""
    drawing, asked = list[Job](), list[Job]()
    moves = {"done": State.DRAWN, "back": State.QUEUED, "fail": State.FAILED}
    for kind, name, chat, cost in steps:
        if kind == "ask":
            asked.append(await line.ask(name, Chat("t", chat), cost))
        elif kind == "claim":
            drawing += [job for job in [await line.claim()] if job is not None]
        elif kind == "cancel" and asked:
            job = asked.pop(0)
            with suppress(NoSuchJob):
                await line.store.write(line.store.queue.cancel, job.id, job.user)
                drawing = [other for other in drawing if other.id != job.id]
        elif kind in moves and drawing:
            assert await line.move(drawing.pop(0), moves[kind]) is not None
