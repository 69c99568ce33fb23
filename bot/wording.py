"""What users read, in Chinese as the code says it or in English from the catalogue."""

import re
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal

Language = Literal["zh", "en"]

LANGUAGE: ContextVar[Language] = ContextVar("language", default="zh")
"""Of whoever reads what is said now; set where an event comes in and where a job is drawn."""

FOLDER = Path(__file__).with_name("english")
"""The catalogue: any number of TOML files, each sentence in Chinese with what it is in English."""
ENGINE = FOLDER / "engine.toml"
"""What the engine says; it knows nothing of readers, and says it in Chinese."""


class _Form(Formatter):
    """Fills in {names}; of {count:one|#many} one part stands, # for the number."""

    def format_field(self, value: object, format_spec: str) -> str:
        """Return a value as its field has it."""
        single, either, several = format_spec.partition("|")
        if not either:
            return format(value, format_spec)
        return (single if value == 1 else several).replace("#", str(value))


_FORM = _Form()


def say(sentence: str, /, **values: object) -> str:
    """Return a sentence in the reader's language, its {names} filled in.

    The Chinese sentence is its own key; one that the catalogue lacks stays Chinese.
    """
    told = english().get(sentence, sentence) if LANGUAGE.get() == "en" else sentence
    return _FORM.vformat(told, (), values) if values else told


def later(sentence: str) -> str:
    """Mark a sentence that is said when it is shown: where it stands, nobody reads yet."""
    return sentence


def retold(told: str) -> str:
    """Return what the engine has said, in the reader's language; numbers stay what they were."""
    if LANGUAGE.get() == "zh":
        return told
    for pattern, sentence in _engine():
        if found := pattern.fullmatch(told):
            return say(sentence, **found.groupdict())
    return told


@cache
def english() -> Mapping[str, str]:
    """Return the whole catalogue."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        found |= tomllib.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def _engine() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what the engine may say, the longest first: of two that fit it says the most."""
    sentences = tomllib.loads(ENGINE.read_text(encoding="utf-8"))
    return tuple((_pattern(sentence), sentence) for sentence in sorted(sentences, key=len)[::-1])


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = (
        re.escape(literal) + (f"(?P<{name}>.+?)" if name else "")
        for literal, name, _, _ in _FORM.parse(sentence)
    )
    return re.compile("".join(parts), re.DOTALL)
