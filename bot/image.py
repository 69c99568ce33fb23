"""Pictures that people hand in: opened with care, and made plain."""

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageOps

from bot.errors import BadImage

MAX_BYTES = 20 << 20
"""Of a file as it comes."""
MAX_PIXELS = 40_000_000
MAX_SIDE = 12_000
KEPT_SIDE = 2048
"""Longest side of what is kept: as large as pictures get, and at most 12 MB whatever is on it, so
that the engine takes it."""
FORMATS = ("PNG", "JPEG", "WEBP")
"""The only parsers that see a stranger's bytes."""
DAMAGED = (
    *(OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
    Warning,  # of too many pixels, or of an odd file; raised where the caller asks for that
)
"""What Pillow's parsers raise of bytes that are damaged or lie."""


def plain(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return an image as a PNG of RGB without anything else in it, and its width and height.

    It stands as it is looked at (EXIF orientation), clear parts are white, and of an animation
    the first frame is left. Sizes are checked before anything is decoded.

    It takes the time of decoding: call it in a thread. A process of its own with limits of memory
    and time would also contain a fault of a parser; that belongs to the day when strangers on
    other platforms may hand images in. So far it is whoever sits at the terminal.

    Raises:
        BadImage: It is too large, damaged or no image; says so without naming it.
    """
    if len(content) > MAX_BYTES:
        raise BadImage(f"有 {len(content) / 2**20:.1f} MB，最多 {MAX_BYTES >> 20} MB")
    try:
        image = _decoded(content)
    except DAMAGED as error:
        raise BadImage("不是能用的图片：要是完整的 PNG、JPEG 或 WebP") from error
    image.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    fresh = Image.frombytes("RGB", image.size, image.tobytes())  # none of what came in its info
    file = BytesIO()
    fresh.save(file, "PNG")
    return file.getvalue(), fresh.size


def _decoded(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        _check_size(*image.size)
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I"):  # 16 bits: Pillow would cut off what is above 255
            upright = upright.point(lambda level: level / 256).convert("L")
        if not upright.has_transparency_data:
            return upright.convert("RGB")
        clear = upright.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise BadImage(
            f"有 {width}×{height} 像素，最多 {MAX_PIXELS // 10_000} 万像素，每边最多 {MAX_SIDE}"
        )
