"""Pictures that people hand in: opened with care, and made plain.

Strangers' bytes come here in a process of its own only (bot/decoder.py).
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from bot.errors import BadImage
from bot.wording import say

MAX_BYTES = 20 << 20
"""Of a file as it comes."""
MAX_PIXELS = 40_000_000
MAX_SIDE = 12_000
KEPT_SIDE = 2048
"""Longest side of what is kept: as large as pictures get, and at most 12 MB whatever is on it, so
that the engine takes it."""
FORMATS = ("PNG", "JPEG", "WEBP")
"""The only parsers that see a stranger's bytes."""
MAGIC = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "WEBP": b"RIFF"}
"""What a file of each begins with."""
HALF = 128
"""Of 255: what is less solid counts as clear."""
LEAST_CLEAR, MOST_CLEAR = 0.001, 0.95
"""Of a picture: less is a soft edge or a rounded corner, more is a drawing on no ground; neither
says where to draw."""
DAMAGED = (
    *(OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
    Warning,  # of too many pixels, or of an odd file; raised where the caller asks for that
)
"""What Pillow's parsers raise of bytes that are damaged or lie."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An image of which nothing is left but what it looks like."""

    png: bytes
    """RGB."""
    size: tuple[int, int]
    """Width and height, pixels."""
    clear: bytes = b""
    """Where it is clear, as a PNG of the same size: white there, black elsewhere; empty if it is
    clear nowhere, or nearly everywhere."""


def plain(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return an image as a PNG of RGB without anything else in it, and its width and height.

    Raises:
        BadImage: It is too large, damaged or no image; says so without naming it.
    """
    opened = open_plainly(content)
    return opened.png, opened.size


def open_plainly(content: bytes) -> Opened:
    """Return an image as it is looked at (EXIF orientation), and where it is clear.

    Clear parts are white, and of an animation the first frame is left. Sizes are checked before
    anything is decoded. It takes the time of decoding.

    Raises:
        BadImage: It is too large, damaged or no image; says so without naming it.
    """
    if len(content) > MAX_BYTES:
        size = f"{len(content) / 2**20:.1f}"
        raise BadImage(say("有 {size} MB，最多 {most} MB", size=size, most=MAX_BYTES >> 20))
    try:
        if not content.startswith(tuple(MAGIC.values())):
            raise OSError("of no known kind")
        image, clear = _decoded(content)
    except DAMAGED as error:
        raise BadImage(say("不是能用的图片：要是完整的 PNG、JPEG 或 WebP")) from error
    fresh = Image.frombytes("RGB", image.size, image.tobytes())  # none of what came in its info
    return Opened(_png(fresh), fresh.size, _where(clear))


def _decoded(content: bytes) -> tuple[Image.Image, Image.Image | None]:
    """Return an image in RGB, no larger than it is kept, and its alpha if it has any."""
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        _check_size(*image.size)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        upright: Image.Image = image
        if upright.mode.startswith("I"):  # 16 bits: Pillow would cut off what is above 255
            upright = upright.point(lambda level: level / 256).convert("L")
        if not upright.has_transparency_data:
            return _kept(upright.convert("RGB")), None
        clear = _kept(upright.convert("RGBA"))
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB"), clear.getchannel("A")


def _kept(image: Image.Image) -> Image.Image:
    image.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return image


def _where(alpha: Image.Image | None) -> bytes:
    if alpha is None:
        return b""
    mask = alpha.point([255 if level < HALF else 0 for level in range(256)])
    share = mask.histogram()[255] / (mask.width * mask.height)
    return _png(mask) if LEAST_CLEAR <= share <= MOST_CLEAR else b""


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        size, most = f"{width}×{height}", MAX_PIXELS // 10_000
        words = "有 {size} 像素，最多 {most} 万像素，每边最多 {side}"
        raise BadImage(say(words, size=size, most=most, side=MAX_SIDE))
