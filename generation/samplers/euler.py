"""Euler's method on the probability-flow ODE."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from generation.samplers.query import Query, Sampling


def euler(x: Tensor, sigmas: Sequence[float]) -> Sampling:
    """Follow the slope at each noise level down to the next.

    Source: Karras et al. 2022, arXiv:2206.00364, Algorithm 1 without its correction.

    Args:
        x: Noise at level sigmas[0], (C, H, W).
        sigmas: Falling noise levels, in latent units, ending in 0; steps + 1 of them.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield Query(x, sigma)
        x = x + (x - denoised) / sigma * (sigma_next - sigma)
    return x
