"""Samplers by name."""

from collections.abc import Callable, Sequence

from torch import Tensor

from generation.samplers.ddim import ddim
from generation.samplers.dpmpp_2m import dpmpp_2m
from generation.samplers.euler import euler
from generation.samplers.euler_ancestral import euler_ancestral
from generation.samplers.heun import heun
from generation.samplers.lcm import lcm
from generation.samplers.query import Noise, Sampling

FLOWS: dict[str, Callable[[Tensor, Sequence[float]], Sampling]] = {
    "euler": euler,
    "ddim": ddim,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
}
"""Those that follow an ordinary differential equation: the first noise decides all."""

WALKS: dict[str, Callable[[Tensor, Sequence[float], Noise], Sampling]] = {
    "euler_a": euler_ancestral,
    "lcm": lcm,
}
"""Those that draw fresh noise on the way."""

NAMES = (*FLOWS, *WALKS)


def start(
    name: str, x: Tensor, sigmas: Sequence[float], noise: Noise, *, whole: int | None = None
) -> Sampling:
    """Return a fresh sampling.

    Args:
        name: One of NAMES.
        x: The first latent, at sigmas[0].
        sigmas: Falling noise levels.
        noise: For those that draw fresh noise.
        whole: Steps of the way that this is the end of; None: it is all of it.
    """
    if name == "dpmpp_2m":  # alone in that its end depends on how long the way was
        return dpmpp_2m(x, sigmas, whole=whole)
    if name in FLOWS:
        return FLOWS[name](x, sigmas)
    return WALKS[name](x, sigmas, noise)
