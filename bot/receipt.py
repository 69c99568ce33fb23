"""One line of what was understood: 竖版 · 水墨 · 3 张 · 不要：文字 · 种子 42."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from bot import unfold
from bot.request import Request
from bot.wording import later, say

BETWEEN = " · "
SHAPES = {"2:3": later("竖版"), "3:2": later("横版"), "1:1": later("方图")}
"""What a shape is called; any other is said as its ratio."""
SHOWN = 40
"""Characters of what is not wanted that are repeated."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was understood."""

    words: str
    struck: str = ""
    """What was said in its place, but is not done."""


def facts(asked: Request, settled: Request, before: Request | None = None) -> Iterator[Fact]:
    """Yield what a request was understood as; what nothing was said of is left out.

    Args:
        asked: As it was said.
        settled: As it is drawn.
        before: What it was derived from; size and seed that come from there were not said.
    """
    handed_on = {said for said in (_size, _seed) if before and said(asked) == said(before)}
    sized = asked.width is not None or asked.height is not None
    form = _size if sized and _size not in handed_on else _aspect
    for said in (form, *_SAID):
        was, now = said(asked), said(settled)
        if was and said not in handed_on:
            yield Fact(now, "" if was == now or said in _NAMES else was)


def written(found: Iterable[Fact]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return facts as one line, and start and end of what is struck through in it."""
    line, struck = "", list[tuple[int, int]]()
    for fact in found:
        line += BETWEEN if line else ""
        if fact.struck:
            struck.append((len(line), len(line) + len(fact.struck)))
            line += fact.struck + (" " if fact.words else "")
        line += fact.words
    return line, tuple(struck)


def _size(request: Request) -> str:
    return f"{request.width or '?'}×{request.height or '?'}"


def shape(aspect: str) -> str:
    """Return what a shape is called, or else its ratio."""
    return say(SHAPES[aspect]) if aspect in SHAPES else aspect


def things(avoid: str) -> str:
    """Return what is not wanted as a list; a long one is cut."""
    said = avoid.replace(",", say("、"))
    return said if len(said) <= SHOWN else said[: SHOWN - 1] + "…"


def _aspect(request: Request) -> str:
    return shape(request.aspect) if request.aspect else ""


def _styles(request: Request) -> str:
    pairs = zip_longest(request.styles, request.weights)
    return "＋".join(f"{name} {weight:g}" if weight is not None else name for name, weight in pairs)


def _steps(request: Request) -> str:
    return "" if request.steps is None else say("{steps} 步", steps=request.steps)


def _guidance(request: Request) -> str:
    return "" if request.guidance is None else say("引导 {weight:g}", weight=request.guidance)


def _strength(request: Request) -> str:
    return "" if request.strength is None else say("重画 {share:g}", share=request.strength)


def _hires(request: Request) -> str:
    return "" if request.hires == 1 else say("先小后大 {times:g} 倍", times=request.hires)


def _upscale(request: Request) -> str:
    return "" if request.upscale == 1 else say("放大 {times} 倍", times=request.upscale)


def _seed(request: Request) -> str:
    return "" if request.seed is None else say("种子 {seed}", seed=request.seed)


def _model(request: Request) -> str:
    return say("模型 {name}", name=request.model) if request.model else ""


def _count(request: Request) -> str:
    count = unfold.pictures(request)
    return "" if count == 1 else say("{count} 张", count=count)


def _avoid(request: Request) -> str:
    return say("不要：{things}", things=things(request.avoid)) if request.avoid else ""


def _fast(request: Request) -> str:
    return say("快速") if request.fast else ""


_NAMES = (_styles, _avoid)
"""What may be put in other words, but is not clamped."""
_SAID: tuple[Callable[[Request], str], ...] = (
    *(_styles, _model, _count, _avoid),
    *(_steps, _guidance, _strength, _hires, _upscale, _seed, _fast),
)
"""What is said of one request, in this order; empty where nothing is."""
