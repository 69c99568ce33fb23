"""One writing for the many ways to write a word; the same for the list and for a prompt."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest

from bot.script import simplified

_ALIKE = str.maketrans(
    "аеорсухіѕјһԁαοενικρτυχɑɡıßøđł零壹贰叁肆伍陆柒捌玖",
    "aeopcyxisjhdaoevikptuxagisodl〇一二三四五六七八九",
)
"""Letters of other scripts that look like ours, and the other characters for a digit."""
_NUMERALS = dict(zip("0123456789", "〇一二三四五六七八九", strict=True))
_LEET = dict(zip("0134578@$", "oieastbas", strict=True))
"""What stands for a letter inside a word of letters: p0rn."""
_SPLIT = {
    "弓虽": "强", "女干": "奸", "火乍": "炸", "弓单": "弹", "木仓": "枪", "女票": "嫖",
    "女支": "妓", "贝者": "赌", "氵工": "江", "氵去": "法", "车仑": "轮", "月工": "肛",
    "氵因": "淫", "衤果": "裸", "礻果": "裸", "石卒": "碎", "讠乍": "诈", "言乍": "诈",
    "犭虫": "独", "丰母": "毒",
}  # fmt: skip
"""Characters that are written as their two parts; closed, since each costs some honest pair."""
_PARTS = re.compile("|".join(_SPLIT))
_KEPT = frozenset("LN")
"""Letters and numbers; all else is a separator or cannot be seen."""
_UNSEEN = frozenset({"Cf", "Cc", "Mn", "Me", "Cs", "Co", "Cn"})
"""Zero-width and tag characters, variation selectors, combining marks."""
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols that show nothing."""
_CLAUSE = frozenset("，。、；：！？,;:!?…")


@dataclass(frozen=True, slots=True)
class Unit:
    """A character of a folded text, and where it came from."""

    character: str
    start: int
    """Its first character in the text as typed."""
    end: int
    """Behind its last, where repeats are one unit."""
    apart: int = 0
    """Visible separators between it and the one before."""
    clause: bool = False
    """Whether one of these is a space or ends a clause."""
    head: int = 0
    """Behind its first part, where separators are between its repeats; else 0."""
    tail: int = 0
    """Where its last part begins then; else 0."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in its one writing."""

    text: str
    units: Sequence[Unit]
    """One for each character."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where characters start to end are in the text as typed; no repeats beyond."""
        first, last = self.units[start], self.units[end - 1]
        return first.tail or first.start, last.head or last.end

    def begins(self, at: int) -> bool:
        """Return whether no letters run on into this place."""
        return not self._runs_on(at) or bool(self.units[at].tail)

    def ends(self, at: int) -> bool:
        """Return whether no letters run on over this place, which is behind a word."""
        return not self._runs_on(at) or bool(self.units[at - 1].tail)

    def _runs_on(self, at: int) -> bool:
        return (
            0 < at < len(self.text)
            and is_latin(self.text[at - 1])
            and is_latin(self.text[at])
            and not self.units[at].apart
        )


def fold(text: str) -> str:
    """Return the text in its one writing; folding twice changes nothing more."""
    return folded(text).text


def folded(text: str) -> Folded:
    """Fold a text, and remember where each character came from.

    In this order: NFKD, small letters, no marks and nothing that cannot be seen, simplified
    characters, look-alikes as what they look like, separators left out, digits inside a word of
    letters as letters and others as 四 or 六, repeats as one, and split characters made whole.
    """
    units = _single(_numbered(_units(text)))
    units = _single(_joined(units))
    return Folded("".join(unit.character for unit in units), units)


def is_latin(character: str) -> bool:
    """Return whether it is one of a to z."""
    return "a" <= character <= "z"


def _units(text: str) -> list[Unit]:
    found: list[Unit] = []
    apart, clause = 0, False
    for at, typed in enumerate(text):
        written = _leet(text, at) if typed in "@$" else _written(typed)
        if written is None:
            continue
        if not written:
            apart += 1
            clause = clause or typed.isspace() or typed in _CLAUSE
            continue
        for character in written:
            found.append(Unit(character, at, at + 1, apart, clause))
            apart, clause = 0, False
    return found


def _leet(text: str, at: int) -> str:
    """Return the letter that @ or $ stands for inside a word, else nothing: a separator."""
    around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
    inside = len(around) == 2 and around.isascii() and around.isalnum()  # noqa: PLR2004  (both sides)
    return _LEET[text[at]] if inside else ""


@cache
def _written(typed: str) -> str | None:
    """Return how a character is written; "" for a separator, None for what cannot be seen."""
    if typed in _BLANKS or (unicodedata.category(typed) in _UNSEEN and not typed.isspace()):
        return None
    before, now = "", typed
    while now != before:
        before, now = now, _plain(now)
    return now


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(c for c in flat if unicodedata.category(c)[0] in _KEPT and c not in _BLANKS)
    return "".join(map(simplified, kept)).translate(_ALIKE)


def _numbered(units: list[Unit]) -> list[Unit]:
    """Read digits inside a run of letters as letters, all others as numerals."""
    found: list[Unit] = []
    start = 0
    while start < len(units):
        if not units[start].character.isascii():
            found.append(units[start])
            start += 1
            continue
        end = start
        while end < len(units) and units[end].character.isascii():
            if units[end].clause and end > start:
                break
            end += 1
        letters = [i for i in range(start, end) if is_latin(units[i].character)]
        inside = range(letters[0], letters[-1]) if letters else range(0)
        for number in range(start, end):
            table = _LEET if number in inside else _NUMERALS
            character = units[number].character
            character = table.get(character, _NUMERALS.get(character, character))
            found.append(replace(units[number], character=character))
        start = end
    return found


def _single(units: list[Unit]) -> list[Unit]:
    """Make one of each run of the same character.

    Where the last of a run begins what was typed as one and stands for more, as in 1¼, the place
    of that is left to what follows.
    """
    found: list[Unit] = []
    for unit, following in zip_longest(units, units[1:]):
        if found and found[-1].character == unit.character:
            last = found[-1]
            if (
                following is not None
                and following.start == unit.start
                and following.character != unit.character
            ):
                continue
            head, tail = last.head or unit.head, unit.tail or last.tail
            if unit.apart:
                head, tail = last.head or last.end, unit.tail or unit.start
            found[-1] = replace(last, end=unit.end, head=head, tail=tail)
        else:
            found.append(unit)
    return found


def _joined(units: list[Unit]) -> list[Unit]:
    """Make split characters whole."""
    text = "".join(unit.character for unit in units)
    found: list[Unit] = []
    done = 0
    for part in _PARTS.finditer(text):
        first, last = units[part.start()], units[part.end() - 1]
        found += units[done : part.start()]
        found.append(Unit(_SPLIT[part[0]], first.start, last.end, first.apart, first.clause))
        done = part.end()
    return found + units[done:]
