"""Chats are called as often as their platform takes it, and what matters comes first."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.courier import Courier
from bot.errors import NotSent
from bot.event import Chat, User
from bot.job import State
from bot.reply import Limits, Rate, Reply, Status
from bot.request import Request
from bot.store.limits import QueueConfig
from bot.store.outbox import Parcel
from bot.store.store import Store
from tests.fakes import StrictChat
from tests.flow.scene import LIMITS, PATIENCE_S, PRIVATE, Hand, scene

RATES = replace(
    LIMITS, private_rate=Rate(5, 5.0), group_rate=Rate(20, 60.0), all_rate=Rate(30, 1.0)
)
GROUP, ALONE = Chat("chat", "群一", group=True), Chat("chat", "阿青")


class Desk:
    """A store, a chat program that counts calls, and a courier who waits for a hand."""

    def __init__(self, store: Store, clock: Hand, limits: Limits) -> None:
        self.store, self.clock = store, clock
        self.chat = StrictChat(clock, limits)
        self.courier = Courier(store, {"chat": self.chat}, sleep=self._sleep)
        self.asleep = asyncio.Event()
        """Set when the courier waits for calls."""
        self.woken = asyncio.Event()

    async def _sleep(self, seconds: float) -> None:
        self.asleep.set()
        await self.woken.wait()
        self.clock.now += seconds

    async def put(self, *texts: str, chat: Chat = ALONE, aside: bool = False) -> None:
        """Let there be something to say."""
        for text in texts:
            reply = Reply(text=text, aside=aside)
            await self.store.write(self.store.outbox.put, chat, reply)

    async def waiting(self, chat: Chat = ALONE) -> list[Parcel]:
        return await self.store.read(self.store.outbox.waiting, chat.key)

    def said(self, chat: Chat = ALONE) -> list[str]:
        """Return what was said in a chat."""
        return [one.text for one in self.chat.messages.values() if one.chat == chat.id]


@asynccontextmanager
async def desk(
    folder: Path, limits: Limits = RATES, clock: Hand | None = None
) -> AsyncGenerator[Desk]:
    """Open a desk; whatever was refused that should not have been asked fails the test."""
    clock = clock or Hand()
    store = await Store.open(folder, QueueConfig(), ["chat"], clock)
    try:
        made = Desk(store, clock, limits)
        yield made
        assert made.chat.refused == []
    finally:
        await store.close()


async def test_a_busy_studio_is_never_told_that_it_calls_too_often(tmp_path: Path) -> None:
    """The chat program of these scenes counts the calls itself."""
    async with scene(tmp_path, RATES) as play:
        for number in range(6):
            await play.says(f"人{number}", f"画两只猫{number}，两张 --steps 4")
            await play.says("阿青", f"画四只狗{number}，四张 --steps 4", PRIVATE)
        for number in range(6):
            for what in (f"猫{number}", f"狗{number}"):
                job = 2 * number + 1 + (what[0] == "狗")
                await play.see(lambda job=job: play.is_in(job, State.DRAWING))
                for _ in range(3):
                    await play.draws(what, 1, seconds=0.5)
                    await play.attend()
                await play.finishes(job, what, 1)
                await play.attend()
        for _ in range(20):
            await play.later(5)
        shown = [message.pictures for message in play.chat.messages.values() if message.pictures]
        assert sum(shown) == 6 * 2 + 6 * 4
        assert await play.store.idle()


async def test_the_end_of_the_process_while_a_reply_waits_makes_no_repeat_of_it(
    tmp_path: Path,
) -> None:
    clock = Hand()
    async with desk(tmp_path, clock=clock) as made:
        await made.put(*"一二三四五六")
        sending = asyncio.create_task(made.courier.serve(ALONE.key))
        await made.asleep.wait()
        assert made.said() == [*"一二三四五"]
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
    async with desk(tmp_path, clock=clock) as made:
        (parcel,) = await made.waiting()
        assert (parcel.attempts, parcel.delivery.repeated) == (0, False)
        await made.courier.serve(ALONE.key)
        assert made.said() == ["六"]


async def test_a_chat_that_waits_keeps_no_other_waiting(tmp_path: Path) -> None:
    async with desk(tmp_path) as made:
        await made.put(*"一二三四五六七")
        await made.put("群里", chat=GROUP)
        sending = asyncio.create_task(made.courier.serve(ALONE.key))
        await made.asleep.wait()
        await made.courier.serve(GROUP.key)
        assert made.said(GROUP) == ["群里"]
        assert made.said() == [*"一二三四五"]
        made.woken.set()
        await sending
        assert made.said() == [*"一二三四五六七"]


async def test_what_is_said_in_passing_counts_for_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as made:
        await made.put(*(str(number) for number in range(40)), aside=True)
        await made.put(*"一二三四五")
        await made.courier.serve(ALONE.key)
        assert len(made.said()) == 45


async def test_what_was_given_up_while_it_waited_is_not_sent(tmp_path: Path) -> None:
    async with desk(tmp_path) as made:
        await made.put(*"一二三四五六")
        sending = asyncio.create_task(made.courier.serve(ALONE.key))
        await made.asleep.wait()
        (parcel,) = await made.waiting()
        await made.store.write(made.store.outbox.failed, parcel.delivery)
        made.woken.set()
        await sending
        assert made.said() == [*"一二三四五"]
        assert await made.store.idle()


async def test_progress_leaves_room_for_answers_and_results(tmp_path: Path) -> None:
    limits = replace(LIMITS, private_rate=Rate(6, 60.0))
    async with scene(tmp_path, limits) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        for _ in range(5):
            await play.draws("猫", 1)
            await play.later(1.5)
        # five of six are left after the answer: with three left there is still an edit
        assert len(mine.seen) == 4
        assert all(f" {10 * n}%" in words for n, (_, words) in enumerate(mine.seen) if n)
        await play.says("阿青", "/帮助", PRIVATE)
        await play.finishes(1, "猫", 5)
        now = play.clock.now
        await play.attend()
        assert mine.pictures == 1
        assert play.clock.now == now  # it waited for nothing


async def test_progress_that_found_no_room_is_shown_when_there_is_some(tmp_path: Path) -> None:
    limits = replace(LIMITS, all_rate=Rate(4, 40.0))
    async with scene(tmp_path, limits) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.says("小丹", "/帮助")
        await play.says("小丹", "/帮助")
        await play.engine.until(1)
        await play.draws("猫", 4)
        await play.later(5)
        assert len(mine.seen) == 1
        await play.later(5)
        assert "40%" in mine.text


async def test_the_last_edit_waits_as_a_reply_does(tmp_path: Path) -> None:
    limits = replace(LIMITS, private_rate=Rate(4, 40.0))
    async with scene(tmp_path, limits) as play:
        mine = await play.says("阿青", "画三只猫，三张 --steps 1", PRIVATE)
        await play.engine.until(1)
        await play.finishes(1, "猫", 1)
        await play.attend()  # waits until all four are there again, and takes them
        assert play.last.pictures == 3
        sent_at = play.clock.now
        await play.later(2)
        assert mine.text == "画好了 #1 ↓"
        assert play.clock.now == sent_at + 10


async def test_silence_that_an_edit_was_asked_for_is_kept_by_replies(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 1)
        play.chat.edit_errors = [NotSent("429", retry_after_s=30.0)]
        await play.later(5)
        told, now = len(play.chat.messages), play.clock.now
        await play.says("阿青", "/帮助", PRIVATE)
        assert (len(play.chat.messages), play.clock.now) == (told, now)
        await play.says("小丹", "/帮助")
        assert len(play.chat.messages) == told + 1
        await play.later(30)
        assert len(play.chat.messages) == told + 2


class Watched(Hand):
    """A clock that tells when somebody looks at it."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = asyncio.Event()

    def __call__(self) -> float:
        self.looked.set()
        return super().__call__()

    async def idle(self, store: Store) -> None:
        """Return when somebody looks again and again, and nothing is written."""
        looks, commits = 0, store.commits
        while looks < 4:  # after a call there are two
            self.looked.clear()
            await self.looked.wait()
            looks, commits = (
                (looks + 1, commits) if store.commits == commits else (0, store.commits)
            )


@pytest.mark.slow
async def test_a_chat_that_wants_silence_is_spoken_to_again_when_its_time_has_come(
    tmp_path: Path,
) -> None:
    """Nothing is written meanwhile that would wake the courier. The other chat goes on."""
    clock = Watched()
    async with desk(tmp_path, LIMITS, clock) as made:
        courier = Courier(made.store, {"chat": made.chat})
        made.chat.errors = [NotSent("429", retry_after_s=30.0)]
        await made.put("一", "二", "三")
        running = asyncio.create_task(courier.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while made.chat.errors:
                    await made.store.after(made.store.commits)
                await made.put("群里", chat=GROUP)
                while not made.said(GROUP):
                    await made.store.after(made.store.commits)
                await clock.idle(made.store)
                assert made.said() == []
                clock.now += 30.0
                while len(made.said()) < len("一二三"):
                    await made.store.after(made.store.commits)
                assert made.said() == ["一", "二", "三"]
        finally:
            running.cancel()
            await asyncio.wait([running])


@pytest.mark.parametrize("limits", [LIMITS, RATES])
async def test_results_that_go_together_count_one_by_one(tmp_path: Path, limits: Limits) -> None:
    async with scene(tmp_path, limits) as play:
        for number in range(10):  # the openings are half of the calls
            await play.says(f"人{number}", f"画一只猫{number} --steps 1")
        for number in range(4):
            await play.finishes(number + 1, f"猫{number}", 1)
        before = play.clock.now
        await play.attend()
        album = play.last
        assert album.pictures == 4
        assert play.clock.now == before
        for number in range(4, 10):
            await play.see(lambda job=number + 1: play.is_in(job, State.DRAWING))
            await play.finishes(number + 1, f"猫{number}", 1)
        await play.attend()
        assert play.last.pictures == 6
        # ten and five are made; seven find five
        assert play.clock.now - before == pytest.approx(6.0 if limits is RATES else 0.0)


async def test_a_sketch_that_takes_its_time_has_its_place(tmp_path: Path) -> None:
    """Edits in several chats at once do not all find the same room."""
    async with desk(tmp_path, replace(LIMITS, all_rate=Rate(8, 80.0))) as made:
        chats = [Chat("chat", f"人{number}") for number in range(6)]
        for number, chat in enumerate(chats, 1):
            user = User("chat", chat.id)
            request = Request(prompt="猫", seed=1)
            submit = made.store.queue.submit
            await made.store.write(submit, user, chat, "m", request, 1.0)
            opening = Reply(text="收到 马上", wait=(3, 5))
            await made.store.write(made.store.outbox.put, chat, opening, job_id=number)
            await made.courier.serve(chat.key)
        made.clock.now += 70.0  # all eight are there again
        for number, chat in enumerate(chats, 1):
            made.courier.show(Status(job_id=number, chat=chat, step=1, steps=4))
        await asyncio.gather(*(made.courier.refresh(chat.key) for chat in chats))
        shown = [one for one in made.chat.messages.values() if "25%" in one.text]
        assert len(shown) == 5  # the fifth still finds four
