"""Settings typed as flags: --ar 2:3, —seed 7, --no 文字, --fast, --prompt “两张竖版的海报”."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.parsing.draft import LITERAL, STOPS, Draft
from bot.parsing.reader import QUOTES, Changes, read
from bot.parsing.text import clean, unquoted
from bot.parsing.vocabulary import Vocabulary

_WORD = re.compile(r"[^\s,;，；]{1,100}")
_ODD = re.compile(r"[\d.:x/]{0,20}(?![^\s,;，；])")
"""The value of a flag that is not known, so far as it can be told from the prompt."""
_RUN = re.compile(rf"{LITERAL}+")
_ALONE = re.compile(rf"{LITERAL}+(?=[{STOPS}]*$)")
_OPEN_ENDED = frozenset({"avoid", "prompt"})
_LITERAL_FIELDS = _OPEN_ENDED | {"styles", "model", "aspect", "upscale", "weights"}
"""Those that take what stands between quotation marks as it is; others read it as without."""
_TIMES = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})?\s?[x倍]?(?![^\s,;，；]))?")
_NOTHING = re.compile("")
_VALUES = {
    "expand": re.compile(r"\d{1,6}(?:[,，]\s?\d{1,6}){0,3}(?![\dx])"),
    "fast": _NOTHING,
    "hires": _TIMES,
    "poem": _NOTHING,
    "polish": _NOTHING,
    "skip_translation": _NOTHING,
    "upscale": _TIMES,
    "weights": re.compile(r"[\d.]{1,19}(?:[,，+]\s?[\d.]{1,19}){0,99}(?![^\s,;，；])"),
}
"""What values look like that are no word: the next word belongs to the prompt."""
_WEIGHED = re.compile(r"(?:[^\s:：*+\d]+[:：*]\d(?:\.\d{1,4})?(?:\+(?!$)|$))+")
"""Styles with weights, as 赛博朋克:0.6+水墨:0.4."""
_RATIO = re.compile(r"[1-9]\d*:[1-9]\d*", re.ASCII)
_TIMES_LITERALLY = re.compile(r"\d{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag, as typed."""

    field: str | None
    """Of a Request; None if nobody knows the flag."""
    typed: str
    """All of it."""
    value: str
    """Without the quotation marks, if it is literal."""
    literal: bool = False
    """Whether quotation marks say that the value is to be taken as it is."""

    def changes(self, vocabulary: Vocabulary) -> Changes:
        """Return what the flag changes in a Request.

        Raises:
            ValueError: Nobody knows the flag, or the value is none of it.
        """
        if self.field is None:
            raise ValueError(f"no flag: {self.typed}")
        if self.literal:
            return _literally(self.field, self.value, vocabulary)
        weighed = self.field == "styles" and _WEIGHED.fullmatch(self.value)
        return read("weighed" if weighed else self.field, self.value, vocabulary)


def take(draft: Draft, vocabulary: Vocabulary) -> Iterator[Flag]:
    """Cut the flags out of a message, and yield them in order.

    A value is one word, or what stands between quotation marks; those of --no and --prompt go on
    to the next flag.
    """
    heads = list(vocabulary.flag.finditer(draft.folded))
    said, limit = draft.said, len(draft.said)
    found: list[Flag] = []
    for head in reversed(heads):
        field = vocabulary.flags.get(head["name"] or head["english"])
        literal = _literal(draft.folded, head.end(), limit, field)
        end = literal or _end(draft.folded, head.end(), limit, field)
        draft.erase(head.start(), end)
        typed, value = said[head.start() : end].strip(), said[head.end() : end].strip()
        value = clean(unquoted(value), lines=field == "prompt") if literal else value
        found.append(Flag(field, typed, value, literal=bool(literal)))
        limit = head.start()
    return reversed(found)


def _literal(text: str, start: int, limit: int, field: str | None) -> int:
    """Return where a literal ends that is all of the value; 0 if it is none."""
    if field not in _LITERAL_FIELDS:
        return 0
    # --no “a”, “b” are two things; after a prompt come settings
    found = (_ALONE if field == "avoid" else _RUN).match(text, start, limit)
    return found.end() if found else 0


def _end(text: str, start: int, limit: int, field: str | None) -> int:
    if field in _OPEN_ENDED:
        return limit
    form = _VALUES.get(field, _WORD) if field else _ODD
    match = form.match(text, start, limit)
    return match.end() if match else start


def _literally(field: str, said: str, vocabulary: Vocabulary) -> Changes:
    """Return what to change where quotation marks say that a value is as it is.

    Raises:
        ValueError: The words are no value of this field.
    """
    match field:
        case "styles":
            return {"styles": _named(said, vocabulary)}
        case "aspect" if _RATIO.fullmatch(said):
            return {"aspect": said}
        case "upscale" if not _TIMES_LITERALLY.fullmatch(said):
            raise ValueError(f"no number: {said}")
        case "upscale" | "aspect" | "weights":
            return read(field, said, vocabulary)
        case _ if said:
            return {field: said}
        case _:
            raise ValueError(f"no {field}")


def _named(said: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the style of a name, also one with spaces; or several, if all are known."""
    ours = set(vocabulary.styles.values())
    if said in ours or said != said.strip(QUOTES):
        return (said,)
    found: tuple[str, ...] = read("styles", said, vocabulary)["styles"]
    return found if ours.issuperset(found) else (said,)
