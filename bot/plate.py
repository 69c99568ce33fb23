"""Plates: small pictures put together on one, with words beside them; drawn by Pillow alone.

What people call themselves and what they say may hold anything that Unicode has. `legible` makes of
it what the two fonts here can draw; nothing is drawn that has not gone through it.
"""

import math
import re
import struct
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal
from unicodedata import category, normalize

from PIL import Image, ImageDraw, ImageFont

from bot.label import EM_SHARE

FONT = Path(__file__).with_name("plate.otf")
"""GB 2312 whole, the usual traditional characters, kana, Latin, Greek and Cyrillic letters."""
SIGNS = Path(__file__).with_name("plate-emoji.ttf")
"""Emoji, in outlines; none that FONT has."""
GROUND, INK, FAINT, MARK = (250, 248, 242), (34, 34, 34), (150, 146, 138), (196, 48, 36)
"""Colours: of the ground, of words, of lines and what matters less, and of what is meant."""
MISSING, CUT = "〓", "…"
"""Stands for characters in a row that no font here has, as printers set it; and for what is left
out."""
FLAG = "🏳"
"""Stands for the flag of any country: those are drawn by no font of one colour."""
MOST_READ = 4000
"""Characters of a text that are looked at."""
RISE = 0.88
"""Of the height of a line, what is above the foot of its letters."""
SIGN_SHARE = 0.8
"""Of the height of a line: emoji are wider than other characters."""

COUNTRY = re.compile("[\U0001f1e6-\U0001f1ff]{1,2}")
DRESS = re.compile("[\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""What says how an emoji looks: in colour, on a key, of which skin."""
PICTURED = "[\u2190-\u2bff\U0001f000-\U0001faff]"
JOINED = re.compile(f"({PICTURED})(?:\u200d{PICTURED})+")
OPENING, CLOSING = "（《〈「『【〔“‘", "，。、；：？！）》〉」』】〕”’…—～％"
"""Which stand at no line's end, and which at no line's beginning."""
WIDE = "\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\uffef\U0001f000-\U0003ffff"
"""Before and after which a line may be broken."""
_LETTER = rf"[^\s{WIDE}{OPENING}{CLOSING}]"
UNIT = re.compile(
    rf"\s+|[{OPENING}]*(?:{_LETTER}+(?:’{_LETTER}+)*|(?![{OPENING}{CLOSING}])[{WIDE}])[{CLOSING}]*"
    rf"|[{OPENING}{CLOSING}]"
)
"""What is not broken: a word, or a character, with the punctuation that clings to it."""

Colour = tuple[int, int, int]
Place = tuple[int, int]


def footer_px(width: int, height: int) -> int:
    """Return how much is to be left free below, so that the label covers nothing."""
    return math.ceil(1.6 * EM_SHARE * min(width, height))


def fit(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return an image as large as fits into a box."""
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def legible(text: str) -> str:
    """Return a text in characters that can be drawn, without what is not to be seen.

    An emoji of several characters becomes one sign; of marks above and below letters those remain
    that are of one character with theirs.
    """
    text = normalize("NFC", text[:MOST_READ])
    text = JOINED.sub(r"\1", DRESS.sub("", COUNTRY.sub(FLAG, text)))
    found = "".join(map(_as_drawn, text))
    return re.sub(f"{MISSING}(?:[{MISSING}\\s]*{MISSING})+", MISSING, found)


def write(
    image: Image.Image,
    at: Place,
    text: str,
    px: int,
    colour: Colour = INK,
    *,
    align: Literal["left", "middle", "right"] = "middle",
) -> None:
    """Write one line at a place, from its top down: its left end, its middle or its right end."""
    text = legible(text)
    share = {"left": 0.0, "middle": 0.5, "right": 1.0}[align]
    left = at[0] - round(_width(text, px) * share)
    draw = ImageDraw.Draw(image)
    for sign, part in groupby(text, _is_sign):
        run = "".join(part)
        draw.text((left, at[1] + round(RISE * px)), run, colour, _font(px, sign=sign), "ls")
        left += round(_width(run, px))


def width_of(text: str, px: int) -> float:
    """Return how wide a line is."""
    return _width(legible(text), px)


def lines(text: str, px: int, width: int, most: int) -> list[str]:
    """Break a text into lines of a width: between words, and not before a comma.

    What is beyond the last is cut off with an ellipsis.
    """
    found = [""]
    for unit in UNIT.findall(legible(text)):
        if _width(f"{found[-1]}{unit}".rstrip(), px) <= width:
            found[-1] += unit if found[-1] else unit.lstrip()
        elif _width(unit, px) <= width:
            found.append(unit.lstrip())
        else:
            found[-1:] = _broken(found[-1], unit, px, width)
        if len(found) > most + 1:  # one more, since the last may be of spaces
            break
    found = [line.strip() for line in found if line.strip()]
    if len(found) <= most:
        return found
    return [*found[: most - 1], *_cut(found[most - 1], px, width)] if most else []


def _broken(line: str, word: str, px: int, width: int) -> list[str]:
    """Return a line and those after it, filled with a word that has no room on any."""
    found = [line]
    for char in word:
        if _width(char, px) > width:
            continue
        if _width(found[-1] + char, px) > width:
            found.append("")
        found[-1] += char
    return found


def _cut(line: str, px: int, width: int) -> list[str]:
    """Return a line with an ellipsis at its end; none if there is no room for that."""
    if _width(CUT, px) > width:
        return []
    while _width(line + CUT, px) > width:
        line = line[:-1]
    return [line.rstrip("，、；：。 ") + CUT]


def _width(text: str, px: int) -> float:
    return sum(_advance(char, px) for char in text)


@lru_cache(1 << 14)
def _advance(char: str, px: int) -> float:
    return _font(px, sign=_is_sign(char)).getlength(char)


@lru_cache(64)
def _font(px: int, *, sign: bool) -> ImageFont.FreeTypeFont:
    # The basic layout is in every Pillow; raqm is not, and places letters differently.
    path, size = (SIGNS, max(1, round(SIGN_SHARE * px))) if sign else (FONT, px)
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def _is_sign(char: str) -> bool:
    return ord(char) in _has(SIGNS)


def _is_drawn(char: str) -> bool:
    return ord(char) in _has(FONT) or ord(char) in _has(SIGNS)


@lru_cache(1 << 14)
def _as_drawn(char: str) -> str:
    """Return what is drawn of a character: itself, what it stands for, nothing or MISSING."""
    if char.isspace():
        return " "
    if _is_drawn(char):
        return char
    if category(char) in ("Cc", "Cf", "Mc", "Me", "Mn"):
        return ""
    for form in ("NFKC", "NFKD"):
        meant = "".join(part for part in normalize(form, char) if category(part)[0] != "M").strip()
        if meant and all(map(_is_drawn, meant)):
            return meant
    return MISSING


@cache
def _has(path: Path) -> frozenset[int]:
    """Return which characters a font has; Pillow does not tell.

    Source: OpenType 1.9.1, cmap, format 12: the only one that these two files have.
    """
    content = path.read_bytes()
    (tables,) = struct.unpack_from(">H", content, 4)
    at = next(at for tag, at in _tables(content, tables) if tag == b"cmap")
    (offset,) = struct.unpack_from(">L", content, at + 8)
    _, _, _, _, groups = struct.unpack_from(">HHLLL", content, at + offset)
    runs = struct.iter_unpack(">LLL", content[at + offset + 16 :][: 12 * groups])
    return frozenset(one for first, last, _ in runs for one in range(first, last + 1))


def _tables(content: bytes, count: int) -> Iterator[tuple[bytes, int]]:
    for tag, _, at, _ in struct.iter_unpack(">4sLLL", content[12 : 12 + 16 * count]):
        yield tag, at
