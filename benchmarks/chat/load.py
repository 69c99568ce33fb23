"""A crowd in many chats at once: how long they wait, what is lost, what the program takes."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console

from benchmarks.chat.crowd import CHATS, Crowd
from benchmarks.chat.engine import stand_in
from benchmarks.chat.gauge import Gauge, memory, p95
from benchmarks.chat.program import Process, calls_of, running, settings, tracebacks
from benchmarks.chat.tally import Tally
from benchmarks.figure import Figure
from tests.telegram_api.server import FakeTelegram, fake_telegram

RATE = 30.0
"""Updates a second."""
WARM_S = 2.0
"""Between the first question for updates and the first update."""
REST_S = 60.0
"""What is not answered so long after the last update is lost."""

console = Console(stderr=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was seen."""

    seconds: float
    updates: int
    tally: Tally
    bot: Gauge
    bot_cpu: float
    server_cpu: float
    lost: Sequence[str]
    refused: Sequence[str]
    tracebacks: int


async def loaded(folder: Path, seconds: float) -> Loaded:
    """Have a crowd talk for so long."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(
            fake_telegram(can_read_all=True, keep_bytes=False, flood=True)
        )
        engine = await stack.enter_async_context(stand_in(folder))
        tally = Tally()
        calls_of(telegram).hear = tally.hear
        process = await stack.enter_async_context(running(folder, settings(telegram, engine)))
        await telegram.until(lambda: tally.polls, 60)
        await asyncio.sleep(WARM_S)
        return await _measured(folder, telegram, tally, process, seconds)


async def _measured(
    folder: Path, telegram: FakeTelegram, tally: Tally, process: Process, seconds: float
) -> Loaded:
    crowd = Crowd(telegram, tally)
    bot, own = Gauge(psutil.Process(process.pid)), Gauge(psutil.Process())
    bot.begin()
    own.begin()
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(_look(crowd, tally, bot))
        await crowd.lives(seconds, RATE)
        bot.look()
        bot_cpu, server_cpu = bot.cpu, own.cpu
        await _until_answered(tally)
        looking.cancel()
    crowd.see()
    return Loaded(
        seconds=seconds,
        updates=crowd.updates,
        tally=tally,
        bot=bot,
        bot_cpu=bot_cpu,
        server_cpu=server_cpu,
        lost=list(tally.lost()),
        refused=telegram.refused,
        tracebacks=tracebacks(folder),
    )


async def _look(crowd: Crowd, tally: Tally, bot: Gauge) -> None:
    """See what has become of all, every second."""
    for second in range(10**6):
        crowd.see()
        if second % 2 == 0:
            bot.look()
        if second % 30 == 29:
            console.print(
                f"{second + 1} s: {crowd.updates} updates, {tally.waiting} wait, "
                f"{tally.statuses[429]} × 429, {bot.rss_mb[-1]:.1f} MB"
            )
        await asyncio.sleep(1)


async def _until_answered(tally: Tally) -> None:
    for _ in range(int(REST_S)):
        if not tally.waiting:
            return
        await asyncio.sleep(1)


def load(folder: Path, seconds: float) -> Iterator[Figure]:
    """Tell what a crowd sees, and what it takes."""
    found = asyncio.run(loaded(folder, seconds))
    console.print(*found.lost[:20], *found.refused[:20], sep="\n", style="red")
    words = f"updates in {seconds:.0f} s, in {CHATS} chats"
    yield Figure(name="updates", words=words, value=found.updates, unit="")
    yield from waits(found.tally)
    for name, words, value in (
        ("lost", "without an answer, or one that never shows its picture", len(found.lost)),
        ("too_fast", "calls refused for coming too fast (429)", found.tally.statuses[429]),
        ("refused", "calls that a strict server refuses otherwise", len(found.refused)),
        ("tracebacks", "tracebacks in the log", found.tracebacks),
    ):
        yield Figure(name=name, words=words, value=value, unit="", bar=0)
    yield from memory(found.bot, found.seconds)
    yield from traffic(found)


def waits(tally: Tally) -> Iterator[Figure]:
    """Tell how long it is from an update to the first call that answers it."""
    everything = [seconds for took in tally.took.values() for seconds in took]
    words = "an update to the first call that answers it"
    value = p95(everything) * 1000
    yield Figure(name="answer_p95_ms", words=f"{words}, p95", value=value, unit="ms", bar=150)
    value = median(everything) * 1000
    yield Figure(name="answer_median_ms", words="median", value=value, unit="ms")
    yield Figure(name="answer_max_ms", words="most", value=max(everything) * 1000, unit="ms")
    for kind, took in sorted(tally.took.items()):
        words, value = f"{kind}, p95 of {len(took)}", p95(took) * 1000
        yield Figure(name=f"{kind}_p95_ms", words=words, value=value, unit="ms")


def traffic(found: Loaded) -> Iterator[Figure]:
    """Tell what was called, and what it took."""
    tally, seconds = found.tally, found.seconds
    value = sum(tally.calls.values()) / seconds
    yield Figure(name="calls_per_s", words="calls, polls left out", value=value, unit="/s")
    value = sum(tally.counted.values()) / seconds
    words = "of them messages, as Telegram counts (30)"
    yield Figure(name="messages_per_s", words=words, value=value, unit="/s")
    value = max(tally.counted.values())
    yield Figure(name="messages_most", words="the most in one second", value=value, unit="/s")
    value = found.bot_cpu
    yield Figure(name="cpu_percent", words="the program takes of a core", value=value, unit="%")
    value = found.server_cpu
    words = "the server and its people take"
    yield Figure(name="server_percent", words=words, value=value, unit="%")
