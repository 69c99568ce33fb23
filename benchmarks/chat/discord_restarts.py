"""Started again and again: a new session costs one of a thousand a day, going on with one none."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251  what is done, from a seed

import msgspec

from adapters.discord.session import STARTS, Held
from benchmarks.chat.discord_program import is_up, settings
from benchmarks.chat.engine import stand_in
from benchmarks.chat.program import Process, killed, started, tracebacks
from benchmarks.figure import Figure
from bot.channel import Bucket
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.server import FakeDiscord, fake_discord

UP_S, END_S = 30.0, 30.0
WORK_S = 1.0
DAY_STARTS = 50
"""Of the thousand new sessions of a day, so many may go into restarts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """What was seen."""

    identifies: int
    resumes: int
    lost: int
    left: float
    """New sessions that the program would still begin at once."""
    seconds: float
    refused: int
    tracebacks: int


async def restarted(folder: Path, times: int) -> Restarted:
    """Start it, have it work for a second or two, and end it, so often; every other time by -9."""
    random, began = Random(3), time.monotonic()  # noqa: S311  no secret
    async with fake_discord() as discord, stand_in(folder, 0.3) as engine:
        person = discord.person("阿青")
        discord.server("画友会", person)
        asked = list[Interaction | Message]()
        for number in range(times):
            process = await started(folder, settings(discord, engine))
            asked += await _worked(discord, person, random)
            await _ended(process, at_once=number % 2 == 1)
        seconds = time.monotonic() - began
        process = await started(folder, settings(discord, engine))
        lost = await _unanswered(discord, asked)
        await killed(process)
        return Restarted(
            identifies=discord.identifies,
            resumes=discord.resumes,
            lost=lost,
            left=_left(folder / "data" / "discord.json"),
            seconds=seconds,
            refused=len(discord.refused),
            tracebacks=tracebacks(folder),
        )


async def _worked(
    discord: FakeDiscord, person: Person, random: Random
) -> list[Interaction | Message]:
    """Have somebody say something before it is up, and ask for something when it is."""
    hall = discord.servers["画友会"].channel("大厅")
    said = [person.says(hall, "画一只猫", mentions=[discord.bot])] if discord.identifies else []
    await discord.until(lambda: is_up(discord), UP_S)
    used = person.commands(hall, "画", 描述="一座山")
    await discord.until(lambda: used.answer, UP_S)
    await asyncio.sleep(WORK_S * (1 + random.random()))
    return [*said, used]


async def _ended(process: Process, *, at_once: bool) -> None:
    if at_once:
        await killed(process)
        return
    process.terminate()
    await asyncio.wait_for(process.wait(), UP_S)


async def _unanswered(discord: FakeDiscord, asked: list[Interaction | Message]) -> int:
    """Return of how many requests no picture came."""
    hall = discord.servers["画友会"].channel("大厅")

    def lost() -> int:
        said = Counter(len(message.attachments) for message in discord.said(hall))
        return len(asked) - said[1]

    try:
        await discord.until(lambda: not lost(), END_S)
    except TimeoutError:
        return lost()
    return 0


def _left(file: Path) -> float:
    held = msgspec.json.decode(file.read_bytes(), type=Held)
    return Bucket(held.full_at).left(STARTS, time.time())


def restarts(folder: Path, times: int) -> Iterator[Figure]:
    """Tell what restarts cost."""
    found = asyncio.run(restarted(folder, times))
    words = "restarts, every other by kill -9"
    yield Figure(name="restarts", words=words, value=times, unit="")
    yield Figure(name="restarts_s", words="that took", value=found.seconds, unit="s")
    words = f"new sessions for {times} restarts (of 1,000 a day)"
    value = found.identifies
    yield Figure(name="identifies", words=words, value=value, unit="", bar=DAY_STARTS)
    yield Figure(name="resumes", words="sessions gone on with", value=found.resumes, unit="")
    words = "new sessions that it would still begin at once"
    value, bar = found.left, DAY_STARTS
    yield Figure(name="identifies_left", words=words, value=value, unit="", bar=bar, at_least=True)
    for name, words, value in (
        ("restarts_lost", "requests whose picture never came", found.lost),
        ("restarts_refused", "calls that a strict server refuses", found.refused),
        ("restarts_tracebacks", "tracebacks in the log", found.tracebacks),
    ):
        yield Figure(name=name, words=words, value=value, unit="", bar=0)
