import pytest
from hypothesis import given
from pydantic import ValidationError

from bot.address import Address, ChatConfig
from bot.parsing.outline import outline
from bot.parsing.text import fold
from bot.parsing.vocabulary import tables
from bot.style import Styles
from tests.bot.labelled import SAID, Labelled, labelled
from tests.bot.test_parser_properties import anything, sentences

STYLES = Styles.load()
ADDRESS = Address(mentions=("@danqing_bot", "<@1234>"), prefixes=("。画", "draw:", "!", "dq"))
GROUP = [one for one in labelled() if one.context == "group"]


@pytest.mark.parametrize("one", GROUP, ids=lambda one: one.text)
def test_in_a_group_a_message_is_read_as_it_is_meant(one: Labelled) -> None:
    found = outline(one.text, STYLES, ADDRESS)
    del found["notes"]
    assert found == {**SAID, **one.label}


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("/draw 猫", "/draw 猫"),
        ("/画猫", "/画猫"),
        ("/hua 猫", "/hua 猫"),
        ("  /Imagine a cat", "/Imagine a cat"),
        ("/draw@danqing_bot 猫", "/draw 猫"),
        ("/DRAW@Danqing_Bot 猫", "/DRAW 猫"),
        ("/help@danqing_bot", "/help"),
        ("/draw", "/draw"),
        ("/开局 接龙 江南烟雨", "/开局 接龙 江南烟雨"),
        ("/加入", "/加入"),
        ("/session relay", "/session relay"),
        ("@丹青 画一只猫", "画一只猫"),
        ("@丹青\n画一只猫", "画一只猫"),
        ("＠丹青，画一只猫", "画一只猫"),
        ("@丹青", ""),
        ("@丹青bot 画一只猫", "画一只猫"),
        ("@danqing_bot画一只猫", "画一只猫"),
        ("<@1234> 画一只猫", "画一只猫"),
        ("<@1234>画一只猫", "画一只猫"),
        ("麻烦 @丹青 画一只猫", "麻烦 画一只猫"),
        ("画一只猫 @丹青", "画一只猫"),
        ("画一只猫@danqing_bot", "画一只猫"),
        ("丹青，画一只猫", "画一只猫"),
        ("丹青：一只猫", "一只猫"),
        ("丹青\n画一只猫", "画一只猫"),
        ("丹青画一只猫", "画一只猫"),
        ("丹青帮我画一只猫", "帮我画一只猫"),
        ("丹青丹青，来张猫", "来张猫"),
        ("你好丹青，画一只猫", "你好 ，画一只猫"),
        ("丹青 --prompt “竖版”", "--prompt “竖版”"),
        ("丹青", ""),
        ("。画一只猫", "一只猫"),
        ("draw: a cat", "a cat"),
        ("!猫", "猫"),
        ("！猫", "猫"),
        ("dq猫", "猫"),
    ],
)
def test_who_speaks_to_the_bot_is_heard_without_its_name(text: str, rest: str) -> None:
    assert ADDRESS.rest(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "丹青色的花瓶",
        "丹青妙手",
        "丹青画家的作品",
        "丹青画得真好",
        "我觉得丹青画得不错",
        "这丹青妙笔真是绝了",
        "@丹青妙手 你看",
        "@danqing_bot2 画一只猫",
        "me@danqing_bot.com",
        "/draw@other_bot 猫",
        "/draw@other_bot @丹青 猫",
        "/drawing 猫",
        "/help",
        "draw a cat",
        "dqx猫",
        "画一只猫",
        "",
    ],
)
def test_what_people_say_to_each_other_is_not(text: str) -> None:
    assert ADDRESS.rest(text) is None


def test_it_goes_by_the_names_that_it_was_given() -> None:
    address = Address(names=("小画", "Momo"))
    assert address.rest("小画小画，来张猫") == "来张猫"
    assert address.rest("momo, draw a cat") == "draw a cat"
    assert address.rest("@MOMO 画一只猫") == "画一只猫"
    assert address.rest("小画家在画画") is None
    assert address.rest("丹青，画一只猫") is None


@given(anything | sentences)
def test_any_text_is_for_the_bot_or_not(text: str) -> None:
    for address in (ADDRESS, Address()):
        rest = address.rest(text)
        assert rest is None or len(rest) <= len(text)


@given(anything | sentences)
def test_a_mention_in_front_always_counts(text: str) -> None:
    assert ADDRESS.rest(f"@丹青 {text}") is not None
    assert ADDRESS.rest(f"<@1234>{text}") is not None


@given(anything | sentences)
def test_without_a_name_a_mention_a_prefix_or_a_command_nothing_counts(text: str) -> None:
    folded = fold(text)
    called = (*ADDRESS.names, *ADDRESS.mentions, *map(fold, ADDRESS.prefixes))
    words = tables()
    commands = (f"/{command}" for command in (*words["commands"], *words["heard"]))
    said = any(word in folded for word in (*called, *commands))
    assert said or ADDRESS.rest(text) is None


@pytest.mark.parametrize(
    "chat", [{"names": []}, {"names": [" "]}, {"prefixes": [""]}, {"prefix": ["!"]}]
)
def test_a_name_is_a_word(chat: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        ChatConfig.model_validate(chat)
