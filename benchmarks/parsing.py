"""How well messages are understood, and how soon: the labelled file, field by field.

    python -m benchmarks.parsing [--quick] [--json FILE] [--file FILE]

Exact means that every field of the outline but its notes is as the label has it. What fails is
printed. First parse and memory are taken in a fresh process.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from benchmarks.figure import Figure, arguments, report
from bot.parsing.outline import outline
from bot.style import Styles
from tests.bot.labelled import FILE, SAID, Labelled, labelled

_FRESH = """
import time
from pathlib import Path
from bot.parsing.outline import outline
from bot.style import Styles
styles = Styles.load()
def held_kb():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
before = held_kb()
began = time.perf_counter()
outline("帮我画头大象，来两张，水墨风", styles)
taken = time.perf_counter() - began
print(taken, (held_kb() - before) / 1024)
"""


def wrong(one: Labelled, styles: Styles) -> dict[str, tuple[object, object]]:
    """Return what is meant and what is read, of each field in which they differ."""
    meant, found = {**SAID, **one.label}, outline(one.text, styles)
    return {field: (meant[field], found[field]) for field in SAID if meant[field] != found[field]}


def measure(messages: list[Labelled], repeats: int) -> Iterator[Figure]:
    """Read every message, count, and time."""
    styles = Styles.load()
    faults = {one.text: wrong(one, styles) for one in messages}
    exact = sum(not fault for fault in faults.values()) / len(messages)
    yield Figure(
        name="exact",
        words=f"messages read exactly, of {len(messages)}",
        value=100 * exact,
        bar=98.0,
        unit="%",
        at_least=True,
    )
    missed = Counter(field for fault in faults.values() for field in fault)
    for field in SAID:
        value = 100 * (1 - missed[field] / len(messages))
        yield Figure(name=f"exact_{field}", words=f"  {field}", value=value, unit="%")
    for text, fault in faults.items():
        if fault:
            print(f"{text!r}: {fault}", file=sys.stderr)
    taken: list[float] = []
    for _ in range(repeats):
        for one in messages:
            began = perf_counter()
            outline(one.text, styles)
            taken.append(perf_counter() - began)
    p95 = 1000 * quantiles(taken, n=20)[-1]
    yield Figure(name="p95_ms", words="one message, p95", value=p95, bar=2.0, unit="ms")
    done = subprocess.run(
        [sys.executable, "-c", _FRESH], capture_output=True, text=True, check=True
    )
    first_s, grown_mb = map(float, done.stdout.split())
    yield Figure(name="first_s", words="the first message", value=first_s, bar=1.0, unit="s")
    words = "what the process grows by"
    yield Figure(name="grown_mb", words=words, value=grown_mb, bar=120.0, unit="MB")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--file", type=Path, default=FILE, help="other labelled messages")
    given = parser.parse_args()
    messages = [one for one in labelled(given.file) if not one.context]
    report("understanding", measure(messages, 1 if given.quick else 5), given.json)


if __name__ == "__main__":
    main()
