"""A picture in the making."""

import math
from collections.abc import Hashable

import torch
from torch import Tensor

from generation import guidance, samplers
from generation.errors import BadRecipe, EngineError
from generation.recipe import Picture, Recipe
from generation.samplers.levels import levels
from generation.samplers.query import Query, Sampling
from generation.zoo.folder import Folder
from generation.zoo.model import Model

MOST_STEPS = 250
"""Of one picture; many more would fall on the same ticks of a model's clock."""
MOST_PIXELS = 4096 * 4096
"""Of one picture; it must fit in a frame."""


class Canvas:
    """One picture in the making: its sampling, and what the sampling asks for now."""

    _sampling: Sampling
    """Made by begin."""

    def __init__(self, recipe: Recipe, *, now_s: float) -> None:
        self.recipe = recipe
        self.admitted_s = self.shown_s = now_s
        """When it came, and when it was last shown."""
        self.query: Query | None = None
        """What it wants denoised; None before it has begun and after its end."""
        self.contexts: list[Tensor] = []
        """What each of its rows is drawn after, (N, D)."""
        self.step = 0
        """Steps done."""
        self.denoised: Tensor | None = None
        """What the picture would be by the last answer, (C, H, W)."""
        self.latent: Tensor | None = None
        """What its sampling ended with, (C, H, W)."""
        self.picture: Picture | None = None
        self.error: EngineError | None = None
        self._clock: dict[float, float] = {}
        self._steps: dict[float, int] = {}
        self._last = 1.0

    @property
    def model(self) -> str:
        """Name of the model that it needs in memory."""
        return self.recipe.model

    @property
    def rows(self) -> int:
        """How many rows of a batch it takes."""
        return guidance.rows(self.recipe.guidance)

    @property
    def shape(self) -> Hashable:
        """Canvases of equal shape may share a batch."""
        tokens = len(self.contexts[0]) if self.contexts else 0
        return (self.recipe.model, self.recipe.width, self.recipe.height, tokens)

    @property
    def timestep(self) -> float:
        """Where its query lies on the model's clock."""
        return self._clock[self.query.sigma] if self.query else 0.0

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.picture is not None or self.error is not None

    def begin(self, model: Model) -> None:
        """Read the prompt and draw the first noise, as diffusers does for the same seed.

        Raises:
            BadRecipe: The model cannot draw this.
        """
        recipe = self.recipe
        check(recipe, model.folder)
        way = levels(
            recipe.sampler, model.folder.noising, recipe.steps, karras=recipe.levels == "karras"
        )
        size = (recipe.height // model.folder.latent_px, recipe.width // model.folder.latent_px)
        # on the CPU whatever the device: the same seed is the same picture everywhere
        generator = torch.Generator("cpu").manual_seed(recipe.seed)

        def noise() -> Tensor:
            drawn = torch.randn(model.folder.latent_channels, *size, generator=generator)
            return drawn.to(model.device)

        prompt, avoid = model.text.encode_pair(recipe.prompt, recipe.avoid)
        self.contexts = guidance.contexts(prompt, avoid, recipe.guidance)
        self._clock = dict(zip(way.sigmas, way.timesteps, strict=False))
        self._steps = {sigma: step for step, sigma in enumerate(way.sigmas)}
        self._last = way.last
        self._sampling = samplers.start(recipe.sampler, noise() * way.first, way.sigmas, noise)
        self.query = next(self._sampling)

    def take(self, denoised: Tensor) -> None:
        """Go on to the next query, or end.

        Args:
            denoised: The answer to the current query, (C, H, W).
        """
        self.denoised = denoised
        try:
            self.query = self._sampling.send(denoised)
            self.step = self._steps[self.query.sigma]
        except StopIteration as stop:
            self.query, self.latent = None, stop.value * self._last
            self.step = self.recipe.steps


def check(recipe: Recipe, folder: Folder) -> None:
    """Refuse what a model cannot draw.

    Raises:
        BadRecipe: In words for who asked.
    """
    learned = folder.noising.original_inference_steps
    sides = (recipe.width, recipe.height)
    for wrong, words in (
        (recipe.sampler not in samplers.NAMES, f"没有叫 {recipe.sampler} 的采样器"),
        (not 1 <= recipe.steps <= MOST_STEPS, f"步数要在 1 到 {MOST_STEPS} 之间"),
        (recipe.sampler == "lcm" and recipe.steps > learned, f"lcm 最多 {learned} 步"),
        (not math.isfinite(recipe.guidance), "引导强度不是数"),
        (not 0 <= recipe.seed < 2**63, "种子要在 0 到 2**63 - 1 之间"),
        (
            any(side <= 0 or side % folder.multiple_px for side in sides),
            f"宽和高要是 {folder.multiple_px} 的倍数",
        ),
        (recipe.width * recipe.height > MOST_PIXELS, f"最多 {MOST_PIXELS} 像素"),
        (bool(recipe.loras), "还不会用 LoRA"),
    ):
        if wrong:
            raise BadRecipe(words)
