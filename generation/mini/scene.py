"""What a picture of the training set holds, and the caption that says so."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from generation.mini.caption import BACKDROPS, SIDES, say
from generation.mini.draw import chance, pick
from generation.mini.noun import COLOURS, NOUNS, Thing

SIZES = ((256, 256), (192, 320), (320, 192))
"""Width and height in pixels: square, upright (竖版), broad (横版)."""

_HELD_OUT = 12
"""One of so many combinations is never trained on."""


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
    side: str | None
    """One of SIDES where the only thing stands, or None for the middle."""
    grain: int
    """Seed of the picture's textures."""
    caption: str

    @property
    def easy(self) -> bool:
        """Whether it shows one thing in the middle: what a beginner learns from."""
        return len(self.places) == 1 and self.side is None

    @property
    def held_out(self) -> bool:
        """Whether its combination is kept from training, to ask the trained model for it.

        A combination is what is said of each thing and where it is; a thing of which nothing
        is said is no combination.
        """
        return any(_kept_back(thing, self.backdrop or self.wash) for thing in self.things)


def _kept_back(thing: Thing, where: str | None) -> bool:
    if thing.colour is None and thing.count == 1 and where is None:
        return False
    words = f"{thing.noun}/{thing.colour}/{thing.count}/{where}"
    return hashlib.sha256(words.encode()).digest()[0] % _HELD_OUT == 0


def compose(seed: int, number: int) -> Scene:
    """Make scene `number` of the training set `seed`; the same two make the same scene."""
    for attempt in range(100):
        scene = _compose(np.random.default_rng([seed, number, attempt]))
        if not scene.held_out:
            return scene
    raise AssertionError("unreachable: one combination in twelve is held out")


def _compose(rng: Generator) -> Scene:
    width, height = SIZES[int(rng.choice(3, p=(0.8, 0.1, 0.1)))]
    things = _things(rng)
    backdrop = pick(rng, tuple(BACKDROPS)) if chance(rng, 0.55) else None
    wash = pick(rng, tuple(COLOURS)) if backdrop is None and chance(rng, 0.3) else None
    if wash is not None and any(thing.colour == wash for thing in things):
        wash = None
    alone = len(things) == things[0].count == 1
    side = pick(rng, SIDES) if alone and width == height and chance(rng, 0.08) else None
    return stage(rng, things, (width, height), backdrop=backdrop, wash=wash, side=side)


def stage(
    rng: Generator,
    things: tuple[Thing, ...],
    size: tuple[int, int] = SIZES[0],
    *,
    backdrop: str | None = None,
    wash: str | None = None,
    side: str | None = None,
) -> Scene:
    """Place the things, and leave to chance only what the arguments do not say."""
    return Scene(
        width=size[0],
        height=size[1],
        things=things,
        places=_places(rng, things, size[0] / size[1], side),
        backdrop=backdrop,
        wash=wash,
        side=side,
        grain=int(rng.integers(2**31)),
        caption=say(rng, things, backdrop, wash, side),
    )


def _things(rng: Generator) -> tuple[Thing, ...]:
    names = tuple(NOUNS)
    if chance(rng, 0.14):
        pair = (names[int(i)] for i in rng.choice(len(names), 2, replace=False))
        return tuple(Thing(noun=name, colour=_colour(rng, 0.15)) for name in pair)
    count = 1 + int(rng.choice(3, p=(0.7, 0.15, 0.15)))
    return (Thing(noun=pick(rng, names), count=count, colour=_colour(rng, 0.3)),)


def _colour(rng: Generator, share: float) -> str | None:
    return pick(rng, tuple(COLOURS)) if chance(rng, share) else None


_ROWS: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.5, 0.54),),
    2: ((0.27, 0.56), (0.73, 0.56)),
    3: ((0.5, 0.29), (0.26, 0.72), (0.74, 0.72)),
}
_BROAD_ROWS = _ROWS | {
    2: ((0.28, 0.55), (0.72, 0.55)),
    3: ((0.18, 0.55), (0.5, 0.55), (0.82, 0.55)),
}
_UPRIGHT_ROWS = _ROWS | {
    2: ((0.5, 0.28), (0.5, 0.73)),
    3: ((0.5, 0.2), (0.5, 0.51), (0.5, 0.82)),
}
_LARGEST = {1: 0.82, 2: 0.48, 3: 0.44}
_LARGEST_LONG = {1: 0.92, 2: 0.68, 3: 0.46}
_ASIDE = {"左边": (0.28, 0.56), "右边": (0.72, 0.56)}


def _places(
    rng: Generator, things: tuple[Thing, ...], ratio: float, side: str | None
) -> tuple[Place, ...]:
    each = [thing for thing in things for _ in range(thing.count)]
    upright = ratio < 1 and len(things) == 1  # of two kinds one is on the left, always
    rows = _ROWS if ratio == 1 else _UPRIGHT_ROWS if upright else _BROAD_ROWS
    largest = (_LARGEST_LONG if upright or ratio > 1 else _LARGEST)[len(each)]
    spots = rows[len(each)]
    if side is not None:
        spots, largest = (_ASIDE[side],), _LARGEST[2]
    size = largest * float(rng.uniform(0.82, 1.0))
    shift = rng.uniform(-0.03, 0.03, 2)
    places: list[Place] = []
    for thing, (x, y) in zip(each, spots, strict=True):
        jitter = rng.uniform(-0.015, 0.015, 2) + shift
        places.append(
            Place(
                noun=thing.noun,
                colour=thing.colour,
                x=x + float(jitter[0]),
                y=y + float(jitter[1]),
                size=size,
                mirrored=chance(rng, 0.25),
            )
        )
    return tuple(places)
