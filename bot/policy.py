"""What is allowed: counts, steps and sizes put in bounds, and what a job costs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from bot.errors import NoSource
from bot.request import Request
from bot.size import ModelShape, sized
from bot.style import SEEDS, Styles
from generation.recipe import UPSCALES, Recipe

ANY_SEED = -1
MIN_STRENGTH, MAX_HIRES = 0.05, 4
FAST_SHARE = 0.5
"""What a fast picture costs of a usual one, about: guidance in half of the steps leaves three rows
of four, and two steps of three that reuse deep features leave some two thirds of the work. Only
turns are counted in it, so it need not be exact; the engine's pace is learnt from its steps."""
UPSCALE_STEPS = 2
"""What enlarging a finished picture costs, in steps: about what the embedded network takes."""


class PolicyConfig(BaseModel):
    """[policy] of config.toml: what one request may ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_count: PositiveInt = 4
    """Pictures."""
    max_steps: PositiveInt = 50
    """Denoising steps."""
    max_guidance: float = Field(default=20, ge=1, allow_inf_nan=False)
    """Weight of the prompt; at least 1, which is none."""
    min_px: PositiveInt = 64
    """Shortest side."""
    max_upscaled_px: PositiveInt = 4096
    """Longest side of a finished picture that is enlarged."""
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
        NoSource: It has a mask or margins, but nothing that they belong to.
    """
    if not request.source and request.mask:
        raise NoSource("只有遮罩，没有原图：遮罩要和原图一起给")
    if not request.source and request.expand:
        raise NoSource("要扩画，就要给一张原图")
    style = styles.chosen(request)
    request = _each_once(request, styles)
    for field, low, high, words in _bounds(config):
        request = _bounded(request, field, low, high, words)
    fitted = sized(_seeded(request), config.shape(style.model), config.min_px)
    return _upscaled(_useful(fitted), config.max_upscaled_px)


def cost(recipes: Iterable[Recipe]) -> float:
    """Return what pictures cost: steps × megapixels, twice that with guidance (two rows).

    Of a source only the last part of the way is drawn; a draft comes before what it is enlarged to.
    """
    return sum(
        (_steps(recipe) + (UPSCALE_STEPS if recipe.upscale > 1 else 0)) * _cost_of_step(recipe)
        for recipe in recipes
    )


def _steps(recipe: Recipe) -> float:
    """Return how many steps at the full size take as long."""
    part = max(1.0, recipe.steps * recipe.strength)
    if recipe.hires > 1:
        return recipe.steps / recipe.hires**2 + part
    return part if recipe.source else recipe.steps


def _cost_of_step(recipe: Recipe) -> float:
    rows = (1 if recipe.guidance == 1 else 2) * (FAST_SHARE if recipe.fast else 1)
    return rows * recipe.width * recipe.height / 1e6


def _bounds(config: PolicyConfig) -> Iterable[tuple[str, float, float, str]]:
    return (
        ("count", 1, config.max_count, "一次{most} {bound:g} 张，已改为 {bound:g} 张"),
        ("steps", 1, config.max_steps, "步数{most} {bound:g}，已改为 {bound:g}"),
        ("guidance", 1, config.max_guidance, "引导{most} {bound:g}，已改为 {bound:g}"),
        ("strength", MIN_STRENGTH, 1, "重画强度{most} {bound:g}，已改为 {bound:g}"),
        ("hires", 1, MAX_HIRES, "放大{most} {bound:g} 倍，已改为 {bound:g} 倍"),
    )


def _each_once(request: Request, styles: Styles) -> Request:
    """Name each style once, by its canonical name, with the weight that was said first."""
    names = [styles.find(name).name for name in request.styles]
    weights = dict(reversed(list(zip(names, request.weights, strict=False))))
    once = tuple(dict.fromkeys(names))
    worn = tuple(weights.get(name, 1.0) for name in once) if weights else ()
    return replace(request, styles=once, weights=worn)


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


def _useful(request: Request) -> Request:
    """Leave out a strength that nothing is drawn anew with."""
    if request.strength is None or request.source or request.hires > 1:
        return request
    note = "没有原图，重画强度没有用上"
    return replace(request, strength=None, notes=(*request.notes, note))


def _upscaled(request: Request, most_px: int) -> Request:
    """Enlarge the finished picture by what there is, and no further than it may be large."""
    longest = max(request.width or 0, request.height or 0)
    offered = max((by for by in UPSCALES if by <= request.upscale), default=1)
    fits = max(by for by in UPSCALES if by == 1 or (by <= offered and by * longest <= most_px))
    if fits == request.upscale:
        return request
    why = "只能放大 2 倍或 4 倍" if fits == offered else f"放大后每边最多 {most_px} 像素"
    instead = "不放大" if fits == 1 else f"放大 {fits} 倍"
    note = f"成图{why}：{request.upscale} 倍已改为{instead}"
    return replace(request, upscale=fits, notes=(*request.notes, note))
