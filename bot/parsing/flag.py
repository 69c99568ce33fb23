"""Settings typed as flags: --ar 2:3, —seed 7, --no 文字, --fast."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.parsing.draft import Draft
from bot.parsing.vocabulary import Vocabulary

_WORD = re.compile(r"[^\s,;，；]{1,100}")
_ODD = re.compile(r"[\d.:x/]{0,20}(?![^\s,;，；])")
"""The value of a flag that is not known, so far as it can be told from the prompt."""
_OPEN_ENDED = frozenset({"avoid"})
_TIMES = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})?\s?[x倍]?(?![^\s,;，；]))?")
_VALUES = {
    "expand": re.compile(r"\d{1,6}(?:[,，]\s?\d{1,6}){0,3}(?![\dx])"),
    "fast": re.compile(""),
    "hires": _TIMES,
    "upscale": _TIMES,
}
"""What values look like that are no word: the next word belongs to the prompt."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag, as typed."""

    field: str | None
    """Of a Request; None if nobody knows the flag."""
    typed: str
    """All of it."""
    value: str


def take(draft: Draft, vocabulary: Vocabulary) -> Iterator[Flag]:
    """Cut the flags out of a message, and yield them in order.

    A value is one word; that of --no goes on to the next flag.
    """
    heads = list(vocabulary.flag.finditer(draft.folded))
    said, limit = draft.said, len(draft.said)
    found: list[Flag] = []
    for head in reversed(heads):
        field = vocabulary.flags.get(head["name"] or head["english"])
        end = _end(draft.folded, head.end(), limit, field)
        draft.erase(head.start(), end)
        typed = said[head.start() : end].strip()
        found.append(Flag(field, typed, said[head.end() : end].strip()))
        limit = head.start()
    return reversed(found)


def _end(text: str, start: int, limit: int, field: str | None) -> int:
    if field in _OPEN_ENDED:
        return limit
    form = _VALUES.get(field, _WORD) if field else _ODD
    match = form.match(text, start, limit)
    return match.end() if match else start
