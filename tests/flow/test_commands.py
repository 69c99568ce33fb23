"""Every command, read as talk."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.errors import UnknownCommand
from bot.job import State
from bot.style import Styles
from tests.conftest import Studio


@pytest.mark.parametrize("text", ["/帮助", "/help", "／帮助", "/HELP", "/help@danqing_bot"])
async def test_help_names_every_command(studio: Studio, text: str) -> None:
    await studio.says("阿青", text)
    for command in (one for one in commands.COMMANDS if one.listed):
        assert f"/{command.names[0]}（/{command.names[1]}）{command.hint}" in studio.texts[-1]


async def test_styles_are_told_with_their_other_names(studio: Studio) -> None:
    await studio.says("阿青", "/风格")
    for style in Styles.load():
        assert style.name in studio.texts[-1]
    assert "国画" in studio.texts[-1]


async def test_the_queue_tells_how_much_waits_and_where_ones_own_is(studio: Studio) -> None:
    await studio.says("阿青", "/队列")
    assert studio.texts[-1] == "现在没有人在排队\n你没有任务在排队"
    await studio.says("小丹", "画一只猫")
    await studio.says("阿青", "画两张狗，水墨风")
    studio.engine.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(studio.painter.run())
        await studio.engine.until(2)
        await studio.says("阿青", "/queue")
        running.cancel()
    assert studio.texts[-1] == "正在画 2 个任务，0 个在等\n你的：\n  #2 狗（水墨，2 张） · 正在画"


async def test_one_sees_ones_own_place(studio: Studio) -> None:
    for name, thing in (("小丹", "猫"), ("阿青", "狗"), ("阿青", "龙")):
        await studio.says(name, f"画一只{thing}")
    await studio.says("阿青", "/排队")
    assert studio.texts[-1].split("\n") == [
        "正在画 0 个任务，3 个在等",
        "你的：",
        "  #2 一只狗 · 前面 1 人",
        "  #3 一只龙 · 前面 1 人",
    ]


async def test_everything_of_ones_own_is_cancelled_or_one_by_its_number(studio: Studio) -> None:
    for _ in range(3):
        await studio.says("阿青", "画一只猫")
    await studio.says("小丹", "画一条龙")
    await studio.says("阿青", "/取消 #2")
    assert studio.texts[-1] == "#2 已取消"
    await studio.says("阿青", "/cancel")
    assert studio.texts[-2:] == ["#1 已取消", "#3 已取消"]
    assert await studio.state(4) is State.QUEUED
    await studio.says("阿青", "/cancel")
    assert studio.texts[-1] == "你在这里没有任务可以取消"


@pytest.mark.parametrize("argument", ["99", "猫", "-1", "1e3", "9" * 30])
async def test_a_job_that_is_not_there_cannot_be_cancelled(studio: Studio, argument: str) -> None:
    await studio.says("阿青", "画一只猫")
    await studio.says("阿青", f"/取消 {argument}")
    assert studio.texts[-1] == "找不到这个任务了"


async def test_somebody_elses_job_is_not_cancelled(studio: Studio) -> None:
    await studio.says("阿青", "画一只猫")
    await studio.says("小丹", "/取消 1")
    assert studio.texts[-1] == "这是别人的任务，只有本人可以取消"
    assert await studio.state(1) is State.QUEUED


async def drawn(studio: Studio, name: str, *texts: str) -> None:
    for text in texts:
        await studio.says(name, text)
    await studio.paint_all()


async def test_one_sees_what_one_has_had_drawn_and_all_of_the_chat(studio: Studio) -> None:
    await studio.says("阿青", "/历史")
    assert studio.texts[-1].startswith("你还没有画过")
    await drawn(studio, "阿青", "画一只猫", "画一只狗")
    await drawn(studio, "小丹", "画一条龙")
    await studio.says("阿青", "/历史")
    assert studio.texts[-1] == "2 · 一只狗\n1 · 一只猫\n/查看 编号 看其中一张（AI生成）"
    assert [artwork.id for artwork in studio.last.reply.artworks] == [2, 1]
    await studio.says("阿青", "/画廊")
    assert studio.texts[-1].startswith("3 · 一条龙\n2 · 一只狗")


async def test_older_pictures_are_a_button_away(studio: Studio) -> None:
    await drawn(studio, "阿青", "画四张猫", "画四张狗", "画四张龙")
    await studio.says("阿青", "/历史")
    seen = [artwork.id for artwork in studio.last.reply.artworks]
    while studio.last.reply.buttons:
        ((older,),) = studio.last.reply.buttons
        await studio.says("阿青", f":{older.action.pack()}")
        seen += [artwork.id for artwork in studio.last.reply.artworks]
    assert seen == list(range(12, 0, -1))
    assert studio.texts[-1] == "没有更早的了"


async def test_favourites_are_ones_own(studio: Studio) -> None:
    await drawn(studio, "阿青", "画一只猫")
    await studio.says("阿青", "/收藏")
    assert studio.texts[-1].startswith("你还没有收藏")
    await studio.says("阿青", ":favour:1")
    await studio.says("阿青", "/收藏")
    assert studio.texts[-1].startswith("1 · 一只猫")
    await studio.says("小丹", "/收藏")
    assert studio.texts[-1].startswith("你还没有收藏")


async def test_pictures_are_found_by_their_words(studio: Studio) -> None:
    await studio.says("阿青", "/搜索")
    assert studio.texts[-1] == "找什么呢？例如：/搜索 企鹅"
    await drawn(studio, "阿青", "画雪地里的企鹅", "画草地上的兔子")
    await studio.says("阿青", "/搜索 企鹅")
    assert [artwork.id for artwork in studio.last.reply.artworks] == [1]
    for words in ('"*', "NEAR(", "龙", "prompt:企鹅 OR 1"):
        await studio.says("阿青", f"/search {words}")
        assert studio.texts[-1] == "没有找到，换个词试试"
    await studio.says("小丹", "/搜索 企鹅")
    assert studio.texts[-1] == "没有找到，换个词试试"


async def test_one_picture_is_shown_with_its_buttons_to_its_owner(studio: Studio) -> None:
    await drawn(studio, "阿青", "画一只猫")
    await studio.says("阿青", "/查看 1")
    assert studio.texts[-1] == "1 · 一只猫（AI生成）"
    assert studio.last.reply.buttons
    for argument in ("99", "0", "猫", "9" * 40):
        await studio.says("阿青", f"/show {argument}")
        assert studio.texts[-1] == "找不到这张画"
    await studio.says("阿青", "/show")
    assert studio.texts[-1].startswith("看哪张")


async def test_what_one_wants_is_kept_for_where_one_says_nothing(studio: Studio) -> None:
    await studio.says("阿青", "/设置")
    assert studio.texts[-1].split("\n")[1:3] == ["  风格：不定（默认）", "  形状：不定（默认）"]
    await studio.says("阿青", "/设置 水墨风，竖版，不要文字")
    assert studio.texts[-1].split("\n")[1:4] == [
        "  风格：水墨（我的）",
        "  形状：竖版（我的）",
        "  不要：文字（我的）",
    ]
    await studio.says("阿青", "画一只猫")
    assert studio.texts[-1].split("\n")[1].startswith("竖版 · 水墨 · 不要：文字")
    await studio.says("阿青", "画一只狗，油画风，横版")
    assert studio.texts[-1].split("\n")[1].startswith("横版 · 油画 · 不要：文字")
    await studio.says("小丹", "画一只狗")
    assert "水墨" not in studio.texts[-1]
    await studio.says("阿青", "/settings 清除")
    await studio.says("阿青", "画一只猫")
    assert "水墨" not in studio.texts[-1]


@pytest.mark.parametrize(
    "argument", ["把猫换成狗", "再来一张", "放大", "一只猫", "梵高风", "步数 20"]
)
async def test_what_is_no_setting_is_answered_with_how_to_say_it(
    studio: Studio, argument: str
) -> None:
    await studio.says("阿青", f"/设置 {argument}")
    assert studio.texts[-1].startswith("要哪样？例如：/设置 水墨风")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/hlep", "没有 /hlep 这个命令，是不是 /help？"),
        ("/队例", "没有 /队例 这个命令，是不是 /队列？"),
        ("/xyzzy", "没有 /xyzzy 这个命令，发 /帮助 看有哪些"),
    ],
)
async def test_a_slip_is_answered_with_the_nearest(studio: Studio, text: str, words: str) -> None:
    await studio.says("阿青", text)
    assert studio.texts[-1] == words


@pytest.mark.parametrize("text", ["/画 一只猫", "/draw 一只猫", "/画一只猫", "/imagine 一只猫"])
async def test_a_command_to_draw_draws(studio: Studio, text: str) -> None:
    await studio.says("阿青", text)
    assert studio.texts[-1].startswith("收到 #1：一只猫")


async def test_a_command_to_draw_nothing_asks_what(studio: Studio) -> None:
    await studio.says("阿青", "/画")
    assert studio.texts[-1].startswith("想画什么呢")


def test_no_name_is_taken_twice_and_each_has_one_in_chinese_and_one_in_english() -> None:
    names = [name for command in commands.COMMANDS for name in command.names]
    assert len(names) == len(set(names))
    for command in commands.COMMANDS:
        chinese, english, *_ = command.names
        assert english.isascii()
        assert not chinese.isascii()


@given(st.text())
def test_whatever_is_said_is_a_command_or_none_or_a_slip(text: str) -> None:
    try:
        found = commands.read(text)
    except UnknownCommand:
        return
    assert found is None or found[0] in commands.COMMANDS
