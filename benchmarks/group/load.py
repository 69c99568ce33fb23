"""A crowd in many groups: how soon a turn is on disk, what the platform is asked, memory."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251  who says what, from a seed
from statistics import median

import psutil
from aiosqlite import Connection

from benchmarks.chat.gauge import Gauge, p95
from benchmarks.figure import Figure
from benchmarks.group.crowd import KINDS, Group, Said, turn_of
from benchmarks.group.hall import Hall, hall
from benchmarks.group.platform import Platform
from bot.reply import Limits, Rate
from bot.session import Session
from bot.store.near import at_length
from bot.store.sessions import kept
from bot.store.store import Store
from bot.turns import Arrived

GROUPS, MEMBERS = 200, 20
LIMITS = Limits(
    edits=True,
    private_s=1.5,
    group_s=4.0,
    album=10,
    passing=True,
    private_rate=Rate(5, 5.0),
    group_rate=Rate(7, 40.0),
    all_rate=Rate(5, 0.2),
)
"""Those of Telegram."""
RATES = {2.0: 0.4, 20.0: 0.2, 100.0: 0.2, 400.0: 0.2}
"""Messages a second, of all groups together, and how much of the time: the last are two in each."""
TURNS_PER_S, KEENEST = 12.0, 0.3
"""Turns, entries and votes a second at most, as many as pictures can be drawn for; and how much of
what is said they are at most: the rest is talk and guesses."""
ALLOWED_A_MINUTE = 20
DRAIN_S = 60.0
ON_THEIR_WAY = 20
"""Things that are said at the same time, when all before is answered."""
TICK_S = 0.02
"""How often a platform hands out what was said."""
LOOK_S = 1.0
TERMS = "40 轮，{seconds} 秒"


Took = tuple[Sequence[float], Sequence[float]]
"""Seconds until turns were on disk, and until all was that was said."""


@dataclass(slots=True)
class Crowd:
    """Groups that play, and how long each thing that they say takes to be on disk."""

    folder: Path
    said: int = 0
    at_s: dict[str, float] = field(default_factory=dict[str, float])
    took_s: list[float] = field(default_factory=list[float])
    open: dict[str, Session] = field(default_factory=dict[str, Session])
    """By the key of the chat, as of a moment ago."""
    looked_s: float = 0.0
    random: Random = field(default_factory=lambda: Random(8))  # noqa: S311  no secret
    turns: set[str] = field(default_factory=set[str])
    """Of what is said, that which is meant for a session."""
    turns_s: list[float] = field(default_factory=list[float])
    """How long those took."""

    def answered(self, arrived: Sequence[Arrived]) -> None:
        """Note what is answered."""
        now = time.monotonic()
        for one in arrived:
            id_ = json.loads(one.update.body)["id"]
            if (at := self.at_s.pop(id_, None)) is not None:
                self.took_s.append(now - at)
                if id_ in self.turns:
                    self.turns.discard(id_)
                    self.turns_s.append(now - at)

    async def go_on(self, at_work: Hall, groups: Sequence[Group]) -> None:
        """Have groups go on: open a session where none is, else have somebody say something.

        What is said at the same time comes together, as platforms hand it out.
        """
        now = time.monotonic()
        if now >= self.looked_s + LOOK_S:
            self.looked_s, self.open = now, await at_work.store.read(_open)
        updates = list[tuple[str, bytes]]()
        for group in groups:
            self.said += 1
            id_ = f"u{self.said}"
            does = self._does(group)
            self.at_s[id_] = now
            if does.get("to_me", True):
                self.turns.add(id_)
            updates.append((id_, json.dumps({"id": id_, **does}).encode()))
        await at_work.app.hear_all("chat", updates)

    def _does(self, group: Group) -> Said:
        session = self.open.get(f"chat:{group.id}")
        if session is None:
            terms = TERMS.format(seconds=self.random.randint(40, 80))  # else all would end at once
            return group.opens(f"{group.kind} 江南，{terms}")
        return group.of(session.id, group.says(turn_of(session)))

    async def quiet(self, at_work: Hall) -> None:
        """Wait until all is answered, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self.at_s:
                    await at_work.store.after(at_work.store.commits, 0.05)


def _groups() -> list[Group]:
    random = Random(5)  # noqa: S311  no secret
    return [
        Group(f"群{number}", KINDS[number % len(KINDS)], MEMBERS, random)
        for number in range(GROUPS)
    ]


async def _open(db: Connection) -> dict[str, Session]:
    """Return what is played, by the key of the chat."""
    rows = await db.execute_fetchall("SELECT * FROM sessions WHERE phase = 'open'")
    return {row["chat"]: kept(row).session for row in rows}


async def _drawn(store: Store) -> None:
    """Return when nothing is left to draw: the crowd begins with all first pictures at once."""
    while not await store.read(store.queue.idle):
        await store.after(store.commits, 1.0)


def load(folder: Path, seconds: float) -> Iterator[Figure]:
    """Tell how soon turns are on disk at ever more messages, and what the platform was asked."""
    crowd, platform = Crowd(folder / "near"), Platform(LIMITS, lambda _: None, "m")
    found = asyncio.run(_loaded(crowd, platform, RATES, seconds))
    for rate, (turns, every) in found.items():
        said = f"{rate:g} messages a second in {GROUPS} sessions"
        bar = 0.05 if rate in {min(RATES), max(RATES)} else None
        words = f"until a turn is on disk, p95, {said}"
        yield Figure(name=f"turn_p95_{rate:g}_s", words=words, value=p95(turns), unit="s", bar=bar)
        words = f"the same of all {len(every)} that was said"
        yield Figure(name=f"said_p95_{rate:g}_s", words=words, value=p95(every), unit="s", bar=bar)
        words = f"median of {len(turns)} turns"
        yield Figure(name=f"turn_median_{rate:g}_s", words=words, value=median(turns), unit="s")
    most = max(RATES)
    with at_length():  # and so is all that begins in here
        away = Crowd(folder / "away"), Platform(LIMITS, lambda _: None, "m")
        turns, every = asyncio.run(_loaded(*away, {most: RATES[most]}, seconds))[most]
    words = f"turns at {most:g} a second, with each statement in a thread of its connection, p95"
    yield Figure(name="turn_p95_away_s", words=words, value=p95(turns), unit="s")
    words = "the same of all that was said"
    yield Figure(name="said_p95_away_s", words=words, value=p95(every), unit="s")
    words = "of all that was said, not answered"
    yield Figure(name="unanswered", words=words, value=len(crowd.at_s), unit="", bar=0)
    words = "calls to one group in any minute, at most"
    value = platform.most_a_minute
    yield Figure(name="calls_a_minute", words=words, value=value, unit="", bar=ALLOWED_A_MINUTE)
    yield Figure(name="edits", words="edits of boards in all", value=platform.edits, unit="")


async def _loaded(
    crowd: Crowd, platform: Platform, rates: Mapping[float, float], seconds: float
) -> dict[float, Took]:
    """Return how long all took at each of some rates, each for its share of so many seconds."""
    found = dict[float, Took]()
    groups, random = _groups(), Random(6)  # noqa: S311  no secret
    async with hall(crowd.folder, platform, crowd.answered) as at_work:
        await crowd.go_on(at_work, groups)
        await crowd.quiet(at_work)
        await _drawn(at_work.store)
        for rate, share in rates.items():
            for group in groups:
                group.keen = min(KEENEST, TURNS_PER_S / rate)
            crowd.took_s, crowd.turns_s = [], []
            began, said = time.monotonic(), 0
            while (now := time.monotonic()) < began + seconds * share:
                due = int((now - began) * rate) - said
                if due > 0:
                    said += due
                    await crowd.go_on(at_work, random.choices(groups, k=due))
                await asyncio.sleep(TICK_S)
            await crowd.quiet(at_work)
            found[rate] = crowd.turns_s or [0.0], crowd.took_s or [0.0]
    return found


def hour(folder: Path, messages: int) -> Iterator[Figure]:
    """Tell what memory does while as much is said as in an hour, as fast as it is answered."""
    crowd, platform = Crowd(folder), Platform(LIMITS, lambda _: None, "m")
    gauge = Gauge(psutil.Process())
    seconds = asyncio.run(_hour(crowd, platform, gauge, messages))
    half = len(gauge.rss_mb) // 2
    words = f"memory after half of an hour's {messages} messages, said in {seconds:.0f} s"
    yield Figure(name="hour_half_mb", words=words, value=gauge.rss_mb[half], unit="MB")
    words = "memory grows in the second half by"
    grown = gauge.rss_mb[-1] - gauge.rss_mb[half]
    yield Figure(name="hour_growth_mb", words=words, value=grown, unit="MB", bar=10)


async def _hour(crowd: Crowd, platform: Platform, gauge: Gauge, messages: int) -> float:
    groups, random, began = _groups(), Random(7), time.monotonic()  # noqa: S311  no secret
    async with hall(crowd.folder, platform, crowd.answered) as at_work:
        gauge.begin()
        for _ in range(0, messages, ON_THEIR_WAY):
            await crowd.go_on(at_work, random.choices(groups, k=ON_THEIR_WAY))
            await crowd.quiet(at_work)
            gauge.look()
        await crowd.quiet(at_work)
        gauge.look()
    return time.monotonic() - began
