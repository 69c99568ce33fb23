"""Games of every kind, killed with -9 at random moments.

Each time their history is held against what was acknowledged, and played again from its first turn.
"""

import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251  who says what and when it dies, from a seed

import msgspec
from rich.console import Console

from benchmarks.figure import Figure
from benchmarks.group.crowd import KINDS, Group, turn_of
from benchmarks.group.hall import Hall, hall, settled
from benchmarks.group.platform import Platform
from bot import segment, session
from bot.play import take
from bot.reply import Delivery, Limits
from bot.session import Session
from bot.start import SessionConfig, start
from bot.store import sessions
from bot.style import Styles
from bot.turns import Arrived

LIMITS = Limits(edits=True, private_s=0.05, group_s=0.05, album=10)
MEMBERS, KEEN = 4, 0.5
PAUSE_S = 0.03
"""Between two things that are said, at most."""
HASTE_S = 0.02
"""So much too soon a hasty build tells what is said for kept."""
LIFE_S = 1.2
"""A round lasts so long at most after the first word."""
HASTY = 25
"""Of so many rounds, one more is played with a hasty build."""
BATCH = 50
"""Rounds on the same data; then all must come to an end."""
END_S = 300.0
"""Within so long all is told: replays of pictures of noise take their time."""
TERMS = "4 轮，10 秒"

CONTEXT = multiprocessing.get_context("fork")
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Round:
    """One life of a studio in which people play."""

    folder: Path
    """The data."""
    number: int
    pipe: int
    """To which each thing is told when it is so."""
    talk: bool
    """Whether people go on saying things, until it is killed; else it ends when all is done."""
    hasty: bool = False
    """Whether it tells what is said for kept before it is."""

    def play(self) -> None:
        """Play in this process."""
        asyncio.run(self._play())

    async def _play(self) -> None:
        platform = Platform(LIMITS, self._sent, f"r{self.number}")
        async with hall(self.folder, platform, self._answered) as at_work:
            self._tell("up")
            if self.talk:
                await self._talks(at_work)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await settled(at_work.store)
            self._tell("idle" if await at_work.store.idle() else "stuck")

    async def _talks(self, at_work: Hall) -> None:
        random = Random(self.number)  # noqa: S311  no secret
        groups = [Group(f"群{kind}", kind, MEMBERS, random, KEEN) for kind in KINDS]
        store = at_work.store
        for said in count():
            group = random.choice(groups)
            here = await store.read(store.sessions.here, f"chat:{group.id}")
            does = (
                group.says(turn_of(here[0].session))
                if here
                else group.opens(f"{group.kind} 江南，{TERMS}")
            )
            if here:
                does = group.of(here[0].session.id, does)
            id_ = f"{self.number}-{said}"
            body = json.dumps({"id": id_, **does}).encode()
            if self.hasty:
                self._tell("heard", id_)
                await asyncio.sleep(HASTE_S)
            await at_work.app.hear("chat", id_, body)
            self._tell("heard", id_)
            await asyncio.sleep(random.random() * PAUSE_S)

    def _sent(self, delivery: Delivery) -> None:
        self._tell("sent", delivery.id, delivery.repeated)

    def _answered(self, arrived: Sequence[Arrived]) -> None:
        self._tell("answered", *(json.loads(one.update.body)["id"] for one in arrived))

    def _tell(self, *said: object) -> None:
        os.write(self.pipe, json.dumps(said).encode() + b"\n")


@dataclass(slots=True)
class Witness:
    """What was acknowledged, over all rounds on the same data."""

    heard: set[str] = field(default_factory=set[str])
    answered: set[str] = field(default_factory=set[str])
    sent: Counter[int] = field(default_factory=Counter[int])
    faults: list[str] = field(default_factory=list[str])
    seen: Counter[str] = field(default_factory=Counter[str])

    def hear(self, line: bytes) -> str:
        """Note what a program has told; return what it was."""
        what, *rest = json.loads(line)
        match what:
            case "heard":
                self.heard |= set(rest)
            case "answered":
                self.answered |= set(rest)
            case "sent":
                id_, repeated = rest
                self.sent[id_] += 1
                self.seen["repeats"] += bool(repeated)
                if self.sent[id_] > 1 and not repeated:
                    self.faults.append(f"reply {id_} came again without a mark")
            case _:
                pass
        return what

    def check(self, path: Path) -> None:
        """Hold the data against what was acknowledged."""
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            kept = {
                row["update_id"]: row["handled_at"] for row in db.execute("SELECT * FROM updates")
            }
            self.faults += [f"{id_} was heard and is gone" for id_ in self.heard - kept.keys()]
            self.faults += [
                f"{id_} was answered and is not" for id_ in self.answered if not kept.get(id_)
            ]
            for row in db.execute("SELECT * FROM sessions"):
                turns = list(
                    db.execute(
                        "SELECT * FROM turns WHERE session_id = ? ORDER BY number", (row["id"],)
                    )
                )
                self.faults += [f"session {row['id']}: {fault}" for fault in _history(row, turns)]
                self.seen["turns"] += len(turns)


def _history(row: sqlite3.Row, turns: list[sqlite3.Row]) -> Iterator[str]:
    """Yield what is wrong with the history of a session."""
    if [turn["number"] for turn in turns] != list(range(1, len(turns) + 1)):
        yield "its turns are not numbered in a row"
    said = [json.loads(turn["turn"]) for turn in turns]
    messages = Counter(
        (one["message"], one["turn"]) for one in said if one["turn"] in {"Spoke", "Pressed"}
    )
    yield from (f"{message} was taken {n} times" for (message, _), n in messages.items() if n > 1)
    marks = Counter(one["mark"] for one in said if one["turn"] in {"Drawn", "Undrawn", "Hung"})
    yield from (f"picture {mark} came {n} times" for mark, n in marks.items() if n > 1)
    if turns and again(row, turns) != sessions.kept(row).session:
        yield "its turns, played again, do not lead to what it is"


def again(row: sqlite3.Row, turns: list[sqlite3.Row]) -> Session:
    """Return what becomes of a session by its turns."""
    opened, *others = turns
    first = {**dict(row), "state": json.dumps(json.loads(opened["turn"])["state"])}
    first |= {"phase": "open", "closed_at": None}
    found = sessions.kept(first).session
    for turn in others:
        said = json.loads(turn["turn"])
        kind = getattr(session, said.pop("turn"))
        found, _ = take(found, msgspec.convert(said, type=kind), turn["at"])
    return found


def lived(
    folder: Path, number: int, life_s: float | None, witness: Witness, *, hasty: bool = False
) -> None:
    """Play one round, killed after so long; None: not at all."""
    ours, theirs = os.pipe()
    process = CONTEXT.Process(target=Round(folder, number, theirs, life_s is not None, hasty).play)
    process.start()
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        pid, last = process.pid or 0, ""
        for line in told:
            last = witness.hear(line)
            if last == "up" and life_s is not None:
                _end_later(pid, life_s)
            if last in {"idle", "stuck"}:
                break
        if last == "stuck":
            witness.faults.append("does not come to an end")
    process.join()


def _end_later(pid: int, seconds: float) -> None:
    """Have a process killed."""

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def kill(folder: Path, times: int) -> Iterator[Figure]:
    """Tell what became of all that was played."""
    began, faults, seen = time.monotonic(), list[str](), Counter[str]()
    segment.words("丹青")  # what all need is loaded once, or many would be killed while they load
    start(f"接龙 江南，{TERMS}", Styles.load(), SessionConfig())
    gc.freeze()
    random = Random(times)  # noqa: S311  no secret
    for first in range(0, times, BATCH):
        data, witness = folder / f"from{first}", Witness()
        data.mkdir()
        for number in range(first, min(times, first + BATCH)):
            lived(data, number, random.random() * LIFE_S, witness)
            witness.check(data / "danqing.db")
            seen["rounds"] += 1
        lived(data, times + first, None, witness)
        witness.check(data / "danqing.db")
        faults += witness.faults
        seen["heard"] += len(witness.heard)
        seen["sent"] += len(witness.sent)
        seen.update({name: witness.seen[name] for name in ("repeats",)})
        console.print(
            f"{seen['rounds']} of {times} rounds, {seen['heard']} said, {len(faults)} faults"
        )
        if witness.faults:
            console.print(*witness.faults[:10], sep="\n", style="red")
    for name, words in (
        ("rounds", "times killed with -9 while games of every kind were played"),
        ("heard", "things that members said or pressed"),
        ("sent", "replies that came"),
        ("repeats", "that came again, each marked"),
    ):
        yield Figure(name=f"kill_{name}", words=words, value=seen[name], unit="")
    words = "where history is not what was acknowledged"
    yield Figure(name="kill_faults", words=words, value=len(faults), unit="", bar=0)
    value = (time.monotonic() - began) / times
    yield Figure(name="kill_round_s", words="a round takes", value=value, unit="s")
    hasty = max(1, times // HASTY)
    words = f"faults of a build that is {1000 * HASTE_S:g} ms too hasty, killed {hasty} times"
    value = len(_hasty(folder / "hasty", hasty, random))
    yield Figure(name="kill_hasty_faults", words=words, value=value, unit="")


def _hasty(data: Path, times: int, random: Random) -> list[str]:
    """Return what is found out of a build that tells what is said for kept before it is."""
    witness = Witness()
    data.mkdir()
    for number in range(times):
        lived(data, number, random.random() * LIFE_S, witness, hasty=True)
    witness.check(data / "danqing.db")
    return witness.faults
