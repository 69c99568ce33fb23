"""Killed with -9 between two stations, again and again: how often was a promise broken?

    python benchmarks/kill.py [--rounds N] [--quick] [--json FILE]

Both sides run here: the program as it is, and a hasty build that acknowledges before it commits,
which must be found out.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figure import Figure, arguments, report
from tests.flow.killing import TRIGGERS, engine, environment, hasty_build, rounds

CHUNK = 2 * len(TRIGGERS)
"""Rounds between two lines of progress."""

console = Console(stderr=True)


def measure(folder: Path, count: int, hasty: int) -> Iterator[Figure]:
    """Kill the program so often, and the hasty build so often."""
    faults, seen = asyncio.run(held_to_its_word(folder, count))
    console.print(*faults, sep="\n", style="red")
    acknowledged = seen["acknowledged before the kill"]
    yield Figure(name="rounds", words="times killed with -9", value=seen["rounds"], unit="")
    words = "jobs acknowledged before the kill"
    yield Figure(
        name="acknowledged", words=words, value=acknowledged, unit="", bar=count / 2, at_least=True
    )
    words = "of all promises, broken"
    yield Figure(name="broken", words=words, value=len(faults), unit="", bar=0)
    yield Figure(name="results", words="jobs that ended", value=seen["results"], unit="")
    words = "said again after the restart, each marked"
    yield Figure(name="repeats", words=words, value=seen["repeats"], unit="")
    words = f"rounds of {hasty} that found the hasty build out"
    found = asyncio.run(found_out(folder, hasty))
    yield Figure(name="hasty_found", words=words, value=found, unit="", bar=1, at_least=True)


async def held_to_its_word(folder: Path, count: int) -> tuple[list[str], Counter[str]]:
    """Kill the program; return what was broken, and how often what was seen."""
    faults, seen = list[str](), Counter[str]()
    async with engine(folder, environment()) as environ:
        for seed, first in enumerate(range(0, count, CHUNK)):
            chunk = folder / f"from{first}"
            chunk.mkdir()
            size = min(CHUNK, count - first)
            broken, met = await rounds(chunk, environ, size, seed, TRIGGERS)
            faults += [f"from {first}, {fault}" for fault in broken]
            seen.update(met)
            console.print(f"{first + size} of {count} rounds, {len(faults)} broken promises")
    return faults, seen


async def found_out(folder: Path, count: int) -> int:
    """Kill the hasty build right after it acknowledges; return in how many rounds that showed."""
    source = hasty_build(folder / "hasty")
    async with engine(folder, environment(source)) as environ:
        faults, _ = await rounds(folder / "hasty", environ, count, seed=2, triggers=("ack",))
    found = {fault.partition(":")[0] for fault in faults if "acknowledged and is gone" in fault}
    return len(found)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, metavar="N", help="how often to kill it (200)")
    given = parser.parse_args()
    count = given.rounds or (len(TRIGGERS) if given.quick else 200)
    with tempfile.TemporaryDirectory(prefix="danqing-kill-") as folder:
        figures = measure(Path(folder), count, hasty=2 if given.quick else 12)
        report("kill -9", figures, given.json)


if __name__ == "__main__":
    main()
