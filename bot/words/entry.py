"""The list: what is not drawn, why, and what only looks like it."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from bot.wording import later
from bot.words.fold import folded

LIST = Path(__file__).with_name("list.toml")
"""The words that come with the program."""
OWN = "own"
"""Category of the operator's words that name none."""
WHY = later("这里不画这个，换个题材吧。")
"""What is said where a category says nothing of its own."""

Action = Literal["allow", "flag", "soften", "block"]
Role = Literal["allow", "flag", "soften", "block", "one", "other"]


class BrokenWords(ValueError):
    """A file of words cannot be used; one line for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of the list, as it is compared."""

    text: str
    """Folded."""
    role: Role
    """What becomes of it; one and other belong to a pair."""
    category: str
    breaks: frozenset[int] = frozenset()
    """Where it has a space of its own: before these characters."""
    pair: str = ""
    """The pair that it belongs to, if any."""


@dataclass(frozen=True, slots=True)
class WordList:
    """Entries, and the words of a refusal by category."""

    entries: tuple[Entry, ...]
    why: Mapping[str, str]


def _split(value: object) -> object:
    return value.split() if isinstance(value, str) else value


_Words = Annotated[tuple[str, ...], BeforeValidator(_split)]


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")

    one: _Words
    other: _Words


class _Category(BaseModel):
    model_config = ConfigDict(extra="forbid")

    why: str = ""
    block: _Words = ()
    soften: _Words = ()
    flag: _Words = ()
    allow: _Words = ()
    together: tuple[_Pair, ...] = ()


_FILE = TypeAdapter(dict[str, _Category])
_SHORTEST = 2
"""Characters: a single one is part of too many words."""


@cache
def shipped() -> WordList:
    """Return the list that comes with the program."""
    return _compiled(tomllib.loads(LIST.read_text(encoding="utf-8")), LIST.name)


def read(path: Path) -> WordList:
    """Read the operator's own words: TOML in the form of the program's list, or plain lines.

    A plain line is a word to block; behind an exclamation mark it is one to allow. `#` begins a
    remark.

    Raises:
        BrokenWords: The file cannot be read, or a word in it cannot be used.
    """
    try:
        return checked(path, path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BrokenWords([f"{path}: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise BrokenWords([f"{path}: not UTF-8, 不是 UTF-8 编码"]) from error


def write(path: Path, text: str) -> None:
    """Put a text in the place of the operator's file, whole or not at all.

    Raises:
        BrokenWords: A word in it cannot be used, or it cannot be written.
    """
    checked(path, text)
    real = path.resolve()  # a link stays one
    part = real.with_name(f".{real.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(real)
    except (OSError, UnicodeEncodeError) as error:
        part.unlink(missing_ok=True)
        raise BrokenWords([f"{path}: {error}"]) from error


def checked(path: Path, text: str) -> WordList:
    """Return the words that a file would have.

    Raises:
        BrokenWords: One of them cannot be used.
    """
    try:
        found = tomllib.loads(text) if path.suffix == ".toml" else {OWN: _of_lines(text)}
        return _compiled(found, str(path))
    except tomllib.TOMLDecodeError as error:
        raise BrokenWords([f"{path}: {error}"]) from error
    except ValidationError as error:
        raise BrokenWords(
            [
                f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                for fault in error.errors()
            ]
        ) from error
    except BrokenWords as error:
        raise BrokenWords([f"{path}: {fault}" for fault in error.faults]) from error


def _of_lines(text: str) -> dict[str, list[str]]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return {
        "block": [line for line in lines if line and not line.startswith("!")],
        "allow": [line[1:].strip() for line in lines if line.startswith("!")],
    }


def _compiled(tables: Mapping[str, Any], file: str) -> WordList:
    """Make entries of the tables of a file.

    Args:
        tables: A category each; actions that stand before the first belong to `own`.
        file: Where they are from, which keeps the pairs of two files apart.
    """
    named: dict[str, Any] = {key: of for key, of in tables.items() if isinstance(of, dict)}
    loose: dict[str, Any] = {key: of for key, of in tables.items() if key not in named}
    if loose:
        named[OWN] = {**named.get(OWN, {}), **loose}
    categories = _FILE.validate_python(named)
    entries = [
        entry for name, category in categories.items() for entry in _entries(name, category, file)
    ]
    faults = [
        f"{entry.category}.{entry.role}: {entry.text!r} 太短, too short"
        for entry in entries
        if len(entry.text) < _SHORTEST
    ]
    if faults:
        raise BrokenWords(faults)
    why = {name: category.why for name, category in categories.items() if category.why}
    return WordList(tuple(dict.fromkeys(entries)), why)


def _entries(name: str, category: _Category, file: str) -> Iterator[Entry]:
    roles: Sequence[tuple[Role, Iterable[str]]] = (
        ("block", category.block),
        ("soften", category.soften),
        ("flag", category.flag),
        ("allow", category.allow),
    )
    for role, words in roles:
        for word in words:
            yield _entry(word, role, name)
    for number, pair in enumerate(category.together):
        key = f"{file}/{name}/{number}"
        for word in pair.one:
            yield _entry(word, "one", name, key)
        for word in pair.other:
            yield _entry(word, "other", name, key)


def _entry(word: str, role: Role, category: str, pair: str = "") -> Entry:
    found = folded(word)
    breaks = frozenset(at for at, unit in enumerate(found.units) if at and unit.apart)
    return Entry(found.text, role, category, breaks, pair)
