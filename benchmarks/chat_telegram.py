"""Danqing on Telegram: a crowd in many chats, kill -9 between any two calls, the start.

    python -m benchmarks.chat_telegram [--only PART …] [--minutes M] [--rounds N] [--quick]

The bot is the real program, `danqing run`; Telegram is the strict server of tests/telegram_api on
a real socket in this process, with its limits on. Pictures come from a stand-in for the engine that
draws one colour, at once in the crowd, in up to a second where the bot is killed; nothing but the
start has the real engine beside it.
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

from benchmarks.chat.killing import kill
from benchmarks.chat.load import load
from benchmarks.chat.program import calls_of, running, settings
from benchmarks.chat.talk import MOST, talk
from benchmarks.figure import Figure, arguments, report
from tests.telegram_api.server import fake_telegram
from tests.telegram_api.world import Call

PARTS = ("start", "load", "kill")
START_S = 60.0
"""Within so long it starts."""


def measure(folder: Path, given: Namespace) -> Iterator[Figure]:
    """Measure each part in a folder of its own."""
    for part in PARTS:
        (folder / part).mkdir()
    if "start" in given.only:
        yield start(folder / "start", 2 if given.quick else 5)
    if "load" in given.only:
        yield from load(folder / "load", 15.0 if given.quick else given.minutes * 60)
    if "kill" in given.only:
        yield from kill(folder / "kill", given.rounds or (4 if given.quick else 1000), talk, MOST)


def start(folder: Path, times: int) -> Figure:
    """Start it on fresh data, its own engine beside it."""
    taken: list[float] = []
    for number in range(times):
        data = folder / f"start{number}"
        data.mkdir()
        taken.append(asyncio.run(started_s(data)))
    words = "from nothing to the first question for updates, median"
    return Figure(name="start_s", words=words, value=median(taken), unit="s", bar=3)


async def started_s(folder: Path) -> float:
    """Return the seconds from the start of the process to its first question for updates."""
    async with fake_telegram() as telegram:
        asked = asyncio.get_running_loop().create_future()

        def hear(call: Call) -> None:
            if call.method == "getUpdates" and not asked.done():
                asked.set_result(monotonic())

        calls_of(telegram).hear = hear
        began = monotonic()
        async with running(folder, settings(telegram)):
            return await asyncio.wait_for(asked, START_S) - began


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--minutes", type=float, default=10, help="of the crowd (10)")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often to kill it (1,000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="danqing-chat-") as folder:
        report("on Telegram", measure(Path(folder), given), given.json)


if __name__ == "__main__":
    main()
