"""A picture in the making."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from generation import samplers, source
from generation.errors import BadRecipe, EngineError
from generation.language.wording import Words, named
from generation.lora.adapter import Lora
from generation.lora.slots import Stack
from generation.plan import Plan, plan
from generation.pool import Pool, Start
from generation.recipe import UPSCALES, Picture, Recipe
from generation.source import Source
from generation.zoo.folder import Folder
from generation.zoo.model import Model

MOST_STEPS = 250
"""Of one picture; many more would fall on the same ticks of a model's clock."""
MOST_PIXELS = 4096 * 4096
"""Of one picture as it is handed out; it must fit in a frame."""
MOST_HIRES = 4.0
WHOLE_EVERY = 3
"""Calls from one whole step of the fast tier to the next. Ma et al. 2023, arXiv:2312.00858,
Table 3: at three most of the gain is had for little loss."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where its state is."""

    pool: Pool
    number: int


class Canvas:
    """One picture in the making: its plan, how far it is, and where its state is."""

    plan: Plan
    """Of the pass that it is in; made by fit."""

    def __init__(
        self, recipe: Recipe, images: Mapping[str, bytes], *, owner: str, now_s: float
    ) -> None:
        self.recipe, self.images, self.owner = recipe, images, owner
        self.words = Words(prompt=recipe.prompt, avoid=recipe.avoid)
        """What the model reads: those of the recipe, or what became of them."""
        self.unknown: tuple[str, ...] = ()
        """What of its words the model does not know."""
        self.admitted_s = self.shown_s = now_s
        """When it came, and when it was last shown."""
        self.call = 0
        """Calls of the network done in this pass."""
        self.place: Place | None = None
        """Where its state is, between begin and the end of its last pass."""
        self.worn: Stack | None = None
        """Its LoRAs, as its rows wear them."""
        self.tokens = 0
        """Length of its context."""
        self.deep_rows = 0
        """How many of its rows have deep features of a whole step."""
        self.latent: Tensor | None = None
        """What its last pass ended with, (C, H, W)."""
        self.picture: Picture | None = None
        self.error: EngineError | None = None
        self.source: Source | None = None
        self.keeps = False
        """Whether a part of its source is blended in at each step."""
        self._small = recipe.hires > 1
        """Whether it is in the first of two passes."""
        self._multiple = 1
        """What sides are multiples of, in pixels; by its model."""
        self._done = 0
        """Steps of passes before this one."""
        self._generator = torch.Generator("cpu")
        self._context = torch.empty(0)

    @property
    def at(self) -> Place:
        """Its place, while it has one.

        Raises:
            RuntimeError: It has not begun, or has ended.
        """
        if self.place is None:
            raise RuntimeError("a canvas without a place does not step")
        return self.place

    @property
    def model(self) -> str:
        """Name of the model that it needs in memory."""
        return self.recipe.model

    @property
    def rows(self) -> int:
        """How many rows of a batch its next call takes: another for what is to be avoided."""
        return 2 if self.plan.guided[min(self.call, self.plan.calls - 1)] else 1

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user."""
        unknown = named(self.unknown)
        odd = [f"这个模型不认识{unknown}，没有用上"] if unknown else []
        return (*self.words.notes, *odd, *(self.source.notes if self.source else ()))

    @property
    def shallow(self) -> bool:
        """Whether its next step takes deep features of an earlier one.

        By its own calls, not by those of the batch: the same recipe is the same picture.
        """
        return bool(self.recipe.fast and self.call % WHOLE_EVERY and self.deep_rows >= self.rows)

    @property
    def shape(self) -> Hashable:
        """Canvases of equal shape may share a batch."""
        return (self.recipe.model, *self.size_px, self.tokens)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the pass that it is in."""
        recipe = self.recipe
        return small(recipe, self._multiple) if self._small else (recipe.width, recipe.height)

    @property
    def step_cost(self) -> float:
        """Megapixels of its rows in a step."""
        width, height = self.size_px
        return self.rows * width * height / 1e6

    @property
    def whole_cost(self) -> float:
        """About what all its steps cost."""
        recipe = self.recipe
        rows = 1 if recipe.guidance == 1 else 2
        return rows * self.steps * recipe.width * recipe.height / 1e6

    @property
    def step(self) -> int:
        """Steps done."""
        if self.latent is not None:
            return self.steps
        return self._done + (self.plan.steps[self.call] if self.call else 0)

    @property
    def steps(self) -> int:
        """Steps of all passes together, as far as it goes."""
        # of what was refused nothing can be reckoned
        return self.recipe.steps if self.error else steps(self.recipe)

    def fit(self, model: Model) -> None:
        """Learn what the scheduler must know: how large it is to the model, and its plan.

        Raises:
            BadRecipe: The model cannot draw this.
        """
        recipe, folder = self.recipe, model.folder
        check_fit(recipe, folder)
        self._multiple = folder.multiple_px
        text, words = model.text, self.words
        self.tokens = text.tokens(words.prompt, words.avoid)
        self.unknown = (*text.unknown(words.prompt), *text.unknown(words.avoid))
        strength = recipe.strength if recipe.source else 1.0
        self.plan = plan(recipe, folder.noising, strength=strength, until=recipe.until)

    def begin(self, model: Model, loras: Sequence[tuple[Lora, float]]) -> Start:
        """Read the prompt and the source, and draw the first noise, as diffusers does.

        Returns:
            What the canvas brings to its place.

        Raises:
            BadRecipe: The source cannot be used.
        """
        recipe = self.recipe
        self._generator.manual_seed(recipe.seed)
        prompt, avoid = model.text.encode_pair(self.words.prompt, self.words.avoid, loras)
        self._context = torch.stack([avoid, prompt]).float()  # (SIDES, N, D)
        self.source = source.prepare(recipe, self.images, model.folder)
        self.images = {}
        if self.source is not None:
            return self._from_source(model, self.source)
        noise = self._noise(model, latent_size(self.size_px, model.folder))
        return self._start(model, noise * self.plan.first, extra=self._hidden(model))

    def stepped(self, *, shallow: bool) -> None:
        """Take note of a step."""
        if not shallow:
            self.deep_rows = self.rows
        self.call += 1

    def end_pass(self, model: Model, latent: Tensor) -> Start | None:
        """Take what a pass ended with, (C, H, W), and return what another begins with, if any."""
        if not self._small:
            self.latent = latent
            return None
        recipe, done = self.recipe, self.plan.steps[-1]
        self._done, self._small, self.call, self.deep_rows = done, False, 0, 0
        size = latent_size(self.size_px, model.folder)
        clean = functional.interpolate(latent[None], size=size, mode="bilinear")[0]
        if recipe.until is not None and recipe.until <= done:  # the draft, in the picture's size
            self.latent = clean
            return None
        until = None if recipe.until is None else recipe.until - done
        self.plan = plan(recipe, model.folder.noising, strength=recipe.strength, until=until)
        noise = self._noise(model, size)
        return self._start(model, clean + self.plan.start * noise, extra=self._hidden(model))

    def _from_source(self, model: Model, given: Source) -> Start:
        """Return a start on the way down from the source.

        What is drawn from the seed comes in the order of diffusers' pipelines: the source's
        latent, the noise, the latent of what is left of a masked source, noise on the way. All of
        a mask begins as noise alone.
        """
        size = latent_size(self.size_px, model.folder)
        inpaint, whole = model.folder.inpaint, given.mask is not None and self.recipe.strength == 1
        kept = None
        if not (inpaint and whole):
            kept = model.encode(given.image[None].to(model.device), self._generator)[0]
        noise = self._noise(model, size)
        x = noise * self.plan.first
        if kept is not None and not whole:
            x = kept + self.plan.start * noise
        mask = torch.ones_like(given.image[:1]) if given.mask is None else given.mask
        small = source.latent_mask(mask, model.folder).to(model.device)
        if inpaint:  # it is shown what to keep, and is left to keep it; of halves it knows nothing
            small = (small >= source.HALF).float()
            hidden = (given.image * (mask < source.HALF))[None].to(model.device)
            left = model.encode(hidden, self._generator)[0]
            return self._start(model, x, extra=torch.cat([small, left]))
        if given.mask is None:
            return self._start(model, x)
        self._noise(model, size)  # theirs: the latent of what is left, of which only 9 channels ask
        self.keeps = True
        return self._start(model, x, kept=kept, kept_noise=noise, mask=small)

    def _start(self, model: Model, x: Tensor, **more: Tensor | None) -> Start:
        fresh = [self._noise(model, tuple(x.shape[1:])) for _ in self.plan.fresh]
        return Start(
            x=x,
            context=self._context,
            numbers=self.plan.numbers,
            fresh=torch.stack(fresh) if fresh else x.new_empty(0, *x.shape),
            **more,
        )

    def _noise(self, model: Model, size: tuple[int, ...]) -> Tensor:
        """Return noise of standard deviation 1, (C, H, W)."""
        # on the CPU whatever the device: the same seed is the same picture everywhere
        drawn = torch.randn(model.folder.latent_channels, *size, generator=self._generator)
        return drawn.to(model.device)

    def _hidden(self, model: Model) -> Tensor | None:
        """Return what a network that is shown mask and source is shown when there is neither.

        All is to be drawn, and of the source, which is grey, nothing is known.
        """
        if not model.folder.inpaint:
            return None
        width, height = self.size_px
        grey = model.encode(torch.zeros(1, 3, height, width, device=model.device), self._generator)
        return torch.cat([torch.ones_like(grey[0, :1]), grey[0]])


def steps(recipe: Recipe) -> int:
    """Return how many steps a recipe takes, those of all its passes."""
    return recipe.way if recipe.until is None else recipe.until


def small(recipe: Recipe, multiple: int) -> tuple[int, int]:
    """Return width and height of the first of two passes."""
    sides = (recipe.width, recipe.height)
    width, height = (max(1, round(side / recipe.hires / multiple)) * multiple for side in sides)
    return width, height


def latent_size(size_px: tuple[int, int], folder: Folder) -> tuple[int, int]:
    """Return (H, W) of the latent of a picture of (width, height)."""
    width, height = size_px
    return height // folder.latent_px, width // folder.latent_px


def check(recipe: Recipe) -> None:
    """Refuse what no model can draw.

    Raises:
        BadRecipe: In words for who asked.
    """
    numbers = (recipe.guidance, recipe.strength, recipe.hires, *recipe.loras.values())
    _refuse(
        (recipe.sampler not in samplers.NAMES, f"没有叫 {recipe.sampler} 的采样器"),
        (not 1 <= recipe.steps <= MOST_STEPS, f"步数要在 1 到 {MOST_STEPS} 之间"),
        (not all(map(math.isfinite, numbers)), "引导、强度、放大和权重要是数"),
        (not 0 <= recipe.seed < 2**63, "种子要在 0 到 2**63 - 1 之间"),
        (min(recipe.width, recipe.height) <= 0, "宽和高要大于 0"),
        (recipe.upscale not in UPSCALES, "放大网络只放大 2 倍或 4 倍"),
        (math.prod(recipe.picture_px) > MOST_PIXELS, f"最多 {MOST_PIXELS} 像素，放大后也是"),
        (not 0 < recipe.strength <= 1, "重画强度要大于 0，最多 1"),
        (not 1 <= recipe.hires <= MOST_HIRES, f"放大要在 1 到 {MOST_HIRES:g} 倍之间"),
        (recipe.hires > 1 and bool(recipe.source), "有原图时不能先小后大"),
    )
    if recipe.until is not None:
        last = recipe.way - 1
        words = f"中途停下要在 1 到 {last} 步之间" if last else "只有 1 步，不能中途停下"
        _refuse((not 1 <= recipe.until <= last, words))


def check_fit(recipe: Recipe, folder: Folder) -> None:
    """Refuse what this model cannot draw.

    Raises:
        BadRecipe: In words for who asked.
    """
    learned, multiple = folder.noising.original_inference_steps, folder.multiple_px
    sides = (recipe.width, recipe.height)
    _refuse(
        (recipe.sampler == "lcm" and recipe.steps > learned, f"lcm 最多 {learned} 步"),
        (any(side % multiple for side in sides), f"宽和高要是 {multiple} 的倍数"),
    )


def _refuse(*faults: tuple[bool, str]) -> None:
    for wrong, words in faults:
        if wrong:
            raise BadRecipe(words)
