"""How a session is opened: what is a term of it, and what is its theme."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotNow, NotUnderstood, StudioError
from bot.event import User
from bot.session import Terms
from bot.start import SessionConfig, Start, start
from bot.style import Styles
from bot.terms import house, terms

STYLES = Styles.load()
CONFIG = SessionConfig()
THEMES = (
    *("江南烟雨", "一段江南", "八百里秦川", "两个黄鹂鸣翠柳", "三秒钟的雨", "一轮明月"),
    *("三张机", "九张机", "一张白纸", "半局残棋", "一局 棋", "一轮 明月", "明月 一轮", "春色三分"),
    *("三分春色", "月色 三分", "一幅 山水"),
    *("两岸猿声啼不住，轻舟已过万重山", "三分春色，二分尘土，一分流水"),
    *("十年一觉扬州梦", "二十四桥明月夜", "飞流直下三千尺，疑是银河落九天", "一片孤城万仞山"),
    *("千里江陵一日还", "要有光", "江南要有雨", "不许说话的人", "只限今日", "只请东风", "蒸汽引擎"),
    *("第 3 棒球队", "5 月的风", "2046", "七个小矮人", "百年孤独，一百年", "六月 30 日"),
    *("一张一弛", "3 turns of fate", "a 3 minute walk in the rain", "twelve angry men"),
    *("the 7th round", "60s music", "only you", "a must have bag", "1000 pictures of you"),
    *("六月", "12 rounds of boxing"),
)  # fmt: skip


def opened(said: str, usual: str = "", **more: Any) -> Start:
    return start(f"接龙 {said}", STYLES, CONFIG, usual, **more)


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_is_not_eaten(theme: str) -> None:
    alone = opened(theme)
    assert (alone.theme, alone.terms) == (theme, opened("").terms)
    for said in (f"{theme}，8 棒，每棒 60 秒", f"8 棒，60 秒，{theme}", f"{theme}, 8 turns, 60s"):
        found = opened(said)
        assert (found.theme, found.terms.turns, found.terms.turn_s) == (theme, 8, 60.0)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("江南，8 棒", {"turns": 8}),
        ("江南，八轮", {"turns": 8}),
        ("江南，强度 0.5", {"strength": 0.5}),
        ("江南，重画强度 60%，8 棒", {"strength": 0.6, "turns": 8}),
        ("江南, strength 0.4", {"strength": 0.4}),
        ("江南 八棒 每棒六十秒", {"turns": 8, "turn_s": 60.0}),
        ("8 棒 每棒 60 秒 江南", {"turns": 8, "turn_s": 60.0}),
        ("江南，限时 2 分钟", {"turn_s": 120.0}),
        ("江南，两分钟", {"turn_s": 120.0}),
        ("江南，每棒 1 小时", {"turn_s": 3600.0, "idle_s": 7200.0}),
        ("江南，30 张", {"pictures": 30}),
        ("江南，最多三十张", {"pictures": 30}),
        ("江南，90 张", {"pictures": 60}),
        ("江南，引擎 300 秒", {"seconds": 300.0}),
        ("江南，GPU 300s", {"seconds": 300.0}),
        ("江南，引擎 5 分钟，60 秒", {"seconds": 300.0, "turn_s": 60.0}),
        ("江南，引擎 9 小时", {"seconds": 1800.0}),
        ("江南，每人 2 张，30 张", {"per_member": 2, "pictures": 30}),
        ("江南，每人两张", {"per_member": 2}),
        ("江南，最多 6 人", {"members": 6}),
        ("江南，人数：三个人，最多 30 张", {"members": 3, "pictures": 30}),
        ("江南, up to 6 players", {"members": 6}),
        ("江南，凭邀请，8 棒", {"by_invitation": True, "turns": 8}),
        ("江南, invite only", {"by_invitation": True}),
        ("江南，谁都能来", {"by_invitation": False}),
        ("江南，必含 月", {"wanted": ("月",)}),
        ("江南，必含月/雨", {"wanted": ("月", "雨")}),
        ("江南，要有：月", {"wanted": ("月",)}),
        ("江南，禁词 血、鬼", {"unwanted": ("血", "鬼")}),
        ("禁词 血，江南，必含 月", {"unwanted": ("血",), "wanted": ("月",)}),
        ("江南, 8 turns, 2 minutes, 30 pictures", {"turns": 8, "turn_s": 120.0, "pictures": 30}),
        (
            "江南, each 3 images, must have: moon/rain",
            {"per_member": 3, "wanted": ("moon", "rain")},
        ),
        ("江南，engine 300 s", {"seconds": 300.0}),
        ("江南，８棒，６０秒", {"turns": 8, "turn_s": 60.0}),
    ],
)
def test_terms_are_read_as_they_are_written(said: str, found: dict[str, Any]) -> None:
    wanted = opened(said)
    assert wanted.theme == "江南"
    changed = {name for name in Terms.__slots__ if name in found}
    assert {name: getattr(wanted.terms, name) for name in changed} == found
    others = {name: getattr(wanted.terms, name) for name in Terms.__slots__ if name not in found}
    assert others == {name: getattr(opened("").terms, name) for name in others}


@pytest.mark.parametrize(
    "said",
    [
        "江南，0 棒",
        "江南，999 棒",
        "江南，3 秒",
        "江南，30 小时",
        "江南，0 张",
        "引擎 0 秒",
        "最多 1 人",
        "最多 51 人",
    ],
)
def test_what_is_out_of_bounds_is_said(said: str) -> None:
    with pytest.raises(NotNow):
        opened(said)


def test_what_the_opener_says_goes_above_what_the_chat_has_set() -> None:
    usual = "8 棒，60 秒，30 张，禁词 血"
    held = opened("江南", usual).terms
    assert (held.turns, held.turn_s, held.pictures, held.unwanted) == (8, 60.0, 30, ("血",))
    said = opened("江南，5 棒，50 张，禁词 鬼", usual).terms
    assert (said.turns, said.turn_s, said.pictures) == (5, 60.0, 50)
    assert said.unwanted == ("血", "鬼")
    assert opened("江南，900 张", "500 张").terms.pictures == CONFIG.pictures
    assert opened("江南，引擎 3 小时", "引擎 2 小时").terms.seconds == CONFIG.seconds


def test_a_reminder_does_not_come_before_a_turn_is_over() -> None:
    assert opened("江南，每棒 1 小时").terms.idle_s == 7200.0
    assert opened("江南").terms.idle_s == CONFIG.idle_s


def test_who_alone_may_join_is_named() -> None:
    found = opened("江南，8 棒，只限 @小红 @Big Ming", named=[User("t", "2", "Big Ming")])
    assert (found.theme, found.terms.turns, found.guests) == ("江南", 8, ("小红", "Big Ming"))
    found = opened(
        "江南 只限小红、阿青 60 秒", named=[User("t", "1", "小红"), User("t", "2", "阿青")]
    )
    assert (found.theme, found.terms.turn_s, found.guests) == ("江南", 60.0, ("小红", "阿青"))
    assert opened("江南").guests == ()


@pytest.mark.parametrize("said", ["8 棒", "八棒，一分钟；禁词 血", "30 pictures, 60s", "引擎 9 分"])
def test_a_chat_may_set_terms(said: str) -> None:
    assert house(said).found


@pytest.mark.parametrize("said", ["江南", "8 棒，江南", "一段江南", "", "水墨风", "只限 @小红"])
def test_a_chat_sets_nothing_but_terms(said: str) -> None:
    with pytest.raises(NotUnderstood):
        house(said)


@given(
    st.text(
        alphabet=st.sampled_from("江南烟雨一二三十百两半张幅棒轮段秒分钟，、 。3s"), max_size=30
    )
)
def test_only_whole_terms_are_ever_taken_out(text: str) -> None:
    try:
        said = terms(text)
    except StudioError:
        return
    if not said.found:
        assert said.rest == text
    theme = [letter for letter in text if letter in "江南烟雨"]
    assert [letter for letter in said.rest if letter in "江南烟雨"] == theme


@given(st.text(max_size=60), st.text(alphabet=string.printable, max_size=60))
def test_whatever_is_said_is_a_session_or_a_sentence(chinese: str, latin: str) -> None:
    for said in (chinese, latin, f"{chinese}，{latin}"):
        try:
            found = opened(said, usual="8 棒")
        except StudioError:
            continue
        assert found.terms.pictures <= CONFIG.pictures
        assert found.terms.seconds <= CONFIG.seconds


def test_ten_thousand_characters_are_no_theme() -> None:
    for length in (201, 1_000, 10_000):
        with pytest.raises(NotNow, match="主题太长了"):
            opened("江" * length)
    assert opened("江" * 200).theme == "江" * 200


DOCS = [Path(__file__).parents[2] / "docs" / name for name in ("sessions.md", "sessions.zh-CN.md")]
PAGES = [page.read_text(encoding="utf-8") for page in DOCS]


@pytest.mark.parametrize(
    "line",
    [
        line
        for page in PAGES
        for line in re.findall(r"^/(?:开局|session) (.+)$", page, re.MULTILINE)
    ],
)
def test_what_the_docs_open_is_opened_so(line: str) -> None:
    wanted = start(line, STYLES, CONFIG)
    said = re.split(r"[，,]| --style", line)
    assert wanted.theme == ("" if wanted.kind == "guess" else re.sub(r"^\S+ ", "", said[0]))
    if wanted.kind == "guess":
        return
    assert bool(wanted.request.styles) == any(word in line for word in ("风", "--style"))


@pytest.mark.parametrize("page", PAGES, ids=["English", "Chinese"])
def test_the_terms_of_the_docs_are_terms(page: str) -> None:
    (rows,) = re.findall(
        r"^\|[^\n]*\n\|---\|---\|\n(\| `8 .+?)\n\n", page, re.MULTILINE | re.DOTALL
    )
    said = [
        code for row in rows.splitlines() for code in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    for one in said:
        if "@" in one:
            assert terms(f"江南，{one}").guests
        elif "题" not in one:
            assert house(one).found
