"""Pictures equal those of diffusers: the same weights, seed, sampler and steps."""

from pathlib import Path

import pytest
import torch

from tests.generation.factory import recipe
from tests.generation.reference import VARIANTS, Reference, draw, engine

# diffusers' schedulers turn tensors into arrays in a way that numpy 2 will drop
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NEAR = 1e-4
"""Of latents in float32, whose standard deviation is about 1."""


@pytest.fixture(scope="module")
def references(models: dict[str, Path]) -> dict[str, Reference]:
    return {name: Reference(folder) for name, folder in models.items()}


@pytest.mark.parametrize(("sampler", "levels"), VARIANTS)
@pytest.mark.parametrize("model", ["eps", "v"])
def test_latents_equal_those_of_diffusers(
    models: dict[str, Path],
    references: dict[str, Reference],
    model: str,
    sampler: str,
    levels: str,
) -> None:
    studio = engine(models)
    for steps in (1, 2, 7, 20):
        asked = recipe(model=model, sampler=sampler, levels=levels, steps=steps)
        (canvas,) = draw(studio, asked)
        assert canvas.latent is not None, canvas.error
        apart = (canvas.latent - references[model].latent(asked)).abs().max().item()
        assert apart <= NEAR, f"{steps} steps"


def test_an_english_model_reads_as_diffusers_does(
    models: dict[str, Path], references: dict[str, Reference]
) -> None:
    asked = recipe(model="english", prompt="a cat", avoid="", guidance=3.0)
    (canvas,) = draw(engine(models), asked)
    assert canvas.latent is not None, canvas.error
    assert torch.allclose(canvas.latent, references["english"].latent(asked), rtol=0, atol=NEAR)


def test_without_guidance_one_row_is_drawn(
    models: dict[str, Path], references: dict[str, Reference]
) -> None:
    asked = recipe(model="v", guidance=1.0)
    (canvas,) = draw(engine(models), asked)
    assert canvas.rows == 1
    assert canvas.latent is not None, canvas.error
    assert torch.allclose(canvas.latent, references["v"].latent(asked), rtol=0, atol=NEAR)
