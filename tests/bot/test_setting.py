"""Settings as they are said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotUnderstood, StudioError, UnknownStyle
from bot.parsing.setting import settings
from bot.request import Request
from bot.settings import DEFAULT, Settings, previews
from bot.style import Styles

STYLES = Styles.load()
SAID = [
    ("水墨风，竖版，两张，简短，英文", "ink style, portrait, 2 pictures, brief, English"),
    (
        "风格：水墨；形状：竖版；张数：2；回复：简短；语言：英文",
        "style ink, shape portrait, count 2, verbosity brief, language en",
    ),
    ("水墨 竖版 2张 简短 英文", "ink portrait count 2, brief english"),
]
WANTED: dict[str, Any] = {
    "styles": ("水墨",),
    "aspect": "2:3",
    "count": 2,
    "verbosity": "brief",
    "language": "en",
}
OFF_EN_BRIEF = {"previews": False, "language": "en", "verbosity": "brief"}


def after(said: str, before: Settings | None = None) -> Settings:
    return settings(said, STYLES, before or Settings(), most=4)


@pytest.mark.parametrize("said", [said for both in SAID for said in both])
def test_settings_are_said_as_a_picture_is(said: str) -> None:
    assert after(said).said() == WANTED


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("预览 关", {"previews": False}),
        ("预览关", {"previews": False}),
        ("预览：开", {"previews": True}),
        ("关掉预览", {"previews": False}),
        ("不要预览", {"previews": False}),
        ("previews off", {"previews": False}),
        ("no previews", {"previews": False}),
        ("Previews = ON", {"previews": True}),
        ("previews off language en brief", OFF_EN_BRIEF),
        ("按钮 共享", {"shared": True}),
        ("开局 管理员", {"opens": "admins"}),
        ("opens all", {"opens": "all"}),
        ("局 8 棒，60 秒，禁词 血", {"session": "8 棒，60 秒，禁词 血"}),
        ("按钮 共享，局：8 棒", {"shared": True, "session": "8 棒"}),
        ("session 8 turns, 60s", {"session": "8 turns, 60s"}),
        ("buttons own", {"shared": False}),
        ("安静", {"verbosity": "quiet"}),
        ("回复详细", {"verbosity": "full"}),
        ("语言 中文", {"language": "zh"}),
        ("不要文字、水印", {"avoid": "文字,水印"}),
        ("不要 英文", {"avoid": "英文"}),
        ("avoid english text", {"avoid": "english text"}),
        ("水墨风竖版，不要文字", {"styles": ("水墨",), "aspect": "2:3", "avoid": "文字"}),
        ("比例 16:9", {"aspect": "16:9"}),
        ("style oil painting + ink", {"styles": ("油画", "水墨")}),
        ("oil painting", {"styles": ("油画",)}),
        ("水墨风竖版两张", {"styles": ("水墨",), "aspect": "2:3", "count": 2}),
        ("３张", {"count": 3}),
    ],
)
def test_each_setting_has_its_words(said: str, found: dict[str, Any]) -> None:
    assert after(said).said() == found


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("风格 默认", "styles"),
        ("形状 不定", "aspect"),
        ("avoid none", "avoid"),
        ("count default", "count"),
        ("回复 默认", "verbosity"),
        ("previews default", "previews"),
        ("语言 默认", "language"),
        ("按钮 默认", "shared"),
    ],
)
def test_each_can_be_taken_back(said: str, field: str) -> None:
    full = Settings(
        styles=("水墨",),
        aspect="2:3",
        avoid="文字",
        count=2,
        verbosity="brief",
        previews=False,
        language="en",
        shared=True,
    )
    assert full.said().keys() - after(said, full).said().keys() == {field}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("预览 也许", "预览只有开和关"),
        ("语言 法语", "语言有两种：中文、英文"),
        ("language klingon", "语言有两种：中文、英文"),
        ("回复 大声", "回复有三种：详细、简短、安静"),
        ("按钮 猫", "按钮有两种：共享（大家都能按）、本人（只有本人能按）"),
        ("形状 圆的", "形状有：竖版、横版、方图，或者写宽高比，例如 16:9"),
        ("张数 0", "张数要在 1 到 4 之间"),
        ("张数 -1", "张数要在 1 到 4 之间"),
        ("五张", "张数要在 1 到 4 之间"),
        ("count 99999999999999999999999", "张数要在 1 到 4 之间"),
        ("竖版，一只猫", "要哪样？"),
        ("步数 20", "要哪样？"),
        ("再来一张", "要哪样？"),
        ("，，", "要哪样？"),
    ],
)
def test_a_bad_value_is_answered_with_what_is_possible(said: str, words: str) -> None:
    with pytest.raises(NotUnderstood, match=f"^{words}"):
        after(said)


def test_an_unknown_style_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownStyle, match=r"没有“梵高”这种画风.*有：彩绘、水墨"):
        after("风格 梵高")


@given(st.text(max_size=60))
def test_whatever_is_said_is_kept_or_refused_in_words(said: str) -> None:
    before = Settings(styles=("水墨",), language="en")
    try:
        found = after(said, before)
    except StudioError as error:
        found, words = before, str(error)
    else:
        words = "kept"
    assert words
    assert found.count is None or 1 <= found.count <= 4
    assert all(STYLES.find(name).name == name for name in found.styles)


def test_ones_own_settings_come_before_the_chats_and_these_before_the_usual() -> None:
    mine = Settings(styles=("水墨",), previews=False)
    here = Settings(styles=("油画",), language="en", previews=True)
    holds = mine.over(here).over(DEFAULT)
    assert (holds.styles, holds.language, holds.previews) == (("水墨",), "en", False)
    assert (holds.verbosity, holds.count) == ("full", 1)


@pytest.mark.parametrize(
    ("mine", "here", "group", "shown"),
    [
        (None, None, False, True),
        (False, None, False, False),
        (None, None, True, False),
        (True, None, True, False),
        (None, True, True, True),
        (False, True, True, False),
        (None, False, True, False),
    ],
)
def test_in_a_group_it_takes_the_chat_to_turn_previews_on(
    *, mine: bool | None, here: bool | None, group: bool, shown: bool
) -> None:
    assert previews(Settings(previews=mine), Settings(previews=here), group=group) is shown


def test_what_a_request_says_stays() -> None:
    usual = Settings(styles=("水墨",), aspect="2:3", avoid="文字")
    said = Request(prompt="猫", styles=("油画",), width=64)
    found = usual.applied(said)
    assert (found.styles, found.aspect, found.avoid) == (("油画",), None, "文字")
