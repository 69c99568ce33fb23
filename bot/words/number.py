"""Numbers that belong to a person: of a mobile phone, an identity card, a bank card."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

_CHINESE = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
_GAP = r"[^0-9a-zA-Z\u4e00-\u9fff]{0,3}"
_BEFORE, _AFTER = r"(?<![0-9a-zA-Z])", r"(?![0-9a-zA-Z])"
_PHONE = re.compile(f"{_BEFORE}1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}{_AFTER}")
_IDENTITY = re.compile(f"{_BEFORE}[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9xX]{_AFTER}")
_CARD = re.compile(f"{_BEFORE}[3-6](?:{_GAP}[0-9]){{15,18}}{_AFTER}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
"""The last character of an identity number, by its weighted sum modulo 11 (GB 11643)."""
_UNION = "62"
"""What the numbers of the country's bank cards begin with."""


def personal(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end, in the text as typed, of each number that belongs to a person."""
    digits = "".join(map(_digit, text))
    for pattern, is_one in ((_PHONE, None), (_IDENTITY, _is_identity), (_CARD, _is_card)):
        for found in pattern.finditer(digits):
            number = "".join(filter(str.isalnum, found[0])).upper()
            if is_one is None or is_one(number):
                yield found.span()


@cache
def _digit(character: str) -> str:
    """Return the digit that a character stands for, else a character as long as itself."""
    number = unicodedata.normalize("NFKC", _CHINESE.get(character, character))
    return number if len(number) == 1 and number.isascii() else character


def _is_identity(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return number[-1] == _CHECKS[total % 11]


def _is_card(number: str) -> bool:
    """Return whether it is a bank card's, by its beginning or its check digit (ISO/IEC 7812)."""
    if number.startswith(_UNION):
        return True
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004
