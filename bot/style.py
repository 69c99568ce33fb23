"""Named looks."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import count, islice, starmap, zip_longest
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from bot import unfold
from bot.errors import UnknownStyle
from bot.request import Request
from bot.script import simplified
from bot.wording import later, say
from generation.recipe import Levels, Recipe

SLOT = "{prompt}"
"""Where a phrase takes the user's words."""
SEEDS = 2**63
"""Seeds are counted round from 0."""
ANEW, WHOLLY_ANEW = 0.6, 1.0
"""How much of a source or draft is drawn anew if nothing was said; and of what is masked, or not
there yet: nothing of that is to shine through."""
FILE = Path(__file__).with_name("styles.toml")
"""The styles that come with the program."""

Sampler = Literal["euler", "euler_a", "ddim", "heun", "dpmpp_2m", "lcm"]
Name = Annotated[str, Field(pattern=r"^[\w-][\w -]{0,39}$")]
_NAMES = re.compile("(<[^<>]*>)")
"""What textual inversion has taught, by the names of its files."""
_SHOWN = 20
"""Characters of an unknown name that are repeated to the user."""
_ALIKE = 0.5
"""Likeness from which one name may be a slip for another."""
_SUFFIXES = ("风格", "画风", "风", "画")


class BrokenStyles(ValueError):
    """A file of styles cannot be used; one line for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A named look: a model, a way to phrase, and settings that suit both."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Name
    """The canonical name, as users see it."""
    aliases: tuple[Name, ...] = ()
    """Other names, as 国画 for 水墨."""
    model: str
    """Name of a model in the zoo."""
    phrase: Annotated[str, Field(pattern=r"\{prompt\}")] = SLOT
    """What the model is told; {prompt} stands for the user's words."""
    avoid: str = ""
    """Never to be seen in this style."""
    sampler: Sampler = "dpmpp_2m"
    levels: Levels = "model"
    steps: Annotated[int, Field(ge=1)] = 20
    guidance: Annotated[float, Field(ge=1)] = 4.0
    loras: Mapping[str, float] = field(default_factory=dict[str, float])
    """Weight of each LoRA, by name."""
    about: str = ""
    """What it is good for, in a few words."""
    replaces: bool = False
    """Take the place of the program's style of this name; only of the operator's own."""

    def recipes(self, request: Request) -> list[Recipe]:
        """Return one recipe for each picture of a settled request, and each of its stages.

        They differ in seed alone; where {红,蓝} says several, in their words first. Stages of one
        picture follow each other.

        Raises:
            ValueError: The size was not settled, or no seed chosen.
        """
        seed, width, height = request.seed, request.width, request.height
        if seed is None or width is None or height is None:
            raise ValueError("a request needs its seed and size before it is written out")
        prompts = unfold.unfolded(request.prompt)
        recipe = Recipe(
            model=self.model,
            prompt=self._phrased(prompts[0]),
            avoid="，".join(filter(None, [self.avoid, _written(request.avoid)])),
            width=width,
            height=height,
            steps=self.steps if request.steps is None else request.steps,
            guidance=self.guidance if request.guidance is None else request.guidance,
            sampler=request.sampler or self.sampler,
            levels=self.levels,
            seed=seed,
            loras=self.loras,
            source=request.source,
            mask=request.mask,
            strength=_strength(request),
            expand=request.expand,
            hires=request.hires,
            fast=request.fast,
            upscale=request.upscale,
            skip_translation=request.skip_translation,
            polish=request.polish,
        )
        return [
            replace(recipe, prompt=self._phrased(prompt), seed=(seed + later) % SEEDS, until=until)
            for prompt, later in islice(_each(prompts), request.count)
            for until in _untils(request.stages, recipe.way)
        ]

    def _phrased(self, prompt: str) -> str:
        """Return what the model is told; without words of the user's, the style's alone.

        Traditional characters are written as simplified ones, which models of Chinese were taught,
        and a poem on one line.
        """
        said = self.phrase.replace(SLOT, _written(prompt.replace("\n", " ")))
        return said if prompt else said.strip("，, ")

    def weighed(self, weight: float) -> Self:
        """Return this style with its LoRAs so many times as strong."""
        return replace(self, loras={name: weight * usual for name, usual in self.loras.items()})

    def with_model(self, model: str) -> Self:
        """Return this style's words and settings for another model, which its LoRAs do not fit."""
        return self if model in ("", self.model) else replace(self, model=model, loras={})

    def joined(self, other: Self) -> Self:
        """Return this style with the other's words and LoRAs added; settings stay as here."""
        return replace(
            self,
            phrase=other.phrase.replace(SLOT, self.phrase),
            avoid="，".join(filter(None, [self.avoid, other.avoid])),
            loras={**other.loras, **self.loras} if other.model == self.model else self.loras,
        )


class Styles:
    """All styles by name; the first is the one that is taken when none is asked for."""

    def __init__(self, styles: Iterable[Style]) -> None:
        self._styles = tuple(styles)
        self._by_name = {
            _key(name): style for style in self._styles for name in (style.name, *style.aliases)
        }

    @classmethod
    def load(cls, path: Path = FILE, *, own: Path | None = None) -> Self:
        """Read the styles in a file.

        Args:
            path: Those that come with the program.
            own: The operator's, which come after; there may be no such file.

        Raises:
            BrokenStyles: A key is unknown, a value impossible or a name taken twice; says which.
        """
        styles = [*read(path)]
        if own is not None and own.exists():
            styles, path = merged(styles, read(own)), own
        faults = [f"{path}: {words}" for words in _taken_twice(styles)]
        if faults or not styles:
            raise BrokenStyles(faults or [f"{path}: no style"])
        return cls(styles)

    def __iter__(self) -> Iterator[Style]:
        return iter(self._styles)

    @property
    def default(self) -> Style:
        """The style that is taken when none is asked for."""
        return self._styles[0]

    def names(self) -> dict[str, str]:
        """Return the canonical name of each style by every name it goes by."""
        return {name: style.name for style in self for name in (style.name, *style.aliases)}

    def find(self, name: str) -> Style:
        """Return the style of that name or alias; a 风, 风格, 画风 or 画 after it is forgiven.

        Raises:
            UnknownStyle: There is none; says which there are.
        """
        key = _key(name)
        bare = (key.removesuffix(suffix) for suffix in _SUFFIXES)
        for candidate in (key, *bare):
            if candidate in self._by_name:
                return self._by_name[candidate]
        nearest = self.nearest(name)
        known = say("、").join(style.name for style in self)
        if nearest is None:
            words = say("没有“{name}”这种画风，有：{known}", name=_shown(name), known=known)
            raise UnknownStyle(words)
        words = later("没有“{name}”这种画风，是不是“{nearest}”？有：{known}")
        raise UnknownStyle(say(words, name=_shown(name), nearest=nearest, known=known))

    def nearest(self, name: str) -> str | None:
        """Return the canonical name of what may have been meant."""
        key = _key(name)[:_SHOWN]
        closest = max(self._by_name, key=lambda known: _likeness(key, known))
        return self._by_name[closest].name if _likeness(key, closest) >= _ALIKE else None

    def chosen(self, request: Request) -> Style:
        """Return the style of a request: the first decides, further ones add their words.

        Weights are those of their LoRAs; a model that is named takes the place of the style's.

        Raises:
            UnknownStyle: Nothing is known under a name.
        """
        found = list(map(self.find, request.styles or [self.default.name]))
        first, *others = starmap(
            Style.weighed, zip_longest(found, request.weights[: len(found)], fillvalue=1.0)
        )
        for other in others:
            first = first.joined(other)
        return first.with_model(request.model)

    def recipes(self, request: Request) -> list[Recipe]:
        """Return one recipe for each picture of a settled request, in its style.

        Raises:
            UnknownStyle: Nothing is known under a name.
            ValueError: The size was not settled, or no seed chosen.
        """
        return self.chosen(request).recipes(request)


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    style: list[Style] = field(default_factory=list[Style])


_FILE = TypeAdapter(_File)


def read(path: Path) -> tuple[Style, ...]:
    """Return the styles in one file, whatever their names.

    Raises:
        BrokenStyles: A key is unknown or a value impossible; says which.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenStyles([f"{path}: {error}"]) from error


def parsed(text: str, place: str) -> tuple[Style, ...]:
    """Return the styles in the text of a file; place says which file, to the operator.

    Raises:
        BrokenStyles: A key is unknown or a value impossible; says which.
    """
    try:
        return tuple(_FILE.validate_python(tomllib.loads(text)).style)
    except tomllib.TOMLDecodeError as error:
        raise BrokenStyles([f"{place}: {error}"]) from error
    except ValidationError as error:
        faults = [f"{place}: {_place(found['loc'])}: {found['msg']}" for found in error.errors()]
        raise BrokenStyles(faults) from error


def merged(program: Iterable[Style], own: Iterable[Style]) -> list[Style]:
    """Return the program's styles, then the operator's; some of these stand in for some of those.

    Whether a name is taken twice is not looked at.
    """
    found = list(program)
    places = {_key(style.name): number for number, style in enumerate(found)}
    for style in own:
        place = places.get(_key(style.name)) if style.replaces else None
        if place is None:
            found.append(style)
        else:
            found[place] = style
    return found


def _each(prompts: list[str]) -> Iterator[tuple[str, int]]:
    """Yield each prompt with one seed, then each with the next: 两张{红,蓝}灯 is two of each."""
    for turn in count():
        for prompt in prompts:
            yield prompt, turn


def _untils(stages: tuple[int, ...], way: int) -> list[int | None]:
    """Return after which of so many steps a picture is handed out: None is after all."""
    return [stage if stage < way else None for stage in stages or (way,)]


def _written(prompt: str) -> str:
    """Return words in simplified characters; <names> stay as they are."""
    parts = _NAMES.split(prompt)
    parts[::2] = ("".join(map(simplified, part)) for part in parts[::2])
    return "".join(parts)


def _strength(request: Request) -> float:
    if request.strength is not None:
        return request.strength
    return WHOLLY_ANEW if request.mask or request.expand else ANEW


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _likeness(one: str, other: str) -> float:
    """Return 1 for equal names, 0 for strange ones; how they begin counts most."""
    return 0.8 * SequenceMatcher(None, one, other).ratio() + 0.2 * (one[:1] == other[:1])


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN else name[:_SHOWN] + "…"


def _place(loc: tuple[int | str, ...]) -> str:
    """Return where a fault is, as "style 3: steps"."""
    numbers = (str(part + 1) if isinstance(part, int) else part for part in loc)
    return ".".join(numbers)


def _taken_twice(styles: list[Style]) -> Iterator[str]:
    owners: dict[str, tuple[int, str]] = {}
    for number, style in enumerate(styles):
        for name in (style.name, *style.aliases):
            of, owner = owners.setdefault(_key(name), (number, style.name))
            if of != number:
                yield f"“{name}”同时是“{owner}”和“{style.name}”的名字"
