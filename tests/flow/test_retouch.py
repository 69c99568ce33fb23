"""Copies that were painted over, clear parts and avatars, read as talk."""

from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from bot.errors import NotSent
from bot.event import User
from bot.job import Origin
from tests.conftest import Studio

BOX = (60, 40, 130, 110)
"""What people paint over here."""
RED, BLUE, CLEAR = (255, 0, 0), (0, 0, 255), (0, 0, 0, 0)
WHOLE = "没看到涂过的地方：请在图上涂一下要改的地方再发；不用涂，就回复那张画说要改什么"


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def copied(studio: Studio, number: int = 0, *, painted: bool = True) -> bytes:
    """A picture of the last result as somebody's phone hands it in."""
    shown = [sent.reply for sent in studio.adapter.sent if sent.reply.artworks]
    with Image.open(shown[-1].artworks[number].path) as image:
        copy = image.convert("RGB")
    if painted:
        ImageDraw.Draw(copy).rectangle(BOX, RED)
    return png(copy)


def opened(studio: Studio, name: str) -> Image.Image:
    return Image.open(BytesIO(studio.store.sources.read(name))).convert("L")


@pytest.fixture
async def drawn(studio: Studio) -> Studio:
    """A studio in which 阿青 has a cat in a hat."""
    await studio.says("阿青", "画戴帽子的猫")
    await studio.paint_all()
    return studio


async def test_what_is_painted_over_is_drawn_anew(drawn: Studio) -> None:
    (artwork,) = drawn.last.reply.artworks
    await drawn.says("阿青", "#1 换成一朵花", source=copied(drawn))
    await drawn.paint_all()
    assert drawn.texts[-2].startswith("收到 #2：一朵花\n改自 #1 · 涂过的地方重画 ＋一朵花")
    before, after = drawn.engine.drawn
    mask = opened(drawn, after.mask)
    left, upper, right, lower = mask.getbbox() or (0, 0, 0, 0)
    assert mask.size == artwork.recipe.picture_px
    assert all(
        abs(found - meant) <= 4
        for found, meant in zip((left, upper, right, lower), BOX, strict=True)
    )
    source = Image.open(BytesIO(drawn.store.sources.read(after.source)))
    assert source.tobytes() == drawn.engine.picture(before).rgb, (
        "the picture, not the scribbled copy"
    )
    assert (after.prompt, after.strength) == ("一朵花", 1.0)
    assert (await drawn.job(2)).parent == Origin(1)


@pytest.mark.parametrize(
    ("said", "prompt", "avoid"),
    [
        ("把帽子去掉", "戴的猫", "帽子"),
        ("把帽子换成花", "戴花的猫", ""),
        ("把背包换成花", "花", ""),
        ("这里画一只狗，水墨风", "一只狗，水墨风", ""),
        ("涂的地方改成大海", "大海", ""),
        ("加一条围巾", "一条围巾", ""),
        ("重画一下", "戴帽子的猫", ""),
        ("", "戴帽子的猫", ""),
    ],
)
async def test_each_way_of_saying_it(drawn: Studio, said: str, prompt: str, avoid: str) -> None:
    await drawn.says("阿青", f"#1 {said}" if said else "#1 。", source=copied(drawn))
    await drawn.paint_all()
    after = drawn.engine.drawn[-1]
    assert (after.prompt, after.avoid) == (prompt, avoid)
    assert after.mask


async def test_of_several_the_one_that_it_is_a_copy_of_is_meant(studio: Studio) -> None:
    await studio.says("阿青", "画三张猫")
    await studio.paint_all()
    await studio.says("阿青", "#1 换成狗", source=copied(studio, 1))
    assert (await studio.job(2)).parent == Origin(1, 1)


async def test_a_copy_as_it_was_is_told(drawn: Studio) -> None:
    await drawn.says("阿青", "#1 换成一朵花", source=copied(drawn, painted=False))
    assert drawn.texts[-1] == WHOLE


async def test_another_picture_is_drawn_on_as_it_is(drawn: Studio) -> None:
    photo = png(Image.new("RGB", (256, 256), BLUE))
    await drawn.says("阿青", "#1 换成水墨", source=photo)
    job = await drawn.job(2)
    assert job.parent is None
    assert (job.request.styles, job.request.mask) == (("水墨",), "")
    assert job.request.source


async def test_a_picture_that_answers_nothing_is_drawn_on_as_it_is(drawn: Studio) -> None:
    await drawn.says("阿青", "画成水墨", source=copied(drawn))
    assert (await drawn.job(2)).request.mask == ""


async def test_a_picture_whose_file_is_gone_is_told(drawn: Studio) -> None:
    copy = copied(drawn)
    drawn.last.reply.artworks[0].path.unlink()
    await drawn.says("阿青", "#1 换成一朵花", source=copy)
    assert drawn.texts[-1] == "那张画的文件不在了，改不了；可以说“再来一张”"


def with_a_hole() -> bytes:
    photo = Image.new("RGBA", (128, 96), BLUE)
    photo.paste(CLEAR, (32, 32, 64, 64))
    return png(photo)


async def test_the_clear_part_of_a_picture_is_where_to_draw(studio: Studio) -> None:
    await studio.says("阿青", "透明的地方画一只猫", source=with_a_hole())
    await studio.paint_all()
    (recipe,) = studio.engine.drawn
    assert (recipe.prompt, recipe.strength) == ("一只猫", 1.0)
    assert opened(studio, recipe.mask).getbbox() == (32, 32, 64, 64)
    assert (
        Image.open(BytesIO(studio.store.sources.read(recipe.source))).getpixel((40, 40))
        == (255,) * 3
    )


@pytest.mark.parametrize("said", ["画成水墨", "一只猫", "换成水墨"])
async def test_words_about_the_whole_leave_what_is_clear_white(studio: Studio, said: str) -> None:
    await studio.says("阿青", said, source=with_a_hole())
    request = (await studio.job(1)).request
    assert request.source
    assert not request.mask


async def test_a_mask_that_is_given_counts(studio: Studio) -> None:
    mask = png(Image.new("RGB", (128, 96), "white"))
    await studio.says("阿青", "局部重绘：一只猫", source=with_a_hole(), mask=mask)
    assert opened(studio, (await studio.job(1)).request.mask).getextrema() == (255, 255)


def a_face(colour: tuple[int, int, int] = BLUE) -> bytes:
    return png(Image.new("RGB", (96, 96), colour))


async def test_ones_own_avatar_is_drawn_on(studio: Studio) -> None:
    studio.adapter.avatars["阿青"] = a_face()
    await studio.says("阿青", "把我的头像画成水墨")
    request = (await studio.job(1)).request
    assert (request.styles, request.prompt, request.source_px) == (("水墨",), "", (96, 96))
    source = Image.open(BytesIO(studio.store.sources.read(request.source)))
    assert source.getpixel((0, 0)) == BLUE


async def test_somebody_elses_avatar_is_named_with_an_at(studio: Studio) -> None:
    studio.adapter.people["小丹"] = User("console", "d", "小丹")
    studio.adapter.avatars["d"] = a_face(RED)
    await studio.says("阿青", "把@小丹 的头像变成赛博朋克风")
    request = (await studio.job(1)).request
    source = Image.open(BytesIO(studio.store.sources.read(request.source)))
    assert (request.styles, source.getpixel((0, 0))) == (("赛博朋克",), RED)
    await studio.says("阿青", "把他的头像画成水墨")
    assert studio.texts[-1] == "要用谁的头像？请 @ 那个人，或者回复他说的话"


async def test_where_there_is_no_avatar_it_is_said(studio: Studio) -> None:
    await studio.says("阿青", "把我的头像画成水墨")
    assert studio.texts[-1] == "这里拿不到头像，请直接发一张图，说要画成什么样"
    studio.adapter.avatars["阿青"] = NotSent("a timeout")
    await studio.says("阿青", "把我的头像画成水墨")
    assert studio.texts[-1] == "头像现在取不到，请过一会儿再试，或者直接发一张图"
    studio.adapter.avatars["阿青"] = b"GIF89a, a moving one"
    await studio.says("阿青", "把我的头像画成水墨")
    assert studio.texts[-1] == "原图不是能用的图片：要是完整的 PNG、JPEG 或 WebP"


@pytest.mark.parametrize("said", ["画一个小猫的头像", "给我画个小猫头像，水墨风", "画一只猫当头像"])
async def test_an_avatar_that_is_to_be_drawn_is_no_picture_to_draw_on(
    studio: Studio, said: str
) -> None:
    studio.adapter.avatars["阿青"] = a_face()
    await studio.says("阿青", said)
    assert not (await studio.job(1)).request.source


async def test_a_command_that_speaks_of_an_avatar_stays_a_command(studio: Studio) -> None:
    studio.adapter.avatars["阿青"] = a_face()
    await studio.says("阿青", "/搜索 我的头像变成猫")
    assert studio.texts[-1] == "没有找到，换个词试试"
    await studio.says("阿青", "/画 把我的头像变成猫")
    assert (await studio.job(1)).request.source


async def test_where_a_background_is_clear_it_is_drawn(studio: Studio) -> None:
    await studio.says("阿青", "把背景换成大海", source=with_a_hole())
    request = (await studio.job(1)).request
    assert request.prompt == "大海背景"
    assert request.mask


async def test_a_copy_that_is_painted_over_is_told_in_english_too(drawn: Studio) -> None:
    await drawn.says("阿青", "/设置 英文")
    await drawn.says("阿青", "#1 换成一朵花", source=copied(drawn, painted=False))
    assert drawn.texts[-1].startswith("I see nothing painted over.")
    await drawn.says("阿青", "把我的头像画成水墨")
    assert drawn.texts[-1].startswith("I cannot get avatars here.")
