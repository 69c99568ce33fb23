import hashlib
import json
import math
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from pydantic import ValidationError

from bot.errors import LabelMissing
from bot.label import (
    FONT,
    RECIPE,
    TC260,
    XMP,
    LabelConfig,
    check,
    check_labels,
    covered,
    label,
    recipe_of,
    sketch,
    uncovered,
)
from generation.recipe import Expand, Picture, Preview, Recipe

CODE = "00119111010200EXAMPLE010000"  # of the right form, nobody's
OWN = LabelConfig(operator_code=CODE)
NOBODY = LabelConfig()


def a_picture(
    width: int = 128, height: int = 128, prompt: str = "雪地里的两只企鹅", rgb: bytes | None = None
) -> Picture:
    recipe = Recipe(
        model="mini", prompt=prompt, avoid="雨, 人", width=width, height=height, steps=20,
        guidance=4.5, sampler="dpmpp_2m", levels="karras", seed=2**63 - 1, loras={"水墨": 0.8},
    )  # fmt: skip
    grey = b"\x80" * (width * height * 3)
    return Picture(
        recipe=recipe,
        width=width,
        height=height,
        rgb=grey if rgb is None else rgb,
        seconds=1.0,
    )


def noise(length: int) -> bytes:
    return hashlib.shake_128(b"noise").digest(length)


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png), formats=("PNG",))


def texts(png: bytes) -> dict[str, str]:
    with opened(png) as image:
        return {str(key): str(value) for key, value in image.info.items()}


def aigc(png: bytes) -> dict[str, str]:
    (element,) = ET.fromstring(texts(png)[XMP]).iter(f"{{{TC260}}}AIGC")  # noqa: S314
    return json.loads(element.text or "")


def rewritten(png: bytes, change: Callable[[dict[str, str]], None]) -> bytes:
    """The same pixels with other texts."""
    kept = {key: value for key, value in texts(png).items() if ":" in key}
    change(kept)
    info = PngInfo()
    for key, value in kept.items():
        info.add_itxt(key, value)
    file = BytesIO()
    with opened(png) as image:
        image.save(file, "PNG", pnginfo=info)
    return file.getvalue()


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """The file with one chunk more, before the pixels."""
    crc = zlib.crc32(kind + body).to_bytes(4, "big")
    end_of_header = 8 + 25
    chunk = len(body).to_bytes(4, "big") + kind + body + crc
    return png[:end_of_header] + chunk + png[end_of_header:]


def test_the_hidden_label_says_what_the_standard_asks_in_its_order() -> None:
    png = label(a_picture(), "7-0", OWN)
    assert list(aigc(png).items()) == [
        ("Label", "1"),
        ("ContentProducer", CODE),
        ("ProduceID", "7-0"),
        ("ReservedCode1", ""),
        ("ContentPropagator", CODE),
        ("PropagateID", "7-0"),
        ("ReservedCode2", ""),
    ]
    assert png.count(b"<TC260:AIGC>") == 1, "not compressed, and only one"
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in png


def test_without_a_code_the_producer_is_empty_and_never_made_up() -> None:
    found = aigc(label(a_picture(), "7-0", NOBODY))
    assert (found["ContentProducer"], found["ContentPropagator"]) == ("", "")
    assert (found["ProduceID"], found["PropagateID"]) == ("7-0", "7-0")


@pytest.mark.parametrize(
    "code",
    ["0011", CODE[:-1], CODE + "0", CODE.lower(), "9" * 27, " " * 27, "丹" * 27, CODE + "\n"],
)
def test_a_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        LabelConfig(operator_code=code)


@pytest.mark.parametrize("number", ["", "7 0", '7"0', "7\\0", "七", "7\n", "\x7f"])
def test_a_number_that_the_standard_forbids_is_refused(number: str) -> None:
    with pytest.raises(LabelMissing):
        label(a_picture(), number, OWN)


def test_a_number_with_signs_of_xml_reads_back() -> None:
    assert aigc(label(a_picture(), "a&<b>]]>'", OWN))["ProduceID"] == "a&<b>]]>'"


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert label(a_picture(), "7-0", OWN) == label(a_picture(), "7-0", OWN)


def test_the_recipe_is_written_out_as_other_programs_read_it() -> None:
    assert texts(label(a_picture(), "7-0", OWN))["parameters"] == (
        "雪地里的两只企鹅 <lora:水墨:0.8>\n"
        "Negative prompt: 雨, 人\n"
        "Steps: 20, Sampler: dpmpp_2m, Schedule type: karras, CFG scale: 4.5, "
        "Seed: 9223372036854775807, Size: 128x128, Model: mini, Version: danqing"
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"source": "ab" * 32, "mask": "cd" * 32, "strength": 0.75},
            "128x128, Model: mini, Denoising strength: 0.75, Source: ababababab, Mask: cdcdcdcdcd,",
        ),
        (
            {"source": "ab" * 32, "expand": Expand(left=1, up=2, right=3, down=4)},
            'Source: ababababab, Outpaint: "1,2,3,4", Outpaint edges: copy, Version',
        ),
        (
            {"hires": 2.0},
            "64x64, Model: mini, Denoising strength: 0.6, Hires upscale: 2, Hires upscaler: Latent",
        ),
        ({"fast": True}, "Size: 128x128, Model: mini, Fast: True, Version"),
        ({"until": 7}, "Size: 128x128, Model: mini, Stopped at: 7, Version"),
    ],
    ids=["on a source", "beyond its edges", "enlarged", "fast", "a stage"],
)
def test_what_is_not_drawn_from_words_alone_says_so_and_reads_back(
    more: dict[str, Any], words: str
) -> None:
    picture = a_picture()
    picture = replace(picture, recipe=replace(picture.recipe, **more))
    png = label(picture, "7-0", OWN)
    assert words in texts(png)["parameters"]
    assert recipe_of(png) == picture.recipe


def test_a_picture_that_was_enlarged_is_labelled_in_its_own_size() -> None:
    picture = a_picture(256, 256)
    recipe = replace(picture.recipe, width=128, height=128, upscale=2)
    png = label(replace(picture, recipe=recipe), "7-0", OWN)
    assert opened(png).size == (256, 256)
    assert recipe_of(png) == recipe
    assert "Size: 128x128, Model: mini, Postprocess upscale by: 2" in texts(png)["parameters"]
    with pytest.raises(LabelMissing, match="another picture"):
        label(replace(picture, recipe=replace(recipe, upscale=4)), "7-0", OWN)


def test_a_picture_that_went_all_the_way_says_nothing_of_stages() -> None:
    said = texts(label(a_picture(), "7-0", OWN))[RECIPE]
    assert "until" not in said
    assert list(json.loads(said)) == [
        field.name for field in fields(Recipe) if field.name != "until"
    ]


def test_a_recipe_from_before_there_were_sources_is_read() -> None:
    def age(kept: dict[str, str]) -> None:
        recipe = json.loads(kept[RECIPE])
        for field in ("source", "mask", "strength", "expand", "hires", "fast", "upscale"):
            del recipe[field]
        kept[RECIPE] = json.dumps(recipe)

    png = label(a_picture(), "7-0", OWN)
    assert recipe_of(rewritten(png, age)) == recipe_of(png)


@pytest.mark.parametrize(
    "prompt",
    ["", '"引号"', "😀👨‍👩‍👧", "一\n二\r\n三", "]]>", "雨" * 1000, "\0\x1b[31m", "</x:xmpmeta>",
     '<TC260:AIGC>{"Label":"3"}</TC260:AIGC>', "\\u003c", "a\u202eb"],
)  # fmt: skip
def test_no_prompt_breaks_the_label(prompt: str) -> None:
    picture = a_picture(prompt=prompt)
    png = label(picture, "7-0", OWN)
    assert recipe_of(png) == picture.recipe
    assert png.count(b"<TC260:AIGC>") == 1
    assert png.count(b"</x:xmpmeta>") == 1


def in_one_of(low: int, high: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(low, 256), st.integers(low, high))


RECIPES = st.builds(
    Recipe,
    model=st.text(min_size=1, max_size=40),
    prompt=st.text(max_size=1000),
    avoid=st.text(max_size=100),
    width=in_one_of(32, 2048),
    height=in_one_of(32, 2048),
    steps=st.integers(1, 200),
    guidance=st.floats(0, 100),
    sampler=st.just("euler"),
    seed=st.integers(0, 2**63 - 1),
    loras=st.dictionaries(st.text(min_size=1, max_size=40), st.floats(-2, 2), max_size=3),
    source=st.sampled_from(["", "ab" * 32]),
    mask=st.sampled_from(["", "cd" * 32]),
    strength=st.floats(0.05, 1),
    expand=st.none() | st.builds(Expand, left=st.integers(0, 99), edges=st.just("reflect")),
    hires=st.floats(1, 4),
    fast=st.booleans(),
)
CODES = st.one_of(st.just(""), st.from_regex(r"00[0-9A-Z]{25}", fullmatch=True))
NUMBERS = st.from_regex(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}", fullmatch=True)


@settings(deadline=None, max_examples=60)
@given(recipe=RECIPES, level=st.integers(0, 255), code=CODES, number=NUMBERS)
def test_any_picture_is_labelled_and_reads_back(
    recipe: Recipe, level: int, code: str, number: str
) -> None:
    width, height = recipe.picture_px
    rgb = bytes([level]) * (width * height * 3)
    picture = Picture(recipe=recipe, width=width, height=height, rgb=rgb, seconds=0.0)
    png = label(picture, number, LabelConfig(operator_code=code))
    assert recipe_of(png) == recipe
    assert (aigc(png)["ContentProducer"], aigc(png)["ProduceID"]) == (code, number)


@settings(deadline=None)
@given(width=in_one_of(32, 2048), height=in_one_of(32, 2048))
def test_the_lowest_letter_has_a_twentieth_of_the_short_side(width: int, height: int) -> None:
    on_black = a_picture(width, height, rgb=b"\0" * (width * height * 3))
    with opened(label(on_black, "7-0", OWN)) as image:
        ink = image.convert("L").point([255 * (level >= 128) for level in range(256)])
    left, top, right, bottom = ink.getbbox() or (0, 0, 0, 0)
    assert right < width
    assert bottom < height
    # The "A" is the first letter, on one line or two: what stands in its leftmost columns.
    em = max(14, math.ceil(0.07 * min(width, height)))
    capital = ink.crop((left, top, left + em // 2, bottom - (em if bottom - top > 1.4 * em else 0)))
    box = capital.getbbox() or (0, 0, 0, 0)
    assert box[3] - box[1] >= 0.05 * min(width, height)


@pytest.mark.parametrize("ground", ["white", "black", "noise"])
@pytest.mark.parametrize("size", [(96, 160), (128, 128), (1024, 1024)])
def test_the_words_stand_out_from_any_picture(ground: str, size: tuple[int, int]) -> None:
    pixels = size[0] * size[1] * 3
    rgb = {
        "white": b"\xff" * pixels,
        "black": b"\0" * pixels,
        "noise": noise(pixels),
    }[ground]
    with opened(label(a_picture(*size, rgb=rgb), "7-0", OWN)) as image:
        corner = image.convert("L").crop((size[0] - 50, size[1] - 34, *size))
    dark, light = corner.getextrema()
    assert (dark, light) == (0, 255)


@pytest.mark.parametrize("change", [{"guidance": math.nan}, {"prompt": "\ud800"}])
def test_a_recipe_that_would_not_read_back_is_not_let_through(change: dict[str, Any]) -> None:
    picture = a_picture()
    with pytest.raises(LabelMissing, match="recipe"):
        label(replace(picture, recipe=replace(picture.recipe, **change)), "7-0", OWN)


def test_nothing_but_the_corner_is_changed() -> None:
    rgb = noise(256 * 128 * 3)
    with opened(label(a_picture(256, 128, rgb=rgb), "7-0", OWN)) as image:
        before = Image.frombytes("RGB", (256, 128), rgb)
        for left_alone in ((0, 0, 256, 90), (0, 90, 190, 128)):
            assert image.crop(left_alone).tobytes() == before.crop(left_alone).tobytes()


@pytest.mark.parametrize("size", [(8, 8), (29, 2048), (2048, 16)])
def test_a_picture_too_small_for_the_words_is_not_let_through(size: tuple[int, int]) -> None:
    with pytest.raises(LabelMissing, match="too small"):
        label(a_picture(*size), "7-0", OWN)


def test_a_picture_that_was_saved_again_has_lost_its_label() -> None:
    file = BytesIO()
    with opened(label(a_picture(), "7-0", OWN)) as image:
        image.save(file, "PNG")
    with pytest.raises(LabelMissing, match="0 texts"):
        check(file.getvalue())


@pytest.mark.parametrize("level", [0, 128, 255])
def test_words_painted_over_are_missed(level: int) -> None:
    png = label(a_picture(), "7-0", OWN)
    info = PngInfo()
    for key, value in texts(png).items():
        info.add_itxt(key, value)
    file = BytesIO()
    with opened(png) as image:
        image.paste((level, level, level), (60, 100, 128, 128))
        image.save(file, "PNG", pnginfo=info)
    with pytest.raises(LabelMissing, match="not on the picture"):
        check(file.getvalue())


def without_recipe(kept: dict[str, str]) -> None:
    del kept[RECIPE]


def without_packet(kept: dict[str, str]) -> None:
    del kept[XMP]


def with_half_a_recipe(kept: dict[str, str]) -> None:
    kept[RECIPE] = kept[RECIPE][:40]


def of_another_size(kept: dict[str, str]) -> None:
    kept[RECIPE] = kept[RECIPE].replace('"width":128', '"width":64')


def without_number(kept: dict[str, str]) -> None:
    kept[XMP] = kept[XMP].replace('"ProduceID":"7-0"', '"ProduceID":""')


def in_another_order(kept: dict[str, str]) -> None:
    kept[XMP] = kept[XMP].replace('"Label":"1",', "").replace('""}', '"","Label":"1"}')


def only_suspected(kept: dict[str, str]) -> None:
    kept[XMP] = kept[XMP].replace('"Label":"1"', '"Label":"3"')


def a_list(kept: dict[str, str]) -> None:
    start, end = kept[XMP].index("{"), kept[XMP].index("}")
    kept[XMP] = kept[XMP][:start] + "[]" + kept[XMP][end + 1 :]


def not_xml(kept: dict[str, str]) -> None:
    kept[XMP] = kept[XMP].replace("</rdf:RDF>", "")


def twice_in_one_packet(kept: dict[str, str]) -> None:
    element = kept[XMP][kept[XMP].index("<TC260") : kept[XMP].index("</TC260")] + "</TC260:AIGC>"
    kept[XMP] = kept[XMP].replace(element, element * 2)


def with_entities(kept: dict[str, str]) -> None:
    kept[XMP] = '<!DOCTYPE a [<!ENTITY b "b">]>' + kept[XMP]


def without_source_type(kept: dict[str, str]) -> None:
    kept[XMP] = kept[XMP].replace("trainedAlgorithmicMedia", "digitalCapture")


@pytest.mark.parametrize(
    "change",
    [without_recipe, without_packet, with_half_a_recipe, of_another_size, without_number,
     in_another_order, only_suspected, a_list, not_xml, twice_in_one_packet,
     with_entities, without_source_type],
)  # fmt: skip
def test_a_label_that_lacks_something_is_missed(change: Callable[[dict[str, str]], None]) -> None:
    png = label(a_picture(), "7-0", OWN)
    check(rewritten(png, lambda _: None))  # only the change is to blame
    with pytest.raises(LabelMissing):
        check(rewritten(png, change))


def test_a_second_hidden_label_or_one_that_readers_miss_is_refused() -> None:
    png = label(a_picture(), "7-0", OWN)
    packet = texts(png)[XMP].encode()
    bare = rewritten(png, without_packet)
    plain = XMP.encode() + b"\0\0\0\0\0" + packet
    check(with_chunk(bare, b"iTXt", plain))
    for wrong in (
        with_chunk(png, b"iTXt", plain),
        with_chunk(png, b"tEXt", b"AIGC\0{}"),
        with_chunk(bare, b"tEXt", XMP.encode() + b"\0" + packet),
        with_chunk(bare, b"iTXt", XMP.encode() + b"\0\1\0\0\0" + zlib.compress(packet)),
        with_chunk(bare, b"iTXt", XMP.encode() + b"\0\0\0\0\0\xff"),
    ):
        with pytest.raises(LabelMissing):
            check(wrong)


def test_what_is_no_whole_picture_is_refused() -> None:
    png = label(a_picture(), "7-0", OWN)
    grey = BytesIO()
    Image.new("L", (128, 128)).save(grey, "PNG")
    for broken in (b"", b"\x89PNG", png[: len(png) // 2], png[:-5], grey.getvalue(), b"GIF89a"):
        with pytest.raises(LabelMissing):
            check(broken)


def test_the_font_has_all_it_is_asked_for() -> None:
    font = ImageFont.truetype(FONT, 32, layout_engine=ImageFont.Layout.BASIC)

    def drawn(char: str) -> bytes:
        image = Image.new("L", (40, 40))
        ImageDraw.Draw(image).text((0, 0), char, 255, font)
        return image.tobytes()

    assert len({drawn(char) for char in "AI人工智能生成合\uffff"}) == 10


@pytest.mark.parametrize(("width", "height"), [(128, 128), (64, 200), (512, 96)])
def test_what_the_label_covers_is_put_back_to_the_pixel(width: int, height: int) -> None:
    picture = a_picture(width, height, rgb=noise(width * height * 3))
    labelled = label(picture, "p-1", OWN)
    plain = uncovered(labelled, covered(picture))
    assert opened(plain).tobytes() == picture.rgb != opened(labelled).tobytes()
    assert texts(plain) == {}


def test_what_does_not_belong_to_a_picture_is_not_put_on_it() -> None:
    labelled, cover = label(a_picture(), "p-1", OWN), covered(a_picture())
    for strange in (labelled, b"", cover[: len(cover) // 2]):
        with pytest.raises(LabelMissing):
            uncovered(labelled, strange)


@pytest.mark.parametrize(("count", "size"), [(1, (256, 171)), (2, (512, 171)), (3, (512, 342))])
def test_pictures_in_the_making_are_labelled_as_one(count: int, size: tuple[int, int]) -> None:
    preview = Preview(width=12, height=8, rgb=bytes(12 * 8 * 3))
    png = sketch([preview] * count, "danqing-sketch-1", LabelConfig())
    check_labels(png)
    assert Image.open(BytesIO(png)).size == size
