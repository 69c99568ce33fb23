"""What a message is before it is read: cleaned, and folded for matching."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.errors import TooLong
from bot.script import simplified
from bot.wording import say

MAX_CHARS = 1000
"""The longest message that is read, as typed and as cleaned. Literals count apart, each."""
MAX_LINE_CHARS = 5 * MAX_CHARS
"""The longest with its literals."""
MAX_MARKS = 4
"""Combining marks that one character keeps."""

_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols that show nothing."""
_MARKS = frozenset({"Mn", "Me"})
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F) if chr(wide).isalnum()}
"""Full-width Latin letters and digits, as those on a keyboard."""
_ZWJ = "\u200d"
_FOLDS = Path(__file__).with_name("folds.toml")
CLOSING = {"“": "”", "「": "」", "『": "』", '"': '"'}
"""Quotation marks round a literal."""
_ESCAPED = re.compile(rf"\\([\\{''.join(CLOSING.values())}])")
_LITERAL = re.compile(
    r"(?<!\S)(?:--|[—–]{1,2}\s?)[^\W\d][\w-]{0,21}[\s=:：]{0,3}(?P<literal>"
    + "|".join(rf"{a}(?>[^{b}\\]*(?:\\.[^{b}\\]*)*){b}" for a, b in CLOSING.items())
    + r")(?![^\s,;，；])",
    re.DOTALL,
)
"""The value of a flag between quotation marks."""


def clean(text: str, *, lines: bool = False) -> str:
    """Return the message in NFC, without what nobody can see and with single spaces.

    Control, format, private and surrogate characters go, but for the joiner inside an emoji;
    so does every combining mark beyond the fourth. Full-width letters and digits become narrow.

    Args:
        text: As it came.
        lines: Whether to keep where a line ends; empty lines go. Else that is a space.

    Raises:
        TooLong: The message is not read at all.
    """
    _refuse_long(text)
    visible = "".join(
        character for number, character in enumerate(text) if _is_kept(text, number, character)
    )
    normal = _capped(unicodedata.normalize("NFC", visible.translate(_NARROW)))
    each = (" ".join(line.split()) for line in (normal.splitlines() if lines else [normal]))
    cleaned = "\n".join(line for line in each if line)
    _refuse_long(cleaned)  # NFC makes three characters of some
    return cleaned


def literals(text: str) -> Iterator[tuple[int, int]]:
    """Yield where values of flags stand between quotation marks, as --prompt “竖版”."""
    return (found.span("literal") for found in _LITERAL.finditer(text))


def quoted(text: str) -> str:
    """Put a text between quotation marks, so that unquoted() returns it."""
    apart = (pair for pair in CLOSING.items() if not set(pair) & set(text))
    before, after = next(apart, ("“", "”"))
    escaped = text.replace("\\", r"\\").replace(after, rf"\{after}")
    return f"{before}{escaped}{after}"


def unquoted(literal: str) -> str:
    """Return what stands between the quotation marks of a literal."""
    return _ESCAPED.sub(r"\1", literal[1:-1])


def fold(text: str) -> str:
    """Return the text as it is matched, character for character as long as before.

    Full-width forms become narrow, capitals small, traditional characters simplified, and
    Cantonese ones that occur in words of control those of Mandarin.
    """
    return "".join(map(_folded, text))


def without(text: str, found: re.Match[str]) -> str:
    """Return a text without what was found in it folded, which is as long; a blank stands there."""
    return f"{text[: found.start()]} {text[found.end() :]}"


def _refuse_long(text: str) -> None:
    """Refuse a text that is too long, or one of the literals in it that is.

    Raises:
        TooLong: It is.
    """
    spans = [*literals(text)] if MAX_CHARS < len(text) <= MAX_LINE_CHARS else []
    inside = [len(unquoted(text[slice(*span)])) for span in spans]
    between = len(text) - sum(end - start for start, end in spans)
    longest = max([between, *inside])
    if longest > MAX_CHARS:
        raise TooLong(
            say("这段话有 {longest} 个字，最多 {most} 个", longest=longest, most=MAX_CHARS)
        )


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
