"""The real program, killed with -9 between two stations, started again, and held to its word."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251  when to kill, from a seed
from typing import Any

from bot.errors import LabelMissing
from bot.label import check
from bot.store.pictures import Pictures

ROOT = Path(__file__).parents[2]
SENTENCES = (
    "画一只猫 --steps 2",
    "两张雪地里的企鹅，水墨风 --steps 2",
    "画一座山 --steps 3 --seed 7",
    "星空下的房子，像素风 --steps 2",
    "海底的鱼，竖版 --steps 2",
)
TRIGGERS = ("clock", "ack", "progress", "drawing", "drawn", "result")
"""What is waited for before the kill; then a moment more, at random."""
ENDED = {"delivered", "failed", "cancelled"}
ACK_SQL = "SELECT count(*) FROM jobs WHERE state = ?"


@dataclass
class Said:
    """What one run of the program has said, line by line."""

    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    def replies(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == "reply"]

    def acknowledged(self) -> set[int]:
        return {r["job"] for r in self.replies() if r["job"] and r["text"].startswith("收到")}

    def results(self) -> list[dict[str, Any]]:
        return [r for r in self.replies() if r["artworks"] or "没画成" in r["text"]]


@asynccontextmanager
async def engine(folder: Path, environ: dict[str, str]) -> AsyncGenerator[dict[str, str]]:
    """An engine of its own that outlives the bot, as in two containers; yields the environment."""
    address = f"unix:{folder / 'engine.sock'}"
    environ = {**environ, "DANQING_ENGINE__ADDRESS": address, "DANQING_ENGINE__THREADS": "1"}
    with (folder / "engine.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.cli", "engine",
            env=environ, cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield environ
        finally:
            process.kill()
            await process.wait()


async def rounds(
    folder: Path, environ: dict[str, str], count: int, seed: int, triggers: tuple[str, ...]
) -> tuple[list[str], dict[str, int]]:
    """Kill and start again so often; return what was broken, and how often what was seen."""
    rng, faults, seen = Random(seed), list[str](), defaultdict[str, int](int)  # noqa: S311
    for number in range(count):
        data = folder / f"round{number}"
        trigger = triggers[number % len(triggers)]
        found = await one_round(data, environ, rng, trigger, seen)
        faults += [f"round {number} ({trigger}): {fault}" for fault in found]
        if not found:
            shutil.rmtree(data, ignore_errors=True)
        seen["rounds"] += 1
    return faults, seen


async def one_round(
    data: Path, environ: dict[str, str], rng: Random, trigger: str, seen: dict[str, int]
) -> list[str]:
    """Talk, kill, start again until all is done; return what was broken."""
    words = [rng.choice(SENTENCES) for _ in range(rng.randint(1, 4))]
    before, after = Said(), Said()
    async with _program(data, environ, before) as process:
        assert process.stdin is not None
        process.stdin.write("".join(f"{line}\n" for line in words).encode())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_until(trigger, data, before, rng), 30)
        await asyncio.sleep(rng.random() ** 2 * 0.2)
        process.send_signal(signal.SIGKILL)
    async with _program(data, environ, after) as process:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 90)
        except TimeoutError:
            process.kill()
            return ["does not come to an end after the restart"]
    if process.returncode != 0:
        return [f"ended with {process.returncode} after the restart"]
    seen["acknowledged before the kill"] += len(before.acknowledged())
    seen["results before the kill"] += len(before.results())
    return list(_broken(data, before, after, seen))


def _broken(data: Path, before: Said, after: Said, seen: dict[str, int]) -> Iterator[str]:
    with contextlib.closing(sqlite3.connect(data / "danqing.db")) as db:
        states: dict[int, str] = dict(db.execute("SELECT id, state FROM jobs").fetchall())
        names = [name for (name,) in db.execute("SELECT sha256 FROM artworks")]
        paths = list(map(Pictures(data).path, names))
    results = defaultdict[int, list[dict[str, Any]]](list)
    for result in [*before.results(), *after.results()]:
        results[result["job"]].append(result)
    for job in sorted(before.acknowledged() | after.acknowledged()):
        if states.get(job) not in ENDED:
            yield f"job {job} was acknowledged and is {states.get(job, 'gone')}"
        elif not results[job]:
            yield f"job {job} is {states[job]}, and nothing was said of it"
    seen["results"] += len(results)
    again = [said for several in results.values() for said in several[1:]]
    seen["repeats"] += len(again)
    for said in again:
        if not (said.get("repeated") and "补发" in said["text"]):
            yield f"job {said['job']} was answered again without a mark"
    yield from _badly_kept(data, paths)


def _badly_kept(data: Path, paths: list[Path]) -> Iterator[str]:
    for path in paths:
        try:
            check(path.read_bytes())
        except (OSError, LabelMissing) as error:
            yield f"{path.name}: {error}"
    halves = [file.name for file in data.rglob("*.part")]
    if halves:
        yield f"half-written: {halves}"


async def _until(trigger: str, data: Path, said: Said, rng: Random) -> None:
    """Wait for the moment of the kill."""
    if trigger == "clock":
        await asyncio.sleep(0.3 + rng.random() * 1.5)
    elif trigger in {"drawing", "drawn"}:
        while not _any_in(data, trigger):  # noqa: ASYNC110  another process writes the file
            await asyncio.sleep(0.002)
    else:
        wanted = {
            "ack": said.acknowledged,
            "progress": lambda: [line for line in said.lines if line["event"] == "progress"],
            "result": said.results,
        }[trigger]
        async with said.heard:
            await said.heard.wait_for(wanted)


def _any_in(data: Path, state: str) -> bool:
    path = data / "danqing.db"
    if not path.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return bool(db.execute(ACK_SQL, (state,)).fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return False


@asynccontextmanager
async def _program(
    data: Path, environ: dict[str, str], said: Said
) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "adapters.cli", "chat", "--json", "--user", "阿青",
        "--data", str(data), env=environ, cwd=data.parent, limit=1 << 20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    reading = asyncio.ensure_future(_read(process, said))
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
        await process.wait()
        await reading


async def _read(process: asyncio.subprocess.Process, said: Said) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        if not line.endswith(b"\n"):
            return  # cut off by the kill: nobody has read it
        async with said.heard:
            said.lines.append(json.loads(line))
            said.heard.notify_all()


def environment(source: Path = ROOT) -> dict[str, str]:
    """Return an environment that runs the program from a folder of sources."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DANQING_")}
    return {**kept, "PYTHONPATH": str(source), "PYTHONUTF8": "1"}


HONEST = """        await self._store.hurry(self._store.inbox.receive, platform, update_id, body)
"""
HASTY = """        from bot.reply import Delivery
        event = self._adapters[platform].to_event(body)
        self._promised = getattr(self, "_promised", 0) + 1
        reply = texts.refused(f"收到 #{self._promised}", update_id)
        await self._adapters[platform].send(
            Delivery(id=0, chat=event.chat, reply=reply, job_id=self._promised)
        )
        await asyncio.sleep(0.05)
        await self._store.hurry(self._store.inbox.receive, platform, update_id, body)
"""


def hasty_build(folder: Path) -> Path:
    """Make a copy of the program that acknowledges before it commits."""
    for package in ("bot", "generation", "adapters"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "mini")
        )
    (folder / "generation" / "mini").symlink_to(ROOT / "generation" / "mini")
    app = folder / "bot" / "app.py"
    source = app.read_text(encoding="utf-8")
    assert source.count(HONEST) == 1
    app.write_text(source.replace(HONEST, HASTY), encoding="utf-8")
    return folder
