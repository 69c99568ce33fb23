"""What who watches over the studio is told, over real sockets."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,  # pyright: ignore[reportUnknownVariableType]
)
from prometheus_client.parser import text_string_to_metric_families

from adapters import build
from adapters.config import Config, ConfigError, load
from adapters.console.inbound import from_line
from adapters.meters import Meters, Scraper
from adapters.monitor import CONNECTIONS, HEAD_BYTES, Monitor, MonitorConfig, healthy
from adapters.readiness import Readiness
from bot.courier import Courier
from bot.errors import NotSent
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.store import tally
from bot.store.store import FILE
from bot.style import Styles
from generation import wire
from generation.config import EngineConfig
from generation.errors import EngineLost
from generation.recipe import Progress
from tests.conftest import Studio
from tests.fakes import FakeAdapter, FakeEngine

ANYWHERE = MonitorConfig(port=0)
GET = "GET {} HTTP/1.1\r\nHost: here\r\n\r\n"
Samples = dict[str, float]


class Engine:
    """An engine as who watches it sees it."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.starts = 0
        self.beat: wire.Beat | None = None


class Platform(FakeAdapter):
    """One that loses its connection."""

    def __init__(self) -> None:
        super().__init__()
        self.connected = True


@asynccontextmanager
async def listening(monitor: Monitor) -> AsyncGenerator["Client"]:
    async with monitor.listening() as (host, port):
        yield Client(host, port)


class Client:
    """Talks HTTP as told, well or badly."""

    def __init__(self, host: str, port: int) -> None:
        self.address = host, port

    async def says(self, request: bytes, *, end: bool = False) -> bytes:
        """Send these bytes, and return all that comes back."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(request)
            await writer.drain()
            if end:
                writer.write_eof()
            return await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def gets(self, path: str, accept: str = "") -> tuple[int, bytes]:
        """Return status and body."""
        asked = GET.format(path).replace("\r\n\r\n", f"\r\nAccept: {accept}\r\n\r\n")
        head, _, body = (await self.says(asked.encode())).partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
        return status(head), body

    async def samples(self) -> Samples:
        """Scrape, and return each sample by name and labels, as `jobs{state=queued}`."""
        code, body = await self.gets("/metrics")
        assert code == 200
        return read(body)


def status(answer: bytes) -> int:
    version, code, _ = answer.split(b" ", 2)
    assert version == b"HTTP/1.1"
    return int(code)


def read(body: bytes) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


@asynccontextmanager
async def a_server(patience_s: float = 5.0) -> AsyncGenerator[Client]:
    async with listening(Monitor(ANYWHERE, {"/healthz": healthy}, patience_s)) as client:
        yield client


async def test_a_loop_that_turns_is_healthy() -> None:
    async with a_server() as client:
        assert await client.gets("/healthz") == (200, b"ok\n")
        assert await client.gets("/healthz?a=1") == (200, b"ok\n")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (GET.format("/no-such-page"), 404),
        (GET.format("/healthz/../healthz"), 404),
        (GET.format("/healthz").replace("GET", "POST"), 405),
        ("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 405),
        (GET.format("/healthz").replace("GET", "HEAD"), 405),
        (GET.format("healthz"), 400),
        (GET.format("http://here/healthz"), 400),
        (GET.format("/healthz").replace("HTTP/1.1", "HTTP/2"), 400),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\nHost: a\n\r\n\r\n", 400),
        ("GET /丹青 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\x16\x03\x01\x02\r\n\r\n", 400),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
    ],
)
async def test_what_is_no_plain_get_is_refused(request_: str, code: int) -> None:
    async with a_server() as client:
        answer = await client.says(request_.encode())
        assert status(answer) == code
        assert (b"\r\nAllow: GET\r\n" in answer) == (code == 405)


@pytest.mark.parametrize("size", [HEAD_BYTES + 10, 1 << 20])
async def test_a_head_that_is_too_long_is_refused(size: int) -> None:
    async with a_server() as client:
        long = GET.format("/healthz").replace("here", "a" * size)
        assert status(await client.says(long.encode())) == 431
        assert status(await client.says(b"a" * size)) == 431


async def test_half_a_request_and_then_silence_is_hung_up_on() -> None:
    async with a_server(patience_s=0.05) as client:
        assert status(await client.says(b"GET /healthz HT")) == 408
        assert status(await client.says(b"")) == 408


async def test_who_leaves_in_the_middle_is_not_answered() -> None:
    async with a_server() as client:
        assert await client.says(b"GET /healthz HT", end=True) == b""
        assert await client.says(b"", end=True) == b""
        assert await client.gets("/healthz") == (200, b"ok\n")


async def test_more_connections_than_a_few_are_hung_up_on() -> None:
    async with a_server() as client:
        silent = [await asyncio.open_connection(*client.address) for _ in range(CONNECTIONS)]
        over = await asyncio.open_connection(*client.address)
        assert await over[0].read() == b""
        silent[0][1].write(GET.format("/healthz").encode())
        assert status(await silent[0][0].read()) == 200
        for _, writer in (*silent, over):
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def test_who_is_silent_does_not_keep_the_server_from_ending() -> None:
    async with a_server(patience_s=3600) as client:
        reader, writer = await asyncio.open_connection(*client.address)
        assert await client.gets("/healthz") == (200, b"ok\n")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_page_that_fails_or_takes_long_is_unavailable() -> None:
    async def broken(_: str) -> Any:
        raise sqlite3.OperationalError("disk I/O error")

    async def endless(_: str) -> Any:
        await asyncio.Event().wait()

    monitor = Monitor(ANYWHERE, {"/broken": broken, "/endless": endless}, patience_s=0.05)
    async with listening(monitor) as client:
        for path in ("/broken", "/endless"):
            assert (await client.gets(path))[0] == 503


async def test_a_port_that_is_taken_is_a_fault_of_the_config() -> None:
    async with a_server() as client:
        taken = Monitor(MonitorConfig(port=client.address[1]), {})
        with pytest.raises(ConfigError, match=r"monitor.*127\.0\.0\.1"):
            await taken.run()


def test_it_is_off_unless_a_port_is_set_and_then_on_loopback(tmp_path: Path) -> None:
    assert Config().monitor.port is None
    path = tmp_path / "config.toml"
    path.write_text("[monitor]\nport = 9464\n")
    config = load(environ={}, file=path).monitor
    assert (str(config.address), config.port) == ("127.0.0.1", 9464)
    for wrong in ("port = -1", "port = 65536", 'address = "localhost!"', "prot = 1"):
        path.write_text(f"[monitor]\n{wrong}\n")
        with pytest.raises(ConfigError):
            load(environ={}, file=path)


@asynccontextmanager
async def watched(
    studio: Studio, engine: Engine, **platforms: FakeAdapter
) -> AsyncGenerator[Client]:
    """Watch a studio whose ends are counted; its painter and its courier are replaced."""
    meters, store = Meters(CollectorRegistry()), studio.store
    since = await store.read(tally.newest)
    adapters = {"console": studio.adapter, **platforms}
    studio.courier = Courier(store, {"console": meters.adapter("console", studio.adapter)})
    studio.painter = Painter(
        *(store, Styles.load(), meters.engine(studio.engine), studio.courier),
        *(build.Labels(LabelConfig()), Pace(lambda: 0.0), studio.app.referee, 4),
    )
    pages = {
        "/readyz": Readiness(store, engine, adapters, patience_s=0.2),
        "/metrics": Scraper(meters, store, engine, adapters, since),
    }
    with meters.counting_tracebacks():
        async with listening(Monitor(ANYWHERE, pages)) as client:
            yield client


async def test_a_job_is_counted_at_each_station(studio: Studio) -> None:
    async with watched(studio, Engine()) as client:
        await studio.says("阿青", "画两张雪地里的企鹅")
        await studio.says("小白", "画一只猫")
        found = await client.samples()
        assert found["danqing_jobs{state=queued}"] == 2
        assert found["danqing_queue_jobs{platform=console}"] == 2
        assert found["danqing_job_wait_seconds_count"] == 0

        job = await studio.store.write(studio.store.queue.claim)
        assert job is not None
        found = await client.samples()
        assert found["danqing_jobs{state=queued}"] == 1
        assert found["danqing_jobs{state=drawing}"] == 1

        await studio.painter.paint(job)
        found = await client.samples()
        assert found["danqing_jobs{state=drawn}"] == 1
        assert found["danqing_replies"] == 1
        assert found["danqing_gallery_bytes"] > 0

        await studio.paint_all()
        for _ in range(2):  # what is counted is not counted again
            found = await client.samples()
            assert found["danqing_jobs_ended_total{end=drawn}"] == 2
            assert found["danqing_pictures_total"] == 3
            assert found["danqing_jobs{state=drawn}"] == 0
            assert found["danqing_queue_jobs{platform=console}"] == 0
            # two answers, two pictures
            assert found["danqing_deliveries_total{outcome=sent,platform=console}"] == 4
        done = [await studio.job(id_) for id_ in (1, 2)]
        waited = sum((job.claimed_at or 0) - job.created_at for job in done)
        drawn = sum((job.drawn_at or 0) - (job.claimed_at or 0) for job in done)
        assert found["danqing_job_wait_seconds_count"] == 2
        assert found["danqing_job_wait_seconds_sum"] == waited
        assert found["danqing_job_draw_seconds_sum"] == drawn > 0


async def test_two_scrapes_at_once_count_nothing_twice(studio: Studio) -> None:
    async with watched(studio, Engine()) as client:
        for _ in range(3):
            await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        await asyncio.gather(*(client.samples() for _ in range(8)))
        assert (await client.samples())["danqing_jobs_ended_total{end=drawn}"] == 3


async def test_what_was_over_before_the_start_is_not_counted(studio: Studio) -> None:
    await studio.says("阿青", "画一只猫")
    await studio.paint_all()
    async with watched(studio, Engine()) as client:
        found = await client.samples()
        assert found["danqing_job_wait_seconds_count"] == 0
        assert "danqing_jobs_ended_total{end=drawn}" not in found


async def test_what_is_refused_cancelled_and_paused_is_counted_without_a_name(
    studio: Studio,
) -> None:
    async with watched(studio, Engine()) as client:
        for said in ("画一只猫", "画一只狗", "/取消 1", "/没有", "你好呀", "/没有"):
            await studio.says("阿青", said)
        await studio.says("小丹", "画一只鸟")
        studio.adapter.roles = {"小丹": ()}
        for said in ("/封禁 @小丹 3天 刷屏", "/暂停", "/暂停 全部"):
            await studio.says("阿青", said)
        await studio.says("小丹", "画一只鸟")
        await studio.says("小丹", "画一只鸟")
        found = await client.samples()
        assert found["danqing_refused_total{error=UnknownCommand}"] == 2
        assert found["danqing_refused_total{error=NotUnderstood}"] == 1
        assert found["danqing_refused_total{error=Banned}"] == 1
        assert found["danqing_jobs_ended_total{end=cancelled}"] == 2
        assert "danqing_jobs_ended_total{end=failed}" not in found
        assert found["danqing_job_wait_seconds_count"] == 0
        assert found["danqing_banned_people"] == 1
        assert found["danqing_paused{scope=all}"] == 1
        assert found["danqing_paused{scope=chat}"] == 1
        assert not any(word in name for name in found for word in ("小丹", "阿青", "鸟", "local"))
        await studio.says("阿青", "/继续 全部")
        await studio.says("阿青", "/解封 @小丹")
        found = await client.samples()
        assert found["danqing_paused{scope=all}"] == 0
        assert found["danqing_banned_people"] == 0


async def test_failures_are_counted_by_name(studio: Studio) -> None:
    async with watched(studio, Engine()) as client:
        studio.engine.errors += [EngineLost("gone"), RuntimeError("a bug")]
        await studio.says("阿青", "画一只猫")  # answered before anything fails
        studio.adapter.errors += [
            NotSent("slow down", retry_after_s=1.0),
            NotSent("timed out", arrived=None),
            RuntimeError("a bug of the adapter"),
            NotSent("put out of the chat", final=True),
        ]
        await studio.paint_all()
        found = await client.samples()
        assert found["danqing_errors_total{error=EngineLost}"] == 1
        assert found["danqing_errors_total{error=RuntimeError}"] == 2
        assert found["danqing_jobs_ended_total{end=failed}"] == 1
        assert found["danqing_job_wait_seconds_count"] == 1
        assert found["danqing_job_draw_seconds_count"] == 0
        outcomes = {
            name.partition("outcome=")[2].partition(",")[0]: count
            for name, count in found.items()
            if name.startswith("danqing_deliveries_total")
        }
        assert outcomes == {"sent": 1, "later": 1, "unknown": 1, "refused": 1, "bug": 1}


async def test_tracebacks_are_counted_while_it_watches_only(studio: Studio) -> None:
    log = logging.getLogger("bot.anything")
    before = logging.getLogger().handlers[:]
    async with watched(studio, Engine()) as client:
        log.error("job", exc_info=KeyError("a"))
        log.error("without a traceback")
        assert (await client.samples())["danqing_errors_total{error=KeyError}"] == 1
    assert logging.getLogger().handlers == before


async def test_the_engine_is_told_of_once_it_has_told_of_itself(studio: Studio) -> None:
    engine = Engine()
    async with watched(studio, engine) as client:
        found = await client.samples()
        assert found["danqing_engine_ready"] == 0
        assert found["danqing_engine_restarts_total"] == 0
        assert "danqing_engine_rows_total" not in found
        engine.ready.set()
        engine.starts = 3
        engine.beat = wire.Beat(busy=True, steps=9, batches=4, rows=10, memory_bytes=1 << 30)
        found = await client.samples()
        assert found["danqing_engine_ready"] == 1
        assert found["danqing_engine_restarts_total"] == 2
        assert found["danqing_engine_batches_total"] == 4
        assert found["danqing_engine_rows_total"] == 10
        assert found["danqing_engine_memory_bytes"] == 1 << 30


async def test_open_metrics_are_told_to_who_asks_for_them(studio: Studio) -> None:
    async with watched(studio, Engine()) as client:
        code, body = await client.gets("/metrics", "application/openmetrics-text; version=1.0.0")
        assert code == 200
        names = {family.name for family in open_families(body.decode())}
        assert {"danqing_jobs", "danqing_engine_restarts"} <= names


async def readiness(client: Client) -> tuple[int, dict[str, Any]]:
    code, body = await client.gets("/readyz")
    return code, json.loads(body)


async def test_a_studio_is_ready_when_each_part_is(studio: Studio) -> None:
    engine, platform = Engine(), Platform()
    async with watched(studio, engine, telegram=platform) as client:
        code, found = await readiness(client)
        assert (code, found["engine"]) == (503, "not ready")

        engine.ready.set()
        assert await readiness(client) == (
            200,
            {
                "ready": True,
                "database": "ok",
                "disk": "ok",
                "engine": "ok",
                "platforms": {"console": "ok", "telegram": "ok"},
            },
        )

        platform.connected = False
        code, found = await readiness(client)
        assert (code, found["platforms"]["telegram"]) == (503, "not connected")
        found = await client.samples()
        assert found["danqing_platform_connected{platform=telegram}"] == 0
        assert found["danqing_platform_connected{platform=console}"] == 1


async def test_a_database_that_cannot_be_written_is_not_ready(
    studio: Studio, tmp_path: Path
) -> None:
    engine = Engine()
    engine.ready.set()
    async with watched(studio, engine) as client:
        commits = studio.store.commits
        with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                code, found = await readiness(client)
                assert (code, found["database"]) == (503, "busy")
            other.execute("ROLLBACK")
        await studio.says("阿青", "画一只猫")  # whoever writes next comes after the one who waited
        assert (await readiness(client))[0] == 200
        seen = studio.store.commits
        assert seen > commits
        await readiness(client)
        assert studio.store.commits == seen  # to ask wakes nobody


@asynccontextmanager
async def an_engine(tmp_path: Path) -> AsyncGenerator[str]:
    """An engine at a socket, which draws as the fake one does, and tells of itself."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(*messages: wire.Answered) -> None:
            for message in messages:
                writer.write(wire.encode(message))

        fake = FakeEngine(lambda _: b"")
        beat = wire.Beat(busy=False, steps=1, batches=2, rows=6, memory_bytes=5)
        say(wire.Hello(wire.VERSION), wire.Ready(), beat)
        while isinstance(asked := await wire.read_asked(reader), wire.Draw):
            for index, recipe in enumerate(asked.recipes):
                say(wire.Told(asked.id, Progress(index=index, step=1, steps=1)))
                say(wire.Drawn(asked.id, index, fake.picture(recipe)))
        writer.close()

    path = tmp_path / "engine.sock"
    async with await asyncio.start_unix_server(play, path):
        yield f"unix:{path}"


async def test_the_whole_studio_is_watched_where_the_config_says_so(tmp_path: Path) -> None:
    adapter = FakeAdapter()
    async with an_engine(tmp_path) as address:
        config = Config(
            data_dir=tmp_path / "data", engine=EngineConfig(address=address), monitor=ANYWHERE
        )
        async with build.studio(config, {"console": adapter}) as made:
            assert made.monitor is not None
            async with listening(made.monitor) as client:

                async def talk() -> None:
                    await made.app.hear("console", "1", from_line("画两张猫", "1", "阿青"))
                    await made.settled()

                await made.serve(talk())
                assert (await readiness(client))[0] == 200
                found = await client.samples()
    assert found["danqing_jobs_ended_total{end=drawn}"] == 1
    assert found["danqing_pictures_total"] == 2
    assert found["danqing_engine_rows_total"] == 6
    assert found["danqing_engine_memory_bytes"] == 5
    assert found["danqing_deliveries_total{outcome=sent,platform=console}"] == 2


async def test_nobody_listens_where_the_config_does_not_say_so(tmp_path: Path) -> None:
    async with (
        an_engine(tmp_path) as address,
        build.studio(
            Config(data_dir=tmp_path / "data", engine=EngineConfig(address=address)), {}
        ) as made,
    ):
        assert made.monitor is None
