"""What is computed at each call of the network for one picture, as a table of numbers.

A sampler is a generator and reads like its paper; here its numbers are read off it, with those of
guidance and of the network's own frame beside them, so that one expression steps a whole batch.
"""

from dataclasses import dataclass
from enum import IntEnum, auto
from functools import lru_cache

import torch
from torch import Tensor

from generation.recipe import Recipe, begin
from generation.samplers.levels import Levels, levels
from generation.samplers.table import Row, table
from generation.zoo.noising import Noising

GUIDED = (0.28, 5.42)
"""Noise levels between which the fast tier guides. Source: Kynkäänniemi et al. 2024,
arXiv:2404.07724, section 4: outside them guidance costs variety or changes nothing."""


class Column(IntEnum):
    """Where each number stands in a row of a plan."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        del name, start, last_values
        return count

    SCALE = auto()
    """Of the noisy latent, to variance 1."""
    CLOCK = auto()
    """The network's own measure of the noise level."""
    GUIDANCE = auto()
    """Weight of the prompt."""
    KEEP = auto()
    """Weight of the noisy latent in the clean one."""
    ANSWER = auto()
    """Weight of the network's answer in the clean latent."""
    NOISY = auto()
    """Weights in the next noisy latent: of this one,"""
    NOISY_BEFORE = auto()
    """of the one before,"""
    CLEAN = auto()
    """of this clean latent,"""
    CLEAN_BEFORE = auto()
    """of the one before,"""
    FRESH = auto()
    """and of fresh noise."""
    LEVEL = auto()
    """Noise level that what is kept of a source is brought to; 0 after the last call."""
    ANEW = auto()
    """What a mask is at least, above 0 to 1, where it is drawn anew after this call already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls of the network for one pass over a picture."""

    numbers: Tensor
    """(T, len(Column)) float32 on the CPU: a row for each call."""
    steps: tuple[int, ...]
    """Steps done before each call, and after the last."""
    guided: tuple[bool, ...]
    """Whether each call has a row for what is to be avoided."""
    fresh: tuple[int, ...]
    """Calls after which fresh noise is added."""
    start: float
    """Noise level that the first latent is at."""
    first: float
    """Scale of noise that is a first latent by itself."""

    @property
    def calls(self) -> int:
        """How often the network is called."""
        return len(self.guided)


def plan(
    recipe: Recipe, noising: Noising, *, strength: float = 1.0, until: int | None = None
) -> Plan:
    """Return the plan of a recipe.

    Args:
        recipe: What is drawn; its sampler, steps, levels, guidance and tier count.
        noising: Of the model.
        strength: How much of the way is gone, from its end.
        until: Steps of this pass after which it ends with what the network foresees; None, or no
            fewer than it has: it goes all the way.
    """
    whole = _plan(
        recipe.sampler,
        noising,
        recipe.steps,
        begin(recipe.steps, strength),
        float(recipe.guidance),
        karras=recipe.levels == "karras",
        fast=recipe.fast,
    )
    return whole if until is None or until >= whole.steps[-1] else _cut(whole, until)


@lru_cache(maxsize=512)
def _plan(
    sampler: str,
    noising: Noising,
    steps: int,
    skipped: int,
    guidance: float,
    *,
    karras: bool,
    fast: bool,
) -> Plan:
    way = levels(sampler, noising, steps, karras=karras)
    sigmas = way.sigmas[skipped:]
    rows = table(sampler, sigmas, steps)
    guided = tuple(guidance != 1 and (not fast or _guides(row.sigma)) for row in rows)
    return Plan(
        numbers=_numbers(rows, way, noising, [guidance if on else 1.0 for on in guided]),
        steps=_steps(rows, sigmas),
        guided=guided,
        fresh=tuple(call for call, row in enumerate(rows) if row.of_noise),
        start=sigmas[0],
        first=way.first,
    )


def _cut(whole: Plan, until: int) -> Plan:
    """Return the calls of so many steps; after the last, the clean latent stands for the noisy one.

    Numbers alone say so: a batch steps it as any other, and what is kept of a source is clean.
    """
    # heun asks twice on one level: what ends a step, and what begins the next
    calls = max(call for call, step in enumerate(whole.steps) if step == until)
    numbers = whole.numbers[:calls].clone()
    numbers[-1, Column.NOISY : Column.ANEW] = 0
    numbers[-1, Column.CLEAN] = 1
    return Plan(
        numbers=numbers,
        steps=(*whole.steps[:calls], until),
        guided=whole.guided[:calls],
        fresh=tuple(call for call in whole.fresh if call < calls - 1),
        start=whole.start,
        first=whole.first,
    )


def _guides(sigma: float) -> bool:
    low, high = GUIDED
    return low < sigma <= high


def _steps(rows: tuple[Row, ...], sigmas: tuple[float, ...]) -> tuple[int, ...]:
    """Return how many steps are done before each call: those down to its level."""
    done = {sigma: step for step, sigma in enumerate(sigmas)}
    return (*(done[row.sigma] for row in rows), len(sigmas) - 1)


def _numbers(rows: tuple[Row, ...], way: Levels, noising: Noising, guidance: list[float]) -> Tensor:
    clock = dict(zip(way.sigmas, way.timesteps, strict=False))
    nexts = [row.sigma for row in rows[1:]] + [0.0]
    found: list[list[float]] = []
    for call, (row, weight, level) in enumerate(zip(rows, guidance, nexts, strict=True)):
        length = (row.sigma**2 + 1) ** 0.5
        velocity = noising.prediction_type == "v_prediction"
        # velocity: Salimans and Ho 2022, arXiv:2202.00512, appendix D
        keep, answer = (length**-2, -row.sigma / length) if velocity else (1.0, -row.sigma)
        numbers = dict.fromkeys(Column, 0.0)
        numbers |= {
            Column.SCALE: 1 / length,
            Column.CLOCK: clock[row.sigma],
            Column.GUIDANCE: weight,
            Column.KEEP: keep,
            Column.ANSWER: answer,
            Column.FRESH: row.of_noise,
            Column.LEVEL: level,
            Column.ANEW: 1 - call / len(rows),
        }
        numbers |= zip((Column.NOISY, Column.NOISY_BEFORE), row.of_queries, strict=False)
        numbers |= zip((Column.CLEAN, Column.CLEAN_BEFORE), row.of_denoised, strict=False)
        found.append([numbers[column] for column in Column])
    last = torch.ones(len(found), 1, dtype=torch.float64)
    last[-1] = way.last
    exact = torch.tensor(found, dtype=torch.float64)
    exact[:, Column.NOISY : Column.LEVEL] *= last
    return exact.to(torch.float32)
