"""Heun's second-order method on the probability-flow ODE."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from generation.samplers.query import Query, Sampling

FAR = 1000.0
"""Above this level nothing but noise is left, and a slope at the other end of so long a step says
nothing; only models whose clock ends in pure noise come here."""


def heun(x: Tensor, sigmas: Sequence[float]) -> Sampling:
    """Take each step along the mean of the slopes at its two ends.

    Source: Karras et al. 2022, arXiv:2206.00364, Algorithm 1.

    Args:
        x: Noise at level sigmas[0], (C, H, W).
        sigmas: Falling noise levels, in latent units, ending in 0; steps + 1 of them.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield Query(x, sigma)
        slope = (x - denoised) / sigma
        ahead = x + slope * (sigma_next - sigma)
        if sigma_next > 0 and sigma < FAR:
            denoised = yield Query(ahead, sigma_next)
            slope = (slope + (ahead - denoised) / sigma_next) / 2
        x = x + slope * (sigma_next - sigma)
    return x
