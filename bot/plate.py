"""Plates: small pictures put together on one, with words beside them; drawn by Pillow alone."""

import math
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bot.label import EM_SHARE

FONT = Path(__file__).with_name("plate.ttf")
"""The 3755 most usual Chinese characters of GB 2312, and Chinese punctuation."""
GROUND, INK, FAINT, MARK = (250, 248, 242), (34, 34, 34), (150, 146, 138), (196, 48, 36)
"""Colours: of the ground, of words, of lines and what matters less, and of what is meant."""
MISSING, CUT = "?", "..."
"""Stands for a character that no font here has; and for what is left out."""
PLAINER = str.maketrans({"×": "x", "…": "...", "·": "-", "—": "-", "“": '"', "”": '"'})
"""Signs that these fonts lack, and what is written instead."""

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


def write(image: Image.Image, at: Place, text: str, px: int, colour: Colour = INK) -> None:
    """Write one line, its middle at a place; from its top down."""
    left = at[0] - round(width_of(text, px) / 2)
    draw = ImageDraw.Draw(image)
    for part, font in _runs(text, px):
        draw.text((left, at[1] + px), part, colour, font, "ls")
        left += round(font.getlength(part))


def width_of(text: str, px: int) -> float:
    """Return how wide a line is."""
    return sum(font.getlength(part) for part, font in _runs(text, px))


def lines(text: str, px: int, width: int, most: int) -> list[str]:
    """Break a text into lines of a width, between words where it can be.

    What is beyond the last is cut off with an ellipsis.
    """
    found = [""]
    for word in text.split():
        joined = f"{found[-1]} {word}".strip()
        if width_of(joined, px) <= width:
            found[-1] = joined
            continue
        if found[-1] and width_of(word, px) <= width:
            found.append(word)
            continue
        for char in f" {word}" if found[-1] else word:
            if width_of(found[-1] + char, px) > width:
                found.append("")
            found[-1] += char
    if len(found) <= most:
        return [line.strip() for line in found if line.strip()]
    last = found[most - 1]
    while last and width_of(last + CUT, px) > width:
        last = last[:-1]
    return [*found[: most - 1], last.strip() + CUT]


def _runs(text: str, px: int) -> Iterable[tuple[str, ImageFont.FreeTypeFont]]:
    """Yield a text in parts of one font each."""
    for latin, part in groupby(text.translate(PLAINER), _is_latin):
        yield "".join(map(_known, part)), _latin(px) if latin else _font(px)


@cache
def _font(px: int) -> ImageFont.FreeTypeFont:
    # The basic layout is in every Pillow; raqm is not, and places letters differently.
    return ImageFont.truetype(FONT, px, layout_engine=ImageFont.Layout.BASIC)


@cache
def _latin(px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return font


@cache
def _is_latin(char: str) -> bool:
    return char.isascii() or (_draws(_latin(32), char) and not _draws(_font(32), char))


@cache
def _known(char: str) -> str:
    drawn = char.isspace() or _draws(_latin(32) if _is_latin(char) else _font(32), char)
    return char if drawn else MISSING


def _draws(font: ImageFont.FreeTypeFont, char: str) -> bool:
    """Return whether a font has a character: else it draws what it has for one of nobody's."""
    drawn = _shape(font, char)
    return any(drawn) and drawn != _shape(font, "\ue000")


def _shape(font: ImageFont.FreeTypeFont, char: str) -> bytes:
    image = Image.new("L", (64, 64))
    ImageDraw.Draw(image).text((8, 48), char, 255, font, "ls")
    return image.tobytes()
