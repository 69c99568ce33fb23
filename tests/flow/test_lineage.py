"""/溯源 and /风格, read as talk."""

from pathlib import Path

import pytest
from PIL import Image

from bot.event import User
from bot.label import LabelConfig, check_labels, label, thumbnail
from bot.store.limits import GalleryConfig
from bot.store.privacy import forget
from bot.store.samples import SHIPPED, Samples, keep, name_of
from bot.store.upkeep import Upkeep
from bot.style import Styles
from tests.bot.gallery_factory import a_picture
from tests.conftest import Studio
from tests.flow.test_buttons import press


async def told(studio: Studio, *lines: str) -> None:
    for line in lines:
        await studio.says("阿青", line)
        await studio.paint_all()


@pytest.fixture
async def grown(studio: Studio) -> Studio:
    """A studio in which a penguin became a panda, and that three others."""
    await told(studio, "画雪地里的企鹅", "把企鹅换成熊猫", ":vary:2", ":upscale:2:2", "#2 换成水墨")
    return studio


async def test_the_family_of_a_picture_is_told_and_drawn(grown: Studio) -> None:
    await grown.says("阿青", "/溯源 2")
    assert grown.texts[-1].split("\n") == [
        "编号 2 的来历：",
        "  1 · 雪地里的企鹅",
        "  2 ← 1 · －企鹅 ＋熊猫",
        "  3 ← 2 · 变化",
        "  4 ← 2 · 放大 2×",
        "  5 ← 2 · 水墨（AI生成）",
    ]
    plate = grown.last.reply.plate
    assert plate is not None
    png = plate.path.read_bytes()
    check_labels(png)
    with Image.open(plate.path) as image:
        assert image.size == (plate.width, plate.height)


async def test_a_number_goes_to_its_picture(grown: Studio) -> None:
    await grown.says("阿青", "/lineage 2")
    await press(grown, "阿青", "4")
    assert [artwork.id for artwork in grown.last.reply.artworks] == [4]
    assert grown.last.reply.buttons
    await grown.says("小丹", ":show:4")
    assert [artwork.id for artwork in grown.last.reply.artworks] == [4]
    assert not grown.last.reply.buttons, "others may look"
    await grown.says("阿青", ":show:99")
    assert grown.texts[-1] == "找不到这张画"


async def test_in_answer_to_a_picture_it_needs_no_number(grown: Studio) -> None:
    await grown.says("阿青", "#3 /溯源")
    assert grown.texts[-1].startswith("编号 3 的来历：")


async def test_a_picture_without_family_is_told(studio: Studio) -> None:
    await told(studio, "画一只猫")
    await studio.says("阿青", "/溯源 1")
    assert studio.texts[-1] == "编号 1 不是从别的画改来的，也还没有从它改出来的画"
    assert studio.last.reply.plate is None


@pytest.mark.parametrize("number", ["99", "0", "猫", "9" * 18])
async def test_a_picture_that_is_none_is_not_found(studio: Studio, number: str) -> None:
    await studio.says("阿青", f"/溯源 {number}")
    assert studio.texts[-1] == "找不到这张画"


async def test_without_a_number_it_asks(studio: Studio) -> None:
    await studio.says("阿青", "/溯源")
    assert studio.texts[-1].startswith("看哪张的来历？")


async def test_a_large_family_is_drawn_in_part(studio: Studio) -> None:
    await told(studio, "画一只猫", *[":vary:1"] * 7)
    await studio.says("阿青", "/溯源 1")
    assert "还有 2 张，图上画不下" in studio.texts[-1]
    assert sum(len(row) for row in studio.last.reply.buttons) == 6


async def test_files_that_are_gone_leave_the_words(grown: Studio) -> None:
    for artwork in await grown.store.read(grown.store.gallery.latest, 10):
        for file in grown.store.gallery.pictures.files(artwork.path):
            file.unlink()
    await grown.says("阿青", "/溯源 2")
    assert grown.texts[-1].startswith("编号 2 的来历：")
    assert grown.last.reply.plate is None


async def test_a_plate_that_is_swept_leaves_the_words(grown: Studio) -> None:
    await grown.says("阿青", "/溯源 2")
    plate = grown.last.reply.plate
    assert plate is not None
    assert grown.store.plates.sweep(plate.path.stat().st_mtime + 1) == 1
    name = plate.path.name
    assert grown.store.plates.find(name, plate.width, plate.height) is None


def a_sample() -> bytes:
    return thumbnail(label(a_picture("狐狸", size=(128, 128)), "p-1", LabelConfig()), 128)


async def test_styles_are_shown_side_by_side(studio: Studio) -> None:
    for style in list(Styles.load())[:3]:
        keep(studio.store.samples.own, style, a_sample())
    await studio.says("阿青", "/风格")
    assert "  2 水墨（国风、" in studio.texts[-1]
    assert studio.texts[-1].endswith("/风格 水墨 看其中一种（AI生成）")
    plate = studio.last.reply.plate
    assert plate is not None
    check_labels(plate.path.read_bytes())


@pytest.mark.parametrize("said", ["水墨", "国画", "2", "水墨风"])
async def test_one_style_is_told_in_full(studio: Studio, said: str) -> None:
    ink = Styles.load().find("水墨")
    keep(studio.store.samples.own, ink, a_sample())
    await told(studio, "画一只猫")
    await studio.says("阿青", f"/风格 {said}")
    text = studio.texts[-1]
    for words in (
        "水墨（国风、",
        "山水、花鸟",
        "画法：…，水墨风",
        "LoRA mini-水墨 1",
        "样图画的是：",
    ):
        assert words in text
    assert studio.last.reply.plate is not None
    await press(studio, "阿青", "🎨 编号 1 换成水墨")
    assert studio.engine.drawn[-1].prompt == "一只猫，水墨风"


async def test_a_style_without_a_sample_says_so(studio: Studio, tmp_path: Path) -> None:
    studio.store.samples = Samples(tmp_path, tmp_path / "none")
    await studio.says("阿青", "/风格 水墨")
    assert "还没有样图" in studio.texts[-1]
    assert studio.last.reply.plate is None
    assert not studio.last.reply.buttons, "there is no picture to use it on"


@pytest.mark.parametrize(
    ("said", "words"),
    [("99", "只有 10 种风格，发 /风格 看有哪些"), ("水摸", "没有“水摸”这种画风，是不是“水墨”？")],
)
async def test_a_style_that_is_none_is_told(studio: Studio, said: str, words: str) -> None:
    await studio.says("阿青", f"/风格 {said}")
    assert studio.texts[-1].startswith(words)


async def test_a_damaged_sample_is_as_none(studio: Studio, tmp_path: Path) -> None:
    studio.store.samples = Samples(tmp_path, tmp_path / "none")
    keep(studio.store.samples.own, Styles.load().find("水墨"), a_sample()[:-60])
    await studio.says("阿青", "/风格 水墨")
    assert "还没有样图" in studio.texts[-1]


def test_a_sample_is_of_its_style_as_it_is_today(tmp_path: Path) -> None:
    from dataclasses import replace

    samples, ink = Samples(tmp_path, tmp_path / "none"), Styles.load().find("水墨")
    old = keep(samples.own, ink, a_sample())
    assert samples.find(ink) == old
    stronger = ink.weighed(2.0)
    assert samples.find(stronger) is None
    assert samples.find(replace(ink, aliases=())) == old
    keep(samples.own, stronger, a_sample())
    assert samples.find(ink) is None
    assert not old.exists()


def test_what_is_shipped_is_of_a_style_that_is_small_and_labelled() -> None:
    from bot.label import packet_of

    known = {name_of(style) for style in Styles.load()}
    for path in SHIPPED.glob("*.webp"):
        assert path.name in known, "a sample of a style as it was: make samples"
        assert path.stat().st_size <= 10 << 10
        assert "TC260" in packet_of(path.read_bytes())


async def test_plates_go_after_a_day_and_with_ones_data(grown: Studio) -> None:
    upkeep = Upkeep(grown.store, GalleryConfig())
    await grown.says("阿青", "/溯源 2")
    plate = grown.last.reply.plate
    assert plate is not None
    grown.clock.now = plate.path.stat().st_mtime
    assert await upkeep.sweep_plates() == 0
    grown.clock.now += 25 * 3600
    assert await upkeep.sweep_plates() == 1
    await grown.says("阿青", "/溯源 2")
    await forget(grown.store, User("console", "阿青"), lambda _, __: None)
    assert not plate.path.exists()


async def test_a_tree_that_did_not_change_is_drawn_once(grown: Studio) -> None:
    await grown.says("阿青", "/溯源 2")
    first = grown.last.reply.plate
    await grown.says("阿青", "/溯源 2")
    assert grown.last.reply.plate == first
    await told(grown, ":vary:2")
    await grown.says("阿青", "/溯源 2")
    assert grown.last.reply.plate != first
