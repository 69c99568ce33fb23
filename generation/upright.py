"""Pictures of all kinds of files as RGB; free of torch."""

import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

DAMAGED = (
    *(OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError),
    *(struct.error, zlib.error),
)
"""What Pillow's parsers raise on damaged files; those of the last line in EXIF and PNG chunks."""


def upright(file: Image.Image) -> Image.Image:
    """Return the frame that a file is at, turned as its EXIF says, RGB, what is transparent white.

    Raises:
        DAMAGED: One of these, where the file is not whole.
    """
    picture = ImageOps.exif_transpose(file)
    if picture.mode.startswith("I"):  # 16 bits a channel, which Pillow would clip to 8
        shades = np.asarray(picture, dtype=np.int64) >> 8
        picture = Image.fromarray(shades.clip(0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    above = picture.convert("RGBA")
    white = Image.new("RGBA", above.size, "white")
    return Image.alpha_composite(white, above).convert("RGB")
