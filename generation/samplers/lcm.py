"""Sampling of latent consistency models."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from generation.samplers.query import Noise, Query, Sampling


def lcm(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """Jump to the clean latent, and back up to each next level with fresh noise.

    Source: Luo et al. 2023, arXiv:2310.04378, Algorithm 3. Its boundary terms are left out: at
    the lowest level a distilled model is asked at, c_skip is 7e-6 and c_out is 1 - 4e-6.

    Args:
        x: Noise at level sigmas[0], (C, H, W).
        sigmas: Falling noise levels, in latent units, ending in 0; steps + 1 of them.
        noise: Drawn from once for each level but the last.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield Query(x, sigma)
        x = denoised + sigma_next * noise() if sigma_next > 0 else denoised
    return x
