"""What of a prompt is translated and polished, what stays, and what is told."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.config import ASK, Card
from generation.language.wording import MOST_CHARS, SHOWN, Ask, Words, Written, wording
from generation.recipe import Recipe
from tests.generation.factory import recipe

ENGLISH = Card(translator="zh-en")
FINE = Card(translator="zh-en", polisher="bloom")
SAYS = {
    "一只猫": "a cat.",
    "雪": "snow",
    "一只猫，雪": "A cat, snow.",
    "写着": "that says",
    "的牌子": "a sign",
    "雨": "rain",
    "小奶": "",
}


def done(
    asked: Recipe, card: Card, says: Mapping[str, str | None] = SAYS
) -> tuple[Words, list[Ask]]:
    """Return what becomes of a recipe where a text model says that, and what it was asked."""
    going, asks = wording(asked, card), list[Ask]()
    said: Written | None = None
    try:
        while True:
            asks.append(going.send(said))
            text = says.get(asks[-1].text, asks[-1].text)
            said = None if text is None else Written(text=text)
    except StopIteration as end:
        return end.value, asks


def english(prompt: str) -> str:
    return done(recipe(prompt=prompt, avoid=""), ENGLISH)[0].prompt


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("一只猫。", "a cat"),
        ("一只猫，雪", "A cat, snow"),
        ("masterpiece, 一只猫, best quality", "masterpiece, a cat, best quality"),
        ("一只猫，雪，4k", "A cat, snow, 4k"),
        ("(雪:1.2)，一只猫", "(snow:1.2), a cat"),
        ("（雪：1.2）的牌子", "(snow:1.2) a sign"),
        ("[雪]((一只猫))", "[snow] ((a cat))"),
        ("一只猫<小奶猫>雪", "a cat <小奶猫> snow"),
        ("写着“生日快乐，雪”的牌子", "that says “生日快乐，雪” a sign"),
        ("写着「雪」", "that says 「雪」"),
        ('写着"雪: 1"', 'that says "雪: 1"'),
        ("小奶", "小奶"),
        ("一只猫！雪", "a cat. snow"),
    ],
)
def test_only_chinese_is_translated_and_the_rest_stands_where_it_stood(
    prompt: str, expected: str
) -> None:
    assert english(prompt) == expected


@pytest.mark.parametrize(
    "prompt", ["", "a cat, (snow:1.2)", "a sign “生日快乐”", "<小奶猫> in the snow  ", "🐱。，"]
)
def test_without_chinese_nothing_is_asked_and_nothing_told(prompt: str) -> None:
    asked = recipe(prompt=prompt, avoid="")
    assert done(asked, ENGLISH) == (Words(prompt=prompt, avoid=""), [])


def test_what_is_to_be_avoided_is_translated_too_and_both_are_told() -> None:
    words, _ = done(recipe(prompt="一只猫", avoid="雨，blurry"), ENGLISH)
    assert words == Words(
        prompt="a cat",
        avoid="rain, blurry",
        notes=("翻译成：a cat", "不要的翻译成：rain, blurry"),
    )


@pytest.mark.parametrize(
    ("asked", "card"),
    [(recipe(), Card()), (recipe(skip_translation=True), ENGLISH)],
    ids=["no translator", "not wished"],
)
def test_words_stay_where_nobody_is_to_translate_them(asked: Recipe, card: Card) -> None:
    words, asks = done(asked, card)
    assert words == Words(prompt=asked.prompt, avoid=asked.avoid)
    assert not asks


def test_a_translator_that_cannot_leaves_all_as_it_is_and_says_so_once() -> None:
    asked = recipe(prompt="一只猫", avoid="雨")
    for failing in ("一只猫", "雨"):
        words, _ = done(asked, ENGLISH, {**SAYS, failing: None})
        assert words == Words(prompt="一只猫", avoid="雨", notes=("翻译不了，照原话画了",))


def test_what_the_translator_does_not_know_is_told() -> None:
    going = wording(recipe(prompt="𰻝面", avoid=""), ENGLISH)
    next(going)
    with pytest.raises(StopIteration) as end:
        going.send(Written(text="noodles", unknown=("𰻝", "，")))
    assert end.value.value.notes == ("翻译成：noodles", "翻译时不认识“𰻝”")


@given(
    prompt=st.text(
        st.sampled_from("猫雪山，。,、(（)）:：1.2<>“”a ") | st.characters(codec="utf-8"),
        max_size=300,
    )
)
def test_all_chinese_is_asked_once_and_nothing_else_is_lost(prompt: str) -> None:
    words, asks = done(recipe(prompt=prompt, avoid=""), ENGLISH, {})
    assert all(len(ask.text) <= MOST_CHARS for ask in asks)
    if not asks:
        assert words.prompt == prompt
    # here the translator gives back what it gets: every letter and every ideograph is still there
    letters = re.compile(r"[^\W_]")
    assert letters.findall(words.prompt) == letters.findall(prompt)


def test_long_talk_is_translated_in_sentences() -> None:
    _, asks = done(recipe(prompt="山" * 300 + "，水" * 100), ENGLISH, {})
    assert max(len(ask.text) for ask in asks) <= MOST_CHARS
    assert len(asks) < 8


def test_a_polish_follows_the_translation_and_both_are_told() -> None:
    asked = ASK.replace("{prompt}", "a cat")
    words, asks = done(
        recipe(prompt="一只猫", avoid="", polish=True), FINE, {**SAYS, asked: " a fine cat\nInput:"}
    )
    assert [ask.task for ask in asks] == ["translate", "polish"]
    assert words.prompt == "a fine cat"
    assert words.notes == ("翻译成：a cat", "润色成：a fine cat")


def test_taught_words_and_what_is_quoted_survive_a_polish() -> None:
    prompt = "a <小奶猫>, a sign “你好”, <小奶猫>"
    asked = ASK.replace("{prompt}", prompt)
    words, _ = done(
        recipe(prompt=prompt, avoid="", polish=True), FINE, {asked: "a fine cat, “你好”"}
    )
    assert words.prompt == "a fine cat, “你好”, <小奶猫>"


@pytest.mark.parametrize(
    ("card", "said", "note"),
    [
        (Card(), "", "这个模型没有配润色，照原话画了"),
        (FINE, None, "润色不了，照原话画了"),
        (FINE, " \n ", "没有润色出什么，照原话画了"),
    ],
)
def test_a_polish_that_cannot_be_had_is_told(card: Card, said: str | None, note: str) -> None:
    asked = recipe(prompt="a cat", avoid="", polish=True)
    words, _ = done(asked, card, {ASK.replace("{prompt}", "a cat"): said})
    assert words == Words(prompt="a cat", avoid="", notes=(note,))


def test_without_a_wish_nothing_is_polished() -> None:
    assert done(recipe(prompt="a cat"), Card(polisher="bloom"))[1] == []


def test_without_words_there_is_nothing_to_polish() -> None:
    words, asks = done(recipe(prompt=" ", avoid="", polish=True), FINE)
    assert words.notes == ("没有描述，没有润色",)
    assert not asks


def test_a_model_that_continues_keeps_what_was_said() -> None:
    card = replace_ask(FINE, "{prompt}")
    for more, whole in ((", ink", "a cat, ink"), ("in ink", "a cat in ink")):
        words, asks = done(recipe(prompt="a cat", avoid="", polish=True), card, {"a cat": more})
        assert [ask.text for ask in asks] == ["a cat"]
        assert words.prompt == whole


def replace_ask(card: Card, ask: str) -> Card:
    return card.model_copy(update={"ask": ask})


def test_a_long_prompt_is_told_in_part() -> None:
    words, _ = done(replace(recipe(prompt="一只猫"), avoid=""), ENGLISH, {"一只猫": "cat " * 200})
    assert len(words.notes[0]) < SHOWN + 10
    assert words.notes[0].endswith("…")
