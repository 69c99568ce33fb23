"""The embedded model's folder: complete, small, safe, and it listens to what is asked."""

import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

from generation.mini import FOLDER

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_EACH = 4
"""Pictures of one caption that a test looks at."""


@cache
def _pipe() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # diffusers and transformers talk of their own future
        pipe: Any = StableDiffusionPipeline.from_pretrained(
            FOLDER, safety_checker=None, dtype=torch.float32
        )
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(
            pipe.scheduler.config, timestep_spacing="trailing"
        )
    pipe.set_progress_bar_config(disable=True)
    return pipe


@cache
def _draw(
    caption: str, count: int = _EACH, steps: int = 8, width: int = 256, height: int = 256
) -> np.ndarray:
    """Draw one caption with seeds 0, 1, … to (count, height, width, 3), from 0 to 1."""
    return _pipe()(
        [caption] * count,
        width=width,
        height=height,
        num_inference_steps=steps,
        guidance_scale=4.0,
        generator=[torch.Generator().manual_seed(seed) for seed in range(count)],
        output_type="np",
    ).images


def _middle(pictures: np.ndarray) -> np.ndarray:
    return pictures[:, 88:168, 88:168].mean(axis=(0, 1, 2))


def test_the_folder_is_a_pipeline_of_safetensors_only() -> None:
    index = json.loads((FOLDER / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"
    assert index["tokenizer"] == ["transformers", "BertTokenizer"]
    assert index["text_encoder"] == ["transformers", "CLIPTextModel"]
    suffixes = {path.suffix for path in FOLDER.rglob("*") if path.is_file()}
    assert suffixes == {".json", ".txt", ".safetensors"}
    for part in ("text_encoder", "unet", "vae"):
        assert len(list((FOLDER / part).glob("*.safetensors"))) == 1
    for path in FOLDER.rglob("*.json"):
        assert "/" not in json.loads(path.read_text()).get("_name_or_path", "")


def test_one_token_is_one_character_and_32_are_read() -> None:
    tokenizer = _pipe().tokenizer
    assert tokenizer.model_max_length == 32
    tokens = tokenizer.tokenize("雪地里的两只企鹅，水墨风")
    assert tokens == list("雪地里的两只企鹅，水墨风")
    config = _pipe().text_encoder.config
    assert config.eos_token_id == tokenizer.sep_token_id
    assert config.bos_token_id == tokenizer.cls_token_id
    assert config.pad_token_id == tokenizer.pad_token_id


@pytest.mark.parametrize(("width", "height"), [(256, 256), (192, 320), (320, 192)])
def test_five_steps_give_a_finite_picture_that_is_not_flat(width: int, height: int) -> None:
    pictures = _draw("雪地里的两只企鹅", 1, 5, width, height)
    assert pictures.shape == (1, height, width, 3)
    assert np.isfinite(pictures).all()
    assert pictures.std() > 0.05


def test_the_same_seed_gives_the_same_picture() -> None:
    first = _draw("一只猫", 1, 5)
    _draw.cache_clear()
    assert np.array_equal(_draw("一只猫", 1, 5), first)


def test_snow_is_bright_and_night_is_dark() -> None:
    snow, grass, night = (
        _draw(caption).mean(axis=(1, 2, 3))
        for caption in ("雪地里的企鹅", "草地上的企鹅", "星空下的企鹅")
    )
    assert snow.mean() > grass.mean() + 0.1
    assert grass.mean() > night.mean() + 0.1
    assert snow.min() > night.max()


def test_the_sea_is_blue_grass_is_green_and_the_desert_is_sandy() -> None:
    sea = _draw("海底的章鱼")[:, :32].mean(axis=(0, 1, 2))
    grass = _draw("草地上的企鹅")[:, 224:].mean(axis=(0, 1, 2))
    desert = _draw("沙漠里的乌龟")[:, 224:].mean(axis=(0, 1, 2))
    assert sea[2] > sea[0] + 0.3
    assert grass[1] > max(grass[0], grass[2]) + 0.15
    assert desert[0] > desert[1] > desert[2]
    assert desert[0] > desert[2] + 0.2


def test_a_background_has_the_colour_that_was_asked_for() -> None:
    red, blue = (
        _draw(f"一只熊猫，{colour}色背景")[:, :, :32].mean(axis=(0, 1, 2)) for colour in "红蓝"
    )
    assert red[0] > red[2] + 0.2
    assert blue[2] > blue[0] + 0.2


def test_a_thing_has_the_colour_that_was_asked_for() -> None:
    red, green, blue = (_middle(_draw(f"一只{colour}色的猫")) for colour in "红绿蓝")
    assert red[0] > max(red[1], red[2]) + 0.3
    assert green[1] > max(green[0], green[2]) + 0.12
    assert blue[2] > max(blue[0], blue[1]) + 0.2


def test_nothing_asked_differs_from_something_asked() -> None:
    assert np.abs(_draw("星空下的月亮") - _draw("")).mean() > 0.1
