"""Pictures equal those of diffusers: the same weights, seed, sampler and steps."""

from pathlib import Path

import pytest

from generation.recipe import Recipe
from tests.generation.factory import mask, picture, recipe, tiny
from tests.generation.reference import CASES, REPAINTS, STEPS, Reference, draw, engine

# diffusers' schedulers turn tensors into arrays in a way that numpy 2 will drop
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NEAR = 1e-4
"""Of latents in float32, whose standard deviation is about 1."""
WORDS = [case for case in CASES if case[0] != "inpaint"]
IMAGES = dict([picture(1), mask()])
SOURCE, MASK = IMAGES


class Apart:
    """How far our last latent of a recipe is from theirs."""

    def __init__(self, models: dict[str, Path]) -> None:
        self._studio = engine(models, room=len(models))
        self._references = {name: Reference(folder) for name, folder in models.items()}

    def __call__(self, asked: Recipe) -> float:
        (canvas,) = draw(self._studio, asked, images=IMAGES)
        assert canvas.latent is not None, canvas.error
        theirs = self._references[asked.model].latent(asked, IMAGES)
        return (canvas.latent - theirs).abs().max().item()


@pytest.fixture(scope="module")
def apart(models: dict[str, Path]) -> Apart:
    return Apart(models)


@pytest.mark.parametrize(("model", "sampler", "levels"), WORDS)
def test_a_picture_of_words(apart: Apart, model: str, sampler: str, levels: str) -> None:
    for steps in STEPS[model]:
        asked = recipe(model=model, sampler=sampler, levels=levels, steps=steps)
        assert apart(asked) <= NEAR, f"{steps} steps"


@pytest.mark.parametrize(("steps", "strength"), REPAINTS)
@pytest.mark.parametrize(("model", "sampler", "levels"), WORDS)
def test_a_picture_of_a_picture(
    apart: Apart, model: str, sampler: str, levels: str, steps: int, strength: float
) -> None:
    asked = recipe(
        model=model, sampler=sampler, levels=levels, steps=steps, source=SOURCE, strength=strength
    )
    assert apart(asked) <= NEAR


@pytest.mark.parametrize(("steps", "strength"), REPAINTS)
@pytest.mark.parametrize(("model", "sampler", "levels"), CASES)
def test_a_part_of_a_picture(
    apart: Apart, model: str, sampler: str, levels: str, steps: int, strength: float
) -> None:
    asked = recipe(
        model=model,
        sampler=sampler,
        levels=levels,
        steps=steps,
        source=SOURCE,
        mask=MASK,
        strength=strength,
    )
    assert apart(asked) <= NEAR


def test_the_end_of_a_way_is_as_long_as_the_way_was(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "noisy", prediction="v_prediction", final_sigmas_type="sigma_min")
    asked = recipe(model="noisy", sampler="dpmpp_2m", steps=20, source=SOURCE, strength=0.5)
    assert Apart({"noisy": folder})(asked) <= NEAR


def test_an_english_model_reads_as_diffusers_does(apart: Apart) -> None:
    assert apart(recipe(model="english", prompt="a cat", avoid="", guidance=3.0)) <= NEAR


def test_without_guidance_one_row_is_drawn(apart: Apart, models: dict[str, Path]) -> None:
    asked = recipe(model="v", guidance=1.0)
    (canvas,) = draw(engine(models), asked)
    assert canvas.rows == 1
    assert apart(asked) <= NEAR
    assert apart(recipe(model="v", guidance=1.0, source=SOURCE, mask=MASK)) <= NEAR
