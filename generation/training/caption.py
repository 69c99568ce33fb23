"""Captions: a scene in the words that people type, and that the bot's styles add."""

from numpy.random import Generator

from generation.training.draw import chance, pick, rank
from generation.training.noun import COLOURS, NOUNS, Thing

BACKDROPS: dict[str, tuple[str, ...]] = {
    "雪地": ("雪地里", "雪地上", "雪中"),
    "草地": ("草地上", "草原上"),
    "海底": ("海底", "海里", "水下"),
    "星空": ("星空下", "夜空下", "夜里"),
    "日落": ("日落时", "夕阳下", "黄昏时"),
    "沙漠": ("沙漠里", "沙漠中"),
    "森林": ("森林里", "树林里"),
}
"""Drawn backgrounds and the ways to say that something is there, the usual one first."""

TREATMENTS: dict[str, tuple[str, ...]] = {
    "水墨": ("水墨画", "国画"),
    "素描": ("素描画", "铅笔画"),
    "像素": ("像素画",),
    "油画": ("油画",),
    "剪纸": ("剪纸",),
    "水彩": ("水彩画",),
}
"""Picture styles and what a picture in that style is called."""

_DIGITS = "一两三四"
_FILLERS = ("可爱的", "漂亮的", "开心的", "好看的")


def words_besides_nouns() -> tuple[str, ...]:
    """List all that captions are made of besides the nouns and their measure words."""
    places = (way for name, ways in BACKDROPS.items() for way in (name, *ways))
    styles = (way for name, ways in TREATMENTS.items() for way in (name, *ways))
    rest = ("和与，的在色", "背景", "风格", _DIGITS, "1234")
    return (*COLOURS, *places, *styles, *rest, *_FILLERS)


def say(
    rng: Generator,
    things: tuple[Thing, ...],
    backdrop: str | None,
    wash: str | None,
    treatment: str | None,
) -> str:
    """Say what a scene holds, in one of many ways."""
    words = pick(rng, ("和", "和", "与")).join(_say_thing(rng, thing) for thing in things)
    if backdrop is not None:
        words = _say_backdrop(rng, words, backdrop)
    elif wash is not None:
        colour = f"{wash}色背景"
        words = pick(rng, (f"{words}，{colour}", f"{colour}的{words}", f"{colour}，{words}"))
    return words if treatment is None else _say_treatment(rng, words, treatment)


def _say_treatment(rng: Generator, words: str, treatment: str) -> str:
    match rank(rng, (0.7, 0.8, 0.9)):
        case 0:
            return f"{words}，{treatment}风"
        case 1:
            return f"{words}，{treatment}风格"
        case 2:
            return f"{words}，{pick(rng, TREATMENTS[treatment])}"
        case _:
            return f"{pick(rng, TREATMENTS[treatment])}，{words}"


def _say_thing(rng: Generator, thing: Thing) -> str:
    noun = NOUNS[thing.noun]
    name = noun.name
    if noun.aliases and chance(rng, 0.15):
        name = pick(rng, noun.aliases)
    amount = _say_amount(rng, noun.measures, thing.count)
    if chance(rng, 0.05):
        name = pick(rng, _FILLERS) + name
    if thing.colour is None:
        return amount + name
    of = "" if chance(rng, 0.15) else "的"
    return f"{amount}{thing.colour}色{of}{name}"


def _say_amount(rng: Generator, measures: str, count: int) -> str:
    measure = measures[0]
    if chance(rng, 0.2):
        measure = pick(rng, tuple(measures))
    number = _DIGITS[count - 1]
    if count > 1 and chance(rng, 0.08):
        number = str(count)
    return "" if count == 1 and chance(rng, 0.35) else number + measure


def _say_backdrop(rng: Generator, words: str, backdrop: str) -> str:
    ways = BACKDROPS[backdrop]
    where = ways[0] if chance(rng, 0.6) else pick(rng, ways)
    match rank(rng, (0.4, 0.7, 0.85)):
        case 0:
            return f"{where}的{words}"
        case 1:
            return f"{words}在{where}"
        case 2:
            return f"{words}，{backdrop}"
        case _:
            return f"{backdrop}，{words}"
