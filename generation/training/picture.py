"""One picture to learn from: whether it is whole, and its pixels; free of torch."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from PIL import Image

from generation.training.note import Unusable, Why
from generation.upright import DAMAGED, upright

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
"""What is opened, whatever a file's name says."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
OTHERS = (".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".ico", ".psd", ".svg")
"""Pictures by their names, which are not opened."""
MOST_PIXELS = 80_000_000
"""Below Pillow's own limit, so that none is opened with a warning only."""
MOST_BYTES = 200 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found out about a picture by decoding it."""

    width: int
    """Pixels, upright."""
    height: int
    pixels: str
    """SHA-256 of its size and RGB pixels, the same for every way to pack them without loss."""
    animated: bool


def examine(data: bytes) -> Seen:
    """Decode a picture once, whole, and return what it is.

    Args:
        data: A file.

    Raises:
        Unusable: It is empty, too large, damaged, or no such picture.
    """
    if not data:
        raise Unusable(Why.EMPTY)
    with _opened(data) as file:
        kind, animated = file.format, bool(getattr(file, "is_animated", False))
        if kind == "PNG":
            file.verify()  # the checksums, which decoding passes over
    picture = decode(data)
    pixels = sha256(f"{picture.width}x{picture.height} ".encode())
    pixels.update(picture.tobytes())
    return Seen(
        width=picture.width,
        height=picture.height,
        pixels=pixels.hexdigest(),
        animated=animated and kind in ("PNG", "WEBP"),  # a phone's JPEG may hold a second one
    )


def decode(data: bytes) -> Image.Image:
    """Return a picture's first frame, upright, RGB, what is transparent white.

    Raises:
        Unusable: As of examine.
    """
    with _opened(data) as file:
        return upright(file)


@contextmanager
def _opened(data: bytes) -> Generator[Image.Image]:
    """Open a picture whose header is safe; what it raises inside is told as Unusable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of strange EXIF and palettes, which are no matter here
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as file:
                if file.width * file.height > MOST_PIXELS:
                    raise Unusable(Why.TOO_LARGE)
                if not all(file.size):  # which some parsers let through
                    raise Unusable(Why.DAMAGED)
                yield file
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise Unusable(Why.TOO_LARGE) from error
        except DAMAGED as error:
            raise Unusable(Why.DAMAGED) from error
