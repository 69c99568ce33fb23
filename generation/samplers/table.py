"""A sampler as rows of coefficients, read off the sampler itself.

The graph-captured path cannot run Python between steps. Samplers are linear in the latent, in the
denoised latents and in fresh noise, so running one on symbols instead of tensors gives the numbers
that it uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple, cast

import torch
from torch import Tensor

from generation.samplers import start

HISTORY = 2
"""How many queries, and how many denoised latents, a row may look back on."""


class Row(NamedTuple):
    """One model call and what becomes of its answer."""

    sigma: float
    """Noise level of the query."""
    of_queries: list[float]
    """Weights of this query and of those before it, in the next query."""
    of_denoised: list[float]
    """Weights of this answer and of those before it, in the next query."""
    of_noise: float
    """Weight of fresh noise of standard deviation 1, in the next query."""


class _Sum(dict[str, float]):
    """A weighted sum of symbols; has the arithmetic of a tensor that samplers use."""

    def __add__(self, other: _Sum) -> _Sum:
        return _Sum({k: self.get(k, 0.0) + other.get(k, 0.0) for k in self.keys() | other.keys()})

    def __sub__(self, other: _Sum) -> _Sum:
        return self + other * -1.0

    def __mul__(self, factor: float) -> _Sum:
        return _Sum({k: v * factor for k, v in self.items()})

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> _Sum:
        return self * (1 / divisor)


def table(name: str, sigmas: Sequence[float]) -> list[Row]:
    """Return the rows of the sampler of this name on these noise levels.

    Raises:
        ValueError: The sampler looks back further than HISTORY.
    """
    drawn = count()
    sampling = start(
        name,
        cast("Tensor", _Sum(x=1.0)),
        sigmas,
        lambda: cast("Tensor", _Sum({f"z{next(drawn)}": 1.0})),
    )
    query = next(sampling)
    queries, levels, answers = [cast("_Sum", query.x)], [query.sigma], list[_Sum]()
    while True:
        answers.append(_Sum({f"d{len(answers)}": 1.0}))
        try:
            query = sampling.send(cast("Tensor", answers[-1]))
        except StopIteration as stop:
            queries.append(stop.value)
            break
        queries.append(cast("_Sum", query.x))
        levels.append(query.sigma)
    return [_row(levels[t], queries[: t + 2], answers[: t + 1]) for t in range(len(answers))]


def _row(sigma: float, queries: list[_Sum], answers: list[_Sum]) -> Row:
    *past, target = queries
    past, answers = past[::-1][:HISTORY], answers[::-1][:HISTORY]
    known = {name for term in [*past, *answers] for name in term}
    fresh = {name for name in target if name.startswith("z") and name not in known}
    names = sorted((known | target.keys()) - fresh)
    columns = [[term.get(name, 0.0) for name in names] for term in [*past, *answers]]
    a = torch.tensor(columns, dtype=torch.float64).T
    b = torch.tensor([target.get(name, 0.0) for name in names], dtype=torch.float64)
    weights = torch.linalg.lstsq(a, b).solution
    if not torch.allclose(a @ weights, b):
        raise ValueError(f"a step looks back on more than {HISTORY}")
    found = weights.tolist()
    return Row(sigma, found[: len(past)], found[len(past) :], sum(target[z] for z in fresh))
