"""Who waits for whom: the engine's scheduler against first come, first served.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/fairness.py [--quick] [--json FILE]

The time of a step is measured here, on the embedded model, for each number of rows; with these
times a clock is moved along by the program's own scheduler and by one that serves in order, on the
same arrivals. A light user asks for one picture now and then while a dump of 64 is drawn; then
four people dump much at once.

A picture waits while it is not in the batch, before its first step or between two. From asked to
done it takes its own steps as well, and these are longer in company: with 16 rows to a batch they
alone are a ninth of what first come, first served takes behind such a dump, whatever the scheduler
does. Both are told.
"""

import os
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Protocol

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads; as the engine does
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
import transformers
from diffusers.utils import logging as diffusers_logging

from benchmarks.figure import Figure, arguments, report
from generation.knee import Time, knee, measure
from generation.mini import FOLDER
from generation.scheduler import Scheduler
from generation.zoo.shelf import Shelf

STEPS = 20
DUMP = 64
LIGHT_A_DUMP = 12
"""Pictures that the light user asks for while a dump is drawn, on average."""
HEAVY = {"a": (64, 20), "b": (48, 30), "c": (128, 12), "d": (64, 50)}
"""Pictures and steps of each of those who dump at once."""
APART_S = 0.5
"""Between two of them."""
CROWD = 200
"""Canvases for which one decision is timed."""


@dataclass(eq=False)
class Card:
    """A picture of which only the cost is real."""

    owner: str
    at_s: float
    steps: int = STEPS
    rows: int = 2
    model: str = "mini"
    shape: int = 0
    done: int = 0
    drawn_s: float = 0.0
    """How long the steps took that it was in."""
    ended_s: float = 0.0

    @property
    def step_cost(self) -> float:
        """Rows."""
        return self.rows

    @property
    def whole_cost(self) -> float:
        """Rows of all steps."""
        return self.rows * self.steps


class Turns(Protocol):
    """What both schedulers do."""

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        ...

    def admit(self, canvas: Card) -> None:
        """Let a canvas wait."""
        ...

    def seat(self) -> list[Card]:
        """Let canvases begin."""
        ...

    def next_batch(self) -> list[Card]:
        """Return those of the next step."""
        ...

    def served(self, batch: Sequence[Card]) -> None:
        """Charge it."""
        ...

    def drop(self, canvas: Card) -> None:
        """Forget a canvas."""
        ...


class Fifo:
    """First come, first served; a canvas joins as soon as those before it leave it the rows."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._line: list[Card] = []

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return not self._line

    def admit(self, canvas: Card) -> None:
        """Let a canvas stand in line."""
        self._line.append(canvas)

    def seat(self) -> list[Card]:
        """Let canvases begin: they need nothing."""
        return []

    def next_batch(self) -> list[Card]:
        """Return the first in line."""
        return self._line[: max(1, self._most_rows // 2)]

    def served(self, batch: Sequence[Card]) -> None:
        """Charge nobody."""

    def drop(self, canvas: Card) -> None:
        """Forget a canvas."""
        self._line.remove(canvas)


Make = Callable[[], Turns]
Pace = Callable[[int], float]
"""Seconds of a step of so many rows."""


def play(turns: Turns, cards: Iterable[Card], pace: Pace) -> Iterator[tuple[float, list[Card]]]:
    """Draw the cards, which come at their times; yield when each step ends, and its batch."""
    now_s, coming = 0.0, sorted(cards, key=lambda card: -card.at_s)
    while coming or not turns.idle:
        if turns.idle:
            now_s = max(now_s, coming[-1].at_s)
        while coming and coming[-1].at_s <= now_s:
            turns.admit(coming.pop())
        turns.seat()
        batch = turns.next_batch()
        turns.served(batch)
        took_s = pace(sum(card.rows for card in batch))
        now_s += took_s
        for card in batch:
            card.done += 1
            card.drawn_s += took_s
            if card.done == card.steps:
                card.ended_s = now_s
                turns.drop(card)
        yield now_s, batch


def measured(times: list[Time]) -> Pace:
    """Return the time of any number of rows, on straight lines between those measured."""
    rows = [0, *(size for size, _ in times)]
    seconds = [times[0][1] / 2, *(taken for _, taken in times)]

    def pace(count: int) -> float:
        above = min(bisect_left(rows, count), len(rows) - 1)
        slope = (seconds[above] - seconds[above - 1]) / (rows[above] - rows[above - 1])
        return seconds[above] + slope * (count - rows[above])

    return pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds under one scheduler."""

    idle: list[float]
    """That a picture of the light user was not in the batch, from asked to done."""
    whole: list[float]
    """From asked to done."""
    dump: list[float]
    """Until the last picture of a dump was done."""


def behind_a_dump(make: Make, pace: Pace, most_rows: int, rounds: int) -> Waits:
    """Draw a dump and a light user's pictures, so many times."""
    waits = Waits(idle=[], whole=[], dump=[])
    lasts_s = DUMP * 2 / most_rows * STEPS * pace(most_rows)
    for seed in range(rounds):
        gaps = np.random.default_rng(seed).exponential(lasts_s / LIGHT_A_DUMP, 10 * LIGHT_A_DUMP)
        dump = [Card("heavy", 0.0) for _ in range(DUMP)]
        light = [Card("light", float(at_s)) for at_s in gaps.cumsum() if at_s < lasts_s]
        for _ in play(make(), [*dump, *light], pace):
            pass
        waits.idle.extend(card.ended_s - card.at_s - card.drawn_s for card in light)
        waits.whole.extend(card.ended_s - card.at_s for card in light)
        waits.dump.append(max(card.ended_s for card in dump))
    return waits


def compare_waits(ours: Make, fifo: Make, pace: Pace, cap: int, rounds: int) -> Iterator[Figure]:
    """Tell what a light user waits behind a dump."""
    fair, plain = (behind_a_dump(make, pace, cap, rounds) for make in (ours, fifo))
    words = f"wait behind a dump of {DUMP}: p95, of FIFO's"
    ratio = p95(fair.idle) / p95(plain.idle)
    yield Figure(name="light_p95_wait", words=words, value=ratio, unit="", bar=0.10)
    for name, words, value in (
        ("light_wait_p95_s", "p95", p95(fair.idle)),
        ("light_wait_p95_fifo_s", "first come, first served", p95(plain.idle)),
        ("light_p95_s", "with its own steps, asked to done, p95", p95(fair.whole)),
        ("light_p95_fifo_s", "first come, first served", p95(plain.whole)),
        ("light_alone_s", "alone", STEPS * pace(2)),
    ):
        yield Figure(name=name, words=words, value=value, unit="s")
    words, ratio = "asked to done, of FIFO's", p95(fair.whole) / p95(plain.whole)
    yield Figure(name="light_p95", words=words, value=ratio, unit="")
    later = median(fair.dump) / median(plain.dump)
    yield Figure(name="dump", words="the dump's end, of FIFO's, median", value=later, unit="")


def shared(make: Make, pace: Pace) -> tuple[float, float]:
    """Return Jain's index of what the heavy users get while all want more, and how far two part.

    The index is (Σx)² / (n · Σx²): 1 when all get the same, 1/n when one gets everything. How far
    they part is in pictures of STEPS steps.
    """
    cards = [
        Card(owner, number * APART_S, steps)
        for number, (owner, (pictures, steps)) in enumerate(HEAVY.items())
        for _ in range(pictures)
    ]
    left = Counter({owner: pictures for owner, (pictures, _) in HEAVY.items()})
    served, apart = Counter[str](dict.fromkeys(HEAVY, 0)), 0.0
    for now_s, batch in play(make(), cards, pace):
        if now_s <= APART_S * (len(HEAVY) - 1):
            continue
        served.update(card.owner for card in batch)
        apart = max(apart, (max(served.values()) - min(served.values())) / STEPS)
        left.subtract(card.owner for card in batch if card.done == card.steps)
        if min(left.values()) <= 16:  # as many as may be in the batch: it wants no more
            break
    total = sum(served.values())
    return total**2 / (len(served) * sum(given**2 for given in served.values())), apart


def compare_shares(ours: Make, fifo: Make, pace: Pace) -> Iterator[Figure]:
    """Tell how rows are shared among those who want more."""
    (index, apart), (plain_index, plain_apart) = (shared(make, pace) for make in (ours, fifo))
    words = f"rows of {len(HEAVY)} who dump at once: Jain's index"
    yield Figure(name="jain", words=words, value=index, unit="")
    yield Figure(name="jain_fifo", words="first come, first served", value=plain_index, unit="")
    words = "two of them were served apart at most, pictures"
    yield Figure(name="apart", words=words, value=apart, unit="")
    yield Figure(name="apart_fifo", words="first come, first served", value=plain_apart, unit="")


def decision(most_rows: int) -> Iterator[Figure]:
    """Tell what it takes to decide upon a step when many are in the making."""
    turns = Scheduler[Card](cap=lambda _: most_rows, seats=1)
    cards = [Card(f"{number % 30}", 0.0, shape=number % 2) for number in range(CROWD)]
    for card in cards:
        turns.admit(card)
    turns.seat()
    chosen, whole = list[float](), list[float]()
    for _ in range(300):
        began = perf_counter()
        turns.seat()
        between = perf_counter()
        batch = turns.next_batch()
        after = perf_counter()
        turns.served(batch)
        whole.append(perf_counter() - began)
        chosen.append(after - between)
    words = f"to choose a batch among {CROWD}, median"
    yield Figure(name="choose_ms", words=words, value=median(chosen) * 1e3, unit="ms", bar=0.3)
    words = "and to give seats and keep the books"
    yield Figure(name="decide_ms", words=words, value=median(whole) * 1e3, unit="ms")


def figures(times: list[Time], rounds: int) -> Iterator[Figure]:
    """Measure everything."""
    cap, pace = max(2, knee(times)), measured(times)
    yield Figure(name="knee", words="rows of a batch, by the knee", value=cap, unit="")
    words = "a step of so many"
    yield Figure(name="step_ms", words=words, value=pace(cap) * 1e3, unit="ms")

    def ours() -> Turns:
        return Scheduler[Card](cap=lambda _: cap, seats=1)

    def fifo() -> Turns:
        return Fifo(cap)

    yield from compare_waits(ours, fifo, pace, cap, rounds)
    yield from compare_shares(ours, fifo, pace)
    yield from decision(cap)


def p95(seconds: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(seconds, n=20)[-1]


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    for library in (diffusers_logging, transformers.logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    torch.set_num_threads(min(2, torch.get_num_threads()))
    shelf = Shelf({"mini": FOLDER}, room=1, device=torch.device("cpu"), dtype=torch.float32)
    model = shelf.take("mini")
    side = model.folder.native_px // model.folder.latent_px
    times = measure(model, side, side, model.folder.tokens, budget_s=4 if given.quick else 20)
    report("nobody waits for another's dump", figures(times, 5 if given.quick else 50), given.json)


if __name__ == "__main__":
    main()
