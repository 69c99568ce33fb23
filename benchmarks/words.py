"""Words not wanted: how many ordinary prompts are refused, and how many evasions get through.

    python -m benchmarks.words [--quick] [--json FILE] [--misses]

2,000 ordinary prompts: those of tests/data/benign.txt, written by hand and full of near misses
(路口交通, 大麻袋), and as many as are missing, put together of nouns, places and styles. And what
must not be drawn, in each way of evading. A third of either was held out while the list was made;
the figures of that third stand for prompts that nobody has seen.

Pinyin and homophones are tried from three syllables on: below, words sound like too many others.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figure import Figure, arguments, report
from bot.words.entry import Action
from bot.words.judge import SEVERITY, Words
from tests.data.prompts import EVASIONS, HELD_OUT, asked, benign, made, severe

ORDINARY = 2000
MOST_BLOCKED, LEAST_CAUGHT = 0.5, 95.0
"""Percent."""
FIRST_S, JUDGE_MS = 0.5, 1.0
ROUNDS, QUICK_ROUNDS = 20, 3
FIRST = """
from time import perf_counter
began = perf_counter()
from bot.words.entry import Action
from bot.words.judge import Words
Words.load().judge("一只猫在草地上")
print(perf_counter() - began)
"""


def figures(rounds: int, *, misses: bool) -> Iterator[Figure]:
    """Yield what is measured."""
    words = Words.load()
    yield Figure(name="first", words="first use", value=_first_s(), unit="s", bar=FIRST_S)
    ordinary = [*benign(), *made(ORDINARY)][:ORDINARY]
    for name, part, prompts in (
        ("blocked", "2,000 ordinary prompts", ordinary),
        ("blocked_held_out", "held out of these", ordinary[HELD_OUT - 1 :: HELD_OUT]),
        ("blocked_by_hand", "written by hand", benign()),
    ):
        bar = None if name == "blocked_by_hand" else MOST_BLOCKED
        yield Figure(
            name=name,
            words=f"blocked: {part}",
            value=_share(words, prompts, "block"),
            unit="%",
            bar=bar,
        )
    yield Figure(
        name="softened",
        words="softened: 2,000 ordinary prompts",
        value=_share(words, ordinary, "soften") - _share(words, ordinary, "block"),
        unit="%",
    )
    yield from _caught(words, misses=misses)
    yield from _times(words, ordinary[:: max(1, 20 // rounds)])


def _share(words: Words, prompts: Sequence[str], action: Action) -> float:
    """Return how many percent meet this action, or a severer one."""
    least = SEVERITY[action]
    met = [prompt for prompt in prompts if SEVERITY[words.judge(prompt).action] >= least]
    return 100 * len(met) / len(prompts)


def _caught(words: Words, *, misses: bool) -> Iterator[Figure]:
    for name, evade in EVASIONS.items():
        tried = [
            (asked(written, number), number % HELD_OUT == HELD_OUT - 1)
            for number, one in enumerate(severe())
            if (written := evade(one))
        ]
        for key, part in (("", tried), ("_held_out", [one for one in tried if one[1]])):
            prompts = [prompt for prompt, _ in part]
            yield Figure(
                name=f"caught_{name.replace(' ', '_').replace('-', '_')}{key}",
                words=f"caught: {name}{' (held out)' if key else ''}, {len(prompts)}",
                value=_share(words, prompts, "soften"),
                unit="%",
                bar=LEAST_CAUGHT,
                at_least=True,
            )
        if misses:
            _tell(words, (prompt for prompt, is_held_out in tried if not is_held_out))


def _tell(words: Words, prompts: Iterable[str]) -> None:
    for prompt in prompts:
        if SEVERITY[words.judge(prompt).action] < SEVERITY["soften"]:
            print(f"missed: {prompt}", file=sys.stderr)


def _times(words: Words, prompts: Sequence[str]) -> Iterator[Figure]:
    words.warm()
    for prompt in prompts:
        words.judge(prompt)
    took: list[float] = []
    for prompt in prompts:
        began = perf_counter()
        words.judge(prompt)
        took.append(1000 * (perf_counter() - began))
    yield Figure(
        name="judge_p95", words="judge, p95", value=quantiles(took, n=20)[-1], unit="ms",
        bar=JUDGE_MS,
    )  # fmt: skip


def _first_s() -> float:
    """Return what the first judgement takes in a process of its own, imports included."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[1], env=os.environ,
    )  # fmt: skip
    return float(done.stdout)


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__)
    parser.add_argument("--misses", action="store_true", help="name what gets through")
    given = parser.parse_args()
    rounds = QUICK_ROUNDS if given.quick else ROUNDS
    report("words not wanted", figures(rounds, misses=given.misses), given.json)


if __name__ == "__main__":
    main()
