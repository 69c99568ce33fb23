"""Whatever fails on the way, and whenever the process ends: every result arrives."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from aiosqlite import Connection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot import texts
from bot.artwork import Artwork
from bot.courier import Courier
from bot.errors import MessageGone, NotSent
from bot.event import Chat, User
from bot.job import Job, State
from bot.label import LabelConfig, covered, label
from bot.reply import Reply
from bot.request import Request
from bot.store.limits import QueueConfig
from bot.store.store import Store
from tests.bot.gallery_factory import a_picture
from tests.fakes import Posted, StrictChat
from tests.flow.scene import LIMITS, Hand

GROUP = Chat("chat", "群一", group=True)
Fault = Literal["none", "refused", "unknown", "lost", "gone", "ends before", "ends after"]
FAULTS: tuple[Fault, ...] = (
    *("none", "refused", "unknown", "lost", "gone"),
    *("ends before", "ends after"),
)


class TheEnd(BaseException):
    """The process is killed here."""


class Street:
    """A chat in which several people have asked for pictures; the process may end at any call."""

    def __init__(self, store: Store, clock: Hand) -> None:
        self.store, self.clock = store, clock
        self.chat = StrictChat(clock, LIMITS)
        self.courier = Courier(store, {"chat": self.chat})
        self.jobs = list[Job]()

    async def asked(self, pictures: int) -> None:
        """Somebody asks for pictures, and is told that they are on their way."""
        number = len(self.jobs) + 1
        user = User("chat", f"u{number}", f"u{number}")
        request = Request(prompt=f"画{number}", seed=1, count=pictures)
        submit, claim = self.store.queue.submit, self.store.queue.claim
        await self.store.write(submit, user, GROUP, f"m{number}", request, 1.0)
        job = await self.store.write(claim)
        assert job is not None
        self.jobs.append(job)
        opening = Reply(text=f"收到 #{job.id}：马上", wait=(7, 9))
        await self.store.write(self.store.outbox.put, GROUP, opening, job_id=job.id)

    async def drawn(self, job: Job) -> None:
        """The pictures of a job are there."""
        pictures = [a_picture(job.request.prompt, n) for n in range(job.request.count)]
        pngs = [label(p, f"p-{job.id}-{n}", LabelConfig()) for n, p in enumerate(pictures)]
        files = self.store.gallery.write(
            job, [p.recipe for p in pictures], pngs, [covered(p) for p in pictures]
        )

        async def enter(db: Connection) -> None:
            await self.store.queue.move(db, job, State.DRAWN)
            artworks = await self.store.gallery.keep(db, job, files)
            reply = texts.finished(job, artworks)
            await self.store.outbox.put(db, GROUP, reply, job_id=job.id, last=True)

        await self.store.write(enter)

    async def attend(self, fault: Fault = "none") -> None:
        """Let the courier work; its first call meets the fault."""
        before: dict[Fault, Callable[[], BaseException]] = {
            "refused": lambda: NotSent("500", retry_after_s=1.0),
            "unknown": lambda: NotSent("timed out", arrived=None),
            "ends before": TheEnd,
        }
        after: dict[Fault, Callable[[], BaseException]] = {
            "lost": lambda: NotSent("timed out", arrived=None),
            "ends after": TheEnd,
        }
        if fault in before:
            self.chat.errors = [before[fault]()]
            self.chat.edit_errors = [before[fault]()]
        if fault == "gone":
            self.chat.edit_errors = [MessageGone("deleted")]
        if fault in after:
            self.chat.lost = [after[fault]()]
        with suppress(TheEnd):
            await self.courier.serve(GROUP.key)
        if fault.startswith("ends"):
            self.courier = Courier(self.store, {"chat": self.chat})
        self.chat.errors, self.chat.edit_errors, self.chat.lost = [], [], []

    async def settle(self) -> None:
        """Let time pass until nothing is on its way."""
        for _ in range(100):
            if await self.store.idle():
                return
            self.clock.now += 5.0
            await self.attend()
        raise AssertionError("something never arrives")

    def shown(self, job: Job) -> Iterator[tuple[Posted, bool]]:
        """Yield each message that shows the result of a job, and whether it is marked a repeat."""
        for message in self.chat.messages.values():
            artworks = message.delivery.reply.artworks
            if any(artwork.job_id == job.id for artwork in artworks) and message.text:
                yield message, message.text.startswith("（补发）")
            if message.delivery.job_id == job.id and not artworks and message.pictures:
                yield message, False


Round = tuple[int, Fault]
"""Results that come, and what then befalls the courier."""
rounds = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(FAULTS)), max_size=4)


@pytest.mark.slow
@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.integers(1, 2), min_size=2, max_size=4), st.sampled_from(FAULTS), rounds)
def test_every_result_arrives_and_a_repeat_is_marked(
    counts: list[int], first: Fault, said: list[Round]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_lives(Path(folder), counts, first, said))


async def _lives(folder: Path, counts: list[int], first: Fault, said: list[Round]) -> None:
    clock = Hand()
    limits = QueueConfig(drawing_per_user=99, drawing_per_chat=99)
    store = await Store.open(folder, limits, ["chat"], clock)
    try:
        street = Street(store, clock)
        for count in counts:
            await street.asked(count)
        await street.attend(first)
        undrawn = list(street.jobs)
        for come, fault in said:
            clock.now += 3.0
            for job in undrawn[:come]:
                await street.drawn(job)
            undrawn = undrawn[come:]
            await street.attend(fault)
        for job in undrawn:
            await street.drawn(job)
        await street.settle()
        await _check(street)
    finally:
        await store.close()


async def _check(street: Street) -> None:
    assert street.chat.refused == []
    for job in street.jobs:
        now = await street.store.read(street.store.queue.get, job.id)
        assert now is not None
        assert now.state is State.DELIVERED
        shown = list(street.shown(job))
        assert shown
        assert sum(not marked for _, marked in shown) <= 1
        assert all(_whole(message, job) for message, _ in shown)


def _whole(message: Posted, job: Job) -> bool:
    """Return whether a message brings all pictures of a job that it brings any of."""
    artworks: tuple[Artwork, ...] = message.delivery.reply.artworks
    mine = sum(artwork.job_id == job.id for artwork in artworks) or message.pictures
    return mine == job.request.count
