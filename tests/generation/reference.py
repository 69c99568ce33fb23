"""The same recipe through diffusers, which our pictures are to equal."""

from collections.abc import Callable, Mapping
from io import BytesIO
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
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from generation.canvas import Canvas
from generation.engine import Engine
from generation.language.scribe import Scribe
from generation.lora.shelf import LoraShelf
from generation.preview import Previewer
from generation.recipe import Recipe
from generation.replay import Calls
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

STEPS = {"eps": (1, 3, 7, 20), "v": (1, 3, 7, 20), "zero": (8, 20)}
"""What is compared, by model. Of zero, whose spacing is trailing, those that divide its clock (see
samplers.levels of ddim), and not few: steps from level 4096 far down leave what float32 rounds of
it, 5e-4, in the latents of diffusers."""
CASES = [
    (model, sampler, levels)
    for model in (*STEPS, "inpaint")
    for sampler, levels in VARIANTS
    # diffusers' heun knows no zero: see samplers.levels
    if (model, sampler) != ("zero", "heun")
]
"""Model, sampler and levels of all that is compared."""
REPAINTS = ((8, 0.3), (20, 0.75), (8, 1.0))
"""Steps and strengths that pictures are drawn over with."""


def scheduler(name: str, config: Any, *, karras: bool = False) -> Any:
    """Return diffusers' scheduler for a sampler of ours."""
    options: dict[str, Any] = {"use_karras_sigmas": True} if karras else {}
    if name == "dpmpp_2m":
        options |= {"algorithm_type": "dpmsolver++", "solver_order": 2}
    found: Any = SCHEDULERS[name].from_config(config, **options)
    if name == "heun" and config.get("rescale_betas_zero_snr"):
        # it has no such option, and would draw on levels that the model never saw
        euler: Any = EulerDiscreteScheduler.from_config(config)
        found.alphas_cumprod = euler.alphas_cumprod
    return found


class Reference:
    """diffusers' pipelines for one model."""

    def __init__(self, folder: Path, loras: Mapping[str, Path] | None = None) -> None:
        """Load a model, and LoRAs by name."""
        words: Any = StableDiffusionPipeline.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )
        parts: dict[str, Any] = {**words.components, "requires_safety_checker": False}
        self._words = words
        self._picture: Any = StableDiffusionImg2ImgPipeline(**parts)
        self._inpaint: Any = StableDiffusionInpaintPipeline(**parts)
        for pipe in (self._words, self._picture, self._inpaint):
            pipe.set_progress_bar_config(disable=True)
        self._config = words.scheduler.config
        self._loras = tuple(loras or ())
        for name, file in (loras or {}).items():
            _wear(words, name, file)

    def latent(self, recipe: Recipe, images: Mapping[str, bytes] | None = None) -> Tensor:
        """Return the last latent of a recipe, (C, H, W).

        Args:
            recipe: Of text alone, with a source, or with a source and a mask.
            images: Files of its source and mask, by their SHA-256.
        """
        if self._loras:
            self._words.set_adapters(
                [*self._loras], [recipe.loras.get(name, 0.0) for name in self._loras]
            )
        images = images or {}
        pipe, asked = self._words, dict[str, Any](width=recipe.width, height=recipe.height)
        if recipe.source:
            picture = Image.open(BytesIO(images[recipe.source])).convert("RGB")
            assert picture.size == (recipe.width, recipe.height)
            asked |= {"image": picture, "strength": recipe.strength}
            pipe = self._inpaint if recipe.mask else self._picture
        if recipe.mask:
            asked["mask_image"] = Image.open(BytesIO(images[recipe.mask]))
        pipe.scheduler = scheduler(recipe.sampler, self._config, karras=recipe.levels == "karras")
        return pipe(
            recipe.prompt,
            negative_prompt=recipe.avoid,
            num_inference_steps=recipe.steps,
            guidance_scale=recipe.guidance,
            generator=torch.Generator().manual_seed(recipe.seed),
            output_type="latent",
            **asked,
        ).images[0]

    def decode(self, latent: Tensor) -> Tensor:
        """Return the picture of a latent, (3, height, width), about -1 to 1."""
        vae = self._words.vae
        with torch.inference_mode():
            return vae.decode(latent[None] / vae.config.scaling_factor).sample[0]


def _wear(pipe: Any, name: str, file: Path) -> None:
    """Load a LoRA in the way that diffusers asks for by its names."""
    with safe_open(file, framework="pt") as weights:
        first = next(iter(weights.keys()))
    if first.startswith(("unet.", "text_encoder.", "lora_")):
        pipe.load_lora_weights(file.parent, weight_name=file.name, adapter_name=name)
    else:  # keys of 2023, without the name of the part; load_lora_weights would load nothing
        pipe.unet.load_lora_adapter(
            file.parent, weight_name=file.name, prefix=None, adapter_name=name
        )


def engine(  # noqa: PLR0913  each test varies one
    models: Mapping[str, Path],
    *,
    room: int = 2,
    shelf: Shelf | None = None,
    loras: Mapping[str, Path] | None = None,
    rows: int = 8,
    replay: Calls | None = None,
    preview_every_s: float = 0.0,
    clock: Callable[[], float] = monotonic,
    scribe: Scribe | None = None,
) -> Engine:
    """Return an engine on the CPU, in float32, whose batches have at most so many rows."""
    return Engine(
        shelf or Shelf(models, room=room, device=torch.device("cpu"), dtype=torch.float32),
        LoraShelf(loras or {}, budget_bytes=1 << 26),
        cap=lambda model, canvas: rows,
        previewer=Previewer(),
        preview_every_s=preview_every_s,
        clock=clock,
        replay=replay,
        scribe=scribe,
    )


def draw(
    engine: Engine, *recipes: Recipe, images: Mapping[str, bytes] | None = None
) -> list[Canvas]:
    """Draw recipes together, to the end."""
    canvases = [engine.admit(recipe, images) for recipe in recipes]
    while not engine.idle:
        engine.step()
    return canvases
