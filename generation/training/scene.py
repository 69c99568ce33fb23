"""What a picture of the training set holds, and the caption that says so."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from generation.training.caption import BACKDROPS, TREATMENTS, say
from generation.training.draw import chance, pick
from generation.training.noun import COLOURS, NOUNS, Thing

SIZES = ((128, 128), (96, 160), (160, 96))
"""Width and height in pixels: square, upright (竖版), broad (横版)."""


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


def compose(seed: int, number: int) -> Scene:
    """Make scene `number` of the training set `seed`; the same two make the same scene."""
    rng = np.random.default_rng([seed, number])
    width, height = SIZES[int(rng.choice(3, p=(0.7, 0.15, 0.15)))]
    things = _things(rng)
    backdrop = pick(rng, tuple(BACKDROPS)) if chance(rng, 0.5) else None
    wash = pick(rng, COLOURS) if backdrop is None and chance(rng, 0.3) else None
    if wash is not None and any(thing.colour == wash for thing in things):
        wash = None
    treatment = pick(rng, tuple(TREATMENTS)) if chance(rng, 0.4) else None
    return stage(rng, things, (width, height), backdrop=backdrop, wash=wash, treatment=treatment)


def stage(
    rng: Generator,
    things: tuple[Thing, ...],
    size: tuple[int, int] = SIZES[0],
    *,
    backdrop: str | None = None,
    wash: str | None = None,
    treatment: str | None = None,
) -> Scene:
    """Place the things, and leave to chance only what the arguments do not say."""
    return Scene(
        width=size[0],
        height=size[1],
        things=things,
        places=_places(rng, things, size[0] / size[1]),
        backdrop=backdrop,
        wash=wash,
        treatment=treatment,
        grain=int(rng.integers(2**31)),
        caption=say(rng, things, backdrop, wash, treatment),
    )


def _things(rng: Generator) -> tuple[Thing, ...]:
    names = tuple(NOUNS)
    if chance(rng, 0.12):
        first, second = (names[int(i)] for i in rng.choice(len(names), 2, replace=False))
        return (Thing(noun=first, count=1), Thing(noun=second, count=1))
    count = 1 + int(rng.choice(4, p=(0.64, 0.14, 0.12, 0.10)))
    colour = pick(rng, COLOURS) if chance(rng, 0.25) else None
    return (Thing(noun=pick(rng, names), count=count, colour=colour),)


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
                mirrored=chance(rng, 0.25),
            )
        )
    return tuple(places)
