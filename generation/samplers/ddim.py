"""Denoising diffusion implicit models."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from generation.samplers.query import Query, Sampling


def ddim(x: Tensor, sigmas: Sequence[float]) -> Sampling:
    """Put the noise found at each level back at the next, on the denoised latent.

    Source: Song et al. 2020, arXiv:2010.02502, equation 12 with eta = 0, divided by the square
    root of alpha: in this frame it is Euler's method, and only its levels are its own.

    Args:
        x: Noise at level sigmas[0], (C, H, W).
        sigmas: Falling noise levels, in latent units; steps + 1 of them.
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = yield Query(x, sigma)
        x = denoised + (x - denoised) * (sigma_next / sigma)
    return x
