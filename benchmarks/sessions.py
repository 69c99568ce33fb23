"""Group sessions: a crowd in two hundred chats, an hour of play, the seams of scrolls, kill -9.

    python -m benchmarks.sessions [--only PART …] [--minutes M] [--rounds N] [--quick]

The studio is the real one down to its files, in this process; the platform counts what it is asked
to do, and its limits are Telegram's. Pictures are drawn at once by a stand-in for the engine, but
those of the seams, which the embedded model draws.
"""

import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figure import Figure, arguments, report
from benchmarks.group.killing import kill
from benchmarks.group.load import hour, load

PARTS = ("load", "hour", "scroll", "kill")


def measure(folder: Path, given: Namespace) -> Iterator[Figure]:
    """Measure each part in a folder of its own."""
    for part in PARTS:
        (folder / part).mkdir()
    if "kill" in given.only:
        yield from kill(folder / "kill", given.rounds or (1 if given.quick else 500))
    if "load" in given.only:
        yield from load(folder / "load", 4.0 if given.quick else given.minutes * 60)
    if "hour" in given.only:
        yield from hour(folder / "hour", 100 if given.quick else 7200)
    if "scroll" in given.only:
        from benchmarks.sessions_scroll import JOINTS, QUICK, figures

        yield from figures(QUICK if given.quick else JOINTS, None)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--minutes", type=float, default=5, help="of the crowd (5)")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often to kill it (500)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="danqing-sessions-") as folder:
        report("group sessions", measure(Path(folder), given), given.json)


if __name__ == "__main__":
    main()
