"""Noise levels and timesteps are those of diffusers' schedulers."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from generation.samplers.levels import PRESERVING, levels
from generation.zoo.noising import Noising, Spacing
from tests.generation.reference import VARIANTS, scheduler

# diffusers' schedulers turn tensors into arrays in a way that numpy 2 will drop
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPACINGS: tuple[Spacing, ...] = get_args(Spacing)
STABLE_DIFFUSION: dict[str, object] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "clip_sample": False,
}
ZERO = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
FILES = [
    STABLE_DIFFUSION,
    *({**STABLE_DIFFUSION, "timestep_spacing": spacing} for spacing in SPACINGS),
    {**STABLE_DIFFUSION, "beta_schedule": "linear", "final_sigmas_type": "sigma_min"},
    {**STABLE_DIFFUSION, "set_alpha_to_one": True},
    {**STABLE_DIFFUSION, "beta_schedule": "squaredcos_cap_v2"},
    *(
        {**STABLE_DIFFUSION, **ZERO, "timestep_spacing": spacing}
        for spacing in ("trailing", "linspace")
    ),
    {**STABLE_DIFFUSION, **ZERO, "beta_schedule": "linear", "timestep_spacing": "trailing"},
]
STEPS = (1, 2, 7, 20, 30, 49)


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
        cut = karras and name == "dpmpp_2m" and file["beta_schedule"] == "squaredcos_cap_v2"
        near = 1.0 if cut else 1e-2
        assert ours.timesteps == pytest.approx(timesteps, abs=near), f"{steps} steps"
        if hasattr(found, "sigmas"):
            sigmas = found.sigmas[once].tolist()
            assert ours.sigmas[:steps] == pytest.approx(sigmas[:steps], rel=1e-4)
            assert ours.sigmas[-1] == pytest.approx(float(found.sigmas[-1]), rel=1e-4)
        else:
            alphas = found.alphas_cumprod[found.timesteps].tolist()
            signal = [1 / (1 + sigma**2) for sigma in ours.sigmas[:steps]]
            assert signal == pytest.approx(alphas, rel=1e-4, abs=1e-12)
        if name not in PRESERVING:
            assert ours.first == pytest.approx(float(found.init_noise_sigma), rel=1e-6)


@settings(deadline=None)
@given(
    variant=st.sampled_from(VARIANTS), spacing=st.sampled_from(SPACINGS), steps=st.integers(1, 200)
)
def test_any_number_of_steps_falls_on_the_same_ticks(
    variant: tuple[str, str], spacing: Spacing, steps: int
) -> None:
    name, spaced = variant
    if name == "lcm":
        steps = min(steps, 50)
    file = {**STABLE_DIFFUSION, "timestep_spacing": spacing}
    assume(len(theirs("ddim", file, karras=False, steps=steps).timesteps) == steps)
    ours = levels(name, msgspec.convert(file, Noising), steps, karras=spaced == "karras")
    found = theirs(name, file, karras=spaced == "karras", steps=steps)
    once = slice(None, None, 2) if name == "heun" else slice(None)
    assert ours.timesteps == pytest.approx(found.timesteps[once].tolist(), abs=1e-2)


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


def test_only_a_model_of_velocity_can_start_from_pure_noise() -> None:
    assert msgspec.convert({**STABLE_DIFFUSION, **ZERO}, Noising).drawable
    assert not msgspec.convert({"rescale_betas_zero_snr": True}, Noising).drawable
