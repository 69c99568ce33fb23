"""How large a picture is: as was said, as its source is, or as its model likes it."""

from dataclasses import replace
from math import floor, sqrt

from pydantic import BaseModel, ConfigDict, PositiveInt

from bot.request import Request
from bot.wording import say
from generation.recipe import Expand

Pair = tuple[float, float]
"""Width and height, pixels."""


class ModelShape(BaseModel):
    """Which sizes suit a model."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    native_px: PositiveInt = 512
    """Side of the square that it was trained on; other shapes get the same area."""
    multiple_px: PositiveInt = 8
    """Sides are multiples of this."""
    max_px: PositiveInt = 1024
    """Longest side."""


def sized(request: Request, shape: ModelShape, min_px: int) -> Request:
    """Choose the size that the model can draw and that is nearest to what was asked for.

    Margins and enlargement are made to fit it. Every change of what was said is told in the notes.
    """
    step = shape.multiple_px
    high = max(shape.max_px // step * step, step)
    low = min(-(-min_px // step) * step, high)
    asked = _asked(request, shape)
    shrink = min(1.0, high / max(*asked, 1))
    width, height = (min(max(int(side * shrink / step + 0.5) * step, low), high) for side in asked)
    if shrink == 1.0:
        request = _rounded_up(request, (width, height))
        asked = _asked(request, shape)
    notes = request.notes
    if not _is_free(request) and (width, height) != asked:
        notes = (*notes, _of_size((low, high, step), asked, (width, height)))
    fitted = replace(request, width=width, height=height, notes=notes)
    fitted = _with_margins(fitted, _scale(request, (width, height)), step)
    return _enlarged(fitted, request, high / max(*asked, 1), low)


def _of_size(bounds: tuple[int, int, int], asked: Pair, size: tuple[int, int]) -> str:
    """Say what a size was changed to, and what sides there are: from, to, multiples of."""
    low, high, step = bounds
    return say(
        "每边 {low} 到 {high} 像素，{step} 的倍数：{asked} 已改为 {size}",
        low=low,
        high=high,
        step=step,
        asked=f"{asked[0]:g}×{asked[1]:g}",
        size=f"{size[0]}×{size[1]}",
    )


def _is_free(request: Request) -> bool:
    """Return whether neither words nor a source say how large the picture is."""
    return request.width is None and request.height is None and _natural(request) is None


def _natural(request: Request) -> Pair | None:
    """Return the size of the source with its margins, unless another shape was said."""
    if request.source_px is None or request.aspect is not None:
        return None
    (width, height), margins = request.source_px, request.expand or Expand()
    return width + margins.left + margins.right, height + margins.up + margins.down


def _asked(request: Request, shape: ModelShape) -> Pair:
    """Return width and height, before they are fitted to the model."""
    natural = _natural(request)
    across, down = natural or (1, 1)
    if request.aspect is not None:
        across, down = map(int, request.aspect.split(":"))
    match request.width, request.height:
        case None, None:
            area = shape.native_px**2
            usual = natural or (sqrt(area * across / down), sqrt(area * down / across))
            return usual[0] * request.hires, usual[1] * request.hires
        case width, None:
            return width, width * down / across
        case None, height:
            return height * across / down, height
        case width, height:
            return width, height


def _scale(request: Request, size: tuple[int, int]) -> Pair:
    """Return how much larger the source gets, so that its margins follow."""
    natural = _natural(request)
    if natural is None or None not in (request.width, request.height):
        return 1.0, 1.0
    return size[0] / natural[0], size[1] / natural[1]


def _rounded_up(request: Request, size: tuple[int, int]) -> Request:
    """Make margins a little wider or narrower, so that the source need not be scaled to fit."""
    expand, source_px = request.expand, request.source_px
    if expand is None or source_px is None or _is_sized(request):
        return request
    left, right = _stretched(expand.left, expand.right, size[0] - source_px[0])
    up, down = _stretched(expand.up, expand.down, size[1] - source_px[1])
    return replace(request, expand=replace(expand, left=left, right=right, up=up, down=down))


def _is_sized(request: Request) -> bool:
    return not (request.width is None and request.height is None and request.aspect is None)


def _stretched(first: int, second: int, room: int) -> tuple[int, int]:
    """Return two margins that fill the room; as they were if there is none."""
    if first + second == 0 or room <= 0:
        return first, second
    part = round(room * first / (first + second))
    return part, room - part


def _with_margins(request: Request, scale: Pair, step: int) -> Request:
    """Bring the margins to the size of the picture; some of the source must stay in it."""
    expand, width, height = request.expand, request.width, request.height
    if expand is None or width is None or height is None:
        return request
    if _natural(request) == (width, height):  # the source is drawn as large as it is
        return request
    across = round(expand.left * scale[0]), round(expand.right * scale[0])
    upright = round(expand.up * scale[1]), round(expand.down * scale[1])
    left, right = _beside(*across, width - step)
    up, down = _beside(*upright, height - step)
    words = say(
        "扩画放不下，已改为左 {left}、上 {up}、右 {right}、下 {down} 像素",
        left=left,
        up=up,
        right=right,
        down=down,
    )
    expand = replace(expand, left=left, up=up, right=right, down=down)
    if not (left or up or right or down):
        words, expand = say("扩画的边太窄，没有用上"), None
    elif (left, right) == across and (up, down) == upright:
        return replace(request, expand=expand)
    return replace(request, expand=expand, notes=(*request.notes, words))


def _beside(first: int, second: int, room: int) -> tuple[int, int]:
    """Return two margins that leave room for what is between them."""
    if first + second <= room:
        return first, second
    return first * room // (first + second), second * room // (first + second)


def _enlarged(fitted: Request, request: Request, fits: float, low: int) -> Request:
    """Bring the enlargement to the size of the picture.

    A source needs none: it is enlarged itself, and then drawn anew. A draft must fit the model
    too, from the smallest side that it draws.

    Args:
        fitted: Its size is settled.
        request: As it was before.
        fits: The most by which what was asked for could still grow; below 1 it was too large.
        low: Shortest side.
    """
    free = request.width is None and request.height is None
    if request.source:
        unused = request.hires > 1 and not free
        words = [say("有原图时照说好的大小画，放大没有用上")] if unused else []
        notes = (*fitted.notes, *words)
        return replace(fitted, hires=1.0, notes=notes)
    most = request.hires * min(1.0, fits) if free else request.hires
    if fitted.width is not None and fitted.height is not None:
        most = min(most, min(fitted.width, fitted.height) / low)
    if most >= request.hires:
        return fitted
    hires = max(1.0, floor(most * 100) / 100)
    words = say("放大 {asked:g} 倍放不下，已改为 {times:g} 倍", asked=request.hires, times=hires)
    if hires == request.hires:
        return fitted
    return replace(fitted, hires=hires, notes=(*fitted.notes, words))
