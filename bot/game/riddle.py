"""What is to be guessed: words from tables, so chosen that none comes twice."""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Table = Literal["easy", "normal", "hard", "poem"]
"""Things; things in a colour, in a place or two together; idioms; lines of Tang poems."""
Names = tuple[str, ...]
"""All that one thing is called, the usual name first."""

_FILE = Path(__file__).with_name("riddles.toml")
_PATIENCE = 1000
"""Pairs that are looked at before there are said to be no more."""
_JOINED = {"place": "{0}的{1}", "colour": "{0}的{1}", "pair": "{0}和{1}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Riddle:
    """A word that is drawn, and how it may be said."""

    text: str
    """What the model is told, and all are in the end."""
    parts: tuple[Names, ...]
    """Each has to be said, in any order, by any of its names."""
    source: str = ""
    """Where it is from, as 李白《静夜思》."""


def alone(text: str) -> Riddle:
    """Return a word that somebody has set."""
    return Riddle(text=text, parts=((text,),))


def riddle(table: Table, seed: int, used: Iterable[str]) -> Riddle | None:
    """Return a word of a table that was not used yet; the same for the same seed.

    None: there are no more.
    """
    gone = frozenset(used)
    found = _pairs(seed) if table == "normal" else iter(_shuffled(seed, _listed(table)))
    return next((one for one in found if one.text not in gone), None)


def knows(text: str) -> bool:
    """Return whether something is named that the embedded model can draw."""
    return any(name in text for names in _file().things for name in names)


def _listed(table: Table) -> Sequence[Riddle]:
    match table:
        case "hard":
            return [alone(idiom) for idiom in _file().idioms]
        case "poem":
            return _file().lines
        case _:
            return [Riddle(text=names[0], parts=(names,)) for names in _file().things]


def _shuffled(seed: int, riddles: Sequence[Riddle]) -> list[Riddle]:
    return sorted(riddles, key=lambda one: _chance(f"{seed} {one.text}"))


def _pairs(seed: int) -> Iterator[Riddle]:
    """Yield pairs, most of them a thing somewhere."""
    file = _file()
    for number in range(_PATIENCE):
        chance = _chance(f"{seed} {number}")
        how = ("place", "place", "place", "colour", "colour", "pair")[chance % 6]
        table = {"place": file.places, "colour": file.colours, "pair": file.things}[how]
        first = table[chance // 6 % len(table)]
        second = file.things[chance // 6 // len(table) % len(file.things)]
        if any(one in other or other in one for one in first for other in second):
            continue  # 熊 and 熊猫: whoever says the one has said the other
        yield Riddle(text=_JOINED[how].format(first[0], second[0]), parts=(first, second))


def _chance(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    things: tuple[Names, ...]
    places: tuple[Names, ...]
    colours: tuple[Names, ...]
    idioms: Names
    lines: tuple[Riddle, ...]


@cache
def _file() -> _File:
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return _File(
        things=_names(told["things"]),
        places=_names(told["places"]),
        colours=_names(told["colours"]),
        idioms=tuple(told["idioms"]),
        lines=tuple(_lines(told["poems"])),
    )


def _names(rows: Iterable[Sequence[str]]) -> tuple[Names, ...]:
    return tuple(map(tuple, rows))


def _lines(poems: Iterable[Mapping[str, str]]) -> Iterator[Riddle]:
    for poem in poems:
        for line, title in poem["lines"]:
            yield Riddle(text=line, parts=((line,),), source=f"{poem['poet']}《{title}》")
