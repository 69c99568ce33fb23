"""The straight line against its bars: start, acknowledgement, claim, fairness, picture, memory.

    python benchmarks/line.py [--quick] [--json FILE]

Everything runs on real files and real processes; where there is a comparison, both sides run here.
TMPDIR chooses the disk.
"""

import asyncio
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from aiosqlite import Connection

from adapters.build import policy
from adapters.config import Config
from adapters.console.inbound import PLATFORM, from_line
from benchmarks.figure import Figure, arguments, report
from bot.app import App
from bot.event import Chat, User
from bot.job import State
from bot.pace import Pace
from bot.parsing.parser import parse
from bot.policy import settle
from bot.request import Request
from bot.rules import Rules
from bot.store.limits import QueueConfig
from bot.store.near import at_length
from bot.store.store import Store
from bot.style import Styles
from generation.client import EngineClient
from generation.config import EngineConfig
from tests.fakes import FakeAdapter

ROOT = Path(__file__).parents[1]
DANQING = str(Path(sys.executable).with_name("danqing"))
"""The console script."""
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("DANQING_")},
    "TERM": "xterm-256color",
    "PYTHONUTF8": "1",
    "DANQING_QUEUE__WAITING_PER_USER": "1000",
}
LIMITS = QueueConfig(waiting_per_user=1000, waiting_per_chat=10**6)
"""So wide that nothing is refused: what is measured is the work."""
TIMES = 300
"""Lines and claims that are timed in a store."""
SENTENCES = (
    "画一只猫",
    "两张雪地里的企鹅，水墨风，不要文字",
    "来一张星空下的房子，横版，种子 42",
    "a red ship at sunset --steps 30 --size 128x160",
    "画三幅海底的鱼，像素风，30 步",
)
TWENTY_STEPS = "雪地里的一只企鹅 --steps 20 --seed 7"


def measure(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Measure everything, the quietest first."""
    yield from help_text(5 if quick else 11)
    yield from studio(folder, 1 if quick else 5)
    yield from acknowledged(folder / "empty", "empty")
    yield from crowded(folder / "crowd", *((1_000, 20_000) if quick else (10_000, 200_000)))
    yield from fair(folder / "fair")
    yield picture(3 if quick else 11)
    yield from conversation(folder / "chat", 3 if quick else 11, 20 if quick else 100)
    if not quick:
        yield from one_shot(folder / "draw")


# ── start ────────────────────────────────────────────────────────────────────────────────────


def help_text(times: int) -> Iterator[Figure]:
    """Ask the console script for help."""
    taken = [timed(lambda: run(DANQING, "--help")) for _ in range(times)]
    yield Figure(
        name="help_s", words="danqing --help, median", value=median(taken), unit="s", bar=0.4
    )
    imported = run(sys.executable, "-X", "importtime", DANQING, "--help").stderr.splitlines()
    torches = [line for line in imported if line.rpartition("|")[2].strip().startswith("torch")]
    yield Figure(
        name="help_torch", words="modules of torch in it", value=len(torches), unit="", bar=0
    )


def studio(folder: Path, times: int) -> Iterator[Figure]:
    """Open the studio on a terminal, with a fresh data folder."""
    opened = [open_studio(folder / f"studio{number}") for number in range(times)]
    prompt_s, ready_s = (median(seconds) for seconds in zip(*opened, strict=True))
    words = "danqing chat until its prompt, median"
    yield Figure(name="prompt_s", words=words, value=prompt_s, unit="s", bar=2)
    words = "and until its engine is warm, median"
    yield Figure(name="ready_s", words=words, value=ready_s, unit="s", bar=10)


def open_studio(data: Path) -> tuple[float, float]:
    """Return the seconds until the prompt is on the screen, and until the engine is ready."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    prompt_s, screen, log = None, b"", data / "danqing.log"
    began = time.perf_counter()
    with danqing("chat", "--data", str(data), streams=theirs) as opened:
        os.close(theirs)
        while opened.poll() is None:
            screen += look(ours)
            if prompt_s is None and "丹青›".encode() in screen:
                prompt_s = time.perf_counter() - began
            if prompt_s is not None and log.exists() and "ready after" in log.read_text("utf-8"):
                return prompt_s, time.perf_counter() - began
    raise SystemExit(f"danqing chat has ended with {opened.returncode}: {screen.decode()}")


def look(terminal: int) -> bytes:
    """Return what a program wrote to a terminal just now; answer what it asked, as xterm does."""
    if not select.select([terminal], [], [], 0.005)[0]:
        return b""
    written = os.read(terminal, 1 << 16)
    for asked, answer in ((b"\x1b[c", b"\x1b[?62;22c"), (b"\x1b[6n", b"\x1b[1;1R")):
        if asked in written:
            os.write(terminal, answer)
    return written


# ── the store ────────────────────────────────────────────────────────────────────────────────


def acknowledged(data: Path, kind: str) -> Iterator[Figure]:
    """Say lines one after the other, from many users, to a real store."""

    async def say() -> list[float]:
        async with opened(data) as store:
            app = App(
                store,
                {PLATFORM: FakeAdapter()},
                Styles.load(),
                Rules(policy=policy(Config())),
                Pace(time.monotonic),
                partial(next, count(1)),
            )
            return [await answer(app, store, number) for number in range(TIMES)]

    words = f"a line to its acknowledgement on disk, {kind} store"
    yield from spread(f"acknowledged_{kind}", words, asyncio.run(say()), bar=30)


async def answer(app: App, store: Store, number: int) -> float:
    """Return the seconds from a line to the commit of its answer."""
    line_id, words = f"line{number}", SENTENCES[number % len(SENTENCES)]
    began = time.perf_counter()
    await app.hear(PLATFORM, line_id, from_line(words, line_id, f"u{number * 41}"))
    update = await store.read(store.inbox.next)
    assert update is not None
    await app.receive(update)
    return time.perf_counter() - began


def crowded(data: Path, waiting: int, old: int) -> Iterator[Figure]:
    """Acknowledge and claim in a store that has much in it."""
    asyncio.run(crowd(data, waiting, old))
    for name, words, value in (
        ("waiting", "jobs that wait in the crowded store", waiting),
        ("old", "old jobs in it", old),
    ):
        yield Figure(name=name, words=words, value=value, unit="")
    yield from acknowledged(data, "crowded")
    ours, bare, naive, commits = asyncio.run(claims(data))
    yield from spread("claim", "a claim on disk, crowded store", ours, bar=5)
    yield from spread("commit", "writing one row there, for comparison", commits)
    times = median(naive) / median(bare)
    words = "GROUP BY in place of counters, against ours, both rolled back"
    yield Figure(name="naive_claim", words=words, value=times, unit="times")
    seconds = timed(lambda: asyncio.run(reopened(data)))
    yield Figure(name="reopen_s", words="opening that store again", value=seconds, unit="s")


CROWD = """
CREATE TEMP TABLE crowd AS
    WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {old} + {waiting})
    SELECT n, n >= {old} AS waits,
           -- half of what waits is of people with 20 jobs, half of people with one
           iif(n >= {old} + {waiting} / 2, n, n % ({waiting} / 40)) AS p FROM n;
INSERT INTO updates (platform, update_id, body, received_at, handled_at)
    SELECT 'console', 'old' || n, x'', {now}, {now} FROM crowd;
INSERT INTO jobs (user, user_name, chat, chat_group, reply_to, state, request, cost, attempts,
                  created_at, claimed_at, drawn_at, ended_at)
    SELECT 'console:u' || p, 'u' || p, 'console:room' || (p % 100), 1, 'old' || n,
           iif(waits, 'queued', iif(n % 50, 'delivered', 'failed')), '{request}', 0.5 + n % 4,
           not waits, {now}, {now}, {now}, {now} FROM crowd;
INSERT INTO artworks (job_id, number, recipe, path, sha256, owner, made_at)
    SELECT id, 0, '{recipe}', 'pictures/' || id || '.png', hex(zeroblob(32)), user, {now}
    FROM jobs WHERE state = 'delivered';
INSERT INTO outbox (chat, chat_group, job_id, reply, last, state, due_at, created_at, sent_at)
    SELECT chat, 1, id, '{reply}', 0, 'sent', {now}, {now}, {now} FROM jobs
    UNION ALL
    SELECT chat, 1, id, '{reply}', 1, 'sent', {now}, {now}, {now} FROM jobs WHERE attempts;
INSERT INTO people (user, served) SELECT DISTINCT 'console:u' || p, 1000 + p % 7 FROM crowd;
UPDATE level SET served = 1000;
DROP TABLE crowd
"""


async def crowd(data: Path, waiting: int, old: int) -> None:
    """Make a store with so many jobs, and all that belongs to them."""
    values = {
        "old": old,
        "waiting": waiting,
        "now": time.time(),
        "request": '{"prompt":"雪地里的两只企鹅","width":128,"height":128,"seed":7}',
        "recipe": '{"model":"mini","prompt":"雪地里的两只企鹅","width":128,"height":128,"steps":20,'
        '"guidance":4,"sampler":"dpmpp_2m","seed":7}',
        "reply": '{"text":"收到 #1：雪地里的两只企鹅","artworks":[],"buttons":[],"to":"1"}',
    }

    async def fill(db: Connection) -> None:
        with at_length():
            for statement in CROWD.format(**values).split(";\n"):
                await db.execute(statement)

    async with opened(data) as store:
        await store.write(fill)
        await store.write(store.queue.rebuild)


NAIVE = """
WITH waiting AS (SELECT user, min(id) AS id FROM jobs WHERE state = 'queued' GROUP BY user),
     busy AS (SELECT user, count(*) AS jobs FROM jobs WHERE state = 'drawing' GROUP BY user)
UPDATE jobs SET state = 'drawing', attempts = attempts + 1
WHERE id = (
    SELECT waiting.id
    FROM waiting LEFT JOIN busy USING (user) LEFT JOIN people USING (user)
    WHERE coalesce(busy.jobs, 0) < 2
    ORDER BY coalesce(people.served, 0), waiting.id
    LIMIT 1
)
RETURNING *
"""


async def claims(data: Path) -> tuple[list[float], ...]:
    """Return seconds of claims, of such as are rolled back, of naive ones likewise, of commits."""

    class Undone(Exception):
        pass

    async def undone(db: Connection, work: Callable[[Connection], Awaitable[object]]) -> None:
        await work(db)
        raise Undone

    async def naive(db: Connection) -> object:
        return await db.execute_fetchall(NAIVE)

    async def touch(db: Connection) -> object:
        return await db.execute("UPDATE level SET served = served + 1")

    ours, bare, other, commits = list[float](), list[float](), list[float](), list[float]()
    async with opened(data) as store:
        for _ in range(TIMES):
            for work, taken in ((store.queue.claim, bare), (naive, other)):
                began = time.perf_counter()
                with suppress(Undone):
                    await store.write(undone, work)
                taken.append(time.perf_counter() - began)
            began = time.perf_counter()
            job = await store.write(store.queue.claim)
            ours.append(time.perf_counter() - began)
            assert job is not None
            await store.write(store.queue.move, job, State.DRAWN)
            began = time.perf_counter()
            await store.write(touch)
            commits.append(time.perf_counter() - began)
    return ours, bare, other, commits


async def reopened(data: Path) -> None:
    """Open a store and close it."""
    async with opened(data):
        pass


def fair(data: Path) -> Iterator[Figure]:
    """Claim after a flood, in turn and first come, first served."""
    ours, fifo = asyncio.run(flooded(data))
    words = "500 jobs of one user, then 20 of 20 users: the last of these is claim"
    yield Figure(name="fair_claims", words=words, value=ours, unit="", bar=25)
    yield Figure(name="fifo_claims", words="first come, first served", value=fifo, unit="")


async def flooded(data: Path) -> tuple[int, int]:
    """Return at which claim the last of 20 light users is served, and at which in order."""
    names = ["flood"] * 500 + [f"light{number}" for number in range(20)]
    request, chat, served = Request(prompt="山", seed=1), Chat("t", "g", group=True), list[str]()

    async def ask(db: Connection) -> None:
        for name in names:
            await store.queue.submit(db, User("t", name), chat, "1", request, 1.0)

    async with opened(data) as store:
        await store.write(ask)
        while (job := await store.write(store.queue.claim)) is not None:
            served.append(job.user.id)
            await store.write(store.queue.move, job, State.DRAWN)
    assert len(served) == len(names)
    return tuple(
        max(place for place, name in enumerate(order, 1) if name != "flood")
        for order in (served, names)
    )  # pyright: ignore[reportReturnType]


@asynccontextmanager
async def opened(data: Path) -> AsyncGenerator[Store]:
    """Open a store as the program does."""
    store = await Store.open(data, LIMITS, [PLATFORM], time.time)
    try:
        yield store
    finally:
        await store.close()


# ── pictures ─────────────────────────────────────────────────────────────────────────────────


def picture(times: int) -> Figure:
    """Draw with the engine by itself, warm."""
    styles = Styles.load()
    recipes = styles.recipes(settle(parse(TWENTY_STEPS, styles), styles, policy(Config())))
    (recipe,) = recipes

    async def draw() -> list[float]:
        engine, taken = EngineClient(EngineConfig()), list[float]()
        try:
            engine.warm()
            await engine.ready.wait()
            for _ in range(times):
                began = time.perf_counter()
                await engine.draw(recipes, lambda _: None)
                taken.append(time.perf_counter() - began)
        finally:
            await engine.close()
        return taken

    size = f"{recipe.width}×{recipe.height}"
    words = f"a {size} mini picture of {recipe.steps} steps, warm engine, median"
    return Figure(name="picture_s", words=words, value=median(asyncio.run(draw())), unit="s", bar=2)


def conversation(data: Path, pictures: int, lines: int) -> Iterator[Figure]:
    """Talk to `danqing chat --json` through its pipes."""
    acks, results = list[float](), list[float]()
    with danqing("chat", "--json", "--data", str(data), streams=subprocess.PIPE) as chat:
        heard_s(chat, say(chat, TWENTY_STEPS), "画好了")  # waits for the engine
        bot = psutil.Process(chat.pid)
        for name, words, rss, bar in (
            ("bot_mb", "memory of the bot after a picture, RSS", bot.memory_info().rss, 150),
            ("engine_mb", "of its engine", sum_of_rss(bot.children(recursive=True)), 1500),
        ):
            yield Figure(name=name, words=words, value=rss / 1e6, unit="MB", bar=bar)
        for _ in range(pictures):
            began = say(chat, TWENTY_STEPS)
            acks.append(heard_s(chat, began, "收到"))
            results.append(heard_s(chat, began, "画好了"))
        words = "such a picture, line in to reply out, median"
        yield Figure(name="picture_line_s", words=words, value=median(results), unit="s", bar=2)
        yield from spread("acknowledged_pipe", "line in to acknowledgement out", acks)
        busy = [
            heard_s(chat, say(chat, f"画编号{number}的山 --steps 1"), "收到", f"编号{number}的")
            for number in range(lines)
        ]
        yield from spread("acknowledged_busy", "the same while it draws", busy)


def say(chat: subprocess.Popen[str], line: str) -> float:
    """Say a line; return when that was."""
    assert chat.stdin is not None
    began = time.perf_counter()
    chat.stdin.write(line + "\n")
    chat.stdin.flush()
    return began


def heard_s(chat: subprocess.Popen[str], began: float, *words: str) -> float:
    """Return the seconds until the next reply that has these words."""
    assert chat.stdout is not None
    for line in chat.stdout:
        heard: dict[str, Any] = json.loads(line)
        if heard["event"] == "reply" and all(word in heard["text"] for word in words):
            return time.perf_counter() - began
    raise SystemExit(f"danqing chat has ended before it said {words}")


def sum_of_rss(processes: list[psutil.Process]) -> int:
    """Return bytes of memory."""
    return sum(process.memory_info().rss for process in processes)


def one_shot(data: Path) -> Iterator[Figure]:
    """Draw with `danqing draw`, which starts an engine for it."""
    began = time.perf_counter()
    said = run(DANQING, "draw", "--json", "--data", str(data), TWENTY_STEPS)
    whole_s = time.perf_counter() - began
    stations: dict[str, float] = json.loads(said.stdout)["seconds"]
    for station, seconds in stations.items():
        words = f"danqing draw, cold: until {station}"
        yield Figure(name=f"draw_{station}_s", words=words, value=seconds, unit="s")
    yield Figure(name="draw_whole_s", words="danqing draw, cold: whole", value=whole_s, unit="s")


# ── tools ────────────────────────────────────────────────────────────────────────────────────


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)


@contextmanager
def danqing(*words: str, streams: int) -> Generator[subprocess.Popen[str]]:
    """Run it beside us; kill it in the end."""
    with subprocess.Popen(
        [DANQING, *words], env=ENVIRONMENT, cwd=ROOT, text=True, stdin=streams, stdout=streams
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(
    name: str, words: str, seconds: list[float], bar: float | None = None
) -> Iterator[Figure]:
    """Tell the 95th percentile, against the bar, and the median."""
    p95_ms, median_ms = quantiles(seconds, n=20)[-1] * 1000, median(seconds) * 1000
    yield Figure(name=f"{name}_p95_ms", words=f"{words}, p95", value=p95_ms, unit="ms", bar=bar)
    yield Figure(name=f"{name}_median_ms", words="median", value=median_ms, unit="ms")


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="danqing-line-") as folder:
        report("the straight line", measure(Path(folder), quick=given.quick), given.json)


if __name__ == "__main__":
    main()
