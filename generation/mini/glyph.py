"""The emoji of a noun as a picture, in its own colours or in another."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from generation.mini.noun import NOUNS

FONT = Path(__file__).with_name("emoji.ttf")
"""The glyphs of NOUNS out of Noto Color Emoji; docs/decisions/0005-emoji-font.md says how."""

_STRIKE = 109
"""The one size, in pixels, that the font's bitmaps have."""

_FAINT = 40
"""Alpha up to which a pixel does not count as covered."""

_SOLID = 128
"""Alpha from which a pixel counts for the glyph's range of lightness."""

_GREY = 0.12
"""Range of red, green and blue up to which a pixel has no colour."""

_PALE, _DEEP, _FAR = 0.82, 0.3, 0.3
"""Lightness from which, and up to which, a grey keeps its colour when a glyph is dyed (whites of
eyes, pupils), and how far it must be from the commonest."""

_TINTS: dict[str, tuple[int, int, int]] = {
    "红": (226, 38, 40),
    "蓝": (40, 104, 232),
    "绿": (44, 166, 62),
    "黄": (252, 212, 36),
    "紫": (138, 58, 196),
    "黑": (46, 46, 52),
    "白": (244, 244, 248),
    "粉": (255, 146, 192),
    "橙": (252, 134, 22),
    "棕": (134, 82, 44),
}
"""The red, green and blue of each of the scene's colours."""


def tint(colour: str) -> tuple[int, int, int]:
    """Give the red, green and blue (0 to 255) of a colour of the scenes."""
    return _TINTS[colour]


@cache
def glyph(noun: str, colour: str | None = None) -> Image.Image:
    """Draw a noun's emoji, RGBA, cropped to what it covers; callers must not change it."""
    font = ImageFont.truetype(FONT, _STRIKE)
    page = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(page).text((8, 8), NOUNS[noun].emoji, font=font, embedded_color=True)
    box = (
        page.getchannel("A").point([255 if alpha > _FAINT else 0 for alpha in range(256)]).getbbox()
    )
    picture = page.crop(box)
    return picture if colour is None else _dyed(picture, _TINTS[colour])


def _dyed(picture: Image.Image, rgb: tuple[int, int, int]) -> Image.Image:
    """Recolour: the commonest lightness becomes `rgb`, the rest lighter or darker than it.

    What is nearly white or nearly black in the glyph stays so in part, or an owl would lose its
    eyes.
    """
    pixels = np.asarray(picture, dtype=np.float32)
    colour = pixels[..., :3] / 255.0
    light = colour @ np.array((0.299, 0.587, 0.114), dtype=np.float32)
    solid = pixels[..., 3] > _SOLID
    middle = float(np.median(light[solid]))
    low, high = np.percentile(light[solid], (4, 96))
    up = np.clip((light - middle) / max(float(high) - middle, 0.12), 0.0, 1.0)[..., None]
    down = np.clip((middle - light) / max(middle - float(low), 0.12), 0.0, 1.0)[..., None]
    body = np.array(rgb, dtype=np.float32)
    dyed = body + (255.0 - body) * 0.5 * up - body * 0.45 * down
    grey = np.ptp(colour, axis=-1) < _GREY
    kept = grey & (np.abs(light - middle) > _FAR) & ((light > _PALE) | (light < _DEEP))
    dyed = np.where(kept[..., None], 0.2 * dyed + 0.8 * pixels[..., :3], dyed)
    result = np.concatenate((dyed, pixels[..., 3:]), axis=2)
    return Image.fromarray(result.round().astype(np.uint8), "RGBA")
