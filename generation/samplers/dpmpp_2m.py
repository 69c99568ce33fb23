"""DPM-Solver++(2M)."""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log

from torch import Tensor

from generation.samplers.query import Query, Sampling

SHORT = 15
"""Below so many steps the last one is of first order, which Lu et al. found more stable."""


def dpmpp_2m(x: Tensor, sigmas: Sequence[float], *, whole: int | None = None) -> Sampling:
    """Extrapolate the denoised latent from the last two steps.

    Source: Lu et al. 2022, arXiv:2211.01095, Algorithm 2, in the variance-exploding frame.

    Args:
        x: Noise at level sigmas[0], (C, H, W).
        sigmas: Falling noise levels, in latent units; steps + 1 of them.
        whole: Steps of the way that this is the end of; None: it is all of it.
    """
    steps = len(sigmas) - 1
    short = (whole or steps) < SHORT
    last: Tensor | None = None
    last_h = 0.0
    for step, (sigma, sigma_next) in enumerate(pairwise(sigmas), start=1):
        denoised = yield Query(x, sigma)
        if sigma_next == 0:
            return denoised
        h = log(sigma) - log(sigma_next)
        guess = denoised
        if last is not None and not (short and step == steps):
            weight = h / (2 * last_h)
            guess = (1 + weight) * denoised - weight * last
        x = sigma_next / sigma * x + (1 - exp(-h)) * guess
        last, last_h = denoised, h
    return x
