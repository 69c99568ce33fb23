"""The real program as a process of its own, and a server that tells of its calls as they come."""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from tests.flow.killing import environment
from tests.telegram_api.server import FakeTelegram
from tests.telegram_api.world import Call

KEPT = 2000
"""Calls that are remembered."""
GONE_S = 10.0
"""Within so long the children of a killed program have noticed."""

Process = asyncio.subprocess.Process


class Calls(deque[Call]):
    """The calls of a server; whoever listens hears each before it is done."""

    def __init__(self) -> None:
        super().__init__(maxlen=KEPT)
        self.hear: Callable[[Call], object] = lambda _: None

    def append(self, call: Call) -> None:
        """Take a call, and tell of it."""
        super().append(call)
        self.hear(call)


def calls_of(telegram: FakeTelegram) -> Calls:
    """Have a server tell of its calls from now on."""
    calls = telegram.world.calls = Calls()
    return calls


def settings(telegram: FakeTelegram, engine: str = "") -> dict[str, str]:
    """Return the environment of a program that serves on a Telegram; see `environ`."""
    told = {
        "DANQING_TELEGRAM__TOKEN": telegram.token,
        "DANQING_TELEGRAM__BASE_URL": telegram.base_url,
        "DANQING_TELEGRAM__BASE_FILE_URL": telegram.base_file_url,
        "DANQING_TELEGRAM__POLL_S": "20",
    }
    return environ(told, engine)


def environ(told: dict[str, str], engine: str = "") -> dict[str, str]:
    """Return the environment of a program.

    Args:
        told: What it is told of a platform.
        engine: The address of an engine; empty: the program starts its own.
    """
    here = {name: value for name, value in environment().items() if not _leads_away(name)}
    return here | told | ({"DANQING_ENGINE__ADDRESS": engine} if engine else {})


def _leads_away(name: str) -> bool:
    return name.lower().endswith("_proxy")


async def started(folder: Path, environ: dict[str, str]) -> Process:
    """Start the program on the data in a folder; what it logs is added to bot.log there."""
    with (folder / "bot.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.cli", "run", "--data", str(folder / "data")),
            env=environ,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


async def killed(process: Process) -> None:
    """Kill a program, and wait until it and its children are gone."""
    children = list[psutil.Process]()
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    _, left = await asyncio.to_thread(psutil.wait_procs, children, GONE_S)
    for child in left:
        child.kill()


@asynccontextmanager
async def running(folder: Path, environ: dict[str, str]) -> AsyncGenerator[Process]:
    """Run the program meanwhile."""
    process = await started(folder, environ)
    try:
        yield process
    finally:
        await killed(process)


def tracebacks(folder: Path) -> int:
    """Return how many the program has logged."""
    return (folder / "bot.log").read_text("utf-8", "replace").count("Traceback (most recent")
