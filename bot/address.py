"""Who is spoken to: in a group, only what addresses the bot is looked at."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.parsing import pattern
from bot.parsing.text import fold
from bot.parsing.vocabulary import tables

USERNAME = "@danqing_bot"
"""What the bot is called where no platform says otherwise."""
_BLANK = re.compile(r"\s")
_HANDLE = "a-z0-9_"
"""What a name on a platform is made of, folded; inside a regular expression's brackets."""
_PAUSES = ",，、:：.。!！~～ \t\r\n\u3000"
"""What may stand between a name and what is said."""

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class ChatConfig(BaseModel):
    """[chat] of config.toml: what the bot listens to in groups."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    names: Annotated[tuple[Word, ...], Field(min_length=1)] = ("丹青",)
    """What the bot is called: 丹青，画一只猫."""
    prefixes: tuple[Word, ...] = ()
    """What a message for the bot may begin with instead: 。画, draw:, !"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How the bot is spoken to in a group: /draw, @丹青, its name in front, or a prefix."""

    names: tuple[str, ...] = ("丹青",)
    """At least one."""
    mentions: tuple[str, ...] = (USERNAME,)
    """As they stand in a text, as "@danqing_bot" or "<@1234>"."""
    prefixes: tuple[str, ...] = ()

    def rest(self, text: str) -> str | None:
        """Return what is said to the bot without its name; None if it is not spoken to.

        A command stays, without whom it is for: it asks for a picture. Nothing may be left.
        """
        forms = _forms(self)
        folded = _BLANK.sub(" ", fold(text))
        command = forms.command.match(folded)
        if command is not None:
            return _without(text, [command.span("to")] if command["to"] else [])
        if forms.other.match(folded):
            return None
        prefix = forms.prefix.match(folded)
        if prefix is not None:
            return text[prefix.end() :].strip()
        mentions = [found.span() for found in forms.mention.finditer(folded)]
        spans = [*_in_front(folded, forms), *mentions]
        return _without(text, sorted(set(spans))) if spans else None


@dataclass(frozen=True, slots=True)
class _Forms:
    """Patterns of folded text."""

    command: re.Pattern[str]
    other: re.Pattern[str]
    """A command for another bot."""
    prefix: re.Pattern[str]
    mention: re.Pattern[str]
    """The bot after an @, wherever it stands."""
    name: re.Pattern[str]
    lead: re.Pattern[str]
    """All before the content, the name among it: not the 丹青 of 丹青色的花瓶."""


@lru_cache(maxsize=8)
def _forms(address: Address) -> _Forms:
    words = tables()
    names = [fold(name) for name in address.names]
    ours = _any([*(f"@{name}" for name in names), *address.mentions], whole=True)
    return _Forms(
        command=re.compile(
            rf"^\s*/(?:(?:{pattern.either(words['commands'])})(?![{_HANDLE}@])"
            rf"|(?:{pattern.either(words['heard'])})(?!\S)"
            rf"|[^\s@/]{{1,32}}(?P<to>{ours}))"
        ),
        other=re.compile(rf"^\s*/[^\s@/]{{1,32}}@[{_HANDLE}]"),
        prefix=re.compile(rf"^\s*(?:{_any(address.prefixes, whole=False)})"),
        mention=re.compile(rf"(?<![{_HANDLE}@.])(?:{ours})"),
        name=re.compile(rf"@?(?:{pattern.either(names)})(?:bot)?"),
        lead=_lead(tuple(names)),
    )


@lru_cache(maxsize=8)
def _lead(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return what stands before the content; it takes long to make, whatever the mentions are."""
    return pattern.lead({**tables(), "names": list(names)})


def _any(forms: Iterable[str], *, whole: bool) -> str:
    """Match any of the forms, folded, but not where a longer word begins so.

    Args:
        forms: One that ends in a letter of a handle is followed by none.
        whole: Whether one that ends in Chinese is followed by no letter at all.
    """
    longest = sorted(map(fold, forms), key=len, reverse=True)
    return "|".join(re.escape(form) + _end(form[-1], whole=whole) for form in longest) or "(?!)"


def _end(last: str, *, whole: bool) -> str:
    if re.match(f"[{_HANDLE}]", last):
        return f"(?![{_HANDLE}])"
    return r"(?!\w)" if whole and last.isalnum() else ""


def _in_front(folded: str, forms: _Forms) -> list[tuple[int, int]]:
    """Return where the name stands before the content, as often as it is called."""
    lead = forms.lead.match(folded)
    content = lead.end() if lead else 0
    called = (found.span() for found in forms.name.finditer(folded, 0, content))
    return [(start, end) for start, end in called if end <= content]


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text without what stands at some places, in order."""
    kept, at = list[str](), 0
    for start, end in spans:
        kept.append(text[at:start].strip())
        at = max(at, end)
    kept.append(text[at:].strip())
    return " ".join(part for part in kept if part).lstrip(_PAUSES)
