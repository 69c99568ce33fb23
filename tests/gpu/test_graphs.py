"""The engine on CUDA: captured graphs, streams of their own, half precision."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
import torch

from generation.canvas import Canvas
from generation.engine import Engine
from generation.lora.shelf import LoraShelf
from generation.preview import Previewer
from generation.recipe import Recipe
from generation.replay import Calls, Graphs
from generation.zoo.shelf import Shelf
from tests.generation.factory import SIDE, recipe
from tests.generation.lora_factory import kohya, pairs, write

pytestmark = pytest.mark.gpu
CAT = recipe(model="v", steps=6)
MIXED = [
    CAT,
    replace(CAT, prompt="江南烟雨", seed=8, steps=9),
    replace(CAT, sampler="heun", guidance=1.0),
    replace(CAT, sampler="euler_a", seed=9, guidance=3.0),
    replace(CAT, loras={"墨": 1.0}),
    replace(CAT, fast=True, steps=12),
    replace(CAT, hires=2.0, width=2 * SIDE, height=2 * SIDE),
]
NEAR = 2e-3
"""Of latents in float32 with TensorFloat-32 off; CUDA sums in another order than the CPU."""


def engine(models: dict[str, Path], root: Path, device: str, replay: Calls | Graphs) -> Engine:
    ink = write(root / "ink.safetensors", kohya(pairs(models["v"], rank=4, seed=1)))
    return Engine(
        Shelf(models, room=1, device=torch.device(device), dtype=torch.float32),
        LoraShelf({"墨": ink}, budget_bytes=1 << 26),
        cap=lambda model, canvas: 16,
        previewer=Previewer(),
        preview_every_s=0,
        clock=monotonic,
        replay=replay,
    )


def drawn(studio: Engine, recipes: Sequence[Recipe]) -> list[Canvas]:
    canvases = [studio.admit(one) for one in recipes]
    while not studio.idle:
        studio.step()
    assert studio.faults() == []
    return canvases


def test_graphs_calls_and_the_cpu_give_the_same_latents(
    models: dict[str, Path], tmp_path: Path
) -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    cuda = torch.device("cuda")
    captured = engine(models, tmp_path, "cuda", Graphs(cuda))
    captured.warm("v")
    first, again = drawn(captured, MIXED), drawn(captured, MIXED)
    called = drawn(engine(models, tmp_path, "cuda", Calls()), MIXED)
    host = drawn(engine(models, tmp_path, "cpu", Calls()), MIXED)
    for one, *others in zip(host, first, again, called, strict=True):
        assert one.latent is not None
        for other in others:
            assert other.latent is not None, other.error
            torch.testing.assert_close(other.latent.cpu(), one.latent, rtol=0, atol=NEAR)


def test_a_step_waits_for_nothing(models: dict[str, Path], tmp_path: Path) -> None:
    studio = engine(models, tmp_path, "cuda", Graphs(torch.device("cuda")))
    studio.warm("v")
    for one in MIXED[:4]:
        studio.admit(one)
    studio.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        studio.step()
        studio.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
