"""Every button under a picture, read as talk."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from aiosqlite import Connection

from adapters.console.inbound import CHAT, PLATFORM
from bot.job import Origin
from bot.parsing.parser import parse
from bot.settings import Settings
from bot.style import Styles
from generation.recipe import Expand
from tests.conftest import Studio, opened_studio


async def press(studio: Studio, name: str, label: str) -> None:
    """Press the newest button of that label, and wait for what is drawn."""
    for delivery in reversed(studio.adapter.sent):
        for row in delivery.reply.buttons:
            for button in row:
                if button.label == label:
                    await studio.says(name, f":{button.action.pack()}")
                    await studio.paint_all()
                    return
    raise LookupError(label)


@pytest.fixture
async def drawn(studio: Studio) -> Studio:
    """A studio in which 阿青 has a cat."""
    await studio.says("阿青", "画一只猫，竖版，水墨风")
    await studio.paint_all()
    return studio


def labels(studio: Studio) -> list[list[str]]:
    return [[button.label for button in row] for row in studio.last.reply.buttons]


async def test_what_stands_under_one_picture(drawn: Studio) -> None:
    assert labels(drawn) == [
        ["🔁 再来一张"],
        ["🎲 变化", "🔍 2×", "🔍 4×"],
        ["✏️ 改一改", "🎨 换风格", "↔️ 扩展"],
        ["⭐ 收藏", "📄 原图", "ℹ️ 参数", "🗑 删除"],
    ]


async def test_of_several_each_has_its_number(studio: Studio) -> None:
    await studio.says("阿青", "画三只猫，三张")
    await studio.paint_all()
    assert labels(studio) == [
        ["🔁 再来一组"],
        ["🔍1", "🔍2", "🔍3"],
        ["🎲1", "🎲2", "🎲3"],
        ["⋯1", "⋯2", "⋯3"],
    ]
    await press(studio, "阿青", "🔍2")
    assert studio.engine.drawn[-1].seed == studio.engine.drawn[1].seed
    await press(studio, "阿青", "⋯3")
    assert studio.last.reply.text == "第 3 张，编号 3"
    await press(studio, "阿青", "🔍 4×")
    assert studio.engine.drawn[-1].seed == studio.engine.drawn[2].seed


async def test_again_is_another_seed(drawn: Studio) -> None:
    await press(drawn, "阿青", "🔁 再来一张")
    one, two = drawn.engine.drawn
    assert (one.prompt, two.prompt) == ("一只猫，水墨风",) * 2
    assert one.seed != two.seed


async def test_a_variation_and_a_larger_one(drawn: Studio) -> None:
    await press(drawn, "阿青", "🎲 变化")
    assert drawn.engine.drawn[-1].source
    await drawn.says("阿青", ":upscale:1:2")
    await drawn.paint_all()
    assert drawn.engine.drawn[-1].upscale == 2


async def test_another_style_is_chosen_from_all(drawn: Studio) -> None:
    await press(drawn, "阿青", "🎨 换风格")
    offered = [label for row in labels(drawn) for label in row]
    assert offered == [style.name for style in Styles.load()]
    await press(drawn, "阿青", "油画")
    assert drawn.engine.drawn[-1].prompt == "一只猫，油画风"
    assert "改自 #1 · 竖版 · 油画" in drawn.texts[-2]


async def test_a_variation_is_drawn_on_the_picture_of_its_number(studio: Studio) -> None:
    await studio.says("阿青", "画三只猫，三张")
    await studio.paint_all()
    sources: list[str] = []
    for number in (1, 2, 3):
        await press(studio, "阿青", f"🎲{number}")
        sources.append(studio.engine.drawn[-1].source)
        assert (await studio.job(1 + number)).parent == Origin(1, number - 1)
    assert len(set(sources)) == 3
    assert "改自 #1 第 3 张 · 变化" in [text for text in studio.texts if "改自" in text][-1]


@pytest.mark.parametrize("times", [2, 4])
async def test_a_picture_is_made_larger(drawn: Studio, times: int) -> None:
    await press(drawn, "阿青", f"🔍 {times}×")
    before, after = drawn.engine.drawn
    assert after == replace(before, upscale=times)
    assert after.picture_px == (times * 192, times * 320)
    assert drawn.texts[-1].startswith("画好了 #2")


@pytest.mark.parametrize(
    ("label", "expand"),
    [
        ("⬅️ 左", Expand(left=128)),
        ("⬆️ 上", Expand(up=192)),
        ("➡️ 右", Expand(right=128)),
        ("⬇️ 下", Expand(down=192)),
        ("↔️ 四周", Expand(left=64, up=96, right=64, down=96)),
    ],
)
async def test_each_side_can_be_continued(drawn: Studio, label: str, expand: Expand) -> None:
    await press(drawn, "阿青", "↔️ 扩展")
    await press(drawn, "阿青", label)
    before, after = drawn.engine.drawn
    assert after.expand == expand
    assert after.width == before.width + expand.left + expand.right
    assert after.height == before.height + expand.up + expand.down


async def test_a_side_is_chosen(drawn: Studio) -> None:
    await press(drawn, "阿青", "↔️ 扩展")
    await press(drawn, "阿青", "➡️ 右")
    before, after = drawn.engine.drawn
    assert after.expand == Expand(right=128), "half of 192, made up to a multiple of 64"
    assert (after.width, after.height) == (before.width + 128, before.height)


async def test_a_change_is_asked_for_and_said(drawn: Studio) -> None:
    await press(drawn, "阿青", "✏️ 改一改")
    assert drawn.last.reply.text.endswith("说要改什么（例如：换成水墨，加一只猫，竖版）")
    await drawn.says("阿青", "#1 把猫换成狗")
    await drawn.paint_all()
    assert drawn.engine.drawn[-1].prompt == "一只狗，水墨风"


async def test_the_line_of_parameters_draws_the_same_picture(drawn: Studio) -> None:
    await press(drawn, "阿青", "ℹ️ 参数")
    facts, line = drawn.last.reply.text.split("\n")
    assert "192×320 · 模型 mini · 20 步" in facts
    assert parse(line, Styles.load()).seed == 1
    await drawn.says("阿青", line)
    await drawn.paint_all()
    one, two = drawn.engine.drawn
    assert one == two


async def test_the_line_of_a_picture_that_was_drawn_on_another_says_so(drawn: Studio) -> None:
    await press(drawn, "阿青", "↔️ 扩展")
    await press(drawn, "阿青", "⬅️ 左")
    await press(drawn, "阿青", "ℹ️ 参数")
    _, told, line = drawn.last.reply.text.split("\n")
    assert told == "从一张图画起，下面这一行不带那张图："
    await drawn.says("阿青", line)
    assert drawn.texts[-1].startswith("收到 #3")


async def test_what_was_continued_is_changed_as_a_whole(drawn: Studio) -> None:
    await press(drawn, "阿青", "↔️ 扩展")
    await press(drawn, "阿青", "⬅️ 左")
    await drawn.says("阿青", "换成油画")
    await drawn.paint_all()
    _, wide, oil = drawn.engine.drawn
    assert (oil.width, oil.height) == (wide.width, wide.height)
    assert oil.expand is None
    assert oil.source not in {"", wide.source}


async def test_the_file_is_handed_out_as_it_is(drawn: Studio) -> None:
    (artwork,) = drawn.last.reply.artworks
    await press(drawn, "阿青", "📄 原图")
    assert drawn.last.reply.originals
    assert drawn.last.reply.artworks == (artwork,)
    assert drawn.last.reply.text == "原图（AI生成）"


async def test_a_favourite_is_one_until_it_is_pressed_again(drawn: Studio) -> None:
    for words in ("已收藏", "不再收藏", "已收藏"):
        await press(drawn, "阿青", "⭐ 收藏")
        assert drawn.texts[-1] == f"{words}编号 1"


async def test_deleting_asks_back_and_is_for_good(drawn: Studio) -> None:
    (artwork,) = drawn.last.reply.artworks
    await press(drawn, "阿青", "🗑 删除")
    assert drawn.texts[-1] == "删掉就找不回来了"
    assert artwork.path.exists()
    await press(drawn, "阿青", "🗑 真的删除")
    assert drawn.texts[-1] == "编号 1 已经删掉了"
    for label in ("🗑 真的删除", "⭐ 收藏", "🎲 变化", "ℹ️ 参数"):
        await press(drawn, "阿青", label)
        assert drawn.texts[-1] == "找不到这张画了"


async def test_a_deletion_that_is_not_kept_deletes_no_file(drawn: Studio) -> None:
    (artwork,) = drawn.last.reply.artworks

    async def refuse_the_answer(db: Connection) -> None:
        await db.execute(
            """CREATE TRIGGER refuse BEFORE INSERT ON outbox WHEN NEW.reply LIKE '%删掉了%'
               BEGIN SELECT RAISE(ABORT, 'refused'); END"""
        )

    await drawn.store.write(refuse_the_answer)
    await drawn.says("阿青", ":delete:1:yes")
    await drawn.says("阿青", "/查看 1")
    assert drawn.last.reply.artworks == (artwork,)
    assert artwork.path.exists()


async def test_only_the_owner_presses(drawn: Studio) -> None:
    before = len(drawn.engine.drawn)
    offered = [label for row in labels(drawn) for label in row]
    assert len(offered) == 11
    for label in offered:
        await press(drawn, "小丹", label)
        assert drawn.texts[-1] == "这是别人的画，只有本人可以按；想改它，就回复它说"
        assert drawn.last.reply.aside
    assert len(drawn.engine.drawn) == before


async def test_what_others_may_not_press_they_may_say(drawn: Studio) -> None:
    await drawn.says("小丹", "#1 再来一张")
    await drawn.paint_all()
    assert (await drawn.job(2)).user.id == "小丹"
    assert len(drawn.engine.drawn) == 2


@pytest.mark.parametrize(
    "action", ["vary:99", "vary:9223372036854775807", "delete:99:yes", "more:0", "wear:99:abc"]
)
async def test_a_forged_button_finds_nothing(drawn: Studio, action: str) -> None:
    await drawn.says("阿青", f":{action}")
    assert drawn.texts[-1] == "找不到这张画了"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("upscale:1:9", "这个按钮已经不能用了"),
        ("expand:1:x", "这个按钮已经不能用了"),
        ("wear:1:000000000000", "这个风格已经没有了，换一个吧"),
        ("cancel:1", "这个任务已经结束了，不用取消"),
        ("redo:99", "找不到这个任务了"),
    ],
)
async def test_an_outdated_button_says_so(drawn: Studio, action: str, words: str) -> None:
    await drawn.says("阿青", f":{action}")
    assert drawn.texts[-1] == words
    assert len(drawn.engine.drawn) == 1


@pytest.mark.parametrize("action", ["redo:1", "vary:1", "upscale:1:4", "expand:1:l", "edit:1"])
async def test_twenty_presses_are_one_job_that_waits(drawn: Studio, action: str) -> None:
    line = f":{action}"
    if action == "edit:1":
        line = '{"submit": "edit:1", "values": {"prompt": "一只狗"}}'
    for _ in range(20):
        await drawn.says("阿青", line)
        drawn.clock.now += 60
    told = drawn.texts[-20:]
    assert told[0].startswith("收到 #2")
    assert set(told[1:]) == {"#2 就是它，已经在排队：马上开始 · 约 1 秒"}
    await drawn.paint_all()
    assert len(drawn.engine.drawn) == 2


async def test_a_burst_is_one_job_though_it_is_drawn_at_once(drawn: Studio) -> None:
    await drawn.says("阿青", ":redo:1")
    job = await drawn.store.write(drawn.store.queue.claim)
    assert job is not None
    drawn.clock.now = job.created_at
    await drawn.says("阿青", ":redo:1")
    assert drawn.texts[-1] == "#2 就是它，正在画，好了再按吧"
    drawn.clock.now += 60
    await drawn.says("阿青", ":redo:1")
    assert drawn.texts[-1].startswith("收到 #3")


async def test_another_button_or_person_is_no_repeat(drawn: Studio) -> None:
    for action in ("redo:1", "vary:1", "upscale:1:2", "upscale:1:4"):
        await drawn.says("阿青", f":{action}")
    await drawn.says("小丹", "#1 再来一张")
    await drawn.paint_all()
    assert len(drawn.engine.drawn) == 6


async def test_when_it_is_drawn_the_button_draws_another(drawn: Studio) -> None:
    for seed in (2, 3, 4):
        await press(drawn, "阿青", "🔁 再来一张")
        assert drawn.engine.drawn[-1].seed == seed


async def test_twenty_presses_on_a_star_and_on_a_deletion(drawn: Studio) -> None:
    for _ in range(20):
        await drawn.says("阿青", ":favour:1")
    assert drawn.texts[-1] == "不再收藏编号 1"
    for _ in range(20):
        await drawn.says("阿青", ":delete:1:yes")
    assert drawn.texts[-20:] == ["编号 1 已经删掉了", *["找不到这张画了"] * 19]


@pytest.mark.parametrize("carried", ["fly:1", "redo:1:", "", "../../etc/passwd", "红" * 30])
async def test_a_button_of_no_version_of_ours_says_so(drawn: Studio, carried: str) -> None:
    update = msgspec.json.encode({"id": "f1", "user": "阿青", "press": carried})
    await drawn.app.hear(PLATFORM, "f1", update)
    await drawn.answer()
    assert drawn.texts[-1] == "这个按钮已经不能用了"
    assert drawn.last.reply.to == "f1"


async def test_every_button_outlives_a_restart(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        offered = [button for row in studio.last.reply.buttons for button in row]
        for opener in ("styles", "sides"):
            await studio.says("阿青", f":{opener}:1")
            offered += [button for row in studio.last.reply.buttons for button in row]
    lost = {"找不到这张画了", "找不到这个任务了", "这个按钮已经不能用了"}
    for number, button in enumerate(offered):
        async with opened_studio(tmp_path, first_id=100 * (number + 1)) as studio:
            await studio.says("阿青", f":{button.action.pack()}")
            await studio.paint_all()
            assert studio.texts
            assert not lost & set(studio.texts), button


async def test_what_a_group_shares_others_press_too(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        studio.adapter.group = True
        await studio.says("小丹", ":vary:1")
        assert studio.texts[-1].startswith("这是别人的画")
        await studio.store.write(studio.store.preferences.put, CHAT.key, Settings(shared=True))
        for job, action in enumerate(("vary:1", "redo:1"), 2):
            await studio.says("小丹", f":{action}")
            assert studio.texts[-1].startswith(f"收到 #{job}")
            assert (await studio.job(job)).user.id == "小丹"
        await studio.says("小丹", '{"submit": "edit:1", "values": {"prompt": "一只狗"}}')
        assert studio.texts[-1].startswith("收到 #4")
        await studio.says("小丹", ":delete:1:yes")
        assert studio.texts[-1] == "这是别人的画，只有本人可以按；想改它，就回复它说"
