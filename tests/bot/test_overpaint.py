"""Where a copy was painted over, on renders of the embedded model."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from bot.overpaint import Overpaint, overpaint

SHEET = Path(__file__).parents[2] / "docs" / "mini" / "sheet.jpg"
PX = 256


def renders(count: int) -> list[Image.Image]:
    """Parts of the sheet of the embedded model, as large as its pictures."""
    with Image.open(SHEET) as sheet:
        whole = sheet.convert("RGB")
    across = (whole.width - PX) // 3
    places = [(x * across, y * across) for y in range(4) for x in range(4)]
    return [whole.crop((x, y, x + PX, y + PX)) for x, y in places[:: 16 // count][:count]]


RENDERS = renders(2)
RED, BLACK, BLUE, GREEN, YELLOW = (255, 0, 0), (0, 0, 0), (0, 120, 255), (0, 255, 0), (255, 240, 0)


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def handed_in(image: Image.Image, quality: int | None, scale: float) -> bytes:
    """A picture as it comes back from a phone: scaled, and compressed anew."""
    size = (round(image.width * scale), round(image.height * scale))
    image = image.resize(size, Image.Resampling.BICUBIC)
    if quality is not None:
        file = BytesIO()
        image.save(file, "JPEG", quality=quality)
        image = Image.open(file).convert("RGB")
    return png(image)


def a_stroke(size: tuple[int, int], points: Sequence[tuple[int, int]], wide: int) -> Image.Image:
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    pen.line(points, 255, wide, "curve")
    for x, y in points:
        pen.ellipse((x - wide // 2, y - wide // 2, x + wide // 2, y + wide // 2), 255)
    return mask


def painted(
    image: Image.Image, truth: Image.Image, colour: tuple[int, int, int], solid: int = 255
) -> Image.Image:
    copy = image.copy()
    copy.paste(colour, mask=truth.point([level * solid // 255 for level in range(256)]))
    return copy


def likeness(found: Overpaint, truth: Image.Image) -> float:
    """Return what both cover, of what either covers."""
    mask = Image.open(BytesIO(found.mask)).convert("L")
    both, either = ImageChops.darker(mask, truth), ImageChops.lighter(mask, truth)
    return both.histogram()[255] / either.histogram()[255]


ZIGZAG = [(70, 60), (150, 75), (90, 120), (170, 140)]


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("quality", [60, 90])
@pytest.mark.parametrize("colour", [RED, BLACK, BLUE], ids=["red", "black", "blue"])
def test_a_stroke_is_found_whatever_a_phone_makes_of_it(
    colour: tuple[int, int, int], quality: int | None, scale: float
) -> None:
    for image in RENDERS:
        truth = a_stroke(image.size, ZIGZAG, 30)
        copy = handed_in(painted(image, truth, colour), quality, scale)
        found = overpaint(png(image), copy)
        assert found.kind == "painted"
        assert likeness(found, truth) >= 0.8


@pytest.mark.parametrize(("colour", "least"), [(GREEN, 0.75), (YELLOW, 0.6)])
def test_a_marker_that_the_picture_shows_through_is_found(
    colour: tuple[int, int, int], least: float
) -> None:
    for image in RENDERS:
        truth = a_stroke(image.size, ZIGZAG, 30)
        found = overpaint(png(image), handed_in(painted(image, truth, colour, 130), 75, 1.0))
        assert found.kind == "painted"
        assert likeness(found, truth) >= least, "as far as its colour differs from the picture's"


def test_strokes_of_several_colours_are_found_together() -> None:
    image = RENDERS[0]
    one = a_stroke(image.size, [(50, 60), (120, 60)], 30)
    two = a_stroke(image.size, [(150, 200), (200, 200)], 36)
    copy = painted(painted(image, one, RED), two, BLUE)
    found = overpaint(png(image), handed_in(copy, 75, 0.8))
    assert likeness(found, ImageChops.lighter(one, two)) >= 0.8


def test_what_is_ringed_is_meant() -> None:
    image = RENDERS[0]
    ringed, truth = image.copy(), Image.new("L", image.size)
    ImageDraw.Draw(ringed).ellipse((60, 60, 180, 170), outline=RED, width=9)
    ImageDraw.Draw(truth).ellipse((60, 60, 180, 170), 255)
    assert likeness(overpaint(png(image), handed_in(ringed, 75, 1.0)), truth) >= 0.9


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.0, 1.5])
@pytest.mark.parametrize("quality", [60, 90, None])
def test_a_copy_without_paint_is_the_same(quality: int | None, scale: float) -> None:
    for image in RENDERS:
        assert overpaint(png(image), handed_in(image, quality, scale)).kind == "same"


def test_another_picture_is_another() -> None:
    for other in RENDERS[1:]:
        assert overpaint(png(RENDERS[0]), png(ImageChops.invert(other))).kind == "other"


def test_one_of_another_shape_is_another() -> None:
    cut = RENDERS[0].crop((0, 0, 256, 200))
    assert overpaint(png(RENDERS[0]), png(cut)).kind == "other"


def test_a_speck_is_no_paint() -> None:
    image = RENDERS[0].copy()
    ImageDraw.Draw(image).rectangle((100, 100, 104, 104), RED)
    assert overpaint(png(RENDERS[0]), png(image)).kind == "same"


def test_the_mask_is_in_the_pictures_size() -> None:
    image = RENDERS[0].resize((700, 350))
    truth = a_stroke(image.size, [(100, 100), (300, 120)], 60)
    found = overpaint(png(image), handed_in(painted(image, truth, RED), 75, 0.5))
    mask = Image.open(BytesIO(found.mask))
    assert (mask.size, mask.mode) == (image.size, "L")
    assert set(mask.tobytes()) == {0, 255}
    assert likeness(found, truth) >= 0.8
