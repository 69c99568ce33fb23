"""Text as people save it: lines of bounded length, in UTF-8 or GB18030."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from generation.training.note import Notes, Odd, Unusable, Why

MOST_LINE_BYTES = 300 << 20
"""A picture of MOST_BYTES in base64, and its caption."""
MOST_CAPTION = 10_000
"""Characters."""
BOM = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 begins, as some editors save it."""
_CHUNK = 1 << 20
_LAST_OF_TWO = "\u07ff"
"""The last character of two bytes in UTF-8, as each of GB18030's common ones has."""
_SCRIPTS = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "SYRIAC", "THAANA", "NKO"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file."""

    number: int
    """From 1."""
    start: int
    """Its first byte, after a byte order mark."""
    data: bytes
    """Without its end; empty where it is too long."""
    too_long: bool = False


def lines(path: Path, *, most_bytes: int = MOST_LINE_BYTES) -> Iterator[Line]:
    """Yield the lines that hold something, one in memory at a time.

    Args:
        path: The file.
        most_bytes: Of a line; longer ones are passed over.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        number, start = 0, 0
        while data := file.readline(most_bytes):
            number += 1
            ended = data.endswith(b"\n")
            if not ended and len(data) == most_bytes:
                yield Line(number, start, b"", too_long=True)
                _skip(file)
            else:
                mark = len(BOM) * (start == 0 and data.startswith(BOM))
                data = data[mark:].rstrip(b"\r\n")
                if data.strip():
                    yield Line(number, start + mark, data)
            start = file.tell()


def decoded(data: bytes, name: str, notes: Notes) -> str:
    """Return text in UTF-8, else in GB18030, which is noted by name.

    Raises:
        Unusable: It is neither.
    """
    if data.startswith(WIDE):
        raise Unusable(Why.NO_TEXT)
    utf8, chinese = _read_as("utf-8-sig", data), _read_as("gb18030", data)
    if utf8 is not None and not (chinese and _is_misread(utf8) and _is_chinese(chinese)):
        return utf8
    if chinese is None:
        raise Unusable(Why.NO_TEXT)
    notes.remark(Odd.GB18030, name)
    return chinese


def caption(text: str) -> str:
    """Return a caption on one line.

    Raises:
        Unusable: It is no text for people, or endless.
    """
    text = " ".join(text.split())
    if len(text) > MOST_CAPTION or any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise Unusable(Why.NO_TEXT)
    return text


def shown(name: str) -> str:
    """Return a file's name as it can be printed: some hold line ends, or bytes of no text."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _read_as(encoding: str, data: bytes) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_misread(text: str) -> bool:
    """Tell whether text is what UTF-8 makes of a few Chinese characters in GB18030.

    一只猫 is also whole UTF-8, of one Cyrillic letter, one Hebrew point and one è: scripts that no
    sentence mixes, and no word is of accented letters alone.
    """
    strange = [letter for letter in text if not letter.isascii()]
    if not strange or max(strange) > _LAST_OF_TWO:
        return False
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in strange} & _SCRIPTS
    plain = any(letter.isascii() and letter.isalpha() for letter in text)
    return len(scripts) > 1 or (scripts == {"LATIN"} and not plain)


def _is_chinese(text: str) -> bool:
    return all(letter.isascii() or "\u3000" <= letter <= "\uffef" for letter in text)


def _skip(file: BinaryIO) -> None:
    """Go past the end of the line."""
    while (data := file.readline(_CHUNK)) and not data.endswith(b"\n"):
        pass
