"""Danqing on Discord: a crowd that presses while it draws, kill -9 between any two calls, restarts.

    python -m benchmarks.chat_discord [--only PART …] [--minutes M] [--rounds N] [--quick]

The bot is the real program, `danqing run`; Discord is the strict server of tests/discord_api on
real sockets in this process, with its limits on in the crowd. In the crowd the real engine draws
with the embedded model, on the same processors; where the program is killed and started again, a
stand-in draws one colour.
"""

import asyncio
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chat.discord_load import load
from benchmarks.chat.discord_program import settings
from benchmarks.chat.discord_restarts import restarts
from benchmarks.chat.discord_talk import MOST, talk
from benchmarks.chat.killing import kill
from benchmarks.chat.program import running
from benchmarks.figure import Figure, arguments, report
from tests.discord_api.server import fake_discord

PARTS = ("start", "load", "kill", "restarts")
START_S = 60.0
"""Within so long it starts."""


def measure(folder: Path, given: Namespace) -> Iterator[Figure]:
    """Measure each part in a folder of its own."""
    for part in PARTS:
        (folder / part).mkdir()
    quick = given.quick
    if "start" in given.only:
        yield start(folder / "start", 1 if quick else 5)
    if "load" in given.only:
        yield from load(folder / "load", 3.0 if quick else given.minutes * 60, 2 if quick else 12)
    if "kill" in given.only:
        yield from kill(folder / "kill", given.rounds or (2 if quick else 60), talk, MOST)
    if "restarts" in given.only:
        yield from restarts(folder / "restarts", 1 if quick else 50)


def start(folder: Path, times: int) -> Figure:
    """Start it on fresh data, its own engine beside it."""
    taken: list[float] = []
    for number in range(times):
        data = folder / f"start{number}"
        data.mkdir()
        taken.append(asyncio.run(started_s(data)))
    words = "from nothing to READY, median"
    return Figure(name="start_s", words=words, value=median(taken), unit="s", bar=3)


async def started_s(folder: Path) -> float:
    """Return the seconds from the start of the process until it has a session."""
    async with fake_discord() as discord:
        began = monotonic()
        async with running(folder, settings(discord)):
            await discord.until(lambda: discord.connected, START_S)
            return monotonic() - began


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--minutes", type=float, default=1, help="of the crowd (1)")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often to kill it (60)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="danqing-chat-") as folder:
        report("on Discord", measure(Path(folder), given), given.json)


if __name__ == "__main__":
    main()
