"""A labelled picture in fewer bytes, for platforms that take no more."""

import hashlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.errors import LabelMissing
from bot.label import XMP, LabelConfig, check_labels, label, lighter, packet_of
from generation.recipe import Picture, Recipe

SIZES = [(512, 512), (768, 320), (200, 640), (64, 64)]


def a_picture(width: int, height: int) -> bytes:
    """Return a labelled picture of noise: nothing is harder to make small."""
    recipe = Recipe(
        model="mini", prompt="猫", avoid="", width=width, height=height, steps=20,
        guidance=4.5, sampler="dpmpp_2m", levels="karras", seed=7,
    )  # fmt: skip
    rgb = hashlib.shake_128(b"noise").digest(width * height * 3)
    picture = Picture(recipe=recipe, width=width, height=height, rgb=rgb, seconds=1.0)
    return label(picture, "p-1", LabelConfig())


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content), formats=("WEBP",)).convert("RGB")


def as_png(small: bytes) -> bytes:
    """Return the same pixels and the same hidden label as a PNG, whose labels can be checked."""
    info, file = PngInfo(), BytesIO()
    info.add_itxt(XMP, packet_of(small))
    opened(small).save(file, "PNG", pnginfo=info)
    return file.getvalue()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("share", [0.6, 0.25, 0.05])
def test_a_lighter_picture_fits_and_keeps_both_labels(
    width: int, height: int, share: float
) -> None:
    png = a_picture(width, height)
    most = max(3000, int(len(png) * share))
    try:
        small = lighter(png, most)
    except LabelMissing:
        assert share < 0.1 or width * height < 5000  # the words need room
        return
    assert len(small) <= most
    assert packet_of(small) == packet_of(png)
    check_labels(as_png(small))
    assert all(a <= b for a, b in zip(opened(small).size, (width, height), strict=True))


def test_what_fits_is_as_large_and_as_good_as_it_can_be() -> None:
    png = a_picture(512, 512)
    best, good, little = (lighter(png, int(len(png) * share)) for share in (1.0, 0.25, 0.05))
    assert len(best) > len(good) > len(little)
    assert opened(best).size == (512, 512)
    assert opened(little).width < 512


def test_no_picture_is_so_small_that_its_words_are_lost() -> None:
    with pytest.raises(LabelMissing, match="10"):
        lighter(a_picture(256, 256), 10)


def test_a_picture_without_a_label_is_not_made_lighter() -> None:
    file = BytesIO()
    Image.new("RGB", (128, 128)).save(file, "PNG")
    with pytest.raises(LabelMissing):
        lighter(file.getvalue(), 10_000)
