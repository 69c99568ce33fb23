"""Samplers against a case with a closed answer: data ~ N(mean, std²)."""

from collections.abc import Callable
from math import log2

import pytest
import torch
from torch import Tensor

from generation.samplers import FLOWS, WALKS, start
from generation.samplers.query import run

MEAN, STD = 0.3, 0.7
ORDER = {"euler": 1, "ddim": 1, "heun": 2, "dpmpp_2m": 2}


def denoise(x: Tensor, sigma: float) -> Tensor:
    """The exact denoiser of a Gaussian."""
    return (STD**2 * x + sigma**2 * MEAN) / (STD**2 + sigma**2)


def exact(x: Tensor, sigma_from: float, sigma_to: float) -> Tensor:
    """Where the probability-flow ODE ends."""
    scale = ((STD**2 + sigma_to**2) / (STD**2 + sigma_from**2)) ** 0.5
    return MEAN + (x - MEAN) * scale


def levels(steps: int) -> list[float]:
    """Karras levels from 10 down to 0.02."""
    ramp = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    return ((10 ** (1 / 7) + ramp * (0.02 ** (1 / 7) - 10 ** (1 / 7))) ** 7).tolist()


def error(name: str, steps: int) -> float:
    sigmas = levels(steps)
    x = torch.linspace(-20, 20, 64, dtype=torch.float64).reshape(1, 8, 8)
    end = run(FLOWS[name](x, sigmas), denoise)
    return (end - exact(x, sigmas[0], sigmas[-1])).abs().max().item()


def fresh(shape: torch.Size, seed: int) -> Callable[[], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_each_flow_converges_at_its_order(name: str) -> None:
    assert log2(error(name, 64) / error(name, 128)) == pytest.approx(ORDER[name], abs=0.2)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_each_flow_ends_on_the_data(name: str) -> None:
    sigmas = [*levels(40), 0.0]
    x = torch.full((1, 2, 2), 12.0, dtype=torch.float64)
    end = run(FLOWS[name](x, sigmas), denoise)
    assert end == pytest.approx(exact(x, sigmas[0], 0.0), abs=0.08)


def test_the_ancestral_walk_ends_with_the_spread_of_the_data() -> None:
    noise = fresh(torch.Size((1, 100, 100)), seed=3)
    sigmas = [*levels(200), 0.0]
    end = run(WALKS["euler_a"](noise() * sigmas[0], sigmas, noise), denoise)
    assert end.mean().item() == pytest.approx(MEAN, abs=0.03)
    assert end.std().item() == pytest.approx(STD, abs=0.03)


def test_a_consistency_model_lands_on_its_last_answer() -> None:
    noise = fresh(torch.Size((1, 2, 2)), seed=3)
    end = run(WALKS["lcm"](noise() * 10, [10.0, 2.0, 0.0], noise), lambda x, _: x * 0 + MEAN)
    assert torch.equal(end, torch.full_like(end, MEAN))


@pytest.mark.parametrize("name", sorted(WALKS))
def test_a_walk_is_repeated_by_its_seed(name: str) -> None:
    def walk(seed: int) -> Tensor:
        noise = fresh(torch.Size((1, 4, 4)), seed)
        return run(start(name, noise(), [5.0, 2.0, 1.0, 0.0], noise), denoise)

    assert torch.equal(walk(1), walk(1))
    assert not torch.equal(walk(1), walk(2))
