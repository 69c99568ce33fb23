"""Which noise levels a sampler visits, and where they lie on the model's own clock.

Numbers follow diffusers to the bit where they can: float32 where it has float32, and the frame
(below) that the scheduler of the same name works in. Where they do not:

- Its ddim lands a fixed count of ticks below each step, and then asks the model at the tick that
  the spacing gives. With leading spacing, and with trailing spacing of a number of steps that
  divides the clock, that is the same tick; elsewhere ours lands where it asks.
- Its trailing spacing has a tick too many, -1, for some numbers of steps, as 121.
- Its heun passes over rescale_betas_zero_snr; ours has the levels of its euler, which the model
  was trained on.
- Its dpmpp_2m cuts off the fractions of ticks at Karras levels of a cosine clock; ours rounds, as
  both do on other clocks.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generation.zoo.noising import Noising, Spacing

Floats = NDArray[np.float64]

OFFSET = 1
"""Ticks that leading spacing starts at; StableDiffusionPipeline sets it so for every model."""
RHO = 7
"""How much Karras levels crowd near zero: arXiv:2206.00364, equation 5."""

PRESERVING = frozenset({"ddim", "dpmpp_2m", "lcm"})
"""Samplers whose form in diffusers keeps the variance of a noisy latent at 1, instead of letting it
grow with sigma: their first noise and their last latent are scaled into our frame and back. They
ask the model at whole ticks of its clock only."""
KARRAS = frozenset({"euler", "heun", "dpmpp_2m"})
"""Samplers that take Karras levels when the model's file asks for them."""
STEEPEST = 0.999
"""Largest share of the signal that one tick of the cosine schedule takes away."""
FAINTEST = 2.0**-24
"""Signal left at the last tick of a clock that ends in pure noise, as a share of the variance: the
least that keeps the level finite in half precision."""
GONE = 2.0**-48
"""The same for ddim and lcm, for which diffusers has 0: here too little for float32 to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The way down of one picture."""

    sigmas: tuple[float, ...]
    """Falling noise levels, in latent units; steps + 1 of them."""
    timesteps: tuple[float, ...]
    """The model's clock at each level but the last."""
    first: float
    """Scale of the first noise, whose standard deviation is 1."""
    last: float
    """Scale of the latent at the end."""


def levels(sampler: str, noising: Noising, steps: int, *, karras: bool) -> Levels:
    """Return the way down that diffusers' scheduler of this name takes.

    Args:
        sampler: One of generation.samplers.NAMES.
        noising: Of the model.
        steps: 1 or more.
        karras: Space the levels after Karras et al.; lcm keeps those it was distilled on.
    """
    trained = _trained(noising, GONE if sampler in {"ddim", "lcm"} else FAINTEST)
    spacing: Spacing = noising.timestep_spacing or ("leading" if sampler == "ddim" else "linspace")
    if sampler == "lcm":
        ticks = _distilled(noising, steps)
    else:
        ticks = _spaced(spacing, len(trained), steps, sampler)
    sigmas = np.interp(ticks, np.arange(len(trained)), trained)
    karras = karras or (bool(noising.use_karras_sigmas) and sampler in KARRAS)
    if karras and sampler != "lcm":
        # dpmpp_2m spans all trained levels, the others those that their spacing would
        span = trained[::-1] if sampler == "dpmpp_2m" else sigmas
        sigmas = _karras(span[0], span[-1], steps)
        ticks = np.interp(np.log(sigmas), np.log(trained), np.arange(len(trained)))
    if sampler in PRESERVING:
        ticks = ticks.round()
    end = trained[0] if _ends_noisy(sampler, noising) else 0.0
    sigmas = np.append(sigmas, end).astype(np.float32)
    return _framed(sampler, spacing, sigmas.astype(np.float64), ticks)


def _framed(sampler: str, spacing: Spacing, sigmas: Floats, ticks: Floats) -> Levels:
    length = np.sqrt(1 + sigmas**2)
    exploding = sampler not in PRESERVING
    return Levels(
        sigmas=tuple(sigmas.tolist()),
        timesteps=tuple(ticks.tolist()),
        # diffusers' Euler and Heun start leading spacing, which begins below the highest
        # level, as if the clean picture were noise too
        first=float(sigmas[0] if exploding and spacing != "leading" else length[0]),
        last=1.0 if exploding else float(1 / length[-1]),
    )


@lru_cache(maxsize=16)
def _trained(noising: Noising, faintest: float) -> Floats:
    """Return the noise level at each tick, rising.

    Args:
        noising: Of the model.
        faintest: Signal at the last tick of a clock rescaled to end without any.
    """
    alphas = torch.cumprod(1.0 - _betas(noising), dim=0)
    if noising.rescale_betas_zero_snr:
        alphas = _rescaled(alphas)
        alphas[-1] = faintest
    return (((1 - alphas) / alphas) ** 0.5).numpy().astype(np.float64)


def _betas(noising: Noising) -> Tensor:
    """Return the share of the signal's variance that each tick takes away, float32."""
    ticks = noising.num_train_timesteps
    if noising.beta_schedule == "squaredcos_cap_v2":
        # Nichol and Dhariwal 2021, arXiv:2102.09672, equation 17
        clock = torch.linspace(0, 1, ticks + 1, dtype=torch.float64)
        left = ((clock + 0.008) / 1.008 * torch.pi / 2).cos() ** 2
        return (1 - left[1:] / left[:-1]).clamp(max=STEEPEST).float()
    if noising.beta_schedule == "scaled_linear":
        ends = (noising.beta_start**0.5, noising.beta_end**0.5)
        return torch.linspace(*ends, ticks, dtype=torch.float32) ** 2
    return torch.linspace(noising.beta_start, noising.beta_end, ticks, dtype=torch.float32)


def _rescaled(alphas: Tensor) -> Tensor:
    """Return the signal left at each tick, (T,), stretched to 0 at the last.

    Source: Lin et al. 2023, arXiv:2305.08891, Algorithm 1; by way of betas, as it stands there and
    in diffusers, which costs digits near the end.
    """
    root = alphas.sqrt()
    root = (root - root[-1]) * (root[0] / (root[0] - root[-1]))
    left = root**2
    betas = 1 - torch.cat([left[:1], left[1:] / left[:-1]])
    return torch.cumprod(1.0 - betas, dim=0)


def _spaced(spacing: Spacing, total: int, steps: int, sampler: str) -> Floats:
    """Return the ticks of each step, falling."""
    # dpmpp_2m counts its end as a tick too, which is then dropped
    points = steps + (sampler == "dpmpp_2m")
    if spacing == "linspace":
        # float32 where the model is asked at fractions of a tick: diffusers rounds there
        exact = np.float64 if sampler in PRESERVING else np.float32
        ticks = np.linspace(0, total - 1, points, dtype=exact)[::-1]
    elif spacing == "leading":
        ticks = np.arange(points)[::-1] * (total // points) + OFFSET
    else:
        ticks = np.arange(total, 0, -total / steps).round() - 1
    ticks = ticks[:steps].astype(np.float64)
    return ticks.round() if sampler in PRESERVING else ticks


def _distilled(noising: Noising, steps: int) -> Floats:
    """Return the ticks of a latent consistency model: an even choice of those it learned."""
    learned = noising.original_inference_steps
    every = noising.num_train_timesteps // learned
    known = np.arange(learned, 0, -1) * every - 1
    chosen = np.floor(np.linspace(0, learned, steps, endpoint=False)).astype(np.int64)
    return known[chosen].astype(np.float64)


def _karras(top: float, bottom: float, steps: int) -> Floats:
    """Return falling levels that crowd near zero. Source: arXiv:2206.00364, equation 5."""
    ramp = np.linspace(0, 1, steps)
    return (top ** (1 / RHO) + ramp * (bottom ** (1 / RHO) - top ** (1 / RHO))) ** RHO


def _ends_noisy(sampler: str, noising: Noising) -> bool:
    """Return whether the way ends at the lowest trained level, and not at 0."""
    if sampler == "ddim":
        return not noising.set_alpha_to_one
    return sampler in {"euler", "dpmpp_2m"} and noising.final_sigmas_type == "sigma_min"
