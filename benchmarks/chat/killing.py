"""Killed with -9 at any moment, started at once, again and again; then all is held against it."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251  who says what, from a seed
from typing import Protocol

from rich.console import Console

from benchmarks.chat.engine import stand_in
from benchmarks.chat.fault import Fault
from benchmarks.chat.program import running, started, tracebacks
from benchmarks.chat.trap import Moment, Trap, moments
from benchmarks.figure import Figure

BATCH = 20
"""Rounds on the same data; then all must be answered."""
LANES = 2
"""Batches beside each other: each start takes most of a core."""
DRAWN_S = 0.6
"""A picture takes so long at most."""
BEFORE, AFTER = 2, 12
"""What is said at most before the program is up, and after that."""
PAUSE_S = 0.5
"""Between two things that are said, at most."""
PATIENCE_S = 10.0
"""A moment that has not come by then comes now."""
END_S = 240.0
"""Within so long after the last start all is answered."""

LEFT = """
SELECT (SELECT count(*) FROM updates WHERE handled_at IS NULL),
       (SELECT count(*) FROM jobs WHERE ended_at IS NULL),
       (SELECT count(*) FROM outbox WHERE state IN ('new', 'sending') AND kind <> 'closes')
"""
"""Updates, jobs and replies on their way. The last edit of a message that has its result
elsewhere is in no hurry, and not waited for."""

console = Console(stderr=True)


class Talk(Protocol):
    """People on a platform, what they ask for, and what is held against the program."""

    quiet_s: float
    """Nothing may be on its way for so long, until that is believed."""

    @property
    def seen(self) -> Counter[str]:
        """What was seen meanwhile."""
        ...

    def environ(self, engine: str) -> dict[str, str]:
        """Return the environment of a program that serves here."""
        ...

    def watch(self, trap: Trap | None) -> None:
        """Tell a trap of each call from now on, and when the program takes what is said."""
        ...

    def says(self) -> None:
        """Have somebody say something."""
        ...

    def left(self) -> int:
        """Return how much the program has not been told of yet."""
        ...

    def faults(self) -> Iterator[Fault]:
        """Yield what is not as it should be, when nothing is on its way any more."""
        ...


Open = Callable[[Random], AbstractAsyncContextManager[Talk]]
"""Opens a platform with people in it."""


async def goes_on(talk: Talk, random: Random, trap: Trap) -> None:
    """Talk until the program is dead, but not for ever."""
    for _ in range(random.randint(0, BEFORE)):
        talk.says()
    await trap.up.wait()
    for _ in range(AFTER):
        if trap.dead:
            return
        talk.says()
        await asyncio.sleep(random.random() * PAUSE_S)


@dataclass(slots=True)
class Batch:
    """Rounds on the same data."""

    open: Open
    folder: Path
    moments: list[Moment]
    random: Random
    seen: Counter[str] = field(default_factory=Counter[str])

    async def run(self, engine: str) -> list[Fault]:
        """Kill it so often, let it come to an end, and return what is not as it should be."""
        async with self.open(self.random) as talk:
            for moment in self.moments:
                await self._round(talk, engine, moment)
            talk.watch(None)
            async with running(self.folder, talk.environ(engine)):
                faults = await self._ended(talk)
            faults += talk.faults()
        if count := tracebacks(self.folder):
            faults.append(Fault("wrong", f"{count} tracebacks in the log"))
        self.seen.update(talk.seen)
        return faults

    async def _round(self, talk: Talk, engine: str, moment: Moment) -> None:
        """Start it, talk, and kill it at its moment."""
        process = await started(self.folder, talk.environ(engine))
        trap = Trap(process, moment)
        talk.watch(trap)
        talking = asyncio.ensure_future(goes_on(talk, self.random, trap))
        self.seen["in time"] += await trap.sprung(PATIENCE_S)
        await talking
        self.seen["rounds"] += 1

    async def _ended(self, talk: Talk) -> list[Fault]:
        """Wait until nothing is on its way; return a fault if that does not come."""
        end = time.monotonic() + END_S
        left: tuple[int, ...] = ()
        busy_at = time.monotonic()
        while (now := time.monotonic()) < end:
            left = (talk.left(), *self._left())
            if any(left):
                busy_at = now
            elif now - busy_at >= talk.quiet_s:
                return []
            await asyncio.sleep(0.1)
        words = "updates to fetch, updates, jobs, replies"
        return [Fault("lost", f"does not come to an end; {words} left: {left}")]

    def _left(self) -> tuple[int, ...]:
        path = self.folder / "data" / "danqing.db"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
                return tuple(db.execute(LEFT).fetchone())
        except sqlite3.OperationalError:  # killed before it was made
            return (1,)


class Killer:
    """Runs batches beside each other, and counts."""

    def __init__(self, folder: Path, count: int, open_: Open, most: Mapping[str, int]) -> None:
        self.faults = list[Fault]()
        self.seen = Counter[str]()
        self._open = open_
        self._folder = folder
        self._count = count
        self._lanes = min(LANES, count)
        planned = moments(Random(7), count, most)  # noqa: S311  no secret
        size = min(BATCH, -(-count // self._lanes))
        self._waiting = [planned[first : first + size] for first in range(0, count, size)]

    async def run(self) -> None:
        """Kill it as often as it is to be."""
        async with stand_in(self._folder, DRAWN_S) as engine:
            await asyncio.gather(*[self._lane(engine) for _ in range(self._lanes)])

    async def _lane(self, engine: str) -> None:
        while self._waiting:
            number, chosen = len(self._waiting), self._waiting.pop()
            folder = self._folder / f"batch{number}"
            folder.mkdir()
            batch = Batch(self._open, folder, chosen, Random(number))  # noqa: S311  no secret
            found = await batch.run(engine)
            self.seen.update(batch.seen)
            self.faults += found
            self._tell(batch, found)
            if not found:
                shutil.rmtree(folder)

    def _tell(self, batch: Batch, found: list[Fault]) -> None:
        rounds = f"{self.seen['rounds']} of {self._count} rounds"
        console.print(f"{rounds}, {self.seen['requests']} requests, {len(self.faults)} faults")
        if found:
            console.print(
                *[f"{fault.kind}: {fault.words}" for fault in found], sep="\n", style="red"
            )
            console.print("killed", *map(str, batch.moments), sep="\n  ")


def kill(folder: Path, count: int, open_: Open, most: Mapping[str, int]) -> Iterator[Figure]:
    """Tell what became of all that people asked for.

    Args:
        folder: An empty one.
        count: How often the program is killed.
        open_: Opens a platform with people in it.
        most: When it is killed, as `trap.moments` has it.
    """
    killer, began = Killer(folder, count, open_, most), time.monotonic()
    asyncio.run(killer.run())
    seen, kinds = killer.seen, Counter(fault.kind for fault in killer.faults)
    for name, words in (
        ("rounds", "times killed with -9"),
        ("in time", "of them at the moment that was chosen"),
        ("requests", "asked of it meanwhile"),
        ("results", "pictures and albums that came"),
        ("repeats", "messages that came again, each marked"),
        ("apologies", "requests given up after some deaths, and so said"),
        ("full", "requests refused, since as many waited as may, and so said"),
        ("unknowable", "edits refused of what showed something else since the kill"),
    ):
        yield Figure(name=name.replace(" ", "_"), words=words, value=seen[name], unit="")
    for name, words in (
        ("lost", "of all that was asked for, lost"),
        ("repeated", "that came again without a mark"),
        ("wrong", "other faults"),
    ):
        yield Figure(name=f"kill_{name}", words=words, value=kinds[name], unit="", bar=0)
    value = (time.monotonic() - began) / count
    yield Figure(name="round_s", words="a round takes", value=value, unit="s")
