"""The words that the parser knows, and the patterns made of them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from bot.parsing import pattern
from bot.parsing.talk import Remarks
from bot.parsing.text import fold

_WORDS = Path(__file__).with_name("words.toml")


@dataclass(frozen=True, slots=True)
class Owners:
    """Things that take a measure word: 两张桌子 are tables, 两张猫 pictures."""

    words: frozenset[str]
    ends: tuple[str, ...]
    """Of such words."""
    never: tuple[str, ...]
    """Words that end so and are none."""

    def has(self, word: str) -> bool:
        """Tell whether this is such a thing."""
        return word in self.words or (word.endswith(self.ends) and not word.endswith(self.never))


@dataclass(frozen=True, slots=True)
class Painted:
    """What may come after 画 where it is a verb: 画|风车, but 画风 变了."""

    never: frozenset[str]
    """Words that do not."""
    particles: frozenset[str]
    """Words that go with the verb: 画下."""


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
    address: re.Pattern[str]
    """The name of whom it is said to, and a greeting."""
    poem: re.Pattern[str]
    """What asks for a picture to a poem; the poem comes after."""
    label: re.Pattern[str]
    lead: re.Pattern[str]
    painted: Painted
    """What 画 is the verb of, though it may begin another word."""
    modal: frozenset[str]
    """Wishes for some deed, which may be another than a picture."""
    drawn: re.Pattern[str]
    """What says of a message that it is about a picture."""
    hollow_lead: re.Pattern[str]
    """A wish that names nothing, before one that does."""
    wish: re.Pattern[str]
    """Where a wish may begin after other words."""
    amount: re.Pattern[str]
    """A number of pictures, or of things that take the same measure word."""
    measure: re.Pattern[str]
    """A measure word, or the beginning of another word."""
    apart: re.Pattern[str]
    """A measure word and its noun, though jieba joins them."""
    whole: re.Pattern[str]
    """A word that begins like a measure word, though jieba takes it apart."""
    owners: Mapping[str, Owners]
    """Things that take a measure word for pictures themselves, by measure word."""
    tail: re.Pattern[str]
    question: re.Pattern[str]
    wrapper: re.Pattern[str]
    settings: pattern.Patterns
    """In the order in which they are looked for."""
    listed: re.Pattern[str]
    """A list of what should not be seen, under its name."""
    counts: pattern.Patterns
    items: re.Pattern[str]
    hollow: re.Pattern[str]
    talk: re.Pattern[str]
    """What is no request at all."""
    marks: Mapping[str, int]
    """How much a word speaks for talk."""
    ends: Mapping[str, int]
    """The same at the end."""
    remarks: Remarks
    calm: frozenset[str]
    """Words that speak against it."""
    unasked: re.Pattern[str]
    """What is none unless one is made in words."""

    @classmethod
    def of(cls, styles: Mapping[str, str]) -> Self:
        """Make the vocabulary.

        Args:
            styles: Canonical name of each style, by every name it goes by.
        """
        words = tables()
        known = {fold(alias): name for alias, name in styles.items()}
        shapes = {word: shape for shape, group in words["shapes"].items() for word in group.split()}
        # 反向提示词：油画 comes before styles that are said in passing, not before 风格：水墨
        first, second, *others = pattern.styles(words, known)
        named = (first, second)
        return cls(
            styles=known,
            shapes=shapes,
            samplers=words["samplers"],
            vague=words["pictures"]["vague"],
            flags={name: field for field, names in words["flags"].items() for name in names},
            style=re.compile(pattern.either(known)),
            strange=pattern.strange(),
            flag=pattern.flag(words),
            address=pattern.address(words),
            poem=pattern.poem(words),
            label=pattern.label(words),
            lead=pattern.lead(words),
            painted=Painted(
                frozenset(words["painted"]["never"].split()),
                frozenset(words["painted"]["with"].split()),
            ),
            modal=frozenset(words["modal"]["words"]),
            drawn=re.compile(pattern.either(words["modal"]["drawn"])),
            hollow_lead=pattern.hollow_lead(words),
            wish=pattern.wish(words),
            amount=pattern.amount(words),
            measure=pattern.measure(words),
            apart=re.compile(pattern.either(words["pictures"]["joined"]["apart"].split())),
            whole=re.compile(pattern.either(words["pictures"]["joined"]["whole"].split())),
            owners=_owners(words["pictures"]),
            tail=pattern.tail(words),
            question=pattern.question(words),
            wrapper=pattern.wrapper(words),
            settings=(
                *pattern.fillers(words),
                *pattern.polish(words),
                *pattern.skip_translation(words),
                *pattern.numbers(words),
                *pattern.shapes(words),
                *named,
                pattern.listed(words),
                *others,
                *pattern.fast(words),
                *pattern.avoid(words),
            ),
            listed=pattern.listed(words),
            counts=pattern.counts(words),
            items=pattern.items(words),
            hollow=pattern.hollow(words),
            talk=pattern.talk(words),
            marks=_points(words["talk"]["marks"]),
            ends=_points(words["talk"]["ends"]),
            remarks=Remarks(
                *(
                    frozenset(words["talk"]["remark"][key].split())
                    for key in ("before", "plain", "any")
                )
            ),
            calm=frozenset(words["talk"]["calm"].split()),
            unasked=pattern.unasked(words),
        )


def _points(table: Mapping[str, str]) -> dict[str, int]:
    return {word: int(points) for points, words in table.items() for word in words.split()}


def _owners(pictures: Mapping[str, Any]) -> dict[str, Owners]:
    never = tuple(pictures["never"]["words"])
    return {
        measure: Owners(frozenset(things.split()), tuple(pictures["ends"][measure].split()), never)
        for measure, things in pictures["things"].items()
    }


@cache
def tables() -> dict[str, Any]:
    """Return the tables of words.toml."""
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))
