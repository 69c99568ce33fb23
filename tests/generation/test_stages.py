"""Pictures that are handed out on the way, as the model foresees them then."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from generation.decode import pixels
from generation.engine import Engine
from generation.errors import BadRecipe
from generation.mini import FOLDER
from generation.recipe import Expand, Recipe
from generation.samplers import NAMES
from generation.zoo.folder import read
from generation.zoo.model import Model, load
from tests.generation.factory import mask, picture, recipe
from tests.generation.reference import draw, engine

WHOLE = recipe(model="v", steps=4)
SKY, SKY_FILE = picture(1)
HOLE, HOLE_FILE = mask()
FILES = {SKY: SKY_FILE, HOLE: HOLE_FILE}
MINI = Recipe(
    model="mini",
    prompt="雪地里的一只企鹅",
    width=64,
    height=64,
    steps=6,
    guidance=4.0,
    sampler="dpmpp_2m",
    seed=7,
)


@pytest.fixture
def studio(models: dict[str, Path]) -> Engine:
    return engine(models)


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Model:
    return load(read(models["v"]), torch.device("cpu"), torch.float32)


def foreseen(studio: Engine, whole: Recipe) -> tuple[dict[int, Tensor], int]:
    """Draw a whole picture; return what was foreseen after each step, and the calls that it took.

    After the last there is no more to foresee, and the last is not among them.
    """
    canvas = studio.admit(whole, FILES)
    found: dict[int, Tensor] = {}
    calls = 0
    while not studio.idle:
        studio.step()
        if canvas.place is not None and canvas.call:
            calls += 1
            # heun asks twice in a step: the later answer stands
            found[canvas.step] = canvas.at.pool.clean[canvas.at.number].clone()
    assert canvas.picture, canvas.error
    return found, calls + 1


def latent(studio: Engine, asked: Recipe) -> Tensor:
    (canvas,) = draw(studio, asked, images=FILES)
    assert canvas.latent is not None, canvas.error
    return canvas.latent


@pytest.mark.parametrize("sampler", NAMES)
def test_a_stage_is_what_the_whole_picture_foresaw_after_those_steps(
    studio: Engine, model: Model, sampler: str
) -> None:
    whole = replace(WHOLE, sampler=sampler)
    at, _ = foreseen(studio, whole)
    assert {1, 2, 3} <= set(at)
    for step in (1, 2, 3):
        (canvas,) = draw(studio, replace(whole, until=step))
        assert canvas.latent is not None
        assert torch.equal(canvas.latent, at[step])
        assert canvas.picture
        decoded = pixels(model.decode(at[step][None])[0])
        assert canvas.picture.rgb == decoded.numpy().tobytes(), "decoded as any other"


def test_of_a_source_the_steps_that_are_taken_count(studio: Engine) -> None:
    whole = replace(WHOLE, steps=8, source=SKY, strength=0.5)
    assert whole.way == 4
    at, calls = foreseen(studio, whole)
    assert calls == 4
    assert torch.equal(latent(studio, replace(whole, until=3)), at[3])


def test_what_is_kept_is_the_sources_own_at_every_stage(studio: Engine) -> None:
    whole = replace(WHOLE, source=SKY, mask=HOLE, strength=1.0)
    shown = [draw(studio, replace(whole, until=k), images=FILES)[0] for k in (1, 3)]
    (last,) = draw(studio, whole, images=FILES)
    source = last.source
    assert source is not None
    assert source.mask is not None
    kept = source.mask[0] == 0
    images = [
        torch.frombuffer(bytearray(canvas.picture.rgb), dtype=torch.uint8).view(64, 64, 3)
        for canvas in (*shown, last)
        if canvas.picture
    ]
    assert all(torch.equal(image[kept], images[-1][kept]) for image in images)
    assert not torch.equal(images[0], images[-1])


def test_a_draft_that_is_enlarged_is_shown_in_the_size_of_the_picture(studio: Engine) -> None:
    whole = replace(WHOLE, width=128, height=128, hires=2.0, strength=0.5)
    assert whole.way == 6
    at, _ = foreseen(studio, whole)
    early, draft, late = (draw(studio, replace(whole, until=k))[0] for k in (2, 4, 5))
    for canvas, steps in ((early, 2), (draft, 4), (late, 5)):
        assert canvas.latent is not None
        assert tuple(canvas.latent.shape[1:]) == (16, 16)
        assert (canvas.step, canvas.steps) == (steps, steps)
    assert late.latent is not None
    assert torch.equal(late.latent, at[5])


def test_a_stage_costs_its_steps_and_disturbs_nobody(studio: Engine) -> None:
    whole = [replace(WHOLE, seed=seed) for seed in (7, 8)]
    together = [studio.admit(asked) for asked in whole]
    stage = studio.admit(replace(WHOLE, seed=9, until=2))
    assert (stage.steps, stage.whole_cost) == (2, together[0].whole_cost / 2)
    studio.step()
    studio.step()
    assert (stage.step, stage.place) == (2, None), "its rows are free"
    while not studio.idle:
        studio.step()
    for canvas, asked in zip(together, whole, strict=True):
        assert canvas.latent is not None
        assert torch.allclose(canvas.latent, latent(studio, asked), rtol=0, atol=1e-4)
    assert stage.latent is not None
    alone = latent(studio, replace(WHOLE, seed=9, until=2))
    assert torch.allclose(stage.latent, alone, rtol=0, atol=1e-4)
    assert studio.faults() == []


def test_the_steps_of_a_stage_are_told_in_order(studio: Engine) -> None:
    canvas = studio.admit(replace(WHOLE, sampler="heun", until=2))
    told = [canvas.step]
    while not studio.idle:
        studio.step()
        told.append(canvas.step)
    assert told == sorted(told)
    assert set(told) == {0, 1, 2}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"until": 0}, "1 到 3 步之间"),
        ({"until": -1}, "1 到 3 步之间"),
        ({"until": 4}, "1 到 3 步之间"),
        ({"until": 1, "steps": 1}, "只有 1 步"),
        ({"until": 2, "source": SKY, "strength": 0.5}, "1 到 1 步之间"),
    ],
    ids=str,
)
def test_what_lies_not_on_the_way_is_refused(
    studio: Engine, wrong: dict[str, Any], words: str
) -> None:
    (canvas,) = draw(studio, replace(WHOLE, **wrong), images=FILES)
    assert isinstance(canvas.error, BadRecipe)
    assert words in str(canvas.error)


def test_stages_of_the_fast_tier_are_those_of_its_own_way(studio: Engine) -> None:
    whole = replace(WHOLE, fast=True, steps=7)
    at, _ = foreseen(studio, whole)
    assert torch.equal(latent(studio, replace(whole, until=5)), at[5])


def test_stages_of_the_embedded_model_come_nearer_to_the_picture() -> None:
    studio = engine({"mini": FOLDER})
    stages = [latent(studio, replace(MINI, until=until)) for until in (1, 3, 5, None)]
    assert torch.equal(stages[-1], latent(studio, MINI))
    off = [float((stage - stages[-1]).abs().mean()) for stage in stages]
    assert off[0] > off[1] > off[2] > off[3] == 0


def test_a_margin_of_a_stage_is_drawn(studio: Engine) -> None:
    asked = replace(WHOLE, width=96, source=SKY, expand=Expand(right=32), strength=1.0, until=2)
    (canvas,) = draw(studio, asked, images=FILES)
    assert canvas.picture
    assert (canvas.picture.width, canvas.picture.height) == (96, 64)
