"""How a sampler asks for a denoised picture, and how to run one sampler alone."""

from collections.abc import Callable, Generator
from typing import NamedTuple

from torch import Tensor


class Query(NamedTuple):
    """A noisy latent to be denoised."""

    x: Tensor
    """Noisy latent, (C, H, W), in the variance-exploding frame: clean latent + sigma · noise."""
    sigma: float
    """Standard deviation of its noise, in latent units."""


Sampling = Generator[Query, Tensor, Tensor]
"""Yields what it needs denoised, is sent the denoised latent, returns the final one."""

Noise = Callable[[], Tensor]
"""Gives fresh noise of standard deviation 1, (C, H, W), from the picture's own seed."""


def run(sampling: Sampling, denoise: Callable[[Tensor, float], Tensor]) -> Tensor:
    """Run one sampling alone, to the end.

    Args:
        sampling: A fresh sampling.
        denoise: Gives the expected clean latent (C, H, W) of a noisy one.

    Returns:
        The final latent, (C, H, W).
    """
    query = next(sampling)
    while True:
        try:
            query = sampling.send(denoise(query.x, query.sigma))
        except StopIteration as stop:
            return stop.value
