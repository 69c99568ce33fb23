"""The embedded styles: LoRAs that diffusers wears as the engine does, and that keep their size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save

from generation.lora.file import inspect
from generation.mini import FOLDER, STYLES, styles
from generation.mini.caption import TREATMENTS
from generation.mini.evaluation import Painter, Wish
from generation.mini.style import STRENGTHS, scaled
from generation.recipe import Recipe
from generation.zoo.folder import read
from tests.generation.reference import Reference, draw, engine

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_MEBIBYTE = 1 << 20


def recipe(style: str | None) -> Recipe:
    return Recipe(
        model="mini",
        prompt="草地上的两只猫" + (f"，{style}风" if style else ""),
        width=128,  # small: what is compared is arithmetic
        height=128,
        steps=3,
        guidance=4.0,
        sampler="dpmpp_2m",
        seed=3,
        loras={style: 1.0} if style else {},
    )


def test_every_style_is_there() -> None:
    assert set(styles()) == set(TREATMENTS)


def test_model_and_styles_are_small_enough_to_be_kept_with_the_code() -> None:
    files = [*FOLDER.rglob("*.safetensors"), *STYLES.parent.glob("*/*.safetensors")]
    files += STYLES.parent.glob("*.safetensors")
    assert sum(path.stat().st_size for path in set(files)) < 48 * _MEBIBYTE


@pytest.mark.parametrize("style", TREATMENTS)
def test_a_style_fits_every_layer_and_says_how_it_was_made(style: str) -> None:
    path = styles()[style]
    found = inspect(path, read(FOLDER))
    assert found.matched["unet"] > 0
    with safe_open(path, framework="pt") as weights:
        told = weights.metadata()
    assert told["danqing.base_model"] == "mini"


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_diffusers_draws_the_same_picture_in_no_style_and_in_each() -> None:
    wanted = [None, *TREATMENTS]
    studio = engine({"mini": FOLDER}, loras=styles(), rows=32)
    reference = Reference(FOLDER, styles())
    for style, canvas in zip(wanted, draw(studio, *map(recipe, wanted)), strict=True):
        assert canvas.error is None
        assert canvas.latent is not None
        theirs = reference.latent(recipe(style))
        assert torch.allclose(canvas.latent, theirs, rtol=0, atol=2e-4), style


def test_ink_and_pencil_have_no_colour_and_cut_paper_is_red() -> None:
    painter = Painter(FOLDER, styles(), dtype=torch.float32)
    wanted = (None, "水墨", "素描", "剪纸")
    wishes = [
        Wish(prompt=f"草地上的企鹅，{style}风" if style else "草地上的企鹅", style=style, seed=seed)
        for style in wanted
        for seed in range(3)
    ]
    drawn = np.array([np.asarray(made) for made in painter.draw(wishes, steps=8, tell=print)])
    plain, ink, pencil, cut = np.split(drawn.astype(float) / 255, len(wanted))
    assert saturation(ink) < 0.6 * saturation(plain)
    assert saturation(pencil) < 0.5 * saturation(plain)
    red, green, blue = cut[cut.mean(axis=-1) < 0.6].mean(axis=0)
    assert red > max(green, blue) + 0.2


def saturation(pictures: np.ndarray) -> float:
    return float((pictures.max(axis=-1) - pictures.min(axis=-1)).mean())


def test_a_style_by_itself_is_a_file_that_anybody_can_take() -> None:
    assert all(path.parent == Path(STYLES) for path in styles().values())


def test_a_lora_made_stronger_changes_pictures_so_much_more() -> None:
    tensors = {"a.lora_A.weight": torch.ones(2, 3), "a.lora_B.weight": torch.full((4, 2), 0.5)}
    made = scaled(save(tensors, {"danqing.method": "lora"}), 1.2)
    found = load(made)
    before = tensors["a.lora_B.weight"] @ tensors["a.lora_A.weight"]
    after = found["a.lora_B.weight"] @ found["a.lora_A.weight"]
    assert torch.allclose(after, 1.2 * before)
    assert b'"danqing.strength":"1.2"' in made
    assert b'"danqing.method":"lora"' in made


def test_every_style_has_its_strength() -> None:
    assert set(STRENGTHS) == set(TREATMENTS)
