"""Whoever steps together, each picture is as if alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.canvas import Canvas
from generation.engine import Engine
from generation.recipe import Expand, Recipe
from generation.replay import SIZES, Calls
from tests.generation.factory import SIDE, mask, picture, recipe
from tests.generation.lora_factory import kohya, pairs, write
from tests.generation.reference import engine

NEAR = 1e-4
"""Of latents in float32, whose standard deviation is about 1."""
SOURCE, MASK = picture(1), mask()
IMAGES = dict([SOURCE, MASK])
"""Bytes by SHA-256."""


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe that a tiny model can draw."""
    asked = recipe(
        model=draw(st.sampled_from(["v", "v", "eps", "inpaint"])),
        prompt=draw(st.sampled_from(["一只猫在月下", "江南烟雨", "红灯笼" * 5])),
        sampler=draw(st.sampled_from(["euler", "euler_a", "ddim", "heun", "dpmpp_2m", "lcm"])),
        steps=draw(st.integers(1, 6)),
        guidance=draw(st.sampled_from([1.0, 1.0, 3.0, 5.0])),
        seed=draw(st.integers(0, 99)),
        loras=draw(st.sampled_from([{}, {}, {"墨": 1.0}, {"墨": 0.5, "纸": 0.8}])),
        fast=draw(st.integers(0, 3)) == 0,
        strength=draw(st.sampled_from([0.2, 0.6, 1.0])),
        width=draw(st.sampled_from([SIDE, SIDE, SIDE + 16])),
    )
    match draw(st.integers(0, 6)):
        case 0:
            return replace(asked, source=SOURCE[0])
        case 1:
            return replace(asked, source=SOURCE[0], mask=MASK[0])
        case 2:
            return replace(asked, source=SOURCE[0], expand=Expand(left=16, edges="reflect"))
        case 3:
            return replace(asked, hires=2.0)
        case _:
            return asked


def loras(model: Path, root: Path) -> dict[str, Path]:
    """Two LoRAs for all of the tiny models, of different layers and ranks."""
    return {
        "墨": write(root / "ink.safetensors", kohya(pairs(model, rank=4, seed=1))),
        "纸": write(
            root / "paper.safetensors",
            kohya(pairs(model, ("conv1", "proj_in", "to_q"), rank=3, seed=2)),
        ),
    }


def latents(studio: Engine, asked: Sequence[Recipe], arrivals: Sequence[int]) -> list[torch.Tensor]:
    """Draw each, the next arriving some steps after the one before."""
    canvases: list[Canvas] = []
    for one, wait in zip(asked, arrivals, strict=True):
        canvases.append(studio.admit(one, IMAGES, owner=f"u{len(canvases) % 3}"))
        for _ in range(wait):
            studio.step()
    while not studio.idle:
        studio.step()
    assert studio.faults() == []
    found: list[torch.Tensor] = []
    for canvas in canvases:
        assert canvas.latent is not None, canvas.error
        found.append(canvas.latent)
    return found


def assert_as_if_alone(
    models: dict[str, Path],
    root: Path,
    asked: Sequence[Recipe],
    arrivals: Sequence[int],
    rows: int,
    replay: Calls | None = None,
) -> None:
    files = loras(models["v"], root)
    studio = engine(models, room=3, loras=files, rows=rows, replay=replay)
    together = latents(studio, asked, arrivals)
    studio = engine(models, room=3, loras=files)
    for one, latent in zip(asked, together, strict=True):
        (alone,) = latents(studio, [one], [0])
        torch.testing.assert_close(latent, alone, rtol=0, atol=NEAR, msg=str(one))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_interleaving_gives_the_pictures_of_each_alone(
    models: dict[str, Path], tmp_path: Path, data: st.DataObject
) -> None:
    asked = data.draw(st.lists(recipes(), min_size=1, max_size=8))
    arrivals = data.draw(st.lists(st.integers(0, 4), min_size=len(asked), max_size=len(asked)))
    rows = data.draw(st.sampled_from([1, 2, 5, 16]))
    # batches filled up to what a graph would be captured for, as on CUDA
    replay = data.draw(st.sampled_from([None, Calls(SIZES)]))
    assert_as_if_alone(models, tmp_path, asked, arrivals, rows, replay)


@settings(
    max_examples=1, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.slow
def test_fifty_at_once(models: dict[str, Path], tmp_path: Path, data: st.DataObject) -> None:
    asked = data.draw(st.lists(recipes(), min_size=50, max_size=50))
    arrivals = data.draw(st.lists(st.integers(0, 2), min_size=50, max_size=50))
    assert_as_if_alone(models, tmp_path, asked, arrivals, rows=16)
