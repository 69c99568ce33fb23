import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from adapters.build import Labels, policy
from adapters.config import Config
from adapters.console.inbound import CHAT, PLATFORM, from_line
from adapters.pulse import Pulse
from bot.app import App
from bot.courier import Courier
from bot.event import Role
from bot.job import Job, State
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.quota import Quota, QuotaConfig
from bot.reply import Delivery
from bot.role import RoleConfig, Roles
from bot.rules import Rules
from bot.store.limits import QueueConfig
from bot.store.store import Store
from bot.style import Styles
from bot.words.judge import Words
from generation.wire import Beat
from tests.fakes import FakeAdapter, FakeEngine

# a deadline is a timed assertion: on a busy machine it says nothing of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROLES: tuple[Role, ...] = ("source", "mask")


SLOWEST = (
    "test_kill",
    "test_cli",
    "test_telegram_kill",
    "test_training_resume",
    "test_mini_styles",
)
"""Files that take longest, so that none of them is left for the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; all else stays in its order."""
    items.sort(key=lambda item: item.path.stem not in SLOWEST)


class Clock:
    """A second later each time it is looked at, and when it is put on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class Living:
    """An engine as who watches it sees it."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.starts = 0
        self.beat: Beat | None = None


class Studio:
    """The whole line with a fake at each end; the middle is real, down to the file."""

    def __init__(self, store: Store, clock: Clock, first_id: int, rules: Rules) -> None:
        self.store = store
        self.clock = clock
        self.living = Living()
        self.engine, self.adapter = FakeEngine(store.sources.read), FakeAdapter()
        styles, pace = Styles.load(), Pace(lambda: 0.0)
        seeds = count(1)
        self.courier = Courier(store, {PLATFORM: self.adapter})
        adapters = {PLATFORM: self.adapter}
        self.pulse = Pulse(self.living, ["mini"], clock)
        self.app = App(store, adapters, styles, rules, pace, lambda: next(seeds), self.pulse.look)
        self.painter = Painter(
            *(store, styles, self.engine, self.courier, Labels(LabelConfig()), pace),
            *(self.app.referee, 4),
        )
        self._ids = count(first_id)

    async def says(self, name: str, text: str, **handed_in: bytes) -> str:
        """Somebody says something; returns the message's id when it is answered.

        Args:
            name: Who.
            text: What.
            handed_in: Files of a source and a mask.
        """
        id_ = str(next(self._ids))
        keep = self.store.sources.keep
        images = [keep(role, handed_in[role]) for role in ROLES if role in handed_in]
        await self.app.hear(PLATFORM, id_, from_line(text, id_, name, images=images))
        await self.answer()
        return id_

    async def answer(self) -> None:
        """Answer what the inbox holds, and deliver the answers."""
        while (update := await self.store.read(self.store.inbox.next)) is not None:
            await self.app.receive(update)
        await self.deliver()

    async def deliver(self) -> None:
        """Send what the outbox holds."""
        outbox = self.store.outbox
        while (parcel := await self.store.read(outbox.next, CHAT.key)) is not None:
            await self.courier.send(parcel)

    async def paint_all(self) -> None:
        """Paint one job after the other until the queue is empty, and deliver."""
        while (job := await self.store.write(self.store.queue.claim)) is not None:
            await self.painter.paint(job)
        await self.deliver()

    @property
    def texts(self) -> list[str]:
        """All that the bot has said."""
        return [delivery.reply.text for delivery in self.adapter.sent]

    @property
    def last(self) -> Delivery:
        """What the bot has said last."""
        return self.adapter.sent[-1]

    async def job(self, id_: int) -> Job:
        job = await self.store.read(self.store.queue.get, id_)
        assert job is not None
        return job

    async def state(self, id_: int) -> State:
        return (await self.job(id_)).state


@asynccontextmanager
async def opened_studio(
    folder: Path,
    limits: QueueConfig | None = None,
    *,
    first_id: int = 1,
    quota: QuotaConfig | None = None,
    roles: Mapping[str, RoleConfig] | None = None,
    words: Path | None = None,
) -> AsyncGenerator[Studio]:
    """Open a studio; its messages are numbered from `first_id`, so that none comes twice."""
    clock = Clock()
    store = await Store.open(folder, limits or QueueConfig(), [PLATFORM], clock)
    try:
        known = Roles(roles)
        rules = Rules(
            policy=policy(Config()),
            quota=Quota(quota or QuotaConfig(), known),
            roles=known,
            words=Words.load(words),
        )
        yield Studio(store, clock, first_id, rules)
    finally:
        await store.close()


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncGenerator[Studio]:
    async with opened_studio(tmp_path) as studio:
        yield studio
