"""What is allowed: counts, steps and sizes put in bounds, and what a job costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from bot import unfold
from bot.errors import NoSource
from bot.request import Request
from bot.size import ModelShape, sized
from bot.style import SEEDS, Style, Styles
from bot.wording import later, say
from generation.recipe import UPSCALES, Recipe

ANY_SEED = -1
MIN_STRENGTH, MAX_HIRES = 0.05, 4
FAST_SHARE = 0.5
"""What a fast picture costs of a usual one, about: guidance in half of the steps leaves three rows
of four, and two steps of three that reuse deep features leave some two thirds of the work. Only
turns are counted in it, so it need not be exact; the engine's pace is learnt from its steps."""
MAX_STAGES = 8
"""Of one picture."""
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
        raise NoSource(say("只有遮罩，没有原图：遮罩要和原图一起给"))
    if not request.source and request.expand:
        raise NoSource(say("要扩画，就要给一张原图"))
    style = styles.chosen(request)
    request = _in_all(_each_once(request, styles))
    for bound in _bounds(config):
        request = _bounded(request, bound)
    fitted = sized(_seeded(request), config.shape(style.model), config.min_px)
    fitted = _staged(fitted, style)
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
    if recipe.until is not None:
        draft = min(recipe.until, recipe.steps) if recipe.hires > 1 else 0
        return draft / recipe.hires**2 + recipe.until - draft
    if recipe.hires > 1:
        return recipe.steps / recipe.hires**2 + part
    return part if recipe.source else recipe.steps


def _cost_of_step(recipe: Recipe) -> float:
    rows = (1 if recipe.guidance == 1 else 2) * (FAST_SHARE if recipe.fast else 1)
    return rows * recipe.width * recipe.height / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """Between what a field must be, and what is said if it was above or below."""

    field: str
    low: float = 1
    high: float
    above: str
    below: str


def _bounds(config: PolicyConfig) -> Iterable[_Bound]:
    return (
        _Bound(
            field="count",
            high=config.max_count,
            above=later("一次最多 {bound:g} 张，已改为 {bound:g} 张"),
            below=later("一次至少 {bound:g} 张，已改为 {bound:g} 张"),
        ),
        _Bound(
            field="steps",
            high=config.max_steps,
            above=later("步数最多 {bound:g}，已改为 {bound:g}"),
            below=later("步数至少 {bound:g}，已改为 {bound:g}"),
        ),
        _Bound(
            field="guidance",
            high=config.max_guidance,
            above=later("引导最多 {bound:g}，已改为 {bound:g}"),
            below=later("引导至少 {bound:g}，已改为 {bound:g}"),
        ),
        _Bound(
            field="strength",
            low=MIN_STRENGTH,
            high=1,
            above=later("重画强度最多 {bound:g}，已改为 {bound:g}"),
            below=later("重画强度至少 {bound:g}，已改为 {bound:g}"),
        ),
        _Bound(
            field="hires",
            high=MAX_HIRES,
            above=later("放大最多 {bound:g} 倍，已改为 {bound:g} 倍"),
            below=later("放大至少 {bound:g} 倍，已改为 {bound:g} 倍"),
        ),
    )


def _each_once(request: Request, styles: Styles) -> Request:
    """Name each style once, by its canonical name, with the weight that was said first."""
    names = [styles.find(name).name for name in request.styles]
    weights = dict(reversed(list(zip(names, request.weights, strict=False))))
    once = tuple(dict.fromkeys(names))
    worn = tuple(weights.get(name, 1.0) for name in once) if weights else ()
    return replace(request, styles=once, weights=worn)


def _in_all(request: Request) -> Request:
    """Count the pictures of all wordings that {红,蓝} stands for."""
    if unfold.many(request.prompt) == 1:
        return request
    return replace(request, count=unfold.pictures(request), total=True)


def _bounded(request: Request, bound: _Bound) -> Request:
    value = getattr(request, bound.field)
    if value is None or bound.low <= value <= bound.high:
        return request
    words, nearest = (bound.above, bound.high) if value > bound.high else (bound.below, bound.low)
    notes = (*request.notes, say(words, bound=nearest))
    return replace(request, **{bound.field: nearest}, notes=notes)


def _seeded(request: Request) -> Request:
    """Bring a seed of the user's own into the range that recipes have.

    -1 is what other studios write for any seed: the door chooses.
    """
    if request.seed is None or 0 <= request.seed < SEEDS:
        return request
    if request.seed == ANY_SEED:
        return replace(request, seed=None)
    seed = request.seed % SEEDS
    note = say("种子要在 0 到 {most} 之间，已改为 {seed}", most=SEEDS - 1, seed=seed)
    return replace(request, seed=seed, notes=(*request.notes, note))


def _useful(request: Request) -> Request:
    """Leave out a strength that nothing is drawn anew with."""
    if request.strength is None or request.source or request.hires > 1:
        return request
    note = say("没有原图，重画强度没有用上")
    return replace(request, strength=None, notes=(*request.notes, note))


def _staged(request: Request, style: Style) -> Request:
    """Let stages rise, within the steps that are taken; of too many, as many spread evenly.

    Nobody is told: it is the program that asks for them, not a user's words.
    """
    if not request.stages:
        return request
    (recipe,) = style.recipes(replace(request, prompt="", count=1, seed=0, stages=()))
    found = sorted({min(stage, recipe.way) for stage in request.stages if stage >= 1})
    if len(found) > MAX_STAGES:
        last = len(found) - 1
        found = [found[round(at * last / (MAX_STAGES - 1))] for at in range(MAX_STAGES)]
    return replace(request, stages=tuple(found))


def _upscaled(request: Request, most_px: int) -> Request:
    """Enlarge the finished picture by what there is, and no further than it may be large."""
    longest = max(request.width or 0, request.height or 0)
    offered = max((by for by in UPSCALES if by <= request.upscale), default=1)
    fits = max(by for by in UPSCALES if by == 1 or (by <= offered and by * longest <= most_px))
    if fits == request.upscale:
        return request
    note = _of_upscale(request.upscale, fits, None if fits == offered else most_px)
    return replace(request, upscale=fits, notes=(*request.notes, note))


def _of_upscale(asked: int, fits: int, most_px: int | None) -> str:
    """Say what an enlargement was changed to, and why: there is none such, or it is too large."""
    if most_px is None:
        if fits == 1:
            return say("成图只能放大 2 倍或 4 倍：{asked} 倍已改为不放大", asked=asked)
        words = later("成图只能放大 2 倍或 4 倍：{asked} 倍已改为放大 {times} 倍")
        return say(words, asked=asked, times=fits)
    if fits == 1:
        words = later("成图放大后每边最多 {most} 像素：{asked} 倍已改为不放大")
        return say(words, most=most_px, asked=asked)
    words = later("成图放大后每边最多 {most} 像素：{asked} 倍已改为放大 {times} 倍")
    return say(words, most=most_px, asked=asked, times=fits)
