"""Euler's method with fresh noise at each level."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from generation.samplers.query import Noise, Query, Sampling


def euler_ancestral(x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """Step below each next level, and climb back to it with fresh noise.

    Source: Crowson, k-diffusion, sample_euler_ancestral with eta = 1. How far below is the
    ancestral step of Ho et al. 2020, arXiv:2006.11239, in the variance-exploding frame.

    Args:
        x: Noise at level sigmas[0], (C, H, W).
        sigmas: Falling noise levels, in latent units, ending in 0; steps + 1 of them.
        noise: Drawn from once for each level but the last.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield Query(x, sigma)
        if sigma_next == 0:
            return denoised
        sigma_down = sigma_next**2 / sigma
        sigma_up = (sigma_next**2 - sigma_down**2) ** 0.5
        x = x + (x - denoised) / sigma * (sigma_down - sigma) + sigma_up * noise()
    return x
