"""Does a model draw what it is asked? The judge looks at pictures of held-out combinations."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image

from generation.engine import Engine
from generation.errors import EngineError
from generation.lora.shelf import LoraShelf
from generation.mini.caption import BACKDROPS, TREATMENTS, say_treatment
from generation.mini.draw import chance, pick
from generation.mini.judge import NONE, OWN, PLAIN, Judge, Verdict, answers
from generation.mini.noun import COLOURS, NOUNS, Thing
from generation.mini.picture import render
from generation.mini.scene import Scene, stage
from generation.preview import Previewer
from generation.recipe import Recipe
from generation.zoo.shelf import Shelf

STEPS, FEW_STEPS, GUIDANCE, SIDE = 20, 8, 4.0, 256
"""As the default style draws."""

_SEED = 6
"""Data seed of the prompts: no training sees them."""

_TOGETHER = 32
"""Pictures given to the engine at once."""

_ROWS = 16
"""Most rows of a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One picture that is asked for."""

    prompt: str
    style: str | None
    """One of TREATMENTS, by its LoRA."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Wish):
    """A wish, and what is right for it."""

    scene: Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One row of the table."""

    name: str
    words: str
    value: float
    """Of the pictures that were drawn; or in the unit."""
    unit: str = "%"
    renders: float | None = None
    """The same of held-out renders: the judge's own accuracy."""
    of: int = 0
    """How many pictures."""
    bar: float | None = None
    at_least: bool = True

    @property
    def ok(self) -> bool:
        """Whether the bar is reached."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def prompts(count: int, styled: int) -> list[Asked]:
    """Compose prompts of held-out combinations; every noun and every style comes as often."""
    rng = np.random.default_rng([_SEED, count])
    names, styles = list(NOUNS), list(TREATMENTS)
    rng.shuffle(names)
    made: list[Asked] = []
    for number in range(count):
        scene = _held_out(rng, names[number % len(names)], plainly=number < styled)
        style = styles[number % len(styles)] if number < styled else None
        words = scene.caption if style is None else say_treatment(rng, scene.caption, style)
        made.append(Asked(scene=scene, style=style, prompt=words, seed=1000 + number))
    return made


def _held_out(rng: Generator, noun: str, *, plainly: bool) -> Scene:
    while True:
        count = 1 if chance(rng, 0.6) else int(rng.integers(2, 4))
        colour = pick(rng, tuple(COLOURS)) if not plainly and chance(rng, 0.4) else None
        backdrop = pick(rng, tuple(BACKDROPS)) if chance(rng, 0.6) else None
        wash = pick(rng, tuple(COLOURS)) if backdrop is None and chance(rng, 0.4) else None
        if wash is not None and wash == colour:
            continue
        thing = Thing(noun=noun, count=count, colour=colour)
        scene = stage(rng, (thing,), backdrop=backdrop, wash=wash)
        if scene.held_out:
            return scene


def pairs(count: int) -> list[Asked]:
    """Compose prompts of two different things."""
    rng = np.random.default_rng([_SEED, count, 2])
    names = tuple(NOUNS)
    made: list[Asked] = []
    for number in range(count):
        two = (names[int(i)] for i in rng.choice(len(names), 2, replace=False))
        scene = stage(rng, tuple(Thing(noun=noun) for noun in two))
        made.append(Asked(scene=scene, style=None, prompt=scene.caption, seed=5000 + number))
    return made


class Painter:
    """Draws prompts with the engine, as the studio does."""

    def __init__(
        self,
        model: Path,
        loras: Mapping[str, Path],
        *,
        dtype: torch.dtype,
        device: torch.device | None = None,
    ) -> None:
        self._loras = loras
        self._engine = Engine(
            Shelf({"mini": model}, room=1, device=device or torch.device("cpu"), dtype=dtype),
            LoraShelf(loras, budget_bytes=256 << 20),
            cap=lambda model, canvas: _ROWS,
            previewer=Previewer(),
            preview_every_s=0,
            clock=time.monotonic,
        )

    def draw(
        self, asked: Sequence[Wish], *, steps: int = STEPS, tell: Callable[[int], None]
    ) -> list[Image.Image]:
        """Draw each prompt; `tell` hears how many more are done.

        Raises:
            EngineError: One cannot be drawn.
        """
        pictures: list[Image.Image] = []
        for start in range(0, len(asked), _TOGETHER):
            some = asked[start : start + _TOGETHER]
            canvases = [self._engine.admit(self._recipe(one, steps)) for one in some]
            while not self._engine.idle:
                self._engine.step()
            for canvas in canvases:
                if canvas.error is not None:
                    raise canvas.error
                if canvas.picture is None:
                    raise EngineError(f"没有画出来：{canvas.recipe.prompt}")
                made = canvas.picture
                size = (canvas.recipe.width, canvas.recipe.height)
                pictures.append(Image.frombytes("RGB", size, made.rgb))
            tell(len(some))
        return pictures

    def alone_s(self, repeats: int = 3) -> float:
        """Measure one picture alone, seconds; the best of some."""
        asked = prompts(repeats + 1, 0)
        taken: list[float] = []
        for one in asked:
            began = time.monotonic()
            self.draw([one], tell=lambda _: None)
            taken.append(time.monotonic() - began)
        return min(taken[1:])

    def _recipe(self, asked: Wish, steps: int) -> Recipe:
        return Recipe(
            model="mini",
            prompt=asked.prompt,
            width=SIDE,
            height=SIDE,
            steps=steps,
            guidance=GUIDANCE,
            sampler="dpmpp_2m",
            seed=asked.seed,
            loras={asked.style: 1.0} if asked.style and asked.style in self._loras else {},
        )


@dataclass(frozen=True, slots=True)
class Score:
    """What the judge says of pictures of prompts."""

    noun: float
    background: float
    colour: float
    count: float
    style: float


def score(judge: Judge, asked: Sequence[Asked], pictures: Sequence[Image.Image]) -> Score:
    """Compare what was asked with what is seen; shares of 1 among those that were asked it."""
    verdicts = judge.verdicts(pictures)
    seen = list(zip(asked, verdicts, strict=True))
    return Score(
        noun=_share(_right_nouns(one, verdict) for one, verdict in seen),
        **{
            question: _share(_right(question, one, verdict) for one, verdict in seen)
            for question in ("background", "colour", "count", "style")
        },
    )


def _right_nouns(asked: Asked, verdict: Verdict) -> bool:
    wanted = {thing.noun for thing in asked.scene.things}
    return wanted == set(verdict.nouns[: len(wanted)])


def _right(question: str, asked: Asked, verdict: Verdict) -> bool | None:
    """Tell whether an answer is right; None where it was not asked, or shows in no such style."""
    _, right = answers(asked.scene, asked.style)
    if right[question] < 0:
        return None
    match question:
        case "background":
            where = asked.scene.backdrop or (f"{asked.scene.wash}底" if asked.scene.wash else PLAIN)
            return None if where == PLAIN else verdict.background == where
        case "colour":
            wanted = asked.scene.things[0].colour or OWN
            return None if wanted == OWN else verdict.colour == wanted
        case "count":
            return verdict.count == str(len(asked.scene.places))
        case _:
            return None if asked.style is None else verdict.style == asked.style


def _share(answers: Iterable[bool | None]) -> float:
    told = [answer for answer in answers if answer is not None]
    return sum(told) / len(told) if told else float("nan")


def measure(
    painter: Painter, judge: Judge, *, count: int, tell: Callable[[int], None]
) -> Iterator[Share]:
    """Draw, look, and give the rows of the table."""
    styled = count * 2 // 5
    asked = prompts(count, styled)
    plain, dressed = asked[styled:], asked[:styled]
    drawn = painter.draw(plain, tell=tell)
    seen = score(judge, plain, drawn)
    truth = score(judge, plain, [render(one.scene) for one in plain])
    for name, words, bar in (
        ("noun", "the thing", 75.0),
        ("background", "the background", 97.0),
        ("colour", "the colour asked for", 90.0),
        ("count", "how many, one to three", 85.0),
    ):
        yield Share(
            name=name,
            words=words,
            value=100 * getattr(seen, name),
            renders=100 * getattr(truth, name),
            of=len(plain),
            bar=bar,
        )
    pictures = painter.draw(dressed, tell=tell)
    seen = score(judge, dressed, pictures)
    truth = score(judge, dressed, [render(one.scene, one.style) for one in dressed])
    for name, words, bar in (("style", "the style", 95.0), ("noun", "the thing in a style", 85.0)):
        yield Share(
            name=name if name == "style" else "styled_noun",
            words=words,
            value=100 * getattr(seen, name),
            renders=100 * getattr(truth, name),
            of=len(dressed),
            bar=bar,
        )
    few = plain[: len(plain) // 2]
    whole = score(judge, few, drawn[: len(few)]).noun
    fewer = score(judge, few, painter.draw(few, steps=FEW_STEPS, tell=tell)).noun
    yield Share(
        name="few_steps",
        words=f"the thing in {FEW_STEPS} steps: points below {STEPS}",
        value=100 * (whole - fewer),
        unit="points",
        of=len(few),
        bar=5.0,
        at_least=False,
    )
    two = pairs(count // 10)
    yield Share(
        name="pair",
        words="both of two different things",
        value=100 * score(judge, two, painter.draw(two, tell=tell)).noun,
        renders=100 * score(judge, two, [render(one.scene) for one in two]).noun,
        of=len(two),
    )
    unasked = sum(v.style != NONE for v in judge.verdicts(drawn)) / len(drawn)
    yield Share(
        name="unasked_style",
        words="looks like a style that was not asked for",
        value=100 * unasked,
        of=len(drawn),
    )
    yield Share(
        name="alone",
        words=f"one picture, {STEPS} steps with guidance",
        value=painter.alone_s(),
        unit="s",
        of=1,
        bar=2.5,
        at_least=False,
    )


def drawings(count: int) -> int:
    """Tell how many pictures `measure` draws, those for timing apart."""
    plain = count - count * 2 // 5
    return count + plain // 2 + count // 10
