"""What people say of a picture that is there, read as talk."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.event import Chat, User
from bot.job import Origin, State
from generation.recipe import Expand
from tests.conftest import Studio, opened_studio


async def asked_again(studio: Studio, first: str, *then: str) -> None:
    """One person speaks, and waits for the pictures each time."""
    for text in (first, *then):
        await studio.says("阿青", text)
        await studio.paint_all()


async def test_words_are_about_the_last_picture(studio: Studio) -> None:
    await asked_again(studio, "画草地上的猫，竖版，水墨风", "把猫换成狗")
    before, after = studio.engine.drawn
    head, line = studio.texts[-2].split("\n")
    assert head == "收到 #2：草地上的狗"
    assert line == "改自 #1 · －猫 ＋狗 · 竖版 · 水墨 · 马上开始 · 约 1 秒"
    assert (after.prompt, after.seed) == ("草地上的狗，水墨风", before.seed)
    assert (after.width, after.height) == (before.width, before.height)


@pytest.mark.parametrize(
    ("said", "prompt", "told"),
    [
        ("再来一张", "草地上的猫", "改自 #1 · 马上开始 · 约 1 秒"),
        ("换成水墨", "草地上的猫，水墨风", "改自 #1 · 水墨 · 马上开始 · 约 1 秒"),
        ("改成竖版", "草地上的猫", "改自 #1 · 竖版 · 马上开始 · 约 1 秒"),
        ("不要帽子", "草地上的猫", "改自 #1 · －帽子 · 不要：帽子 · 马上开始 · 约 1 秒"),
        ("加一只蝴蝶", "草地上的猫，一只蝴蝶", "改自 #1 · ＋一只蝴蝶 · 马上开始 · 约 1 秒"),
        ("把背景换成雪地", "草地上的猫，雪地背景", "改自 #1 · －背景 ＋雪地 · 马上开始 · 约 1 秒"),
        ("同样的风格画一只狗", "一只狗", "改自 #1 · 马上开始 · 约 1 秒"),
    ],
)
async def test_each_way_of_saying_it(studio: Studio, said: str, prompt: str, told: str) -> None:
    await asked_again(studio, "画草地上的猫", said)
    assert studio.engine.drawn[-1].prompt == prompt
    assert studio.texts[-2].split("\n")[1] == told


async def test_another_seed_or_the_same(studio: Studio) -> None:
    await asked_again(studio, "画一只猫 --seed 42", "换个种子", "用上一张的种子画一只狗")
    first, second, third = studio.engine.drawn
    assert (first.prompt, second.prompt, third.prompt) == ("一只猫", "一只猫", "一只狗")
    assert first.seed == 42 != second.seed == third.seed


async def test_a_reply_is_about_the_picture_that_it_answers(studio: Studio) -> None:
    await asked_again(studio, "画一只猫", "画一只狗", "#1 换成水墨")
    assert studio.engine.drawn[-1].prompt == "一只猫，水墨风"
    assert (await studio.job(3)).parent == Origin(1)


async def test_somebody_elses_picture_is_changed_only_in_reply_to_it(studio: Studio) -> None:
    await asked_again(studio, "画一只猫")
    await studio.says("小丹", "换成水墨")
    assert studio.texts[-1] == "要改哪一张？请回复那张画说，或者先画一张"
    await studio.says("小丹", "#1 换成水墨")
    assert (await studio.job(2)).user.name == "小丹"


async def test_after_ten_minutes_a_picture_must_be_named(studio: Studio) -> None:
    await asked_again(studio, "画一只猫")
    studio.clock.now += 601
    await studio.says("阿青", "换成水墨")
    assert studio.texts[-1] == "要改哪一张？请回复那张画说，或者先画一张"
    await studio.says("阿青", "#1 换成水墨")
    assert studio.texts[-1].startswith("收到 #2：一只猫")


async def test_a_request_of_its_own_is_about_no_other(studio: Studio) -> None:
    await asked_again(studio, "画一只猫，水墨风", "画一只狗")
    assert studio.engine.drawn[-1].prompt == "一只狗"
    assert (await studio.job(2)).parent is None


async def test_what_was_cancelled_is_not_the_last_picture(studio: Studio) -> None:
    await asked_again(studio, "画一只猫")
    await studio.says("阿青", "画一只狗")
    await studio.says("阿青", ":cancel:2")
    await studio.says("阿青", "换成水墨")
    assert studio.texts[-1].startswith("收到 #3：一只猫")


async def test_words_change_before_the_picture_is_drawn(studio: Studio) -> None:
    await studio.says("阿青", "画一只猫")
    await studio.says("阿青", "把猫换成狗")
    await studio.says("阿青", "往左扩展")
    assert studio.texts[-2].startswith("收到 #2：一只狗")
    assert studio.texts[-1] == "那张还没画好，画好了再说一次"


async def test_one_of_a_set_is_made_larger(studio: Studio) -> None:
    await asked_again(studio, "画三张猫", "放大", "第2张放大", "放大四倍")
    assert studio.texts[2] == "#1 有 3 张，要哪一张？例如：第 2 张放大"
    second, larger, largest = studio.engine.drawn[1], *studio.engine.drawn[3:]
    assert (larger.prompt, larger.seed, larger.upscale) == ("猫", second.seed, 2)
    assert (largest.seed, largest.upscale) == (second.seed, 4)
    await studio.says("阿青", "#1 第9张放大")
    assert studio.texts[-1] == "#1 只有 3 张"


async def test_one_of_several_wordings_is_meant(studio: Studio) -> None:
    await asked_again(studio, "画{红,蓝}色的灯笼", "第2张放大")
    red, blue, larger = studio.engine.drawn
    assert (larger.prompt, larger.seed) == (blue.prompt, blue.seed)
    assert (red.prompt, blue.prompt) == ("红色的灯笼", "蓝色的灯笼")


async def test_a_variation_starts_from_the_picture_without_its_label(studio: Studio) -> None:
    await asked_again(studio, "画一只猫", "来个变体")
    before, after = studio.engine.drawn
    assert (after.prompt, after.strength) == ("一只猫", 0.5)
    assert (after.width, after.height) == (before.width, before.height)
    assert after.seed != before.seed
    source = Image.open(BytesIO(studio.store.sources.read(after.source)))
    drawn = studio.engine.picture(before)
    assert source.tobytes() == drawn.rgb
    assert studio.texts[-2] == "收到 #2：一只猫\n改自 #1 · 变化 · 重画 0.5 · 马上开始 · 约 1 秒"


async def test_a_little_less_and_a_little_more(studio: Studio) -> None:
    await asked_again(studio, "画一只猫", "改动小一点", "改动大一点")
    _, less, more = studio.engine.drawn
    assert (less.strength, more.strength) == (0.42, 0.59)
    assert less.source == more.source != ""


async def test_a_picture_goes_on_to_one_side_or_to_all(studio: Studio) -> None:
    await asked_again(studio, "画海边", "往左扩展", "#1 四周扩展")
    first, left, around = studio.engine.drawn
    half, quarter = first.width // 2, first.width // 4
    assert left.expand == Expand(left=half)
    assert (left.width, left.height) == (first.width + half, first.height)
    assert around.expand == Expand(left=quarter, up=quarter, right=quarter, down=quarter)
    assert "往左扩展" in studio.texts[2]


async def test_a_picture_whose_file_is_gone_is_told(studio: Studio) -> None:
    await asked_again(studio, "画一只猫")
    (artwork,) = studio.last.reply.artworks
    artwork.path.unlink()
    await studio.says("阿青", "往左扩展")
    assert studio.texts[-1] == "那张画的文件不在了，改不了；可以说“再来一张”"


async def test_pictures_know_what_they_come_from(studio: Studio) -> None:
    await asked_again(studio, "画两张猫", "第2张换成水墨", "再来一张")
    artworks = await studio.store.read(studio.store.gallery.latest, 4)
    third, second, *first = artworks
    assert (third.parent_id, second.parent_id) == (second.id, first[0].id)
    assert [artwork.parent_id for artwork in first] == [None, None]


async def test_a_photo_of_ones_own_comes_first(studio: Studio) -> None:
    await asked_again(studio, "画一只猫")
    photo = BytesIO()
    Image.new("RGB", (128, 128), "red").save(photo, "PNG")
    await studio.says("阿青", "换成水墨", source=photo.getvalue())
    job = await studio.job(2)
    assert job.parent is None
    assert job.request.source
    assert job.request.styles == ("水墨",)


async def test_what_is_known_of_messages_survives_a_restart(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await asked_again(studio, "画一只猫")
    async with opened_studio(tmp_path) as studio:
        about = studio.store.queue.about
        chat = Chat("console", "local")
        assert await studio.store.read(about, chat, "#1") == Origin(1)
        assert await studio.store.read(about, chat, "1") == Origin(1)  # the words themselves
        assert await studio.store.read(about, chat, "#9") is None
        assert await studio.store.read(about, Chat("telegram", "local"), "#1") is None
        recent = await studio.store.read(studio.store.queue.recent, User("x", "y"), chat, 1.0)
        assert recent is None
        assert await studio.state(1) is State.DELIVERED
