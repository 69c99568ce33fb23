"""What a message is before it is read: cleaned, and folded for matching."""

import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from bot.errors import TooLong
from bot.script import simplified

MAX_CHARS = 1000
"""The longest message that is read, as typed."""
MAX_MARKS = 4
"""Combining marks that one character keeps."""

_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols that show nothing."""
_MARKS = frozenset({"Mn", "Me"})
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_ZWJ = "\u200d"
_FOLDS = Path(__file__).with_name("folds.toml")


def clean(text: str) -> str:
    """Return the message in NFC, without what nobody can see and with single spaces.

    Control, format, private and surrogate characters go, but for the joiner inside an emoji;
    so does every combining mark beyond the fourth.

    Raises:
        TooLong: The message is not read at all.
    """
    if len(text) > MAX_CHARS:
        raise TooLong(f"这段话有 {len(text)} 个字，最多 {MAX_CHARS} 个")
    visible = "".join(
        character for number, character in enumerate(text) if _is_kept(text, number, character)
    )
    return " ".join(_capped(unicodedata.normalize("NFC", visible)).split())


def fold(text: str) -> str:
    """Return the text as it is matched, character for character as long as before.

    Full-width forms become narrow, capitals small, traditional characters simplified, and
    Cantonese ones that occur in words of control those of Mandarin.
    """
    return "".join(map(_folded, text))


def _is_kept(text: str, number: int, character: str) -> bool:
    if character == _ZWJ:
        around = text[number - 1 : number] + text[number + 1 : number + 2]
        return len(around) == 2 and all(map(_is_emoji, around))  # noqa: PLR2004  (both sides)
    if character.isspace():
        return True
    return unicodedata.category(character) not in _DROPPED and character not in _BLANKS


def _is_emoji(character: str) -> bool:
    return character == "\ufe0f" or unicodedata.category(character) in {"So", "Sk"}


def _capped(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


@cache
def _mandarin() -> dict[str, str]:
    table = tomllib.loads(_FOLDS.read_text(encoding="utf-8"))
    return dict(zip(table["cantonese"], table["mandarin"], strict=True))


@cache
def _folded(character: str) -> str:
    narrow = unicodedata.normalize("NFKC", character).casefold()
    narrow = narrow if len(narrow) == 1 else character
    simple = simplified(narrow)
    simple = simple if len(simple) == 1 else narrow
    return _mandarin().get(simple, simple)
