"""What a picture of the training set holds, and the caption that says so."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from generation.training.noun import NOUNS

COLOURS = ("红", "蓝", "绿", "黄", "紫", "黑", "白", "粉")
"""Colours that a thing or a plain background can have, as one character."""

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

SIZES = ((128, 128), (96, 160), (160, 96))
"""Width and height in pixels: square, upright (竖版), broad (横版)."""

_DIGITS = "一两三四"
_FILLERS = ("可爱的", "漂亮的", "开心的", "好看的")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Some of one noun, all alike."""

    noun: str
    count: int
    """From 1 to 4."""
    colour: str | None = None
    """One of COLOURS, or None for the glyph's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one glyph stands."""

    noun: str
    colour: str | None
    x: float
    """Centre, as a share of the width."""
    y: float
    """Centre, as a share of the height."""
    size: float
    """Longest side, as a share of the picture's shorter side."""
    mirrored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that decides one picture of the training set, and its caption."""

    width: int
    height: int
    things: tuple[Thing, ...]
    places: tuple[Place, ...]
    backdrop: str | None
    """One of BACKDROPS, or None for a plain one."""
    wash: str | None
    """Colour of the plain background where the caption names it; else a pale one is drawn."""
    treatment: str | None
    grain: int
    """Seed of the picture's textures."""
    caption: str

    @property
    def easy(self) -> bool:
        """Whether it shows one thing, in no style: what a beginner learns from."""
        return self.treatment is None and len(self.places) == 1


def words_besides_nouns() -> tuple[str, ...]:
    """List all that captions are made of besides the nouns and their measure words."""
    places = (way for name, ways in BACKDROPS.items() for way in (name, *ways))
    styles = (way for name, ways in TREATMENTS.items() for way in (name, *ways))
    rest = ("和与，的在色", "背景", "风格", _DIGITS, "1234")
    return (*COLOURS, *places, *styles, *rest, *_FILLERS)


def compose(seed: int, number: int) -> Scene:
    """Make scene `number` of the training set `seed`; the same two make the same scene."""
    rng = np.random.default_rng([seed, number])
    width, height = SIZES[int(rng.choice(3, p=(0.7, 0.15, 0.15)))]
    things = _things(rng)
    backdrop = _pick(rng, tuple(BACKDROPS)) if rng.random() < 0.5 else None
    wash = _pick(rng, COLOURS) if backdrop is None and rng.random() < 0.3 else None
    if wash is not None and any(thing.colour == wash for thing in things):
        wash = None
    treatment = _pick(rng, tuple(TREATMENTS)) if rng.random() < 0.4 else None
    return Scene(
        width=width,
        height=height,
        things=things,
        places=_places(rng, things, width / height),
        backdrop=backdrop,
        wash=wash,
        treatment=treatment,
        grain=int(rng.integers(2**31)),
        caption=_caption(rng, things, backdrop, wash, treatment),
    )


def _pick(rng: Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _things(rng: Generator) -> tuple[Thing, ...]:
    names = tuple(NOUNS)
    if rng.random() < 0.12:
        first, second = (names[int(i)] for i in rng.choice(len(names), 2, replace=False))
        return (Thing(noun=first, count=1), Thing(noun=second, count=1))
    count = 1 + int(rng.choice(4, p=(0.64, 0.14, 0.12, 0.10)))
    colour = _pick(rng, COLOURS) if rng.random() < 0.25 else None
    return (Thing(noun=_pick(rng, names), count=count, colour=colour),)


_ROWS: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.5, 0.54),),
    2: ((0.27, 0.56), (0.73, 0.56)),
    3: ((0.5, 0.29), (0.26, 0.72), (0.74, 0.72)),
    4: ((0.27, 0.29), (0.73, 0.29), (0.27, 0.74), (0.73, 0.74)),
}
_BROAD_ROWS = _ROWS | {
    2: ((0.28, 0.55), (0.72, 0.55)),
    3: ((0.18, 0.55), (0.5, 0.55), (0.82, 0.55)),
}
_UPRIGHT_ROWS = _ROWS | {
    2: ((0.5, 0.28), (0.5, 0.73)),
    3: ((0.5, 0.2), (0.5, 0.51), (0.5, 0.82)),
}
_LARGEST = {1: 0.86, 2: 0.5, 3: 0.46, 4: 0.46}
_LARGEST_LONG = {1: 0.92, 2: 0.74, 3: 0.54, 4: 0.46}


def _places(rng: Generator, things: tuple[Thing, ...], ratio: float) -> tuple[Place, ...]:
    each = [thing for thing in things for _ in range(thing.count)]
    rows = _ROWS if ratio == 1 else _BROAD_ROWS if ratio > 1 else _UPRIGHT_ROWS
    largest = (_LARGEST if ratio == 1 else _LARGEST_LONG)[len(each)]
    size = largest * float(rng.uniform(0.78, 1.0))
    slack = 0.04 if len(each) == 1 else 0.02
    shift = rng.uniform(-slack, slack, 2)
    places: list[Place] = []
    for thing, (x, y) in zip(each, rows[len(each)], strict=True):
        jitter = rng.uniform(-0.02, 0.02, 2) + shift
        places.append(
            Place(
                noun=thing.noun,
                colour=thing.colour,
                x=x + float(jitter[0]),
                y=y + float(jitter[1]),
                size=size,
                mirrored=bool(rng.random() < 0.25),
            )
        )
    return tuple(places)


def _caption(
    rng: Generator,
    things: tuple[Thing, ...],
    backdrop: str | None,
    wash: str | None,
    treatment: str | None,
) -> str:
    words = _pick(rng, ("和", "和", "与")).join(_say_thing(rng, thing) for thing in things)
    if backdrop is not None:
        words = _say_backdrop(rng, words, backdrop)
    elif wash is not None:
        colour = f"{wash}色背景"
        words = _pick(rng, (f"{words}，{colour}", f"{colour}的{words}", f"{colour}，{words}"))
    if treatment is None:
        return words
    chance = float(rng.random())
    if chance < 0.7:
        return f"{words}，{treatment}风"
    if chance < 0.8:
        return f"{words}，{treatment}风格"
    name = _pick(rng, TREATMENTS[treatment])
    return f"{words}，{name}" if chance < 0.9 else f"{name}，{words}"


def _say_thing(rng: Generator, thing: Thing) -> str:
    noun = NOUNS[thing.noun]
    name = noun.name
    if noun.aliases and rng.random() < 0.15:
        name = _pick(rng, noun.aliases)
    measure = noun.measures[0]
    if rng.random() < 0.2:
        measure = _pick(rng, tuple(noun.measures))
    number = _DIGITS[thing.count - 1]
    if thing.count > 1 and rng.random() < 0.08:
        number = str(thing.count)
    amount = "" if thing.count == 1 and rng.random() < 0.35 else number + measure
    if rng.random() < 0.05:
        name = _pick(rng, _FILLERS) + name
    if thing.colour is None:
        return amount + name
    colour = f"{thing.colour}色的"
    if rng.random() < 0.15:
        colour = thing.colour + "色"
    return amount + colour + name


def _say_backdrop(rng: Generator, words: str, backdrop: str) -> str:
    ways = BACKDROPS[backdrop]
    where = ways[0] if rng.random() < 0.6 else _pick(rng, ways)
    chance = float(rng.random())
    if chance < 0.4:
        return f"{where}的{words}"
    if chance < 0.7:
        return f"{words}在{where}"
    if chance < 0.85:
        return f"{words}，{backdrop}"
    return f"{backdrop}，{words}"
