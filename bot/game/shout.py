"""Words that people shout in a group, as they are to be seen in a picture; pure."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from bot import segment
from bot.parsing.numeral import NUMERAL
from bot.parsing.text import clean, fold

MOST_CHARS = 30
"""Of a message: who says more talks."""
LONGEST, LONGEST_LATIN = 10, 24
"""Characters of a word; what is longer is none."""
_TABLE = Path(__file__).with_name("shout.toml")
_HAN = r"\u3007\u3400-\u9fff\U00020000-\U0003ffff"
_LINKS = re.compile(r"\S*(?:://|www\.)\S*|[^\W_]+\.(?:com|cn|net|org|io)\b\S*|[@#]\S+")
_PLUS = re.compile(r"\+\s*\d{1,5}(?!\d)")
_LATIN = r"[a-z][a-z0-9'’-]*"
_CHUNKS = re.compile(
    rf"(?P<latin>{_LATIN}(?: {_LATIN})*)(?![a-z0-9{_HAN}])|[^\W_]+",
)
"""Words of Latin letters one after the other are one: 'bamboo forest'; 'q版小猫' is none such."""
_COUNTED = re.compile(
    rf"第?{NUMERAL}[个只条张座艘棵朵片匹头位名群对双把根颗滴杯碗间栋件幅"
    r"盏轮束串道阵场枝支所扇块架辆枚盆盘]?"
)
_ASKING = re.compile(r"[?？]|(?:^|\s)-\s*\d")


@dataclass(frozen=True, slots=True)
class Shout:
    """What was heard of a message."""

    words: tuple[str, ...] = ()
    """Folded, each once."""
    plus: bool = False
    """Whether it raises what somebody else has said."""


def heard(text: str) -> Shout:
    """Return what a message shouts; nothing, if it is talk, a link or too long."""
    if len(text) > MOST_CHARS:
        return Shout()
    said = _LINKS.sub(" ", fold(clean(text)))
    table = _table()
    if said.strip() in table.seconds:
        return Shout(plus=True)
    bare = _PLUS.sub(" ", said)
    plus = bare != said
    if _ASKING.search(bare):
        return Shout()
    pieces = [_pieces(found) for found in _CHUNKS.finditer(bare)]
    if any(piece in table.talk for chunk in pieces for piece in chunk):
        return Shout()
    words = dict.fromkeys(word for chunk in pieces for word in _words(chunk))
    return Shout(tuple(words), plus)


def orders(text: str) -> bool:
    """Return whether words to the bot ask for a picture of one's own."""
    return segment.first(fold(text[:MOST_CHARS]).lstrip()) in _table().orders


@dataclass(frozen=True, slots=True)
class _Table:
    stops: frozenset[str]
    talk: frozenset[str]
    seconds: frozenset[str]
    orders: frozenset[str]
    sounds: frozenset[str]


@cache
def _table() -> _Table:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return _Table(**{name: frozenset(table[name]) for name in _Table.__slots__})


def _pieces(found: re.Match[str]) -> tuple[str, ...]:
    return tuple(found[0].split()) if found["latin"] else segment.words(found[0])


def _words(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the words of what stands between stops."""
    for stops, run in groupby(pieces, _stops):
        if not stops:
            yield from filter(_fits, _joined(list(run)))


def _stops(piece: str) -> bool:
    table = _table()
    return piece in table.stops or set(piece) <= table.sounds or bool(_COUNTED.fullmatch(piece))


def _joined(run: list[str]) -> list[str]:
    """Return pieces as words: a single character belongs to what follows, 大竹林, or ends it."""
    if all(piece.isascii() for piece in run):
        return [" ".join(run)]
    found, before = list[str](), ""
    for piece in run:
        if len(piece) == 1:
            before += piece
        else:
            found.append(before + piece)
            before = ""
    if before and found:
        found[-1] += before
    elif before:
        found.append(before)
    return found


def _fits(word: str) -> bool:
    if word.isascii():
        return 1 < len(word) <= LONGEST_LATIN
    return len(word) <= LONGEST
