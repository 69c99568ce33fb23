"""Noise levels and timesteps are those of diffusers' schedulers."""

from typing import Any, get_args

import msgspec
import pytest
import torch

from generation.samplers.levels import PRESERVING, levels
from generation.zoo.noising import Noising, Spacing
from tests.generation.reference import VARIANTS, scheduler

# diffusers' schedulers turn tensors into arrays in a way that numpy 2 will drop
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STABLE_DIFFUSION = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "clip_sample": False,
}
FILES = [
    STABLE_DIFFUSION,
    *({**STABLE_DIFFUSION, "timestep_spacing": spacing} for spacing in get_args(Spacing)),
    {**STABLE_DIFFUSION, "beta_schedule": "linear", "final_sigmas_type": "sigma_min"},
    {**STABLE_DIFFUSION, "set_alpha_to_one": True},
]
STEPS = (1, 2, 7, 20, 49)


def theirs(name: str, file: dict[str, Any], *, karras: bool, steps: int) -> Any:
    found: Any = scheduler(name, dict(file), karras=karras)
    found.set_timesteps(steps)
    return found


@pytest.mark.parametrize("file", FILES, ids=str)
@pytest.mark.parametrize(("name", "spacing"), VARIANTS)
def test_the_way_down_is_that_of_diffusers(name: str, spacing: str, file: dict[str, Any]) -> None:
    for steps in STEPS:
        karras = spacing == "karras"
        ours = levels(name, msgspec.convert(file, Noising), steps, karras=karras)
        found = theirs(name, file, karras=karras, steps=steps)
        once = slice(None, None, 2) if name == "heun" else slice(None)
        timesteps = found.timesteps[once].tolist()
        assert ours.timesteps == pytest.approx(timesteps, abs=1e-2), f"{steps} steps"
        if name in PRESERVING:
            alphas = found.alphas_cumprod[found.timesteps]
            sigmas = (1 / alphas.double() - 1) ** 0.5
        else:
            sigmas = torch.cat([found.sigmas[:1], found.sigmas[1:]])[once].double()
        if not karras or name not in PRESERVING:
            count = len(ours.timesteps)
            assert ours.sigmas[:count] == pytest.approx(sigmas[:count].tolist(), rel=1e-4)
        if name not in PRESERVING:
            assert ours.first == pytest.approx(float(found.init_noise_sigma), rel=1e-6)


@pytest.mark.parametrize("name", [name for name, _ in VARIANTS])
def test_levels_fall(name: str) -> None:
    noising = msgspec.convert(STABLE_DIFFUSION, Noising)
    for steps in STEPS:
        way = levels(name, noising, steps, karras=False)
        assert len(way.sigmas) == len(way.timesteps) + 1 == steps + 1
        assert list(way.sigmas) == sorted(set(way.sigmas), reverse=True)


def test_a_file_may_ask_for_karras_levels_itself() -> None:
    plain = msgspec.convert(STABLE_DIFFUSION, Noising)
    asked = msgspec.structs.replace(plain, use_karras_sigmas=True)
    assert levels("euler", asked, 9, karras=False) == levels("euler", plain, 9, karras=True)
