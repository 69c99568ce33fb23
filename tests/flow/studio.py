"""The whole studio on platforms of one's choice, all its stations running."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from time import time

from adapters.build import Connection, Labels, Sketches, policy
from adapters.config import Config
from bot.app import App
from bot.boards import Boards
from bot.courier import Courier
from bot.curator import Curator
from bot.job import Job, State
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.ports import Adapter
from bot.quota import Quota, QuotaConfig
from bot.role import RoleConfig, Roles
from bot.rules import Rules
from bot.store.limits import QueueConfig
from bot.store.store import Store
from bot.style import Styles
from bot.words.judge import Words
from tests.fakes import FakeEngine

MakeEngine = Callable[[Callable[[str], bytes]], FakeEngine]
"""Makes an engine that reads sources so."""


@dataclass(frozen=True, slots=True)
class Studio:
    """What is kept, who draws, and who listens."""

    store: Store
    engine: FakeEngine
    app: App

    async def job(self, id_: int) -> Job:
        job = await self.store.read(self.store.queue.get, id_)
        assert job is not None
        return job

    async def until(self, job_id: int, state: State) -> None:
        """Wait until a job is at a station."""
        async with asyncio.timeout(20):
            while True:
                seen = self.store.commits
                job = await self.store.read(self.store.queue.get, job_id)
                if job is not None and job.state is state:
                    return
                await self.store.after(seen, 0.2)


@asynccontextmanager
async def studio(
    folder: Path,
    talking: Mapping[str, Connection],
    others: Mapping[str, Adapter] | None = None,
    *,
    roles: Mapping[str, RoleConfig] | None = None,
    engine: MakeEngine = FakeEngine,
    at_once: int = 4,
) -> AsyncGenerator[Studio]:
    """Run the studio.

    Args:
        folder: Its data.
        talking: Adapters that bring updates in by themselves, by platform.
        others: Adapters that do not.
        roles: People for whom other limits hold.
        engine: Makes who draws.
        at_once: Jobs that are drawn at the same time.
    """
    adapters: dict[str, Adapter] = {**talking, **(others or {})}
    known = Roles(roles)
    store = await Store.open(folder, QueueConfig(drawing_per_user=4), list(adapters), time)
    try:
        draws = engine(store.sources.read)
        styles, pace = Styles.load(), Pace(time)
        courier = Courier(store, adapters, Sketches(LabelConfig()))
        rules = Rules(
            policy=policy(Config()),
            quota=Quota(QuotaConfig(), known),
            roles=known,
            words=Words.load(),
        )
        app = App(store, adapters, styles, rules, pace, partial(next, count(1)))
        labels = Labels(LabelConfig())
        line = (store, styles, draws, courier, labels, pace, app.referee)
        painter = Painter(*line, in_flight=at_once)
        talks = [one.run(partial(app.hear_all, name)) for name, one in talking.items()]
        boards = Boards(store, adapters, courier.channels, app.referee)
        work = (app, app.referee, painter, courier, boards, Curator(store, app.referee))
        inner = [asyncio.ensure_future(one.run()) for one in work]
        outer = [asyncio.ensure_future(talk) for talk in talks]
        try:
            yield Studio(store, draws, app)
        finally:
            for stations in (inner, outer):  # who calls a platform lets go before its connections
                for station in stations:
                    station.cancel()
                if stations:
                    await asyncio.wait(stations)
        ended = [s.exception() for s in (*inner, *outer) if not s.cancelled()]
        assert ended == []
    finally:
        store.sources.close()
        await store.close()
