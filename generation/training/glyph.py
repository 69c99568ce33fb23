"""The emoji of a noun as a picture, in its own colours or in another."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from generation.training.noun import NOUNS

FONT = Path(__file__).with_name("emoji.ttf")
"""The glyphs of NOUNS out of Noto Color Emoji; docs/decisions/0005-emoji-font.md says how."""

_STRIKE = 109
"""The one size, in pixels, that the font's bitmaps have."""

_FAINT = 40
"""Alpha up to which a pixel does not count as covered."""

_SOLID = 128
"""Alpha from which a pixel counts for the glyph's range of lightness."""

_SHADOW = 0.35
"""Share of a glyph's range of lightness that becomes the dark side of its new colour."""

_TINTS: dict[str, tuple[int, int, int]] = {
    "红": (226, 44, 44),
    "蓝": (44, 104, 226),
    "绿": (46, 166, 66),
    "黄": (248, 206, 40),
    "紫": (146, 66, 196),
    "黑": (52, 52, 58),
    "白": (240, 240, 244),
    "粉": (250, 142, 186),
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
    """Recolour by lightness: the middle becomes `rgb`, shadows and lights stay apart."""
    pixels = np.asarray(picture, dtype=np.float32)
    light = pixels[..., :3] @ np.array((0.299, 0.587, 0.114), dtype=np.float32)
    solid = pixels[..., 3] > _SOLID
    low, high = np.percentile(light[solid], (5, 95))
    level = np.clip((light - low) / max(high - low, 1.0), 0.0, 1.0)[..., None]
    body = np.array(rgb, dtype=np.float32)
    dark = body * 0.3
    pale = body + (255 - body) * 0.45
    dyed = np.where(
        level < _SHADOW,
        dark + (body - dark) * (level / _SHADOW),
        body + (pale - body) * np.clip((level - 0.6) / 0.4, 0.0, 1.0),
    )
    result = np.concatenate((dyed, pixels[..., 3:]), axis=2)
    return Image.fromarray(result.round().astype(np.uint8), "RGBA")
