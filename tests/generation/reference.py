"""The same recipe through diffusers, which our pictures are to equal."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    LCMScheduler,
    StableDiffusionPipeline,
)
from torch import Tensor

from generation.canvas import Canvas
from generation.engine import Engine
from generation.recipe import Recipe
from generation.zoo.shelf import Shelf

SCHEDULERS = {
    "euler": EulerDiscreteScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
    "ddim": DDIMScheduler,
    "heun": HeunDiscreteScheduler,
    "dpmpp_2m": DPMSolverMultistepScheduler,
    "lcm": LCMScheduler,
}
KARRAS = ("euler", "heun", "dpmpp_2m")
"""Samplers whose scheduler in diffusers has Karras levels."""
VARIANTS = [*((name, "model") for name in SCHEDULERS), *((name, "karras") for name in KARRAS)]
"""Every sampler with every spacing of levels that diffusers has for it."""


def scheduler(name: str, config: Any, *, karras: bool = False) -> Any:
    """Return diffusers' scheduler for a sampler of ours."""
    options: dict[str, Any] = {"use_karras_sigmas": True} if karras else {}
    if name == "dpmpp_2m":
        options |= {"algorithm_type": "dpmsolver++", "solver_order": 2}
    return SCHEDULERS[name].from_config(config, **options)


class Reference:
    """diffusers' pipeline for one model."""

    def __init__(self, folder: Path) -> None:
        self._pipe: Any = StableDiffusionPipeline.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )
        self._pipe.set_progress_bar_config(disable=True)
        self._config = self._pipe.scheduler.config

    def latent(self, recipe: Recipe) -> Tensor:
        """Return the last latent of a recipe, (C, H, W)."""
        self._pipe.scheduler = scheduler(
            recipe.sampler, self._config, karras=recipe.levels == "karras"
        )
        return self._pipe(
            recipe.prompt,
            negative_prompt=recipe.avoid,
            width=recipe.width,
            height=recipe.height,
            num_inference_steps=recipe.steps,
            guidance_scale=recipe.guidance,
            generator=torch.Generator().manual_seed(recipe.seed),
            output_type="latent",
        ).images[0]

    def decode(self, latent: Tensor) -> Tensor:
        """Return the picture of a latent, (3, height, width), about -1 to 1."""
        vae = self._pipe.vae
        with torch.inference_mode():
            return vae.decode(latent[None] / vae.config.scaling_factor).sample[0]


def engine(
    models: dict[str, Path],
    *,
    room: int = 2,
    preview_every_s: float = 0.0,
    clock: Callable[[], float] = monotonic,
) -> Engine:
    """Return an engine on the CPU, in float32."""
    shelf = Shelf(models, room=room, device=torch.device("cpu"), dtype=torch.float32)
    return Engine(shelf, max_rows=8, preview_every_s=preview_every_s, clock=clock)


def draw(engine: Engine, *recipes: Recipe) -> list[Canvas]:
    """Draw recipes together, to the end."""
    canvases = [engine.admit(recipe) for recipe in recipes]
    while not engine.idle:
        engine.step()
    return canvases
