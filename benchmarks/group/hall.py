"""A studio with all its stations in this process, between a platform and an engine that draws."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from adapters.build import Labels, attend, policy
from adapters.config import Config
from bot.app import App
from bot.boards import Boards
from bot.courier import Courier
from bot.curator import Curator
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.ports import Adapter
from bot.quota import Quota, QuotaConfig
from bot.rules import Rules
from bot.store.limits import QueueConfig
from bot.store.store import Store
from bot.style import Styles
from bot.turns import Arrived, Turns
from bot.words.judge import Words
from tests.fakes import FakeEngine

Told = Callable[[Sequence[Arrived]], object]
"""Hears of updates whose answer is on disk."""


class Reception(App):
    """Tells what is answered, when that is on disk."""

    told: Told

    async def _answer_together(self, arrived: Sequence[Arrived]) -> None:
        await super()._answer_together(arrived)
        self.told(arrived)

    async def _unheard(self, arrived: Sequence[Arrived], turns: Turns) -> Sequence[Arrived]:
        others = await super()._unheard(arrived, turns)
        left = {one.update.id for one in others}
        self.told([one for one in arrived if one.update.id not in left])
        return others


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What is at work."""

    store: Store
    app: Reception
    stations: Sequence[asyncio.Task[None]]


@asynccontextmanager
async def hall(folder: Path, adapter: Adapter, told: Told) -> AsyncGenerator[Hall]:
    """Open a studio for one platform, and let all of it work.

    Pictures are drawn at once, in small: what is measured is what comes before and after.
    """
    attend()
    store = await Store.open(folder, QueueConfig(drawing_per_user=8), ["chat"], time.time)
    try:
        styles, pace = Styles.load(), Pace(time.monotonic)
        adapters = {"chat": adapter}
        courier = Courier(store, adapters)
        rules = Rules(policy=policy(Config()), quota=Quota(QuotaConfig()), words=Words.load())
        seeds = count(1)
        app = Reception(store, adapters, styles, rules, pace, lambda: next(seeds))
        app.told = told
        painter = Painter(
            *(store, styles, FakeEngine(store.sources.read), courier),
            *(Labels(LabelConfig()), pace, app.referee, 4),
        )
        boards = Boards(store, adapters, courier.channels, app.referee)
        curator = Curator(store, app.referee)
        work = (app, app.referee, painter, courier, boards, curator)
        stations = [asyncio.ensure_future(one.run()) for one in work]
        try:
            yield Hall(store=store, app=app, stations=stations)
        finally:
            for station in stations:
                station.cancel()
            await asyncio.wait(stations)
            for station in stations:
                with contextlib.suppress(asyncio.CancelledError):
                    station.result()
    finally:
        await store.close()


async def settled(store: Store) -> None:
    """Return when nothing is on its way."""
    seen = store.commits
    while not await store.idle():
        await store.after(seen, 1.0)
        seen = store.commits
