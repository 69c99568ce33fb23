"""Settings of people and of groups, read as talk."""

import pytest

from bot.event import Chat, User
from bot.settings import Settings
from generation.recipe import Preview
from tests.conftest import Studio


@pytest.fixture
def group(studio: Studio) -> Studio:
    """A group: 群主 keeps it, 阿青 and 小丹 are in it."""
    studio.adapter.group = True
    studio.adapter.roles = {"群主": ("admin",), "阿青": ("member",), "小丹": ()}
    return studio


def lines(studio: Studio) -> list[str]:
    return [line.strip() for line in studio.texts[-1].split("\n")]


async def test_what_holds_and_whose_it_is_is_shown(studio: Studio) -> None:
    await studio.says("阿青", "/设置 水墨风，两张，预览 关")
    await studio.says("阿青", "/设置")
    assert lines(studio) == [
        "没说的时候：",
        "风格：水墨（我的）",
        "形状：不定（默认）",
        "不要：不定（默认）",
        "张数：2（我的）",
        "回复：详细（默认）",
        "语言：中文（默认）",
        "预览：关（我的）",
        "改自己的：/设置 水墨风，竖版，两张，不要文字，简短，英文；/设置 预览 关；/设置 清除",
    ]


async def test_so_many_are_drawn_where_nobody_says_how_many(studio: Studio) -> None:
    await studio.says("阿青", "/设置 两张")
    for said, count in (
        ("画一只猫", 2),
        ("画一张猫", 1),
        ("画三张猫", 3),
        ("画一只猫 --n 1", 1),
        ("画一只猫 --seed 7", 1),
    ):
        await studio.says("阿青", said)
        assert (await studio.job(len(studio.adapter.sent) - 1)).request.count == count
    await studio.says("小丹", "画一只猫")
    assert (await studio.job(6)).request.count == 1


async def test_an_acknowledgement_says_as_much_as_one_wants(studio: Studio) -> None:
    await studio.says("阿青", "画一只猫，竖版")
    assert lines(studio) == ["收到 #1：一只猫", "竖版 · 马上开始"]
    await studio.says("阿青", "/设置 简短")
    await studio.says("阿青", "画一只狗，竖版 --steps 999")
    first, second, note = lines(studio)
    assert (first, second) == ("收到 #2：一只狗", "前面还有你的 1 个任务")
    assert note == "· 步数最多 50，已改为 50"
    await studio.says("阿青", "/设置 安静")
    await studio.says("阿青", "画一只鸟，竖版")
    assert lines(studio) == ["收到 #3 · 前面还有你的 2 个任务"]


async def test_previews_are_shown_unless_one_wants_none(studio: Studio) -> None:
    async def shown() -> list[bool]:
        """Draw a picture, and return of each step whether it was seen."""
        await studio.says("阿青", "画一只猫")
        studio.engine.preview = Preview(width=1, height=1, rgb=b"123")
        studio.adapter.shown.clear()
        await studio.paint_all()
        return [status.preview is not None for status in studio.adapter.shown if status.steps]

    assert any(await shown())
    await studio.says("阿青", "/设置 预览 关")
    assert not any(await shown())
    studio.adapter.group = True
    await studio.says("阿青", "/设置 预览 默认")
    assert not any(await shown())
    studio.adapter.roles = {"阿青": ("owner",)}
    await studio.says("阿青", "/设置 本群 预览 开")
    assert any(await shown())


async def test_a_group_has_settings_and_its_admins_set_them(group: Studio) -> None:
    await group.says("群主", "/设置 本群 水墨风，简短，按钮 共享")
    assert "风格：水墨（本群的）" in lines(group)
    assert "按钮：共享，大家都能按（本群的）" in lines(group)
    await group.says("阿青", "画一只猫")
    assert lines(group) == ["收到 #1：一只猫", "马上开始"]
    assert (await group.job(1)).request.styles == ("水墨",)
    await group.says("阿青", "/设置 油画风")
    assert "风格：油画（我的）" in lines(group)
    assert "回复：简短（本群的）" in lines(group)
    await group.says("小丹", "/设置")
    assert "风格：水墨（本群的）" in lines(group)
    assert "改本群的（群主和管理员）：/设置 本群 预览 开，按钮 共享" in lines(group)
    await group.says("群主", "/settings chat reset")
    await group.says("小丹", "/设置")
    assert "风格：不定（默认）" in lines(group)


async def test_nobody_else_sets_what_holds_for_a_group(group: Studio) -> None:
    for name in ("阿青", "小丹"):
        await group.says(name, "/设置 本群 水墨风")
        assert group.texts[-1] == "本群的设置只有群主和管理员可以改；你自己的用 /设置 改"
    await group.says("阿青", "/设置 按钮 共享")
    assert group.texts[-1] == "按钮给谁按，要在群里由管理员设置：/设置 本群 按钮 共享"
    found = await group.store.read(group.store.preferences.get, "console:local")
    assert found == Settings()


async def test_in_private_the_chat_is_oneself(studio: Studio) -> None:
    await studio.says("阿青", "/设置 本群 水墨风")
    await studio.says("小丹", "/设置")
    assert "风格：不定（默认）" in lines(studio)
    await studio.says("阿青", "/设置")
    assert "风格：水墨（我的）" in lines(studio)


async def test_others_press_buttons_where_the_chat_lets_them(group: Studio) -> None:
    await group.says("阿青", "画一只猫")
    await group.paint_all()
    await group.says("小丹", ":vary:1")
    assert group.texts[-1] == "这是别人的画，只有本人可以按；想改它，就回复它说"
    await group.says("群主", "/设置 本群 按钮 共享")
    await group.says("小丹", ":vary:1")
    assert (await group.job(2)).user.key == "console:小丹"
    await group.says("小丹", ":delete:1:yes")
    assert group.texts[-1] == "这是别人的画，只有本人可以按；想改它，就回复它说"


async def test_a_bad_value_changes_nothing(studio: Studio) -> None:
    await studio.says("阿青", "/设置 水墨风")
    for said, words in (
        ("预览 也许", "预览只有开和关"),
        ("竖版，语言 法语", "语言有两种：中文、英文"),
        ("张数 -1", "张数要在 1 到 4 之间"),
        ("风格 梵高", "没有“梵高”这种画风"),
    ):
        await studio.says("阿青", f"/设置 {said}")
        assert studio.texts[-1].startswith(words)
    user, chat = User("console", "阿青"), Chat("console", "local")
    holds = await studio.store.read(studio.store.preferences.holding, user, chat)
    assert (holds.styles, holds.aspect, holds.count) == (("水墨",), None, 1)


async def test_settings_go_with_all_that_is_kept_of_somebody(studio: Studio) -> None:
    await studio.says("阿青", "/设置 英文，两张")
    user, chat = User("console", "阿青"), Chat("console", "local")
    preferences = studio.store.preferences
    assert await studio.store.read(preferences.language, user, chat) == "en"
    await studio.says("阿青", "/settings reset")
    assert await studio.store.read(preferences.get, user.key) == Settings()
    assert await studio.store.read(preferences.language, user, chat) == "zh"
