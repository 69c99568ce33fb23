"""Whether a guess is right, sounds right, or comes near; pure."""

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Literal

from bot import segment
from bot.game.riddle import Riddle
from bot.script import simplified
from bot.words.sound import readings

Grade = Literal["right", "sound", "near", "wrong"]

MOST_CHARS = 20
"""A longer sentence is no guess."""
_FILLING = frozenset(
    "我猜想觉得感应该是不会这那有好像难道一定就吗吧呢啊呀嘛么哈了对的个"
    "只条头匹棵朵株颗根片枝张座艘辆架列枚盏把顶本杯碗块串支团道轮场位名"
    "一二两三几123"
)
"""Characters in which a guess is put: 我猜是一只猫吧."""
_JOINTS = frozenset("和与跟及加在里上中下边旁前时")
"""Those between the parts of what has several."""
_ORDERS = ("画", "再画", "来", "再来", "给我", "帮我", "请")
"""How a wish begins that is no guess."""

Same = Callable[[str, str], bool]
"""Whether two pieces of as many characters are taken for one another."""


def graded(guess: str, riddle: Riddle) -> Grade:
    """Return how good a guess is."""
    said = plain(guess)
    parts = _plain(riddle.parts)
    if not said or len(said) > MOST_CHARS:
        return "wrong"
    if _takes(said, parts, str.__eq__):
        return "right"
    if _takes(said, parts, _sounds) or said in _spelt(parts):
        return "sound"
    return "near" if _is_near(said, parts) else "wrong"


def orders(text: str) -> bool:
    """Return whether words rather ask for a picture than guess what one shows."""
    return plain(text).startswith(_ORDERS)


def plain(text: str) -> str:
    """Return the letters and characters of a text alone, folded, in simplified script."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(simplified(one) for one in folded if one.isalnum())


@cache
def _plain(parts: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(plain, names)) for names in parts)


def _takes(said: str, parts: Iterable[tuple[str, ...]], same: Same) -> bool:
    """Return whether all parts are said, and nothing else but what guesses are put in."""
    waiting = list(parts)
    filling = _FILLING | _JOINTS if len(waiting) > 1 else _FILLING
    while waiting:
        found = max((_found(said, names, same), number) for number, names in enumerate(waiting))
        (length, at), number = found
        if not length:
            return False
        said = f"{said[:at]} {said[at + length :]}"
        del waiting[number]
    return all(one == " " or one in filling for one in said)


def _found(said: str, names: Iterable[str], same: Same) -> tuple[int, int]:
    """Return length and place of the longest name that is said; 0 of none."""
    found = [
        (len(name), at)
        for name in names
        for at in range(len(said) - len(name) + 1)
        if name and same(said[at : at + len(name)], name)
    ]
    return max(found, default=(0, 0))


def _sounds(said: str, name: str) -> bool:
    """Return whether a piece is read like a name; one character alone is read like too many."""
    if said == name or len(name) == 1:
        return said == name
    return all(a == b or readings(a) & readings(b) for a, b in zip(said, name, strict=True))


@cache
def _spelt(parts: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """Return how the names of what has one part are typed as pinyin."""
    names = parts[0] if len(parts) == 1 else ()
    return frozenset(spelt for name in names for spelt in _spellings(name) if len(spelt) > 2)  # noqa: PLR2004


def _spellings(name: str) -> list[str]:
    spelt = [""]
    for character in name:
        spelt = [before + one for before in spelt for one in sorted(readings(character))][:64]
    return spelt


def _is_near(said: str, parts: tuple[tuple[str, ...], ...]) -> bool:
    """Return whether a guess has one part of several, a word, or half of the characters."""
    words = set(segment.words(said))
    names = {name for part in parts for name in part}
    if any(len(name) > 1 and name in said for name in names) or (
        len(parts) > 1 and not words.isdisjoint(names)
    ):
        return True
    whole = "".join(part[0] for part in parts)
    shared = {word for word in segment.words(whole) if len(word) > 1}
    return not words.isdisjoint(shared) or _shares_half(said, whole)


def _shares_half(said: str, whole: str) -> bool:
    """Return whether half of a word is there in order, in a guess that is not twice as long."""
    if len(whole) == 1 or len(said) > 2 * len(whole):
        return False
    return 2 * _common(said, whole) >= len(whole)


def _common(one: str, other: str) -> int:
    """Return how many characters two texts share in order."""
    row = [0] * (len(other) + 1)
    for a in one:
        before = row[:]
        for at, b in enumerate(other, 1):
            row[at] = before[at - 1] + 1 if a == b else max(before[at], row[at - 1])
    return row[-1]
