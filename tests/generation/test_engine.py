"""The engine in this process: batches, ends, and what goes wrong."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from generation.engine import Engine
from generation.errors import BadRecipe, BrokenModel, OutOfMemory, UnknownLora, UnknownModel
from generation.network import Network
from generation.recipe import Recipe
from generation.samplers import NAMES
from generation.zoo.folder import read
from generation.zoo.model import Model, load
from generation.zoo.shelf import Shelf
from tests.generation.factory import SIDE, recipe
from tests.generation.reference import draw, engine

CAT = recipe(model="v")
MIXED = [
    CAT,
    replace(CAT, prompt="江南烟雨", seed=8, steps=7),
    replace(CAT, sampler="heun", guidance=1.0),
    replace(CAT, sampler="euler_a", seed=9, guidance=3.0),
    replace(CAT, sampler="dpmpp_2m", levels="karras", steps=5),
    replace(CAT, sampler="lcm", guidance=1.0, steps=2),
]


@pytest.fixture
def studio(models: dict[str, Path]) -> Engine:
    return engine(models)


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Model:
    return load(read(models["v"]), torch.device("cpu"), torch.float32)


def pixels_of(studio: Engine, *recipes: Recipe) -> list[bytes]:
    return [canvas.picture.rgb for canvas in draw(studio, *recipes) if canvas.picture]


def test_a_picture_is_as_large_as_asked(studio: Engine) -> None:
    (wide,) = pixels_of(studio, replace(CAT, width=SIDE * 2))
    assert len(wide) == SIDE * 2 * SIDE * 3


def test_canvases_of_every_kind_step_together_and_come_out_as_if_alone(studio: Engine) -> None:
    together = draw(studio, *MIXED)
    for canvas, asked in zip(together, MIXED, strict=True):
        (alone,) = draw(studio, asked)
        assert canvas.latent is not None, canvas.error
        assert alone.latent is not None, alone.error
        assert torch.allclose(canvas.latent, alone.latent, rtol=0, atol=1e-4), asked


def test_the_first_step_takes_all_of_one_shape(studio: Engine) -> None:
    canvases = [studio.admit(asked) for asked in MIXED[:4]]
    studio.step()
    assert [canvas.step for canvas in canvases] == [1] * 4


def test_the_same_recipe_is_the_same_picture(models: dict[str, Path]) -> None:
    assert pixels_of(engine(models), CAT) == pixels_of(engine(models), CAT)
    assert pixels_of(engine(models), CAT) != pixels_of(engine(models), replace(CAT, seed=8))


def test_two_models_take_turns_in_one_seat(models: dict[str, Path]) -> None:
    studio = engine(models, room=1)
    asked = [CAT, replace(CAT, model="eps"), CAT]
    assert len(pixels_of(studio, *asked)) == 3


def test_a_canvas_that_is_dropped_leaves_nothing(studio: Engine) -> None:
    canvas = studio.admit(CAT)
    studio.step()
    studio.drop(canvas)
    assert studio.idle


@pytest.mark.parametrize(
    "wrong",
    [
        {"sampler": "magic"},
        {"steps": 0},
        {"steps": 10**9},
        {"sampler": "lcm", "steps": 51},
        {"guidance": float("nan")},
        {"seed": -1},
        {"width": 63},
        {"width": 0},
        {"width": 1 << 20},
        {"prompt": "猫" * 1000},
        {"loras": {"墨": float("inf")}},
        {"strength": 0.0},
        {"strength": 1.5},
        {"strength": float("nan")},
        {"hires": 9.0},
        {"source": "0" * 64},
        {"mask": "0" * 64},
        {"source": "0" * 64, "hires": 2.0},
    ],
    ids=str,
)
def test_what_no_model_can_draw_is_refused_and_the_rest_drawn(
    studio: Engine, wrong: dict[str, object]
) -> None:
    bad, good = draw(studio, recipe(**{"model": "v", **wrong}), CAT)
    assert isinstance(bad.error, BadRecipe)
    assert good.picture


@pytest.mark.parametrize("sampler", NAMES)
def test_steps_are_told_in_order(studio: Engine, sampler: str) -> None:
    canvas = studio.admit(replace(CAT, sampler=sampler))
    steps = [canvas.step]
    while not studio.idle:
        studio.step()
        steps.append(canvas.step)
    assert steps == sorted(steps)
    assert set(steps) == set(range(CAT.steps + 1))


def test_a_model_nobody_has_is_unknown(studio: Engine) -> None:
    bad, good = draw(studio, replace(CAT, model="nobody"), CAT)
    assert isinstance(bad.error, UnknownModel)
    assert good.picture


def test_a_lora_nobody_has_is_unknown(studio: Engine) -> None:
    bad, good = draw(studio, replace(CAT, loras={"墨": 1.0}), CAT)
    assert isinstance(bad.error, UnknownLora)
    assert good.picture


def test_a_black_picture_is_a_failure_of_its_own(models: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models["v"], tmp_path / "black"))
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    weights["decoder.conv_out.bias"].fill_(-9)
    save_file(weights, file)
    (bad,) = draw(engine({"v": folder}), CAT)
    assert isinstance(bad.error, BrokenModel)


def test_a_dump_begins_no_more_than_fits_in_a_batch(studio: Engine) -> None:
    canvases = [studio.admit(replace(CAT, seed=seed)) for seed in range(20)]
    studio.step()
    assert sum(canvas.place is not None for canvas in canvases) == 4


def test_the_light_user_draws_at_once_behind_a_dump(studio: Engine) -> None:
    for seed in range(20):
        studio.admit(replace(CAT, seed=seed), owner="heavy")
    for _ in range(3):
        studio.step()
    light = studio.admit(CAT, owner="light")
    studio.step()
    assert light.step == 1


def test_a_broken_model_costs_only_its_own_jobs(models: dict[str, Path], tmp_path: Path) -> None:
    studio = engine({**models, "broken": tmp_path / "none"})
    bad, good = draw(studio, replace(CAT, model="broken"), CAT)
    assert isinstance(bad.error, BrokenModel)
    assert good.picture


def test_what_is_no_number_is_no_picture(models: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models["v"], tmp_path / "huge"))
    file = folder / "unet/diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    weights["conv_out.weight"].fill_(3e38)
    save_file(weights, file)
    (bad,) = draw(engine({"v": folder}), CAT)
    assert isinstance(bad.error, BrokenModel)


class Small(Network):
    """A network on a device with room for two rows."""

    calls = 0

    def ask(self, x: torch.Tensor, clock: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        Small.calls += 1
        if x.shape[0] * x.shape[2] * x.shape[3] > 2 * (SIDE // 8) ** 2:
            raise torch.OutOfMemoryError
        return super().ask(x, clock, context)


class Single(Shelf):
    """Holds one model."""

    def __init__(self, model: Model) -> None:
        super().__init__({}, room=1, device=model.device, dtype=model.dtype)
        self._model = model

    def take(self, name: str, *, busy: object = ()) -> Model:
        return self._model


def test_a_picture_that_does_not_fit_fails_alone_and_others_go_on_where_they_were(
    model: Model,
) -> None:
    small = replace(model, network=Small(model.unet))
    large = replace(CAT, width=SIDE * 4)
    first, bad, second = draw(single(small), CAT, large, replace(CAT, seed=8))
    assert isinstance(bad.error, OutOfMemory)
    for canvas in (first, second):
        (alone,) = draw(single(model), canvas.recipe)
        assert alone.latent is not None
        assert canvas.latent is not None
        assert torch.equal(canvas.latent, alone.latent)


def test_a_batch_that_did_not_fit_is_not_tried_again(model: Model) -> None:
    studio = single(replace(model, network=Small(model.unet)))
    for seed in range(4):
        studio.admit(replace(CAT, seed=seed, steps=9))
    studio.step()
    Small.calls = 0
    studio.step()
    assert Small.calls == 1


def single(model: Model) -> Engine:
    return engine({}, shelf=Single(model))


def test_previews_keep_their_distance_and_the_last_step_has_none(models: dict[str, Path]) -> None:
    now = 0.0
    studio = engine(models, preview_every_s=1.0, clock=lambda: now)
    canvas = studio.admit(replace(CAT, steps=6))
    shown: list[int] = []
    while not studio.idle:
        studio.step()
        now += 0.5
        if studio.previews([canvas]):
            shown.append(canvas.step)
    assert shown == [2, 4]
