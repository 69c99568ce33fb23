from dataclasses import replace
from typing import Any, get_args
from unicodedata import category

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.errors import StudioError, TooLong
from bot.parsing.follow import follow
from bot.parsing.outline import outline
from bot.parsing.parser import parse
from bot.parsing.printed import printed
from bot.parsing.text import MAX_CHARS, clean, quoted, unquoted
from bot.request import Request
from bot.style import Sampler, Style, Styles
from generation.recipe import Expand
from tests.bot.labelled import Labelled, labelled
from tests.bot.test_parser_properties import PIECES, anything, sentences

OWN = Style(name="My 2nd style", aliases=("夜",), model="mini")
STYLES = Styles([*Styles.load(), OWN])
MARKS = ["“", "”", "「", "」", "『", "』", '"', "\\", "--prompt ", "--no", "不要", "竖版", "两张"]
DRAWABLE = "LNS"
"""Categories of which a prompt holds a character."""


def cleaned(text: str) -> str:
    """Text as any message that is read holds it, and no longer than one."""
    once = clean(text[: MAX_CHARS // 4])
    assume(clean(once) == once)
    return once


def floats(most: int, places: int) -> st.SearchStrategy[float]:
    """Numbers with so many places after the point, as flags take them."""
    return st.integers(0, most * 10**places).map(lambda units: units / 10**places)


texts = st.lists(st.sampled_from([*PIECES, *MARKS]) | anything, max_size=20).map(
    lambda parts: cleaned("".join(parts))
)
prompts = texts.filter(lambda text: any(category(character)[0] in DRAWABLE for character in text))
wholes = st.none() | st.integers(0, 10**9 - 1)
REQUESTS = st.builds(
    Request,
    prompt=prompts,
    avoid=texts,
    styles=st.lists(st.sampled_from([style.name for style in STYLES]), unique=True).map(tuple),
    weights=st.lists(floats(9, 4), max_size=12).map(tuple),
    model=texts,
    poem=st.booleans(),
    aspect=st.none() | st.tuples(st.integers(1, 10**12), st.integers(1, 999)).map("%d:%d".__mod__),
    width=wholes,
    height=wholes,
    count=st.integers(1, 10**9),
    total=st.booleans(),
    seed=st.none() | st.integers(-(10**29), 10**29),
    steps=st.none() | st.integers(1, 10**9),
    guidance=st.none() | floats(10**9 - 1, 6),
    sampler=st.none() | st.sampled_from(get_args(Sampler)),
    strength=st.none() | floats(1, 9),
    expand=st.none() | st.builds(Expand, **dict.fromkeys(("left", "up", "right", "down"),
                                                         st.integers(0, 999_999))),
    hires=floats(98, 2).map(lambda more: round(1 + more, 2)),
    upscale=st.integers(1, 10**20),
    fast=st.booleans(),
    skip_translation=st.booleans(),
    polish=st.booleans(),
)  # fmt: skip
"""All that a Request may hold, pictures and notes aside."""


def read_again(request: Request, **words: str) -> Request:
    line = printed(request, STYLES, **words)
    return replace(parse(line, STYLES, has_source=not request.prompt), notes=())


@given(sentences)
@example("画e种子1\u0301f")
@example("给这句诗配图：春眠 --seed 1 不觉晓")
@example("猫👩\u200d🙏")
@example("竖版，" + "雪" * 997)
@example("画猫，放大三万倍")
@example("水墨:0.6 和 油画:0.4，猫")
@example('猫 --style a"+"水墨')
def test_what_a_message_asks_for_is_printed_so_that_it_asks_for_it_again(text: str) -> None:
    try:
        request = replace(parse(text, STYLES), notes=())
    except StudioError:
        return
    assert read_again(request) == request
    assert read_again(request, command="/draw ") == request


@given(REQUESTS)
def test_any_request_is_printed_so_that_it_is_read_again(request: Request) -> None:
    assert read_again(request) == request


@given(REQUESTS)
def test_a_picture_needs_no_prompt_and_is_on_no_line(request: Request) -> None:
    bare = replace(
        request, prompt="", count=1, total=False, source="ab" * 32, source_px=(64, 64), mask="cd"
    )
    assert read_again(bare) == replace(bare, source="", source_px=None, mask="")


@pytest.mark.parametrize("one", labelled(), ids=lambda one: one.text)
def test_labelled_messages_are_printed_so_that_they_are_read_again(one: Labelled) -> None:
    found = outline(one.text, STYLES)
    if found["intent"] == "none":
        return
    request = replace(parse(one.text, STYLES), notes=())
    assert read_again(request) == request


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (Request(prompt="一只猫"), "一只猫"),
        (
            Request(prompt="江南烟雨", avoid="文字,水印", styles=("水墨",), aspect="2:3", count=2),
            "江南烟雨 --ar 2:3 --n 2 --style 水墨 --no 文字,水印",
        ),
        (
            Request(prompt="猫", styles=("赛博朋克", "水墨"), weights=(0.6, 1.0)),
            "猫 --style 赛博朋克:0.6+水墨:1",
        ),
        (
            Request(prompt="猫", styles=("水墨",), weights=(0.5, 0.25)),
            "猫 --style 水墨 --weights 0.5,0.25",
        ),
        (Request(prompt="猫", styles=("My 2nd style",)), "猫 --style “My 2nd style”"),
        (Request(prompt="{红,蓝}灯"), "{红,蓝}灯"),
        (Request(prompt="{红,蓝}灯", count=2), "{红,蓝}灯 --n 2"),
        (Request(prompt="{红,蓝}灯", count=3, total=True), "{红,蓝}灯 --total 3"),
        (
            Request(prompt="床前明月光，\n疑是地上霜。", styles=("诗意",), poem=True),
            "给这句诗配图：床前明月光，\n疑是地上霜。",
        ),
        (
            Request(prompt="一头牛\n一把犁", poem=True, seed=7),
            "一头牛\n一把犁 --seed 7 --poem",
        ),
        (
            Request(prompt="不要停车，\n牌子。", poem=True),
            "/draw --prompt “不要停车，\n牌子。” --poem",
        ),
        (
            Request(prompt="空山新雨后，天气晚来秋。", styles=("诗意",), poem=True, seed=7),
            "给这句诗配图：空山新雨后，天气晚来秋。 --seed 7",
        ),
        (
            Request(prompt="猫", width=512, height=768, steps=30, guidance=7.5, sampler="euler_a"),
            "猫 --size 512x768 --steps 30 --cfg 7.5 --sampler euler_a",
        ),
        (
            Request(prompt="猫", width=512, hires=1.5, upscale=4, fast=True),
            "猫 --w 512 --hires 1.5 --upscale 4 --fast",
        ),
        (
            Request(prompt="猫", strength=1e-05, expand=Expand(left=1, up=2, right=3, down=4)),
            "猫 --strength 0.00001 --expand 1,2,3,4",
        ),
        (
            Request(prompt="猫", model="artist", polish=True, skip_translation=True),
            "猫 --model artist --polish --skip-translation",
        ),
        (Request(prompt="不要停车的牌子"), "/draw --prompt “不要停车的牌子”"),
        (Request(prompt="把猫换成狗"), "/draw --prompt “把猫换成狗”"),
        (Request(prompt="“--no 字”"), "/draw --prompt 「“--no 字”」"),
        (Request(prompt="。雪。", steps=9), "/draw --prompt “。雪。” --steps 9"),
        (Request(prompt="", styles=("水墨",), strength=0.5), "--style 水墨 --strength 0.5"),
        (Request(prompt=""), ""),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)  # fmt: skip
def test_a_line_reads_naturally(request_: Request, line: str) -> None:
    assert printed(request_, STYLES) == line
    assert read_again(request_) == request_


def test_with_a_command_in_front_it_can_be_said_in_a_group() -> None:
    found = [printed(Request(prompt=text), STYLES, command="/画 ") for text in ("猫", "竖版")]
    assert found == ["/画 猫", "/画 --prompt “竖版”"]


@given(REQUESTS)
def test_no_line_is_taken_for_a_change_of_the_last_picture(request: Request) -> None:
    assert follow(printed(request, STYLES), STYLES) is None


@given(st.text())
def test_what_is_quoted_is_unquoted_as_it_was(text: str) -> None:
    assert unquoted(quoted(text)) == text


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("--prompt “两张竖版的海报”", {"prompt": "两张竖版的海报"}),
        ("--prompt 两张竖版的海报，不要字 --n 2", {"prompt": "两张竖版的海报，不要字", "count": 2}),
        ("--提示词 「帮我画」 水墨风", {"prompt": "帮我画", "styles": ("水墨",)}),
        ('猫 --no "a, b和c"', {"avoid": "a, b和c"}),
        ("猫 --style “水墨、油画”", {"styles": ("水墨", "油画")}),
        ("猫 --style “国风”", {"styles": ("水墨",)}),
        ("猫 --style 水墨:0.5+油画:1", {"styles": ("水墨", "油画"), "weights": (0.5, 1.0)}),
        ("猫 --style 水墨 --weights 0.5", {"styles": ("水墨",), "weights": (0.5,)}),
        ("{红,蓝}猫 --total 3", {"prompt": "{红,蓝}猫", "count": 3, "total": True}),
        ("猫 --诗 --润色 --不翻译", {"poem": True, "polish": True, "skip_translation": True}),
        ("--poem 猫", {"poem": True}),
        ("--polish 猫", {"polish": True}),
        (r"--prompt “\”猫\\”", {"prompt": "”猫\\"}),
        ("猫 --fast “福”", {"prompt": "猫 “福”", "fast": True}),
    ],
)
def test_a_flag_takes_what_is_quoted_as_it_is(text: str, changed: dict[str, Any]) -> None:
    request = replace(parse(text, STYLES), notes=())
    assert request == replace(Request(prompt="猫"), **changed)


def test_a_prompt_by_flag_leaves_other_words_out_and_says_so() -> None:
    request = parse("一只狗 --prompt “竖版”", STYLES)
    assert request == Request(prompt="竖版", notes=("说了 --prompt，“一只狗”没有用上",))


@pytest.mark.parametrize("flag", ["--upscale “-5”", "--weights 1..2", "--weights", "--style “”"])
def test_a_literal_that_is_no_value_is_told(flag: str) -> None:
    assert f"没看懂“{flag}”，没有用上" in parse(f"猫 {flag}", STYLES).notes


@pytest.mark.parametrize(
    "text",
    [
        f"--prompt “{'雪' * (MAX_CHARS + 1)}”",
        f"{'雪' * (MAX_CHARS + 1)} --prompt “雪”",
        f"--no “{'字' * MAX_CHARS}” " * 6,
        "\U0001d160" * MAX_CHARS,
    ],
)
def test_a_literal_has_an_end_too(text: str) -> None:
    with pytest.raises(TooLong):
        parse(text, STYLES)


def test_a_literal_counts_by_itself() -> None:
    request = Request(prompt="竖版" * (MAX_CHARS // 2), avoid="和" * MAX_CHARS)
    assert read_again(request) == request
