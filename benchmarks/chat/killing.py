"""Killed with -9 at any moment, started at once, again and again; then all is held against it."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251  who says what, from a seed

from rich.console import Console

from benchmarks.chat.engine import stand_in
from benchmarks.chat.ledger import Ask, Fault, Ledger
from benchmarks.chat.program import Calls, calls_of, running, settings, started, tracebacks
from benchmarks.chat.trap import Moment, Trap, moments
from benchmarks.figure import Figure
from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.person import Person
from tests.telegram_api.server import FakeTelegram, fake_telegram

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
CHATS = 8
"""Of each kind: a group takes some ten messages a minute, and all is to come to an end."""
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

SENTENCES = (("画一只猫", 1), ("画一座山 --steps 4", 1), ("画三张雪地里的企鹅", 3), ("/额度", 0))

console = Console(stderr=True)
Place = tuple[Person, Chat, Topic | None]


class Talk:
    """People in several chats, who ask and go on asking."""

    def __init__(self, telegram: FakeTelegram, random: Random) -> None:
        self.ledger = Ledger(telegram)
        self._random = random
        people = [telegram.person(f"人{number}") for number in range(CHATS)]
        self._places = list[Place]()
        for number, person in enumerate(people):
            group = telegram.group(f"群{number}", *people)
            forum = telegram.group(f"论坛{number}", *people, topics=("水墨", "闲聊"))
            topic = list(forum.topics.values())[number % 2]
            self._places += [(person, person.private, None), (person, group, None)]
            self._places += [(person, forum, topic)]
        self._bot = telegram.world.bot

    def says(self) -> None:
        """Have somebody say something."""
        person, chat, topic = self._random.choice(self._places)
        words, pictures = self._random.choice(SENTENCES)
        if not chat.private:
            words = f"丹青，{words}" if pictures else f"{words}@{self._bot.username}"
        self.ledger.asks.append(Ask(person.says(chat, words, topic=topic), pictures))

    async def goes_on(self, trap: Trap) -> None:
        """Talk until the program is dead, but not for ever."""
        for _ in range(self._random.randint(0, BEFORE)):
            self.says()
        await trap.up.wait()
        for _ in range(AFTER):
            if trap.dead:
                return
            self.says()
            await asyncio.sleep(self._random.random() * PAUSE_S)


@dataclass(slots=True)
class Batch:
    """Rounds on the same data."""

    folder: Path
    moments: list[Moment]
    random: Random
    seen: Counter[str] = field(default_factory=Counter[str])

    async def run(self, engine: str) -> list[Fault]:
        """Kill it so often, let it come to an end, and return what is not as it should be."""
        async with fake_telegram(can_read_all=True) as telegram:
            calls, talk = calls_of(telegram), Talk(telegram, self.random)
            environ = settings(telegram, engine)
            for moment in self.moments:
                await self._round(telegram, calls, talk, environ, moment)
            calls.hear = lambda _: None
            async with running(self.folder, environ):
                faults = await self._ended(telegram)
            faults += talk.ledger.faults()
        if count := tracebacks(self.folder):
            faults.append(Fault("wrong", f"{count} tracebacks in the log"))
        self.seen.update(talk.ledger.seen)
        return faults

    async def _round(
        self,
        telegram: FakeTelegram,
        calls: Calls,
        talk: Talk,
        environ: dict[str, str],
        moment: Moment,
    ) -> None:
        """Start it, talk, and kill it at its moment."""
        process = await started(self.folder, environ)
        trap = Trap(telegram.world, process, moment)
        calls.hear = trap.hear
        talking = asyncio.ensure_future(talk.goes_on(trap))
        self.seen["in time"] += await trap.sprung(PATIENCE_S)
        await talking
        self.seen["rounds"] += 1

    async def _ended(self, telegram: FakeTelegram) -> list[Fault]:
        """Wait until nothing is on its way; return a fault if that does not come."""
        end = time.monotonic() + END_S
        left: tuple[int, ...] = ()
        while time.monotonic() < end:
            left = (len(telegram.world.updates.pending), *self._left())
            if not any(left):
                return []
            await asyncio.sleep(0.1)
        words = "updates to fetch, updates, jobs, replies"
        return [Fault("lost", f"does not come to an end; {words} left: {left}")]

    def _left(self) -> tuple[int, ...]:
        path = self.folder / "data" / "danqing.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return tuple(db.execute(LEFT).fetchone())


class Killer:
    """Runs batches beside each other, and counts."""

    def __init__(self, folder: Path, count: int) -> None:
        self.faults = list[Fault]()
        self.seen = Counter[str]()
        self._folder = folder
        self._count = count
        self._lanes = min(LANES, count)
        planned = moments(Random(7), count)  # noqa: S311  no secret
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
            batch = Batch(folder, chosen, Random(number))  # noqa: S311  no secret
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


def kill(folder: Path, count: int) -> Iterator[Figure]:
    """Tell what became of all that people asked for."""
    killer, began = Killer(folder, count), time.monotonic()
    asyncio.run(killer.run())
    seen, kinds = killer.seen, Counter(fault.kind for fault in killer.faults)
    for name, words in (
        ("rounds", "times killed with -9"),
        ("in time", "of them at the moment that was chosen"),
        ("requests", "asked of it meanwhile"),
        ("results", "pictures and albums that came"),
        ("repeats", "messages that came again, each marked"),
        ("apologies", "requests given up after some deaths, and so said"),
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
