"""众笔: which words are heard, and what becomes of them whatever happens."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.game.chorus import MOST_DRAWN, MOST_OWN, MOST_WORDS, Chorus
from bot.game.shout import LONGEST_LATIN, MOST_CHARS, Shout, heard, orders
from bot.play import take
from bot.session import Draw, Due, Pressed, Spoke, Turn
from tests.bot.machine import KEYS, How, Machine, opened


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("竹林", ["竹林"]),
        ("竹林里", ["竹林"]),
        ("一片竹林", ["竹林"]),
        ("三只猫", ["猫"]),
        ("再来一只小船", ["小船"]),
        ("竹林 小船，月亮！", ["竹林", "小船", "月亮"]),
        ("月亮和星星", ["月亮", "星星"]),
        ("红色的灯笼", ["红色", "灯笼"]),
        ("大竹林", ["大竹林"]),
        ("我要看海", ["看海"]),
        ("在河边钓鱼的老人", ["河边", "钓鱼", "老人"]),
        ("竹林竹林竹林", ["竹林"]),
        ("龍舟", ["龙舟"]),
        ("赛博朋克", ["赛博朋克"]),
        ("Q版小猫", ["q版小猫"]),
        ("Bamboo Forest", ["bamboo forest"]),
        ("a cat with a hat", ["cat", "hat"]),
        ("さくら", ["さくら"]),
        ("竹林😀", ["竹林"]),
        ("@小明 竹林", ["竹林"]),
        ("https://example.com/a 竹林", ["竹林"]),
    ],
)
def test_words_are_heard_without_what_is_around_them(said: str, words: Sequence[str]) -> None:
    assert heard(said) == Shout(tuple(words))


@pytest.mark.parametrize(
    "said",
    [
        *("", "😀", "666", "哈哈哈哈", "嗯嗯", "3", "@小明", "https://example.com/竹林", "a.com"),
        *("什么时候画？", "有竹林吗", "不要竹林", "-1 竹林", "你好", "谢谢大家", "ok", "x" * 31),
    ],
)
def test_talk_is_no_word(said: str) -> None:
    assert heard(said) == Shout()


@pytest.mark.parametrize("said", ["+1", "＋１", "+10086", "加一", "附议", "me too"])
def test_a_plus_is_heard(said: str) -> None:
    assert heard(said) == Shout(plus=True)
    assert heard("竹林 +1") == Shout(("竹林",), plus=True)


def test_who_orders_a_picture_from_the_bot_shouts_nothing() -> None:
    assert orders("画一只猫")
    assert orders("Draw a cat")
    assert not orders("画舫")
    assert not orders("竹林")


@given(st.text(max_size=2 * MOST_CHARS))
def test_whatever_is_said_its_words_are_short_and_each_once(said: str) -> None:
    words = heard(said).words
    assert len(set(words)) == len(words)
    assert all(0 < len(word) <= LONGEST_LATIN for word in words)
    assert not words or len(said) <= MOST_CHARS


THINGS = st.sampled_from(["竹林", "小船", "月亮", "+1", "哈哈", "", "x" * 40, "竹林 灯笼 桥"])
HAPPENS: st.SearchStrategy[How] = st.sampled_from(["well", "fails", "time"])
WANTS = ["join", "leave", "skip", "skip", "undo", "pause", "resume", "lock"]


def shouted(key: str, text: str, to: str) -> Spoke:
    return msgspec.convert(
        {"key": key, "name": key, "text": text, "message": text, "to": to}, Spoke
    )


def pressed(key: str, value: str) -> Pressed:
    return Pressed(key=key, name=key, value=value)


PEOPLE = st.sampled_from(KEYS)
SHOUTS = st.builds(shouted, PEOPLE, THINGS, st.sampled_from(["session", "all", "bot"]))
PRESSES = st.builds(pressed, PEOPLE, st.sampled_from(WANTS))


def chorus(table: Machine) -> Chorus:
    assert isinstance(table.session.game, Chorus)
    return table.session.game


@given(st.lists(st.one_of(SHOUTS, SHOUTS, PRESSES, HAPPENS), max_size=60))
def test_whatever_happens_it_ends_with_one_picture_at_most(turns: list[Turn | How]) -> None:
    table = opened(Chorus(), Chorus.usual)
    for turn in turns:
        before = chorus(table).words
        if isinstance(turn, str):
            table.goes_on(turn)
        else:
            table.take(turn)
        after = chorus(table).words
        assert [word.text for word in after[: len(before)]] == [word.text for word in before]
        assert all(len(set(word.voices)) == len(word.voices) for word in after)
        assert msgspec.convert(msgspec.to_builtins(chorus(table)), Chorus) == chorus(table)
    table.ends()
    assert table.session.phase == "closed"
    assert len(table.session.steps) <= 1
    assert len(table.asked) <= 2


def test_only_so_many_words_are_kept_and_drawn() -> None:
    table = opened(Chorus(), Chorus.usual)
    for number in range(60):
        name = f"thing {chr(97 + number // 26)}x{chr(97 + number % 26)}"
        table.take(shouted(f"chat:{number // MOST_OWN}", name, "all"))
    assert len(chorus(table).words) == MOST_WORDS
    table.take(shouted("chat:甲", "thing axa", "all"))
    (after, (draw,)) = take(table.session, Due("words"), 60.0)
    assert isinstance(draw, Draw)
    assert draw.request.prompt.startswith("雨，(thing axa:1.5)，(thing axb:0.9)")
    assert draw.request.prompt.count("thing") == MOST_DRAWN
    assert len(after.pending) == 1
