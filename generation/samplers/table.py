"""A sampler as rows of coefficients, read off the sampler itself.

The graph-captured path cannot run Python between steps. Samplers are linear in the latent, in the
denoised latents and in fresh noise, so running one on symbols instead of tensors gives the numbers
that it uses.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import NamedTuple, cast

from torch import Tensor

from generation.samplers import start

HISTORY = 2
"""How many queries, and how many denoised latents, a row may look back on."""


EXACT = 1e-12
"""Weights below are what rounding left of nothing."""


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


@lru_cache(maxsize=256)
def table(name: str, sigmas: tuple[float, ...], whole: int | None = None) -> tuple[Row, ...]:
    """Return the rows of the sampler of this name on these noise levels.

    Each query is named anew when it is made, in place, in the sampler's own hands; so what comes
    after is told in the names of the last ones, and no equation has to be solved.

    Raises:
        ValueError: The sampler looks back further than HISTORY.
    """
    noises = count()
    sampling = start(
        name,
        cast("Tensor", _Sum(x=1.0)),
        sigmas,
        lambda: cast("Tensor", _Sum({f"z{next(noises)}": 1.0})),
        whole=whole,
    )
    rows: list[Row] = []
    query = next(sampling)
    while True:
        call = len(rows)
        _rename(cast("_Sum", query.x), f"x{call}")
        try:
            following = sampling.send(cast("Tensor", _Sum({f"d{call}": 1.0})))
        except StopIteration as stop:
            rows.append(_row(query.sigma, call, stop.value))
            return tuple(rows)
        rows.append(_row(query.sigma, call, cast("_Sum", following.x)))
        query = following


def _rename(known: _Sum, name: str) -> None:
    known.clear()
    known[name] = 1.0


def _row(sigma: float, call: int, target: _Sum) -> Row:
    back = range(call, max(call - HISTORY, -1), -1)
    of_noise = sum(weight for name, weight in target.items() if name.startswith("z"))
    known = {f"{kind}{at}" for kind in "xd" for at in back}
    strange = [name for name in target if name not in known and not name.startswith("z")]
    if any(abs(target[name]) > EXACT for name in strange):
        raise ValueError(f"a step looks back on more than {HISTORY}: {strange}")
    of_queries, of_denoised = ([target.get(f"{kind}{at}", 0.0) for at in back] for kind in "xd")
    return Row(sigma, of_queries, of_denoised, of_noise)
