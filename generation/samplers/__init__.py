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


def start(name: str, x: Tensor, sigmas: Sequence[float], noise: Noise) -> Sampling:
    """Return a fresh sampling of the sampler of this name, one of NAMES."""
    if name in FLOWS:
        return FLOWS[name](x, sigmas)
    return WALKS[name](x, sigmas, noise)
