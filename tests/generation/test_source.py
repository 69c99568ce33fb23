"""What a picture starts from: files of strangers, sizes, masks, margins, and what is kept."""

import struct
import zlib
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import retrieve_latents
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional

from generation.errors import BadRecipe
from generation.plan import Column
from generation.recipe import Edges, Expand, Recipe
from generation.source import (
    BLEND_LATENTS,
    SOFT_PX,
    Source,
    latent_mask,
    open_picture,
    paste,
    prepare,
)
from generation.zoo.folder import Folder, read
from generation.zoo.model import Model, load
from tests.generation.factory import SIDE, mask, picture, recipe
from tests.generation.reference import engine

# of damaged files Pillow says more in warnings
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SKY, SKY_FILE = picture(1)
HOLE, HOLE_FILE = mask()
FILES = {SKY: SKY_FILE, HOLE: HOLE_FILE}


@pytest.fixture(scope="module")
def folder(models: dict[str, Path]) -> Folder:
    return read(models["v"])


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Model:
    return load(read(models["v"]), torch.device("cpu"), torch.float32)


def colours(side: int) -> Image.Image:
    """Return a picture of which no two columns and no two rows are alike."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    return Image.fromarray(np.stack([x * 3, y * 3, x + y], axis=2).astype(np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def files(*data: bytes) -> tuple[list[str], dict[str, bytes]]:
    names = [sha256(each).hexdigest() for each in data]
    return names, dict(zip(names, data, strict=True))


def prepared(folder: Folder, asked: Recipe, images: Mapping[str, bytes] = FILES) -> Source:
    found = prepare(asked, images, folder)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_opens(kind: str) -> None:
    found = open_picture(saved(colours(40), kind))
    assert (found.size, found.mode) == ((40, 40), "RGB")


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM"])
def test_no_other_kind_is_opened(kind: str) -> None:
    with pytest.raises(BadRecipe, match="PNG、JPEG 或 WEBP"):
        open_picture(saved(colours(40), kind))


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (2, 1), (200, 0, 0, 0))
    clear.putpixel((1, 0), (200, 0, 0, 255))
    found = open_picture(saved(clear))
    assert [found.getpixel((0, 0)), found.getpixel((1, 0))] == [(255, 255, 255), (200, 0, 0)]


def test_sixteen_bits_are_read_by_their_upper_eight() -> None:
    deep = Image.fromarray(np.array([[0, 0x80FF, 0xFFFF]], dtype=np.uint16))
    assert np.asarray(open_picture(saved(deep)))[0, :, 0].tolist() == [0, 0x80, 0xFF]


def test_a_phone_held_upright_gives_an_upright_picture() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the top is at the right
    found = open_picture(saved(colours(40).resize((40, 20)), "JPEG", exif=turned))
    assert found.size == (20, 40)


def test_of_what_moves_the_first_frame_is_taken() -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    moving = saved(red, save_all=True, append_images=[blue])
    assert open_picture(moving).getpixel((4, 4)) == (255, 0, 0)


def header(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, and ends there."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rest = b"IDAT"
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0)
        + rest
        + struct.pack(">I", zlib.crc32(rest))
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "打不开"),
        (b"<svg/>", "打不开"),
        (SKY_FILE[:-30], "打不开"),
        (b"\xff" * 20_000_001, "20 MB"),
        (header(7000, 7000), "4000 万像素.*这张是 7000×7000"),
        (header(12_001, 10), "每边最多 12000"),
        (header(12_000, 12_000), "4000 万像素"),
        (header(60_000, 60_000), "4000 万像素"),
    ],
    ids=["empty", "svg", "half", "heavy", "large", "long", "larger", "a bomb"],
)
def test_what_is_no_whole_picture_or_too_large_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadRecipe, match=words):
        open_picture(data)


DAMAGED = [
    saved(colours(24)),
    saved(colours(24).convert("P"), exif=Image.Exif()),
    saved(colours(24), "JPEG", progressive=True),
    saved(colours(24), "WEBP"),
]


@settings(deadline=None, max_examples=200)
@given(
    whole=st.sampled_from(DAMAGED),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=9),
    length=st.floats(0.1, 1),
)
def test_a_damaged_file_is_a_picture_or_refused(
    whole: bytes, changes: list[tuple[float, int]], length: float
) -> None:
    data = bytearray(whole)
    for where, value in changes:
        data[int(where * len(data))] = value
    try:
        found = open_picture(bytes(data[: max(1, int(length * len(data)))]))
    except BadRecipe:
        return
    assert found.mode == "RGB"


def test_from_nothing_there_is_no_source(folder: Folder) -> None:
    assert prepare(recipe(), {}, folder) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"source": "0" * 64}, "不在了"),
        ({"source": "a lie"}, "内容变了"),
        ({"mask": HOLE}, "没有原图"),
        ({"expand": Expand(left=8)}, "没有原图"),
        ({"source": SKY, "mask": "0" * 64}, "不在了"),
        ({"source": SKY, "strength": 0.0}, "强度"),
        ({"source": SKY, "strength": 1.01}, "强度"),
        ({"source": SKY, "strength": float("nan")}, "强度"),
        ({"source": SKY, "expand": Expand(left=-8)}, "负数"),
        ({"source": SKY, "expand": Expand(left=SIDE // 2, right=SIDE // 2)}, "放不下"),
        ({"source": SKY, "expand": Expand(up=SIDE + 8)}, "放不下"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused(
    folder: Folder, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadRecipe, match=words):
        prepare(recipe(**wrong), {**FILES, "a lie": SKY_FILE}, folder)


@pytest.mark.parametrize("side", [SIDE, 100])
def test_a_source_is_read_as_diffusers_reads_it(folder: Folder, side: int) -> None:
    (name,), images = files(saved(colours(side)))
    ours = prepared(folder, recipe(source=name), images)
    theirs = VaeImageProcessor(vae_scale_factor=8).preprocess(colours(side), SIDE, SIDE)[0]
    assert torch.allclose(ours.image, theirs, rtol=0, atol=1e-6)
    assert ours.mask is None
    assert ours.notes == ()


def test_a_mask_is_read_as_diffusers_reads_it(folder: Folder) -> None:
    processor = VaeImageProcessor(
        vae_scale_factor=8, do_normalize=False, do_binarize=True, do_convert_grayscale=True
    )
    ours = prepared(folder, recipe(source=SKY, mask=HOLE)).mask
    assert ours is not None
    theirs = processor.preprocess(Image.open(BytesIO(HOLE_FILE)), SIDE, SIDE)
    assert torch.equal(ours, theirs[0])
    small = functional.interpolate(theirs, size=(SIDE // 8, SIDE // 8))[0]
    assert torch.equal(latent_mask(ours, folder), small)


@torch.inference_mode()
def test_latents_of_a_source_are_those_of_diffusers(model: Model) -> None:
    images = torch.stack([prepared(model.folder, recipe(source=SKY)).image] * 2)
    images[1] *= -1
    once = torch.Generator().manual_seed(3)
    told: Any = model.vae.encode(images[:1])
    theirs = retrieve_latents(told, generator=once) * model.folder.latent_scale
    noise = torch.randn(4, generator=once)
    ours = torch.Generator().manual_seed(3)
    assert torch.allclose(model.encode(images[:1], ours), theirs, rtol=0, atol=1e-6)
    assert torch.equal(torch.randn(4, generator=ours), noise)  # as much was drawn
    each = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    assert torch.allclose(model.encode(images, each)[:1], theirs, rtol=0, atol=1e-5)


def test_a_mask_of_another_size_is_scaled_and_that_is_said(folder: Folder) -> None:
    half = Image.new("L", (100, 50))
    half.paste(255, (50, 0, 100, 50))
    (name,), images = files(saved(half))
    found = prepared(folder, recipe(source=SKY, mask=name), {**FILES, **images})
    assert found.notes == (f"遮罩 100×50 已缩放到 {SIDE}×{SIDE}",)
    assert found.mask is not None
    assert found.mask[0, :, : SIDE // 2].sum() == 0
    assert found.mask[0, :, SIDE // 2 :].mean() == 1


def test_of_a_mask_as_large_as_its_source_nothing_is_said(folder: Folder) -> None:
    (source, hole), images = files(saved(colours(96)), saved(Image.new("L", (96, 96), 255)))
    assert prepared(folder, recipe(source=source, mask=hole), images).notes == ()


MARGINS = st.tuples(*[st.integers(0, 90)] * 4)


@settings(deadline=None, max_examples=60)
@given(margins=MARGINS, inner=st.integers(1, 40), edges=st.sampled_from(["copy", "reflect"]))
def test_every_latent_that_touches_a_margin_is_drawn_anew_and_the_rest_is_kept(
    folder: Folder, margins: tuple[int, int, int, int], inner: int, edges: Edges
) -> None:
    left, up, right, down = margins
    # whole latents, as every picture has
    right += -(left + inner + right) % 8
    down += -(up + inner + down) % 8
    (name,), images = files(saved(colours(inner)))
    wanted = Expand(left=left, up=up, right=right, down=down, edges=edges)
    size = {"width": left + inner + right, "height": up + inner + down}
    found = prepared(folder, recipe(source=name, expand=wanted, **size), images)
    assert found.image.shape[1:] == (size["height"], size["width"])
    assert torch.equal(
        found.image[:, up : up + inner, left : left + inner],
        prepared(folder, recipe(source=name, width=inner, height=inner), images).image,
    )
    if not any((left, up, right, down)):
        assert found.mask is None
        return
    assert found.mask is not None
    margin = torch.ones(1, size["height"], size["width"])
    margin[:, up : up + inner, left : left + inner] = 0
    assert (found.mask >= margin).all()
    touched = functional.max_pool2d(margin, 8)
    assert (latent_mask(found.mask, folder) >= touched).all()
    far = 8 + min(8 * BLEND_LATENTS, inner // 2)  # pixels from every margin
    around = functional.max_pool2d(margin, 2 * far + 1, stride=1, padding=far)
    assert torch.equal(found.mask > 0, around > 0)


def test_from_a_margin_inwards_less_and_less_is_drawn_anew(folder: Folder) -> None:
    (name,), images = files(saved(colours(64)))
    found = prepared(
        folder, recipe(source=name, width=96, height=64, expand=Expand(right=32)), images
    )
    assert found.mask is not None
    falling = found.mask[0, 0]
    assert (found.mask[0] == falling).all()
    assert falling[56:].min() == 1  # the margin and a latent beside it
    assert falling[:32].max() == 0
    assert (falling[33:57].diff() > 0).all()
    black = Source(image=torch.full((3, 64, 96), -1.0), mask=found.mask)
    row = paste(torch.full((64, 96, 3), 255, dtype=torch.uint8), black)[0, :, 0].tolist()
    assert row[:32] == [0] * 32
    assert row == sorted(row)
    assert row[56:] == [255] * 40


def test_beside_a_margin_more_and_more_of_the_source_is_drawn_anew(
    models: dict[str, Path],
) -> None:
    studio = engine(models)
    (name,), images = files(saved(colours(64)))
    wide = {"width": 96, "height": 64, "expand": Expand(right=32), "strength": 1.0}
    asked = recipe(model="v", source=name, steps=8, **wide)
    canvas = studio.admit(asked, images)
    changed: list[list[bool]] = []
    while not studio.idle:
        studio.step()
        if canvas.place is not None:
            pool, number = canvas.at.pool, canvas.at.number
            level = pool.numbers[number, canvas.call - 1, Column.LEVEL]
            kept = pool.kept[number] + level * pool.kept_noise[number]
            off = (pool.x[number] - kept).abs().amax(dim=(0, 1))  # (W,)
            changed.append((off > 0).tolist())
    first, last = changed[0], changed[-1]
    assert first == [False] * 7 + [True] * 5
    assert sum(first) < sum(changed[3]) < sum(last) <= 8
    assert last[:4] == [False] * 4


@pytest.mark.parametrize(("edges", "columns"), [("copy", [0, 0, 0]), ("reflect", [3, 2, 1])])
def test_a_margin_is_the_edge_or_its_mirror_image(
    folder: Folder, edges: Edges, columns: list[int]
) -> None:
    (name,), images = files(saved(colours(16)))
    wide = recipe(source=name, width=19, height=16, expand=Expand(left=3, edges=edges))
    found = prepared(folder, wide, images).image
    assert torch.equal(found[:, :, :3], found[:, :, [3 + column for column in columns]])


def test_in_margins_and_where_the_user_wants_it_all_is_drawn(folder: Folder) -> None:
    (name,), images = files(saved(Image.new("L", (32, 32))))
    (spot,), more = files(saved(Image.fromarray(np.eye(32, dtype=np.uint8) * 255)))
    wide = recipe(source=name, mask=spot, width=64, height=32, expand=Expand(left=32))
    found = prepared(folder, wide, {**images, **more}).mask
    assert found is not None
    assert found[0, :, :40].min() == 1  # the margin and 8 pixels beside it
    assert torch.equal(found[0, :, 56:], torch.eye(32)[:, 24:])
    assert torch.equal(found[0].diagonal(32), torch.ones(32))


@settings(deadline=None, max_examples=50)
@given(
    pixels=st.binary(min_size=24 * 16, max_size=24 * 16),
    white=st.lists(st.tuples(*[st.integers(0, 23)] * 2, *[st.integers(1, 20)] * 2), max_size=4),
)
def test_what_is_kept_stays_as_it_was_to_the_pixel(
    pixels: bytes, white: list[tuple[int, int, int, int]]
) -> None:
    levels = (
        torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(16, 24, 1).expand(-1, -1, 3)
    )
    hole = torch.zeros(1, 16, 24)
    for x, y, width, height in white:
        hole[:, y : y + height, x : x + width] = 1
    source = Source(image=(levels.permute(2, 0, 1) / 255.0) * 2 - 1, mask=hole)
    drawn = (levels.int() + 128).to(torch.uint8)
    pasted = paste(drawn, source)
    kept = hole[0] == 0
    assert pasted.dtype == torch.uint8
    assert torch.equal(pasted[kept], levels[kept])
    deep = -functional.max_pool2d(-hole, 2 * SOFT_PX + 1, stride=1, padding=SOFT_PX)[0] == 1
    assert torch.equal(pasted[deep], drawn[deep])


def test_what_is_drawn_anew_fades_in_from_its_edge() -> None:
    hole = torch.zeros(1, 1, 16)
    hole[..., 6:] = 1
    black, white = torch.full((3, 1, 16), -1.0), torch.full((1, 16, 3), 255, dtype=torch.uint8)
    row = paste(white, Source(image=black, mask=hole))[0, :, 0].tolist()
    assert row == [0] * 6 + [64, 128, 191] + [255] * 7


def test_a_line_is_drawn_however_thin() -> None:
    hole = torch.zeros(1, 9, 9)
    hole[:, :, 4] = 1
    black, white = torch.full((3, 9, 9), -1.0), torch.full((9, 9, 3), 255, dtype=torch.uint8)
    assert (
        paste(white, Source(image=black, mask=hole))[:, :, 0].tolist() == (hole[0] * 255).tolist()
    )


def test_without_a_mask_all_is_as_drawn() -> None:
    drawn = torch.full((4, 4, 3), 9, dtype=torch.uint8)
    assert torch.equal(paste(drawn, Source(image=torch.zeros(3, 4, 4), mask=None)), drawn)
