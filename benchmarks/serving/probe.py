"""What is inside our engine: costs beside the network, and whether its batches are true."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

import torch

from benchmarks.serving.ours import Ours
from generation.canvas import Canvas
from generation.engine import Engine
from generation.lora.slots import Stack, stack
from generation.recipe import Recipe
from generation.zoo.model import Model

ROWS = 16
FORWARDS = 7
"""Of each kind, in turn; the median counts."""
CHANGES = 20
LONG = 20
"""Steps of what is watched."""


def probe(ours: Ours, mixed: Sequence[Recipe]) -> dict[str, float]:
    """Return figures by name.

    Args:
        ours: With nothing to do.
        mixed: Recipes that differ in all they may.
    """
    model = ours.shelf.take(mixed[0].model)
    guided = [recipe for recipe in mixed if recipe.guidance != 1][: ROWS // 2]
    found = {
        "preview_share": preview_share(ours, guided),
        "beside_share": beside_share(ours, model, guided),
    }
    styles = {name for recipe in mixed for name in recipe.loras}
    return found | forwards(ours, model, sorted(styles))


def begin(ours: Ours, engine: Engine, recipes: Sequence[Recipe]) -> list[Canvas]:
    """Let recipes begin, each at another step of those before it."""
    canvases = list[Canvas]()
    for recipe in recipes:
        canvases.append(engine.admit(recipe, ours.images))
        engine.step()
    return canvases


def end(engine: Engine) -> None:
    """Draw all that has begun to its end."""
    while not engine.idle:
        engine.step()


def apart(ours: Ours, recipes: Sequence[Recipe]) -> float:
    """Return the largest difference of a latent drawn among others to the same drawn alone.

    Args:
        ours: In float32.
        recipes: Mixed; as many are drawn as fit in a batch.
    """
    recipes = recipes[: ROWS // 2]
    engine, alone = ours.open(rows=ROWS), list[Canvas]()
    for recipe in recipes:
        alone += begin(ours, engine, [recipe])
        end(engine)
    together = begin(ours, engine, recipes)
    end(engine)
    differences = [_latent(a) - _latent(b) for a, b in zip(together, alone, strict=True)]
    return max(difference.abs().max().item() for difference in differences)


def preview_share(ours: Ours, recipes: Sequence[Recipe]) -> float:
    """Return which share of the time goes into previews of all pictures, one a second each."""
    engine, spent = ours.open(rows=ROWS), 0.0
    canvases = begin(ours, engine, [replace(recipe, steps=LONG) for recipe in recipes])
    began = time.perf_counter()
    while not engine.idle:
        engine.step()
        before = time.perf_counter()
        engine.previews(canvases)
        spent += time.perf_counter() - before
    return spent / (time.perf_counter() - began)


def beside_share(ours: Ours, model: Model, recipes: Sequence[Recipe]) -> float:
    """Return which share of a full step is not in the network; LoRAs in its rows are in it."""
    began, inside, shares = 0.0, 0.0, list[float]()

    def enter(*_: object) -> None:
        nonlocal began
        _wait(model)
        began = time.perf_counter()

    def leave(*_: object) -> None:
        nonlocal inside
        _wait(model)
        inside += time.perf_counter() - began

    engine = ours.open(rows=ROWS)
    equal = [replace(recipe, steps=LONG, source="", mask="") for recipe in recipes]
    canvases = begin(ours, engine, equal)
    hooks = (
        model.unet.register_forward_pre_hook(enter),
        model.unet.register_forward_hook(leave),
    )
    while canvases[0].step < LONG - 1:  # after that somebody's pixels come
        inside, before = 0.0, time.perf_counter()
        engine.step()
        _wait(model)
        shares.append(1 - inside / (time.perf_counter() - before))
    for hook in hooks:
        hook.remove()
    end(engine)
    return median(shares)


@torch.inference_mode()
def forwards(ours: Ours, model: Model, styles: Sequence[str]) -> dict[str, float]:
    """Return how much slower a forward is when each row wears a LoRA, and what a change costs."""
    worn = [_stack(ours, model, name) for name in styles]
    found: dict[str, float] = {}
    for rows in (2, ROWS):
        ask = _forward(model, rows)
        dressed = [worn[row // 2 % len(worn)] for row in range(rows)]
        bare, clad = list[float](), list[float]()
        for _ in range(FORWARDS + 1):
            for kind, seconds in (([None] * rows, bare), (dressed, clad)):
                model.slots.wear(kind)
                seconds.append(_seconds(ask, model))
        found[f"worn_{rows}"] = median(clad[1:]) / median(bare[1:]) - 1
        found[f"row_{rows}_ms"] = median(bare[1:]) / rows * 1000
    changes = list[float]()
    held: Stack | None = None
    for turn in range(CHANGES):
        began = time.perf_counter()
        held = _stack(ours, model, styles[turn % len(styles)])
        model.slots.wear([held, held, *worn[:1] * (ROWS - 2)])
        _wait(model)
        changes.append(time.perf_counter() - began)
        worn = worn[:1]  # the others are packed anew when they come back
    model.slots.wear([])
    found["change_ms"] = median(changes[2:]) * 1000
    return found


def _stack(ours: Ours, model: Model, name: str) -> Stack | None:
    return stack([(ours.loras.take(name, model), 1.0)], "unet")


def _forward(model: Model, rows: int) -> Callable[[], object]:
    side = model.folder.native_px // model.folder.latent_px
    generator = torch.Generator().manual_seed(0)
    width = model.unet.config["cross_attention_dim"]
    x = torch.randn(rows, model.folder.latent_channels, side, side, generator=generator)
    context = torch.randn(rows, model.folder.tokens, width, generator=generator)
    clock = torch.full((rows,), 500.0)
    inputs = [tensor.to(model.device) for tensor in (x, clock, context)]
    return lambda: model.network.ask(*inputs)


def _seconds(work: Callable[[], object], model: Model) -> float:
    began = time.perf_counter()
    work()
    _wait(model)
    return time.perf_counter() - began


def _wait(model: Model) -> None:
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _latent(canvas: Canvas) -> torch.Tensor:
    assert canvas.latent is not None, canvas.error
    return canvas.latent
