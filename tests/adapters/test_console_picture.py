"""Pictures in a terminal decode back to the picture."""

import base64
import io
import itertools
import re
from pathlib import Path

import pytest
from PIL import Image

from adapters.console.blocks import nearest, to_blocks
from adapters.console.iterm2 import to_iterm2
from adapters.console.kitty import CHUNK, to_kitty
from adapters.console.picture import Easel, fit
from adapters.console.sixel import COLOURS, to_sixel
from adapters.console.terminal import Graphics
from tests.adapters.console_factory import a_preview


def a_picture(width: int = 37, height: int = 20) -> Image.Image:
    """Few colours, runs, and a height that is no multiple of six."""
    picture = Image.new("RGB", (width, height), (0, 51, 102))
    picture.paste((255, 0, 0), (3, 2, 30, 17))
    for x in range(width):
        picture.putpixel((x, x % height), (51, 204, (x % 6) * 51))
    return picture


def a_png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def from_sixel(text: str) -> Image.Image:
    """Draw sixels as a terminal does; what it does not know is an error."""
    head = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL)
    assert head
    picture = Image.new("RGB", (int(head[1]), int(head[2])), (1, 2, 3))
    registers: dict[int, tuple[int, int, int]] = {}
    x = top = colour = at = 0
    token = re.compile(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")
    while at < len(head[3]):
        found = token.match(head[3], at)
        assert found, head[3][at : at + 20]
        at = found.end()
        register, r, g, b, times, many, one, move = found.groups()
        if register is not None:
            colour = int(register)
            if r is not None:
                registers[colour] = (int(r) * 255 // 100, int(g) * 255 // 100, int(b) * 255 // 100)
        elif move is not None:
            x, top = 0, top + (6 if move == "-" else 0)
        else:
            end = x + int(times or 1)
            for column, bit in itertools.product(range(x, end), range(6)):
                if (ord(many or one) - 63) >> bit & 1:
                    picture.putpixel((column, top + bit), registers[colour])
            x = end
    return picture


def test_sixels_draw_the_picture() -> None:
    picture = a_picture()
    assert from_sixel(to_sixel(picture)).tobytes() == picture.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (300, 6), (5, 600)])
def test_sixels_of_any_size_fill_it(size: tuple[int, int]) -> None:
    red = Image.new("RGB", size, (255, 0, 0))
    assert from_sixel(to_sixel(red)).tobytes() == red.tobytes()


def test_sixels_of_many_colours_are_close_and_stay_within_the_registers() -> None:
    picture = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L"),
            Image.linear_gradient("L").rotate(90),
            Image.radial_gradient("L"),
        ],
    )
    text = to_sixel(picture)
    assert len(set(re.findall(r"#(\d+);2", text))) <= COLOURS
    drawn = from_sixel(text)
    off = [abs(a - b) for a, b in zip(drawn.tobytes(), picture.tobytes(), strict=True)]
    assert sum(off) / len(off) < 12


def test_kitty_gets_the_file_itself_in_chunks() -> None:
    png = a_png(Image.effect_noise((90, 90), 80))
    escapes = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", to_kitty(png, 40, 20))
    assert len(escapes) > 1
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in escapes) == to_kitty(png, 40, 20)
    assert escapes[0][0] == "a=T,f=100,q=2,c=40,r=20,m=1"
    assert [keys for keys, _ in escapes[1:]] == ["q=2,m=1"] * (len(escapes) - 2) + ["q=2,m=0"]
    assert all(len(data) <= CHUNK and len(data) % 4 == 0 for _, data in escapes)
    assert base64.b64decode("".join(data for _, data in escapes)) == png


def test_of_what_moves_the_first_frame_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    red, blue = (Image.new("RGB", (20, 10), colour) for colour in ("red", "blue"))
    red.save(path, "GIF", save_all=True, append_images=[blue], duration=100)
    shown = Easel(graphics="kitty", depth="24bit").show(path, 4, 2)
    (payload,) = re.findall(r"m=0;([^\x1b]*)", shown)
    with Image.open(io.BytesIO(base64.b64decode(payload))) as frame:
        assert (frame.format, frame.size) == ("PNG", (20, 10))
        assert frame.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    others: tuple[Graphics, ...] = ("blocks", "sixel", "iterm2")
    assert all(Easel(graphics=one, depth="24bit").show(path, 4, 2) for one in others)


def test_a_small_picture_is_one_chunk_for_kitty() -> None:
    assert to_kitty(b"png", 4, 2) == "\x1b_Ga=T,f=100,q=2,c=4,r=2,m=0;cG5n\x1b\\"


def test_iterm2_gets_the_file_itself() -> None:
    png = a_png(a_picture())
    found = re.fullmatch(r"\x1b\]1337;File=([^:]*):([^\a]*)\a", to_iterm2(png, 40, 20))
    assert found
    assert found[1] == f"inline=1;size={len(png)};width=40;height=20;preserveAspectRatio=1"
    assert base64.b64decode(found[2]) == png


@pytest.mark.parametrize(
    ("picture", "frame", "cells"),
    [
        ((512, 512), (40, 100), (40, 20)),
        ((512, 768), (40, 100), (40, 30)),
        ((512, 768), (40, 15), (20, 15)),
        ((768, 512), (40, 100), (40, 13)),
        ((512, 512), (40, 10), (20, 10)),
        ((2048, 16), (40, 10), (40, 1)),
        ((16, 2048), (40, 10), (1, 10)),
        ((512, 512), (1, 1), (1, 1)),
    ],
)
def test_a_picture_fits_its_frame_and_keeps_its_shape(
    picture: tuple[int, int], frame: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert fit(*picture, *frame) == cells


def test_half_blocks_are_two_pixels_each() -> None:
    picture = Image.new("RGB", (2, 4))
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 8, 7)]
    picture.putdata([colour for colour in colours for _ in range(2)])
    assert to_blocks(picture, 2, 2, "24bit") == (
        "\x1b[38;2;255;0;0;48;2;0;255;0m▀▀\x1b[0m\n\x1b[38;2;0;0;255;48;2;9;8;7m▀▀\x1b[0m"
    )


def test_a_colour_that_stays_is_not_said_again() -> None:
    picture = Image.new("RGB", (2, 2))
    picture.putdata([(0, 0, 0), (255, 255, 255), (0, 0, 0), (0, 0, 0)])
    assert to_blocks(picture, 2, 1, "256") == "\x1b[38;5;16;48;5;16m▀\x1b[38;5;231m▀\x1b[0m"


@pytest.mark.parametrize(
    ("colour", "number"),
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
        ((255, 0, 0), 196),
        ((95, 135, 175), 67),
        ((8, 8, 8), 232),
        ((128, 128, 128), 244),
        ((240, 240, 240), 255),
    ],
)
def test_the_nearest_of_256_colours(colour: tuple[int, int, int], number: int) -> None:
    assert nearest(colour) == number


@pytest.mark.parametrize(
    ("graphics", "begins"),
    [
        ("kitty", "\x1b_Ga=T,f=100,q=2,c=20,r=5,"),
        ("iterm2", "\x1b]1337;File=inline=1;"),
        ("sixel", '\x1bP0;1q"1;1;200;100#0;2;'),
        ("blocks", "\x1b[38;5;"),
        ("none", ""),
    ],
)
def test_a_file_is_shown_as_the_terminal_can(
    graphics: Graphics, begins: str, tmp_path: Path
) -> None:
    a_picture(40, 20).save(tmp_path / "a.png")
    shown = Easel(graphics=graphics, depth="256").show(tmp_path / "a.png", 20, 30)
    assert shown.startswith(begins)
    assert bool(shown) == bool(begins)


def test_a_file_that_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(OSError, match="cannot identify"):
        Easel(graphics="blocks", depth="256").show(tmp_path / "a.png", 20, 30)


@pytest.mark.parametrize("graphics", ["kitty", "iterm2", "sixel", "blocks"])
def test_a_sketch_is_in_blocks_everywhere(graphics: Graphics) -> None:
    sketch = Easel(graphics=graphics, depth="24bit").sketch(a_preview(8, 4), 24, 12)
    assert [line.count("▀") for line in sketch.split("\n")] == [24] * 6


def test_where_there_are_no_pictures_there_is_no_sketch() -> None:
    assert Easel(graphics="none", depth="none").sketch(a_preview(), 24, 12) == ""
