"""A crowd on Discord while pictures are drawn beside it: how long they wait, what is lost."""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import psutil
from rich.console import Console

from benchmarks.chat.discord_crowd import CHANNELS, PEOPLE, SERVERS, Crowd
from benchmarks.chat.discord_program import is_up, settings
from benchmarks.chat.discord_tally import Tally
from benchmarks.chat.gauge import Gauge, memory, p95
from benchmarks.chat.program import Process, running, tracebacks
from benchmarks.figure import Figure
from tests.discord_api.server import FakeDiscord, fake_discord
from tests.discord_api.world import Call

RATE = 100.0
"""Interactions a second."""
WARM_S = 1.0
"""Before the first of them."""
BUSY = 6
"""Channels in which is drawn, at most."""
REST_S = 300.0
"""What is not there so long after the last of them is lost."""
TREND_S = 120.0
"""Memory is not expected to be flat before."""
UP_S = 60.0
LIMITED = {
    "DANQING_ENGINE__MAX_BATCH": "8",  # or it would measure first which is best
    "DANQING_QUEUE__WAITING_PER_USER": "2",
    "DANQING_QUEUE__WAITING_PER_CHAT": "2",
}
"""There is always something to draw, but never for long; most requests are refused."""

console = Console(stderr=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was seen."""

    seconds: float
    interactions: int
    shown: int
    tally: Tally
    caught_up_s: float
    """After the last of them."""
    bot: Gauge
    bot_cpu_s: float
    bot_cpu: float
    engine_cpu: float
    server_cpu: float
    calls: Sequence[Call]
    lost: Sequence[str]
    refused: Sequence[str]
    tracebacks: int


async def loaded(folder: Path, seconds: float, painters: int) -> Loaded:
    """Have a crowd press and ask for so long, while the real engine draws; see `load`."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(fake_discord(limits=True, spec=None))
        tally = Tally(discord)
        crowd = Crowd(discord, tally, min(BUSY, painters // 2))
        environ = settings(discord) | LIMITED
        process = await stack.enter_async_context(running(folder, environ))
        await discord.until(lambda: is_up(discord), UP_S)
        await asyncio.wait_for(crowd.paint(painters), UP_S)
        await crowd.fill()
        await asyncio.sleep(WARM_S)
        gc.collect()
        gc.freeze()  # what was there before is not looked at again and again
        return await _measured(folder, discord, crowd, tally, process, seconds)


async def _measured(
    folder: Path, discord: FakeDiscord, crowd: Crowd, tally: Tally, process: Process, seconds: float
) -> Loaded:
    before, program = len(discord.world.calls), psutil.Process(process.pid)
    engines = [Gauge(child) for child in program.children(recursive=True)]
    bot, own = Gauge(program), Gauge(psutil.Process())
    for gauge in (bot, own, *engines):
        gauge.begin()
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(_look(crowd, tally, bot))
        await crowd.lives(seconds, RATE)
        bot.look()
        cpu = bot.cpu, sum(engine.cpu for engine in engines), own.cpu
        calls, shown, ended = list(discord.world.calls)[before:], crowd.shown, time.monotonic()
        await _until_answered(tally)
        looking.cancel()
    crowd.see()
    return Loaded(
        seconds=seconds,
        interactions=crowd.interactions,
        shown=shown,
        tally=tally,
        bot=bot,
        caught_up_s=time.monotonic() - ended,
        bot_cpu_s=bot.cpu_s,
        bot_cpu=cpu[0],
        engine_cpu=cpu[1],
        server_cpu=cpu[2],
        calls=calls,
        lost=list(tally.lost()),
        refused=discord.refused,
        tracebacks=tracebacks(folder),
    )


async def _look(crowd: Crowd, tally: Tally, bot: Gauge) -> None:
    """See what has become of all, four times a second."""
    for turn in range(10**6):
        crowd.see()
        if turn % 8 == 0:
            bot.look()
        if turn % 80 == 79:
            console.print(
                f"{(turn + 1) // 4} s: {crowd.interactions} interactions, {tally.waiting} wait, "
                f"{crowd.shown} pictures, {bot.rss_mb[-1]:.1f} MB"
            )
        await asyncio.sleep(0.25)


async def _until_answered(tally: Tally) -> None:
    for _ in range(int(REST_S)):
        if not tally.waiting:
            return
        await asyncio.sleep(1)


def load(folder: Path, seconds: float, painters: int) -> Iterator[Figure]:
    """Tell what a crowd sees, and what it takes.

    Args:
        folder: An empty one.
        seconds: How long.
        painters: People who have pictures before it begins.
    """
    found = asyncio.run(loaded(folder, seconds, painters))
    console.print(*found.lost[:20], *found.refused[:20], sep="\n", style="red")
    tally = found.tally
    where = f"{SERVERS * CHANNELS} channels of {SERVERS} servers, {PEOPLE} people"
    words = f"interactions in {seconds:.0f} s, in {where}"
    yield Figure(name="interactions", words=words, value=found.interactions, unit="")
    yield from waits(tally)
    for name, words, value in (
        ("unanswered", "that got no first answer in 3 s", len(tally.unanswered)),
        ("lost", "whose answer, or picture, never came", len(found.lost)),
        ("refused", "calls that a strict server refuses", len(found.refused)),
        ("tracebacks", "tracebacks in the log", found.tracebacks),
    ):
        yield Figure(name=name, words=words, value=value, unit="", bar=0)
    yield from drawing(found)
    yield from memory(found.bot, seconds, TREND_S)
    yield from traffic(found)


def waits(tally: Tally) -> Iterator[Figure]:
    """Tell how long it is from an interaction to its first answer, and to what it asked for."""
    answers = tally.answers
    words = "an interaction to its first answer (callback)"
    value = _p99(answers) * 1000
    yield Figure(name="first_p99_ms", words=f"{words}, p99", value=value, unit="ms", bar=500)
    value = max(answers) * 1000
    yield Figure(name="first_max_ms", words="most", value=value, unit="ms", bar=3000)
    yield Figure(name="first_p95_ms", words="p95", value=p95(answers) * 1000, unit="ms")
    yield Figure(name="first_median_ms", words="median", value=median(answers) * 1000, unit="ms")
    for kind, took in sorted(tally.first.items()):
        words, value = f"{kind}, p99 of {len(took)}", _p99(took) * 1000
        yield Figure(
            name=f"{kind.replace(' ', '_')}_first_p99_ms", words=words, value=value, unit="ms"
        )
    for kind, took in sorted(tally.took.items()):
        words, value = f"{kind}, what was asked for, p95", p95(took) * 1000
        yield Figure(name=f"{kind.replace(' ', '_')}_p95_ms", words=words, value=value, unit="ms")


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100)[-1] if len(seconds) > 1 else max(seconds, default=0.0)


def drawing(found: Loaded) -> Iterator[Figure]:
    """Tell how busy the engine was."""
    tally = found.tally
    value = found.shown / found.seconds
    yield Figure(name="pictures_per_s", words="pictures drawn meanwhile", value=value, unit="/s")
    yield Figure(name="accepted", words="requests accepted", value=tally.accepted, unit="")
    words = "requests refused: there wait enough"
    yield Figure(name="no_room", words=words, value=tally.refused, unit="")
    words = "the engine takes, of 100 % a core"
    yield Figure(name="engine_percent", words=words, value=found.engine_cpu, unit="%")


def traffic(found: Loaded) -> Iterator[Figure]:
    """Tell what was called, and what it took."""
    seconds, statuses = found.seconds, Counter(call.status for call in found.calls)
    value = len(found.calls) / seconds
    yield Figure(name="calls_per_s", words="calls", value=value, unit="/s")
    by_bot = [call for call in found.calls if call.route.startswith("/channels")]
    value = len(by_bot) / seconds
    words = "of them such as Discord counts together (50)"
    yield Figure(name="counted_per_s", words=words, value=value, unit="/s")
    words = "calls refused for coming too fast (429)"
    yield Figure(name="too_fast", words=words, value=statuses[429], unit="")
    words = "the program takes of a core"
    yield Figure(name="cpu_percent", words=words, value=found.bot_cpu, unit="%")
    value = found.bot_cpu_s / found.interactions * 1000
    words = "that is for each interaction, with all that follows"
    yield Figure(name="cpu_ms", words=words, value=value, unit="ms")
    words = "after the last interaction all is there in"
    yield Figure(name="caught_up_s", words=words, value=found.caught_up_s, unit="s")
    words = "the server and its people take"
    yield Figure(name="server_percent", words=words, value=found.server_cpu, unit="%")
