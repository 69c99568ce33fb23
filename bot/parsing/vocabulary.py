"""The words that the parser knows, and the patterns made of them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from bot.parsing import pattern
from bot.parsing.text import fold

_WORDS = Path(__file__).with_name("words.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What the parser knows; made once, since its patterns take a moment to compile."""

    styles: Mapping[str, str]
    """Canonical name of each style, by folded name or alias."""
    shapes: Mapping[str, str]
    """Width to height as "2:3", by word."""
    samplers: Mapping[str, str]
    """Names as the engine has them, by what people call them."""
    vague: Mapping[str, int]
    """What 几 is taken for."""
    flags: Mapping[str, str]
    """Field of a request, by name of a flag."""
    style: re.Pattern[str]
    """Any name of a style."""
    strange: re.Pattern[str]
    """What is called a style and is none of these."""
    flag: re.Pattern[str]
    lead: re.Pattern[str]
    tail: re.Pattern[str]
    wrapper: re.Pattern[str]
    settings: pattern.Patterns
    """In the order in which they are looked for."""
    counts: pattern.Patterns
    items: re.Pattern[str]
    hollow: re.Pattern[str]
    talk: re.Pattern[str]

    @classmethod
    def of(cls, styles: Mapping[str, str]) -> Self:
        """Make the vocabulary.

        Args:
            styles: Canonical name of each style, by every name it goes by.
        """
        words = _words()
        known = {fold(alias): name for alias, name in styles.items()}
        shapes = {word: shape for shape, group in words["shapes"].items() for word in group.split()}
        return cls(
            styles=known,
            shapes=shapes,
            samplers=words["samplers"],
            vague=words["pictures"]["vague"],
            flags={name: field for field, names in words["flags"].items() for name in names},
            style=re.compile(pattern.either(known)),
            strange=pattern.strange(),
            flag=pattern.flag(words),
            lead=pattern.lead(words),
            tail=pattern.tail(words),
            wrapper=pattern.wrapper(words),
            settings=(
                *pattern.numbers(words),
                *pattern.shapes(words),
                *pattern.styles(words, known),
                *pattern.fast(words),
                *pattern.avoid(words),
            ),
            counts=pattern.counts(words),
            items=pattern.items(),
            hollow=pattern.hollow(words),
            talk=pattern.talk(words),
        )


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))
