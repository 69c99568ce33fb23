"""What is allowed: counts, steps and sizes put in bounds, and what a job costs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import sqrt

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from bot.request import Request
from bot.style import SEEDS, Styles
from generation.recipe import Recipe

ANY_SEED = -1

_SECTION = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ModelShape(BaseModel):
    """Which sizes suit a model."""

    model_config = _SECTION

    native_px: PositiveInt = 512
    """Side of the square that it was trained on; other shapes get the same area."""
    multiple_px: PositiveInt = 8
    """Sides are multiples of this."""
    max_px: PositiveInt = 1024
    """Longest side."""


class PolicyConfig(BaseModel):
    """[policy] of config.toml: what one request may ask for."""

    model_config = _SECTION

    max_count: PositiveInt = 4
    """Pictures."""
    max_steps: PositiveInt = 50
    """Denoising steps."""
    max_guidance: float = Field(default=20, ge=1, allow_inf_nan=False)
    """Weight of the prompt; at least 1, which is none."""
    min_px: PositiveInt = 64
    """Shortest side."""
    models: Mapping[str, ModelShape] = Field(default_factory=dict[str, ModelShape])
    """Which sizes suit a model, by name; else its own folder tells."""

    def shape(self, model: str) -> ModelShape:
        """Return which sizes suit a model."""
        return self.models.get(model) or ModelShape()


def settle(request: Request, styles: Styles, config: PolicyConfig) -> Request:
    """Return the request within bounds, with its size; every change is told in its notes.

    Settling twice changes nothing more.

    Raises:
        UnknownStyle: It asks for a style that there is not.
    """
    style = styles.chosen(request)
    names = tuple(dict.fromkeys(styles.find(name).name for name in request.styles))
    request = replace(request, styles=names)
    for field, low, high, words in _bounds(config):
        request = _bounded(request, field, low, high, words)
    return _sized(_seeded(request), config.shape(style.model), config.min_px)


def cost(recipes: Iterable[Recipe]) -> float:
    """Return what pictures cost: steps × megapixels, twice that with guidance."""
    return sum(recipe.steps * cost_of_step(recipe) for recipe in recipes)


def cost_of_step(recipe: Recipe) -> float:
    """Return what one step of a picture costs: megapixels, twice with guidance (two rows)."""
    return (1 if recipe.guidance == 1 else 2) * recipe.width * recipe.height / 1e6


def _bounds(config: PolicyConfig) -> Iterable[tuple[str, float, float, str]]:
    return (
        ("count", 1, config.max_count, "一次{most} {bound:g} 张，已改为 {bound:g} 张"),
        ("steps", 1, config.max_steps, "步数{most} {bound:g}，已改为 {bound:g}"),
        ("guidance", 1, config.max_guidance, "引导{most} {bound:g}，已改为 {bound:g}"),
    )


def _bounded(request: Request, field: str, low: float, high: float, words: str) -> Request:
    value = getattr(request, field)
    if value is None or low <= value <= high:
        return request
    most, bound = ("最多", high) if value > high else ("至少", low)
    note = words.format(most=most, bound=bound)
    return replace(request, **{field: bound}, notes=(*request.notes, note))


def _seeded(request: Request) -> Request:
    """Bring a seed of the user's own into the range that recipes have.

    -1 is what other studios write for any seed: the door chooses.
    """
    if request.seed is None or 0 <= request.seed < SEEDS:
        return request
    if request.seed == ANY_SEED:
        return replace(request, seed=None)
    seed = request.seed % SEEDS
    note = f"种子要在 0 到 {SEEDS - 1} 之间，已改为 {seed}"
    return replace(request, seed=seed, notes=(*request.notes, note))


def _sized(request: Request, shape: ModelShape, min_px: int) -> Request:
    """Choose the size that the model can draw and that is nearest to what was asked for."""
    width, height = _wanted(request, shape)
    step = shape.multiple_px
    high = max(shape.max_px // step * step, step)
    low = min(-(-min_px // step) * step, high)
    shrink = min(1.0, high / max(width, height, 1))
    fitted = [
        min(max(int(side * shrink / step + 0.5) * step, low), high) for side in (width, height)
    ]
    notes = request.notes
    said = request.width is not None or request.height is not None
    if said and fitted != [width, height]:
        asked = f"{width:g}×{height:g}"
        given = f"{fitted[0]}×{fitted[1]}"
        notes = (*notes, f"每边 {low} 到 {high} 像素，{step} 的倍数：{asked} 已改为 {given}")
    return replace(request, width=fitted[0], height=fitted[1], notes=notes)


def _wanted(request: Request, shape: ModelShape) -> tuple[float, float]:
    """Return width and height in pixels, before they are fitted to the model."""
    across, down = map(int, request.aspect.split(":")) if request.aspect else (1, 1)
    match request.width, request.height:
        case None, None:
            area = shape.native_px**2
            return sqrt(area * across / down), sqrt(area * down / across)
        case width, None:
            return width, width * down / across
        case None, height:
            return height * across / down, height
        case width, height:
            return width, height
