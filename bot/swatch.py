"""Sheets of sample pictures: all styles side by side, or one of them."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from bot.plate import FAINT, GROUND, INK, Place, fit, footer_px, lines, write

COLUMNS = 4
CELL_PX, THUMB_PX, EDGE_PX = 260, 236, 24
NAME_PX = 34
ROW_PX = THUMB_PX + NAME_PX + 30
LARGE_PX = 512


def swatches(samples: Sequence[tuple[str, Image.Image | None]]) -> Image.Image:
    """Return samples side by side, each with its number and name. Call it in a thread.

    Args:
        samples: Name and picture of each; one without a picture has an empty place.
    """
    columns = min(COLUMNS, len(samples))
    rows = -(-len(samples) // columns)
    width, height = columns * CELL_PX + 2 * EDGE_PX, rows * ROW_PX + EDGE_PX
    image = Image.new("RGB", (width, height + footer_px(width, height)), GROUND)
    for number, (name, sample) in enumerate(samples):
        down, across = divmod(number, columns)
        top = (EDGE_PX + across * CELL_PX + CELL_PX // 2, EDGE_PX + down * ROW_PX)
        _hang(image, top, sample)
        (line, *_) = lines(f"{number + 1} {name}", NAME_PX, CELL_PX - 8, 1)
        write(image, (top[0], top[1] + THUMB_PX + 8), line, NAME_PX, INK)
    return image


def swatch(sample: Image.Image) -> Image.Image:
    """Return one sample larger, with room for the label below. Call it in a thread."""
    large = fit(sample, LARGE_PX, LARGE_PX)
    footer = footer_px(*large.size)
    image = Image.new("RGB", (large.width, large.height + footer), GROUND)
    image.paste(large)
    return image


def _hang(image: Image.Image, top: Place, sample: Image.Image | None) -> None:
    if sample is None:
        left, upper = top[0] - THUMB_PX // 2, top[1]
        box = (left, upper, left + THUMB_PX, upper + THUMB_PX)
        ImageDraw.Draw(image).rectangle(box, outline=FAINT, width=2)
        return
    small = fit(sample, THUMB_PX, THUMB_PX)
    place = (top[0] - small.width // 2, top[1] + (THUMB_PX - small.height) // 2)
    image.paste(small, place)
