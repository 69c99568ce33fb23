"""The one place that makes the objects and puts them together."""

import asyncio
import contextlib
import hashlib
import secrets
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from adapters.config import Config
from adapters.monitor import Monitor, healthy
from adapters.pulse import Pulse
from adapters.readiness import Readiness
from bot import segment
from bot.address import Address
from bot.app import App
from bot.boards import Boards
from bot.courier import Courier
from bot.curator import Curator
from bot.job import Job
from bot.label import LabelConfig, label, sketch
from bot.pace import Pace
from bot.painter import Painter
from bot.parsing.follow import follow
from bot.parsing.parser import parse
from bot.parsing.portrait import portrait
from bot.policy import PolicyConfig
from bot.ports import Adapter, Engine
from bot.quota import Quota
from bot.reply import Status
from bot.role import Roles
from bot.rules import Rules
from bot.size import ModelShape
from bot.store import tally
from bot.store.store import Store
from bot.store.upkeep import Upkeep
from bot.style import Styles
from bot.words.judge import Words
from generation.client import EngineClient
from generation.recipe import Picture, Preview
from generation.zoo import folder

SWITCH_S = 0.0005
"""Python's own is ten times as long."""
MAX_SEED = 2**32
"""Seeds that the door chooses are below: ten digits can be read out and typed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """The whole line, put together."""

    store: Store
    app: App
    painter: Painter
    courier: Courier
    boards: Boards
    curator: Curator
    engine: EngineClient
    upkeep: Upkeep
    monitor: Monitor | None
    """None: nobody watches."""

    async def serve(self, talk: Awaitable[object]) -> None:
        """Work until the talk, which is what listens to the platforms, is over."""
        self.engine.warm()
        async with asyncio.TaskGroup() as tasks:
            stations = [
                tasks.create_task(station)
                for station in (
                    self.app.run(),
                    self.painter.run(),
                    self.courier.run(),
                    self.app.referee.run(),
                    self.boards.run(),
                    self.curator.run(),
                    self.upkeep.run(),
                    *([self.monitor.run()] if self.monitor else []),
                )
            ]
            await talk
            for station in stations:
                station.cancel()

    async def settled(self) -> None:
        """Return when nothing is on its way: no update, no job, no reply."""
        seen = self.store.commits
        while not await self.store.idle():
            await self.store.after(seen, 1.0)
            seen = self.store.commits


class Connection(Adapter, Protocol):
    """An adapter that brings updates in by itself."""

    async def run(self, hear: Callable[[Sequence[tuple[str, bytes]]], Awaitable[None]]) -> None:
        """Bring updates in, each an id and a body, until cancelled."""
        ...


def connections(config: Config) -> dict[str, Connection]:
    """Return an adapter for each chat platform that is on, by name."""
    found = dict[str, Connection]()
    if config.telegram.on:
        from adapters.telegram.adapter import TelegramAdapter

        found["telegram"] = TelegramAdapter(config.telegram, config.chat, Roles(config.roles))
    if config.discord.on:
        from adapters.discord.adapter import DiscordAdapter

        found["discord"] = DiscordAdapter(
            config.discord,
            config.chat,
            Styles.load(own=config.own_styles),
            config.data_dir / "discord.json",
        )
    return found


def attend() -> None:
    """Have threads that label and mount pictures give way soon to the one that listens.

    It asks for its turn at each statement of a transaction, and may wait so long each time.
    """
    sys.setswitchinterval(SWITCH_S)


@asynccontextmanager
async def studio(config: Config, adapters: Mapping[str, Adapter]) -> AsyncGenerator[Studio]:
    """Open the data folder and put the studio together around it.

    Raises:
        StoreError: The data folder cannot be used.
    """
    attend()
    styles = Styles.load(own=config.own_styles)
    words = Words.load(config.own_words) if config.words.enabled else None
    store = await Store.open(config.data_dir, config.queue, adapters, time.time)
    # who speaks first would wait a second for the dictionary and the patterns, and all others too;
    # no daemon: one that is cut off at the end of the process may end it with an abort
    threading.Thread(target=_warm, args=(config, styles, words), name="words").start()
    knees = config.engine.knee_file or config.data_dir / "knee.json"
    settings = config.engine.model_copy(update={"knee_file": knees.absolute()})
    engine = EngineClient(settings, store.sources.read)
    try:
        pulse = Pulse(engine, tuple(config.engine.models))
        async with _watched(config, store, engine, adapters) as watched:
            courier = Courier(store, watched.adapters, Sketches(config.label))
            pace = Pace(time.monotonic)
            roles = Roles(config.roles)
            quota = Quota(config.quota, roles)
            rules = Rules(
                policy=policy(config),
                quota=quota,
                roles=roles,
                words=words,
                sessions=config.sessions,
            )
            app = App(store, adapters, styles, rules, pace, new_seed, pulse.look)
            painter = Painter(
                *(store, styles, watched.engine, courier),
                *(Labels(config.label), pace, app.referee, config.queue.in_flight),
            )
            with pulse.noting():
                yield Studio(
                    store=store,
                    app=app,
                    boards=Boards(store, watched.adapters, courier.channels, app.referee),
                    curator=Curator(store, app.referee),
                    painter=painter,
                    courier=courier,
                    engine=engine,
                    upkeep=Upkeep(store, config.gallery),
                    monitor=watched.monitor,
                )
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await engine.close()
        await store.close()


def _warm(config: Config, styles: Styles, words: Words | None) -> None:
    """Read something, so that all that reading takes is there."""
    if words:
        words.warm()
    else:
        segment.words("丹青")
    said = "丹青，画一只猫，水墨风"
    Address(names=config.chat.names, prefixes=config.chat.prefixes).rest(said)
    follow("把猫换成狗", styles)
    portrait(said)
    parse(said, styles)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """Both ends of the line, counted, and who tells the counts."""

    engine: Engine
    adapters: Mapping[str, Adapter]
    monitor: Monitor | None


@asynccontextmanager
async def _watched(
    config: Config, store: Store, engine: EngineClient, adapters: Mapping[str, Adapter]
) -> AsyncGenerator[_Watched]:
    """Count what goes through both ends, if the config wants it."""
    if config.monitor.port is None:
        yield _Watched(engine=engine, adapters=adapters, monitor=None)
        return
    from prometheus_client import CollectorRegistry

    from adapters.meters import Meters, Scraper

    meters = Meters(CollectorRegistry())
    since = await store.read(tally.newest)
    pages = {
        "/healthz": healthy,
        "/readyz": Readiness(store, engine, adapters),
        "/metrics": Scraper(meters, store, engine, adapters, since),
    }
    with meters.counting_tracebacks():
        yield _Watched(
            engine=meters.engine(engine),
            adapters={name: meters.adapter(name, one) for name, one in adapters.items()},
            monitor=Monitor(config.monitor, pages),
        )


def policy(config: Config) -> PolicyConfig:
    """Return the policy with the sizes that each model's own folder tells, if config does not."""
    told = dict(config.policy.models)
    for name, path in config.engine.models.items():
        if name not in told and not folder.faults(path):
            facts = folder.read(path)
            told[name] = ModelShape(
                native_px=facts.native_px,
                multiple_px=facts.multiple_px,
                max_px=2 * facts.native_px,
            )
    return config.policy.model_copy(update={"models": told})


def new_seed() -> int:
    """Return a seed that nobody can foresee."""
    return secrets.randbelow(MAX_SEED)


class Labels:
    """Labels pictures in the operator's name."""

    def __init__(self, config: LabelConfig) -> None:
        self._config = config

    def __call__(self, picture: Picture, job: Job, number: int) -> bytes:
        """Return the labelled PNG of a picture; another attempt at the job gives the same bytes."""
        content = f"{job.id}/{number}/{job.created_at!r}/".encode() + picture.rgb
        return label(picture, f"danqing-{hashlib.sha256(content).hexdigest()[:32]}", self._config)


class Sketches:
    """Labels pictures in the making in the operator's name."""

    def __init__(self, config: LabelConfig) -> None:
        self._config = config

    def __call__(self, status: Status, previews: Sequence[Preview]) -> bytes:
        """Return a labelled PNG of the pictures of a job."""
        content = f"{status.job_id}/".encode() + b"/".join(preview.rgb for preview in previews)
        produce_id = f"danqing-sketch-{hashlib.sha256(content).hexdigest()[:32]}"
        return sketch(previews, produce_id, self._config)
