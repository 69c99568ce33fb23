"""What strangers hand in: made plain, or refused by name."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.errors import BadImage
from bot.image import KEPT_SIDE, MAX_BYTES, plain

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def a_file(
    mode: str = "RGB", size: tuple[int, int] = (6, 4), colour: Any = None, kind: str = "PNG",
    **saved: Any,
) -> bytes:  # fmt: skip
    file = BytesIO()
    Image.new(mode, size, RED if colour is None else colour).save(file, kind, **saved)
    return file.getvalue()


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png), formats=("PNG",))


def kept(content: bytes) -> Image.Image:
    png, size = plain(content)
    image = opened(png)
    assert (image.mode, image.size, image.info) == ("RGB", size, {})
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_of_a_known_kind_is_kept_as_plain_png(kind: str) -> None:
    rgb = kept(a_file(kind=kind)).tobytes()
    assert min(rgb[0::3]) > 250
    assert max(rgb[1::3] + rgb[2::3]) < 5


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (a_file("RGBA", colour=(255, 0, 0, 0)), WHITE),
        (a_file("LA", colour=(0, 0)), WHITE),
        (a_file("P", colour=0, transparency=0), WHITE),
        (a_file("RGBA", colour=(255, 0, 0, 255)), RED),
        (a_file("1", colour=1), WHITE),
        (a_file("L", colour=7), (7, 7, 7)),
        (a_file("I;16", colour=128 * 256), (128, 128, 128)),
        (a_file("CMYK", colour=(0, 0, 0, 0), kind="JPEG"), WHITE),
    ],
    ids=[
        "clear",
        "clear grey",
        "clear palette",
        "solid",
        "black and white",
        "grey",
        "16 bit",
        "ink",
    ],
)
def test_every_kind_of_pixel_becomes_rgb(content: bytes, colour: tuple[int, int, int]) -> None:
    assert kept(content).getpixel((0, 0)) == colour


def test_a_photo_stands_as_it_is_looked_at() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to look at it
    assert kept(a_file(size=(6, 4), kind="JPEG", exif=exif)).size == (4, 6)


def test_what_else_is_in_a_file_is_gone() -> None:
    texts, exif = PngInfo(), Image.Exif()
    texts.add_text("Comment", "where I live")
    exif[0x010E] = "where I live"
    png, _ = plain(a_file(pnginfo=texts, exif=exif))
    assert b"where I live" not in png
    assert [png[at : at + 4] for at in (12, 37)] == [b"IHDR", b"IDAT"]


def test_of_an_animation_the_first_frame_is_left() -> None:
    more = [Image.new("RGB", (6, 4), GREEN)]
    for kind in ("PNG", "WEBP"):
        content = a_file(kind=kind, save_all=True, append_images=more, lossless=True)
        assert kept(content).getpixel((0, 0)) == RED


def test_the_same_picture_is_the_same_file_whatever_it_was_packed_in() -> None:
    assert plain(a_file(compress_level=0)) == plain(a_file(compress_level=9))


def test_a_large_picture_is_kept_no_larger_than_it_can_be_drawn() -> None:
    png, size = plain(a_file("L", size=(KEPT_SIDE * 2, 100), colour=0))
    assert size == (KEPT_SIDE, 50)
    assert opened(png).size == size


def announcing(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has no pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))
    return start + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "不是能用的图片"),
        (b"GIF89a" + bytes(100), "不是能用的图片"),
        (a_file(kind="GIF"), "不是能用的图片"),
        (a_file(kind="TIFF"), "不是能用的图片"),
        (a_file(kind="BMP"), "不是能用的图片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "不是能用的图片"),
        (b"\x80\x04K\x01.", "不是能用的图片"),
        (a_file(kind="JPEG", size=(64, 64))[:-200], "不是能用的图片"),
        (announcing(6000, 6666), "不是能用的图片"),
        (announcing(8000, 5001), "8000×5001 像素，最多 4000 万"),
        (announcing(12001, 10), "12001×10 像素，最多 4000 万像素，每边最多 12000"),
        (announcing(2**31 - 1, 2**31 - 1), "不是能用的图片"),
        (bytes(MAX_BYTES + 1), "有 20.0 MB，最多 20 MB"),
    ],
    ids=["nothing", "half a GIF", "GIF", "TIFF", "BMP", "SVG", "a pickle", "cut off", "no pixels",
         "too many pixels", "too long", "a bomb", "too many bytes"],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_by_name(content: bytes, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        plain(content)


SEEDS = [
    a_file(size=(9, 7)),
    a_file("P", size=(9, 7), colour=3, transparency=1),
    a_file(kind="JPEG", size=(9, 7), exif=Image.Exif()),
    a_file(kind="WEBP", size=(9, 7)),
]


@given(
    content=st.sampled_from(SEEDS),
    changes=st.lists(
        st.tuples(st.integers(0, 10**4), st.binary(min_size=1, max_size=6)), max_size=4
    ),
    end=st.integers(0, 10**4),
)
def test_a_damaged_file_is_kept_or_refused_and_nothing_else(
    content: bytes, changes: list[tuple[int, bytes]], end: int
) -> None:
    damaged = bytearray(content)
    for at, put in changes:
        damaged[at % len(damaged) : at % len(damaged) + len(put)] = put
    if end < len(damaged):
        del damaged[end:]
    try:
        png, size = plain(bytes(damaged))
    except BadImage:
        return
    assert opened(png).size == size
