"""The engine in this process: batches, ends, and what goes wrong."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from generation import memory
from generation.engine import Engine
from generation.errors import BadRecipe, BrokenModel, OutOfMemory, UnknownModel
from generation.preview import Previewer, fit
from generation.recipe import Recipe
from generation.runner import decode, pixels
from generation.samplers import NAMES
from generation.zoo.folder import read
from generation.zoo.model import Model, load
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
        {"loras": {"墨": 1.0}},
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


def test_a_picture_that_does_not_fit_fails_alone(studio: Engine, model: Model) -> None:
    class Small(torch.nn.Module):
        """Room for two rows."""

        config = model.unet.config
        device, dtype = model.device, model.dtype

        def forward(self, x: torch.Tensor, *args: object, **kwargs: object) -> object:
            if x.shape[0] * x.shape[2] * x.shape[3] > 2 * (SIDE // 8) ** 2:
                raise torch.OutOfMemoryError
            return model.unet(x, *args, **kwargs)

    class Shelf:
        room = 1

        def take(self, name: str, *, busy: object = ()) -> Model:
            return replace(model, unet=Small())

    studio = Engine(Shelf(), max_rows=8, preview_every_s=0, clock=lambda: 0.0)  # pyright: ignore[reportArgumentType]
    large = replace(CAT, width=SIDE * 4)
    first, bad, second = draw(studio, CAT, large, replace(CAT, seed=8))
    assert isinstance(bad.error, OutOfMemory)
    assert first.picture
    assert second.picture


def test_memory_that_the_cpu_has_not_is_named(model: Model) -> None:
    with pytest.raises(OutOfMemory), memory.named():
        decode(model, torch.empty(1).expand(4, 1 << 20, 1 << 20))


def test_a_preview_is_the_picture_so_far(model: Model) -> None:
    latent = torch.randn(4, SIDE // 8, SIDE // 8, generator=torch.Generator().manual_seed(1))
    preview = Previewer().show(model, latent)
    assert (preview.width, preview.height) == (SIDE, SIDE)
    assert preview.rgb == pixels(model.decode(latent[None])[0]).numpy().tobytes()


def test_a_large_preview_is_a_pixel_for_each_latent(model: Model) -> None:
    preview = Previewer().show(model, torch.zeros(4, 40, 48))
    assert (preview.width, preview.height) == (48, 40)
    assert len(preview.rgb) == 48 * 40 * 3


def test_the_map_gives_the_colours_of_the_vae(model: Model) -> None:
    flat = torch.tensor([0.5, -0.5, 0.2, 0.1]).view(4, 1, 1)
    guess = torch.einsum("chw,ck->khw", torch.cat([flat, torch.ones(1, 1, 1)]), fit(model))
    truth = model.decode(flat.expand(4, 8, 8)[None]).mean(dim=(0, 2, 3))
    assert torch.allclose(guess.flatten(), truth, atol=0.2)


def test_previews_keep_their_distance_and_the_last_step_has_none(models: dict[str, Path]) -> None:
    now = 0.0
    studio = engine(models, preview_every_s=1.0, clock=lambda: now)
    canvas = studio.admit(replace(CAT, steps=6))
    shown: list[int] = []
    while not studio.idle:
        studio.step()
        now += 0.5
        if studio.preview(canvas):
            shown.append(canvas.step)
    assert shown == [2, 4]
