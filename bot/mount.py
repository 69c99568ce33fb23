"""What pictures are mounted on: paper with a title and credits, captions, marks, film, silk."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from bot.plate import (
    CLOSING,
    FAINT,
    GROUND,
    INK,
    MARK,
    OPENING,
    WIDE,
    Colour,
    Place,
    footer_px,
    legible,
    lines,
    width_of,
    write,
)

EDGE_PX, GAP_PX, MAT_PX = 48, 36, 10
TITLE_PX, TITLE_LINES, RULE_PX = 60, 2, 72
FOOT_PX, FOOT_LINES = 28, 6
"""The credits stand beside the label."""
LABEL_SHARE = 0.32
"""Of the short side, how wide the label is, and what is free beside it."""
NAME_PX, WORDS_PX, WORD_LINES, CAPTION_PX = 34, 28, 2, 16
LEADING = 1.3
"""From line to line, of the height of letters."""
WHITE, SOFT, FILM, SILK, WOOD = (
    (255, 255, 255),
    (92, 88, 82),
    (38, 36, 34),
    (214, 201, 172),
    (84, 58, 42),
)
"""Colours: of mats, of what was said, of film, of the border of a scroll and of its rollers."""
HOLE_PX, HOLES_APART_PX = 16, 34
SUPER = 4
"""Round things are drawn so much larger, and made small: then their edge is smooth."""


class Caption(NamedTuple):
    """What stands under a picture."""

    mark: str
    name: str
    words: str


def page(width: int, body_px: int, title: str, foot: Sequence[str] = ()) -> tuple[Image.Image, int]:
    """Return paper with a title above and credits below, and where between them it is free.

    Args:
        width: Of the paper, pixels.
        body_px: How high what is drawn on it is.
        title: May be empty.
        foot: Credits, a line each; what has no room beside the label is left out.
    """
    heads = _even(title, TITLE_PX, width - 2 * EDGE_PX, TITLE_LINES)
    line_px = round(LEADING * TITLE_PX)
    top = EDGE_PX + (len(heads) * line_px + GAP_PX if heads else 0)
    room_px = width - 2 * EDGE_PX - round(LABEL_SHARE * min(width, top + body_px))
    feet = [line for text in foot for line in lines(text, FOOT_PX, room_px, 2)][:FOOT_LINES]
    foot_line_px = round(LEADING * FOOT_PX)
    below = max(footer_px(width, top + body_px) + GAP_PX // 2, len(feet) * foot_line_px + EDGE_PX)
    image = Image.new("RGB", (width, top + body_px + below), GROUND)
    for number, line in enumerate(heads):
        write(image, (width // 2, EDGE_PX + number * line_px), line, TITLE_PX)
    if heads:
        left, at = (width - RULE_PX) // 2, top - GAP_PX + 2
        ImageDraw.Draw(image).rectangle((left, at, left + RULE_PX, at + 4), MARK)
    start = image.height - EDGE_PX // 2 - len(feet) * foot_line_px
    for number, line in enumerate(feet):
        at = (EDGE_PX, start + number * foot_line_px)
        write(image, at, line, FOOT_PX, SOFT, align="left")
    return image, top


def _even(text: str, px: int, width: int, most: int) -> list[str]:
    """Return a text in lines of a width, so that none is much shorter than the others."""
    found = lines(text, px, width, most + 1)
    if not 1 < len(found) <= most:
        return lines(text, px, width, most)
    for narrow in range(width, width // 2, -(px // 2)):
        closer = lines(text, px, narrow, most + 1)
        if len(closer) > len(found):
            break
        found = closer
    return found


def hang(image: Image.Image, picture: Image.Image, at: Place) -> None:
    """Lay a picture on paper in a white mat, the left upper corner of that at a place."""
    right, lower = (px + 2 * MAT_PX - 1 for px in picture.size)
    ImageDraw.Draw(image).rectangle((*at, at[0] + right, at[1] + lower), WHITE, FAINT)
    image.paste(picture, (at[0] + MAT_PX, at[1] + MAT_PX))


def caption_px(captions: Sequence[Caption], width: int) -> int:
    """Return how high the captions of a row are."""
    named = any(one.mark or one.name for one in captions)
    said = max(len(lines(one.words, WORDS_PX, width, WORD_LINES)) for one in captions)
    if not named and not said:
        return 0
    return CAPTION_PX + round(LEADING * (NAME_PX * named + WORDS_PX * said))


def caption(image: Image.Image, top: Place, one: Caption, width: int) -> None:
    """Write under a picture who it is of and what they said, in the middle under a place."""
    at = top[1] + CAPTION_PX
    if one.mark or one.name:
        marked(image, (top[0], at), one, NAME_PX, width)
        at += round(LEADING * NAME_PX)
    for line in lines(one.words, WORDS_PX, width, WORD_LINES):
        write(image, (top[0], at), line, WORDS_PX, SOFT)
        at += round(LEADING * WORDS_PX)


def marked(image: Image.Image, top: Place, one: Caption, px: int, width: int) -> None:
    """Write mark and name on one line, in the middle under a place: the mark in red."""
    mark = " ".join(lines(one.mark, px, width // 2, 1))
    mark_px = width_of(mark, px) + (px / 3 if mark and one.name else 0)
    name = " ".join(lines(one.name, px, round(width - mark_px), 1))
    left = top[0] - round((mark_px + width_of(name, px)) / 2)
    write(image, (left, top[1]), mark, px, MARK, align="left")
    write(image, (left + round(mark_px), top[1]), name, px, INK, align="left")


def badge(image: Image.Image, middle: Place, mark: str, px: int) -> None:
    """Stamp a mark in white on a red disc with a white edge."""
    side = SUPER * px
    disc = Image.new("L", (side, side))
    ImageDraw.Draw(disc).ellipse((0, 0, side - 1, side - 1), 255)
    at = (middle[0] - px // 2, middle[1] - px // 2)
    image.paste(WHITE, (*at, at[0] + px, at[1] + px), disc.resize((px, px)))
    inner = px - 2 * max(2, px // 24)
    at = (middle[0] - inner // 2, middle[1] - inner // 2)
    image.paste(MARK, (*at, at[0] + inner, at[1] + inner), disc.resize((inner, inner)))
    letters_px = round(px * (0.62 if len(mark) == 1 else 0.44))
    for line in lines(mark, letters_px, inner, 1):
        write(image, (middle[0], middle[1] - letters_px // 2), line, letters_px, WHITE)


def film(image: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Lay a strip of film on paper, with holes along its upper and its lower edge."""
    pen = ImageDraw.Draw(image)
    pen.rectangle(box, FILM)
    left, upper, right, lower = box
    count = (right - left) // HOLES_APART_PX
    start = left + (right - left - (count - 1) * HOLES_APART_PX - HOLE_PX) // 2
    for number in range(count):
        at = start + number * HOLES_APART_PX
        for top in (upper + HOLE_PX // 2 + 2, lower - HOLE_PX // 2 - 2 - HOLE_PX):
            pen.rounded_rectangle((at, top, at + HOLE_PX, top + HOLE_PX), 4, GROUND)


def seal(image: Image.Image, top: Place, text: str, px: int) -> None:
    """Stamp the first character of a text in white on a red square, the middle under a place."""
    left = top[0] - px // 2
    box = (left, top[1], left + px, top[1] + px)
    ImageDraw.Draw(image).rounded_rectangle(box, max(2, px // 10), MARK)
    first = legible(text).strip("".join((OPENING, CLOSING, " ")))[:1]
    letter_px = round(0.72 * px)
    write(image, (top[0], top[1] + (px - letter_px) // 2), first, letter_px, WHITE)


def upright(text: str, px: int, height: int, most: int) -> Image.Image:
    """Return a text written from above down, in columns from the right; a mask.

    One without characters that stand upright by themselves is written along the column instead.
    """
    seen = legible(text).strip()
    if not re.search(f"[{WIDE}]", seen):
        return _along(seen, round(0.8 * px), height, most)
    pitch = round(1.15 * px)
    chars = [char for char in seen if char not in OPENING + CLOSING]
    rows = max(1, height // pitch)
    columns = [chars[at : at + rows] for at in range(0, len(chars), rows)][:most]
    mask = Image.new("RGB", (max(1, len(columns)) * pitch, height))
    for number, column in enumerate(columns):
        middle = mask.width - number * pitch - pitch // 2
        for row, char in enumerate(column):
            write(mask, (middle, row * pitch), char, px, WHITE)
    return mask.convert("L")


def _along(text: str, px: int, height: int, most: int) -> Image.Image:
    """Return a text written along columns from above down, as titles are on the backs of books."""
    found = lines(text, px, height, most)
    pitch = round(LEADING * px)
    mask = Image.new("RGB", (height, max(1, len(found)) * pitch))
    for number, line in enumerate(found):
        write(mask, (0, number * pitch + round(0.1 * px)), line, px, WHITE, align="left")
    return mask.convert("L").transpose(Image.Transpose.ROTATE_270)


def inked(image: Image.Image, at: Place, mask: Image.Image, colour: Colour = INK) -> None:
    """Put a colour on paper where a mask covers it, its left upper corner at a place."""
    image.paste(colour, (*at, at[0] + mask.width, at[1] + mask.height), mask)
