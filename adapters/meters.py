"""What is measured, for Prometheus: docs/operating.md says what each is for."""

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.monitor import Answer
from adapters.readiness import Living, connected
from bot.errors import MessageGone, NotSent
from bot.event import Attachment, Chat, Event, User
from bot.job import State
from bot.ports import Adapter, Engine
from bot.reply import Delivery, Edit, Limits, Sent, Status
from bot.store import tally
from bot.store.near import at_length
from bot.store.store import Store
from bot.store.tally import Ended, Tally
from generation.errors import EngineError
from generation.recipe import Picture, Progress, Recipe
from generation.wire import Beat

WAIT_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
DRAW_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


class Meters:
    """Counts what nothing else keeps, since the process began."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        ProcessCollector(registry=registry)
        self.waits = Histogram(
            "danqing_job_wait_seconds",
            "From a job's order to the start of the attempt that ended it",
            registry=registry,
            buckets=WAIT_S,
        )
        self.draws = Histogram(
            "danqing_job_draw_seconds",
            "From there until its pictures were labelled and kept",
            registry=registry,
            buckets=DRAW_S,
        )
        self.jobs = Counter(
            "danqing_jobs_ended",
            "Jobs that were drawn, have failed or were cancelled",
            ["end"],
            registry=registry,
        )
        self.deliveries = Counter(
            "danqing_deliveries",
            "Attempts to send a reply: sent, later (it was not), unknown, refused for good, gone "
            "(the message that was to become it), bug",
            ["platform", "outcome"],
            registry=registry,
        )
        self.errors = Counter(
            "danqing_errors",
            "Draws that the engine failed, and whatever else left a traceback, by name",
            ["error"],
            registry=registry,
        )
        self.pictures = Counter("danqing_pictures", "Pictures drawn", registry=registry)
        self.seconds = Counter(
            "danqing_picture_seconds",
            "Seconds from each picture's admission to the engine until it was done",
            registry=registry,
        )

    def engine(self, engine: Engine) -> Engine:
        """Return an engine whose draws are counted."""
        return _Engine(self, engine)

    def adapter(self, platform: str, adapter: Adapter) -> Adapter:
        """Return an adapter whose deliveries are counted."""
        return _Adapter(self, platform, adapter)

    @contextmanager
    def counting_tracebacks(self) -> Generator[None]:
        """Count meanwhile what goes into the log with a traceback."""
        handler, root = _Tracebacks(self), logging.getLogger()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)


class _Tracebacks(logging.Handler):
    def __init__(self, meters: Meters) -> None:
        super().__init__(logging.WARNING)
        self._meters = meters

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0]:
            self._meters.errors.labels(record.exc_info[0].__name__).inc()


class _Engine:
    def __init__(self, meters: Meters, engine: Engine) -> None:
        self._meters, self._engine = meters, engine

    async def draw(
        self, recipes: Sequence[Recipe], tell: Callable[[Progress], None], *, owner: str = ""
    ) -> list[Picture]:
        try:
            pictures = await self._engine.draw(recipes, tell, owner=owner)
        except EngineError as error:
            self._meters.errors.labels(type(error).__name__).inc()
            raise
        self._meters.pictures.inc(len(pictures))
        self._meters.seconds.inc(sum(picture.seconds for picture in pictures))
        return pictures


class _Adapter:
    def __init__(self, meters: Meters, platform: str, adapter: Adapter) -> None:
        self._meters, self._platform, self._adapter = meters, platform, adapter

    def to_event(self, body: bytes) -> Event | None:
        return self._adapter.to_event(body)

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        outcome = "bug"
        try:
            messages = await self._adapter.send(delivery)
            outcome = "sent"
        except NotSent as error:
            outcome = _outcome(error)
            raise
        except asyncio.CancelledError:
            outcome = "unknown"
            raise
        finally:
            self._meters.deliveries.labels(self._platform, outcome).inc()
        return messages

    @property
    def limits(self) -> Limits:
        return self._adapter.limits

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        outcome = "bug"
        try:
            messages = await self._adapter.edit(edit)
            outcome = "sent"
        except MessageGone:
            outcome = "gone"
            raise
        except NotSent as error:
            outcome = _outcome(error)
            raise
        except asyncio.CancelledError:
            outcome = "unknown"
            raise
        finally:
            if edit.last:  # the others show where a job is: they may be lost
                self._meters.deliveries.labels(self._platform, outcome).inc()
        return messages

    async def fetch(self, attachment: Attachment) -> bytes:
        return await self._adapter.fetch(attachment)

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        return await self._adapter.roles_of(user, chat)

    async def avatar(self, user: User) -> bytes | None:
        return await self._adapter.avatar(user)

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        await self._adapter.pin(chat, message, on=on)

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        return await self._adapter.branch(chat, message, title)

    async def show(self, status: Status) -> None:
        await self._adapter.show(status)


def _outcome(error: NotSent) -> str:
    if error.final:
        return "refused"
    return "later" if error.arrived is False else "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is so at the moment of a scrape."""

    tally: Tally
    refusals: Mapping[str, int]
    bans: int
    paused: tuple[bool, int]
    """Everywhere, and chats by themselves."""
    free_bytes: int
    ready: bool
    starts: int
    beat: Beat | None
    connected: Mapping[str, bool]


class Scraper(Collector):
    """Asks at each scrape for what the database and the engine know, and keeps none of it."""

    def __init__(
        self,
        meters: Meters,
        store: Store,
        engine: Living,
        adapters: Mapping[str, Adapter],
        since: int,
    ) -> None:
        """Begin.

        Args:
            meters: Where all is put down.
            store: Whose jobs are counted.
            engine: That draws them.
            adapters: By platform.
            since: What `bot.store.tally.newest` was when the process began.
        """
        self._meters, self._store, self._engine = meters, store, engine
        self._adapters, self._since = adapters, since
        self._facts: _Facts | None = None
        self._turn = asyncio.Lock()
        meters.registry.register(self)

    async def __call__(self, accept: str) -> Answer:
        """Answer with all that is measured, in the form that is asked for."""
        async with self._turn:  # two at a time would count what has ended twice
            await self._note_ended()
            self._facts = _Facts(
                tally=await self._store.read(tally.tally),
                refusals=await self._store.read(self._store.acts.refusals),
                bans=await self._store.read(tally.bans, self._store.now()),
                paused=await self._store.read(tally.pauses),
                free_bytes=self._store.gallery.pictures.free_bytes(),
                ready=self._engine.ready.is_set(),
                starts=self._engine.starts,
                beat=self._engine.beat,
                connected={name: connected(one) for name, one in self._adapters.items()},
            )
            encode, kind = choose_encoder(accept)
            return Answer(body=encode(self._meters.registry), kind=kind)

    def collect(self) -> Iterator[Metric]:
        """Yield what was found at the last look."""
        if self._facts is not None:
            yield from _of_store(self._facts)
            yield from _of_operators(self._facts)
            yield from _of_platforms(self._facts)
            yield from _of_engine(self._facts)

    async def _note_ended(self) -> None:
        while True:
            with at_length():
                last, jobs = await self._store.read(tally.ended, self._since)
            for job in jobs:
                if job.waited_s is not None and not job.cancelled:
                    self._meters.waits.observe(job.waited_s)
                if job.drawn_s is not None and not job.cancelled:
                    self._meters.draws.observe(job.drawn_s)
                self._meters.jobs.labels(_end(job)).inc()
            self._since = last
            if not jobs:
                return


def _end(job: Ended) -> str:
    if job.cancelled:
        return "cancelled"
    return "failed" if job.drawn_s is None else "drawn"


def _of_store(facts: _Facts) -> Iterator[Metric]:
    found = facts.tally
    states = GaugeMetricFamily("danqing_jobs", "Jobs that are not over", labels=["state"])
    states.add_metric([State.QUEUED], sum(found.waiting.values()))
    states.add_metric([State.DRAWING], found.drawing)
    states.add_metric([State.DRAWN], found.drawn)
    yield states
    for name, words, value in (
        ("danqing_replies", "Replies on their way out", found.replies),
        ("danqing_updates", "Updates that are not answered yet", found.updates),
        ("danqing_gallery_bytes", "Files of all artworks", found.gallery_bytes),
        ("danqing_disk_free_bytes", "Room on the disk of the data folder", facts.free_bytes),
    ):
        yield GaugeMetricFamily(name, words, value)


def _of_operators(facts: _Facts) -> Iterator[Metric]:
    refused = CounterMetricFamily(
        "danqing_refused", "Requests and presses that were refused, by error", labels=["error"]
    )
    for error, count in sorted(facts.refusals.items()):
        refused.add_metric([error], count)
    yield refused
    yield GaugeMetricFamily("danqing_banned_people", "People who are not served", facts.bans)
    everywhere, chats = facts.paused
    paused = GaugeMetricFamily(
        "danqing_paused", "Pauses: of everything (0 or 1), and of single chats", labels=["scope"]
    )
    paused.add_metric(["all"], everywhere)
    paused.add_metric(["chat"], chats)
    yield paused


def _of_platforms(facts: _Facts) -> Iterator[Metric]:
    waiting, here = facts.tally.waiting, facts.connected
    queue = GaugeMetricFamily("danqing_queue_jobs", "Jobs that wait", labels=["platform"])
    for platform in sorted({*waiting, *here}):
        queue.add_metric([platform], waiting.get(platform, 0))
    yield queue
    lines = GaugeMetricFamily("danqing_platform_connected", "1 if it is", labels=["platform"])
    for platform, is_connected in here.items():
        lines.add_metric([platform], is_connected)
    yield lines


def _of_engine(facts: _Facts) -> Iterator[Metric]:
    yield GaugeMetricFamily("danqing_engine_ready", "1 if it is warm", facts.ready)
    yield CounterMetricFamily(
        "danqing_engine_restarts", "Starts after the first", max(0, facts.starts - 1)
    )
    beat = facts.beat
    if beat is None:
        return
    # their quotient is the rows of a step; from zero again when the engine is
    yield CounterMetricFamily("danqing_engine_batches", "Batches stepped", beat.batches)
    yield CounterMetricFamily("danqing_engine_rows", "Rows of all batches", beat.rows)
    if beat.memory_bytes:
        yield GaugeMetricFamily(
            "danqing_engine_memory_bytes",
            "What drawing takes of the GPU's memory, or else of the machine's",
            beat.memory_bytes,
        )
