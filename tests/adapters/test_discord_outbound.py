"""Replies to what Discord's calls take."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.file import described, files_of, sketch_of
from adapters.discord.limits import MOST
from adapters.discord.options import entries, payloads
from adapters.discord.outbound import (
    asking,
    clipped,
    components,
    modal_of,
    nonce,
    question_modal,
    safe,
    split,
    words_of,
)
from bot.action import Action, Verb
from bot.commands import COMMANDS
from bot.event import Attachment, Chat
from bot.parsing.parser import parse
from bot.policy import PolicyConfig, settle
from bot.reply import Button, Delivery, Named, Plate, Reply
from bot.sheet import Sheet
from bot.style import Styles
from bot.wording import LANGUAGE

# ── what Discord shows of a text ────────────────────────────────────────────────────────────

ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
"""As Discord's own client has it: whatever is neither a letter, a digit nor a space."""
HIDDEN = "\ue000"
READ_AS = {
    "bold": r"\*\*.+?\*\*",
    "italic": r"\*[^*]+\*|_[^_]+_",
    "underlined": r"__.+?__",
    "struck": r"~~.+?~~",
    "hidden": r"\|\|.+?\|\|",
    "code": r"`+.+?`+",
    "heading": r"(?m:^[^\S\n]*#{1,3}\s)",
    "small": r"(?m:^[^\S\n]*-#\s)",
    "list": r"(?m:^[^\S\n]*(?:[-*+]|\d+\.)(?:\s|$))",
    "quotation": r"(?m:^[^\S\n]*>(?:>>)?(?:\s|$))",
    "link": r"\[[^\]]*\]\([^)]*\)",
    "person, channel, emoji or time": r"<(?:@|#|:|a:|t:|/|id:|\+|https?:|mailto:)[^>]*>",
    "emoji": r":[\w+-]+:",
    "everybody": r"@(?:everyone|here)",
}


def shown(markup: str) -> tuple[str, list[str]]:
    """Return what is read, and as what any of it is read."""
    text = re.sub("\r\n?", "\n", markup)
    bare = ESCAPED.sub(HIDDEN, text)
    found = [name for name, rule in READ_AS.items() if re.search(rule, bare, re.DOTALL)]
    return ESCAPED.sub(r"\1", text), found


@pytest.mark.parametrize(
    "markup",
    ["**x**", "*x*", "_x_", "~~x~~", "||x||", "`x`", "```x```", "# x", " ## x", "-# x", "- x",
     "a\n* x", "1. x", "> x", ">>> x", "[x](y)", "<@1>", "<:cat:1>", "<t:1>", ":smile:",
     "@everyone", "__x__"],
)  # fmt: skip
def test_what_discord_reads_as_something_is_found_to_be(markup: str) -> None:
    assert shown(markup)[1]
    assert shown(safe(markup)) == (markup, [])


pieces = st.sampled_from(
    ["*", "**", "_", "__", "~~", "|", "||", "`", "```", "#", "##", "-", "-#", "+", ">", ">>>", "1.",
     "[", "](", ")", "<", "@", "<@1>", "<#2>", "<:a:1>", ":", ":a:", "@here", "\\", "\n", " ", "猫",
     "a", "1", ".", "\t", "!"]
)  # fmt: skip
texts = st.text(max_size=60) | st.lists(pieces, max_size=25).map("".join)


@given(texts)
def test_nothing_that_somebody_says_is_markup(text: str) -> None:
    assert shown(safe(text)) == (re.sub("\r\n?", "\n", text), [])


@given(texts, st.data())
def test_only_what_is_struck_and_who_is_named_is_markup(text: str, data: st.DataObject) -> None:
    text = f"a{text}b"
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    named = Reply(text=text, named=(Named(start, end, "discord:7"),))
    assert shown(words_of(named))[1] == ["person, channel, emoji or time"]
    foreign = Reply(text=text, named=(Named(start, end, "telegram:7"),))
    assert shown(words_of(foreign))[1] == []
    inner = text[start:end]
    if inner == inner.strip():
        struck = Reply(text=text, struck=((start, end),))
        assert shown(words_of(struck))[1] == ["struck"]


def test_a_bare_link_stays_one() -> None:
    link = "https://example.com/a-b/c.html?x=1&y=2#z"
    assert safe(f"看 {link} 吧") == f"看 {link} 吧"


# ── lengths ─────────────────────────────────────────────────────────────────────────────────

said = st.lists(pieces, min_size=1, max_size=120).map("".join).map(safe)


@given(said, st.integers(20, 90))
def test_what_is_split_is_whole_and_fits(words: str, most: int) -> None:
    parts = split(words, most)
    assert all(len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(words.split())
    assert len(parts) <= 1 + 2 * len(words) // (most - 1) + 1
    if len(parts) > 1:
        assert all(part.strip() for part in parts)


@given(said, st.integers(20, 90))
def test_where_it_is_split_nothing_that_was_escaped_is_bare(words: str, most: int) -> None:
    for part in [*split(words, most), clipped(words, most)]:
        behind = len(part) - len(part.rstrip("\\"))
        assert part.endswith("…") or behind % 2 == 0


@given(said, st.integers(5, 90))
def test_what_is_clipped_fits(words: str, most: int) -> None:
    found = clipped(words, most)
    assert len(found) <= most
    assert found == words or found.endswith("…")


def test_a_wall_of_backslashes_is_few_messages() -> None:
    parts = split(safe("\\" * 3000))
    assert len(parts) == 3
    assert clipped("\\" * 3000) == "\\" * 1998 + "…"


@pytest.mark.parametrize("words", ["\n" * 5000, " " * 5000, "猫" + "\n" * 5000, "猫" * 2001])
def test_no_message_says_nothing(words: str) -> None:
    parts = split(words)
    assert all(part.strip() for part in parts) or parts == [""]


# ── what can be pressed ─────────────────────────────────────────────────────────────────────

actions = st.builds(
    Action,
    st.sampled_from(list(Verb)),
    st.integers(0, 2**63 - 1),
    st.just("") | st.from_regex(r"[a-z0-9]{1,24}", fullmatch=True),
)
buttons = st.builds(Button, st.text(min_size=1, max_size=120), actions)
rows_of = st.lists(st.lists(buttons, max_size=30).map(tuple), max_size=9).map(tuple)


def checked(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what stands in rows, each as Discord takes it."""
    assert len(rows) <= 5
    items = list(chain.from_iterable(row["components"] for row in rows))
    ids = [one["custom_id"] for one in items]
    assert len(set(ids)) == len(ids)
    assert all(1 <= len(id_) <= 100 for id_ in ids)
    for row in rows:
        assert row["type"] == 1
        assert 1 <= len(row["components"]) <= 5
        if any(one["type"] == 3 for one in row["components"]):
            (select,) = row["components"]
            labels = [one["label"] for one in select["options"]]
            options = [one["value"] for one in select["options"]]
            assert 1 <= len(set(options)) == len(options) <= 25
            assert all(1 <= len(label) <= 100 for label in labels)
        else:
            assert all(1 <= len(one["label"]) <= 80 for one in row["components"])
    return items


@given(rows_of)
def test_what_can_be_pressed_is_as_discord_takes_it(rows: tuple[tuple[Button, ...], ...]) -> None:
    checked(components(Reply(text="", buttons=rows)))
    own = [asking(Reply(text="", asks="画"))]
    checked(components(Reply(text="", buttons=rows), own))


@given(st.integers(6, 60))
def test_many_of_a_kind_are_lists_and_none_is_left_out(count: int) -> None:
    row = tuple(Button(f"风格{n}", Action(Verb.WEAR, 7, f"s{n}")) for n in range(count))
    items = checked(components(Reply(text="", buttons=(row,))))
    assert sum(len(one["options"]) for one in items) == count


@given(st.text(max_size=20), st.lists(st.from_regex(r"\d{1,20}/\d{1,20}/\d{1,20}"), max_size=6))
def test_what_asks_fits_into_its_button(asks: str, refs: list[str]) -> None:
    attached = tuple(Attachment(ref=ref) for ref in refs)
    shown_ = asking(Reply(text="", asks=asks, attached=attached))
    assert len(shown_["custom_id"]) <= 100


# ── forms ───────────────────────────────────────────────────────────────────────────────────

STYLES = Styles.load()
SAID = [
    "一只猫",
    "竖版 水墨 一只猫，不要狗，种子 7",
    "512x768 赛博朋克 一只猫 高清修复",
    "一座山 16:9 " + "很长的描述，" * 150,
    "猫 --no " + "、".join(f"东西{n}" for n in range(150)),
]


def fields_of(modal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    assert 1 <= len(modal["title"]) <= 45
    assert 1 <= len(modal["custom_id"]) <= 100
    assert 1 <= len(modal["components"]) <= 5
    for one in modal["components"]:
        assert one["type"] == 18
        assert 1 <= len(one["label"]) <= 45
        yield one["component"]


def check_modal(modal: dict[str, Any]) -> None:
    fields = list(fields_of(modal))
    ids = [one["custom_id"] for one in fields]
    assert len(set(ids)) == len(ids)
    for one in fields:
        assert 1 <= len(one["custom_id"]) <= 100
        assert 1 <= one["max_length"] <= 4000
        assert len(one.get("value", "")) <= one["max_length"]
        assert len(one.get("placeholder", "")) <= 100
        assert "value" not in one or one["value"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("text", SAID, ids=lambda text: text[:6])
@pytest.mark.parametrize("on", ["", "ab" * 32])
def test_every_form_is_as_discord_takes_it(text: str, language: Any, on: str) -> None:
    asked = settle(parse(text, STYLES), STYLES, PolicyConfig())
    asked = replace(asked, source=on)
    before = LANGUAGE.set(language)
    try:
        for target in (7, 2**63 - 1):
            form = Sheet(target=target, before=asked, styles=STYLES).form
            check_modal(modal_of(form, form.action.pack()))
            back = {one["custom_id"]: one.get("value", "") for one in
                    fields_of(modal_of(form, "x"))}  # fmt: skip
            assert form.parted(back).keys() <= form.values.keys() | {"+"}
    finally:
        LANGUAGE.reset(before)


@given(st.text(max_size=200), st.text(min_size=1, max_size=200))
def test_a_question_is_as_discord_takes_it(custom_id: str, title: str) -> None:
    check_modal(question_modal(f"ask:{custom_id}", title))


# ── commands ────────────────────────────────────────────────────────────────────────────────

NAME = re.compile(r"[-_'\w\u4e00-\u9fff]{1,32}")
LOCALES = ("", "zh-CN", "zh-TW")


def told(one: dict[str, Any], what: str, locale: str) -> str:
    localized: dict[str, str] = one.get(f"{what}_localizations") or {}
    return str(localized.get(locale, one.get(what, "")) if locale else one.get(what, ""))


@pytest.mark.parametrize("locale", LOCALES)
def test_commands_are_as_discord_takes_them(locale: str) -> None:
    for kind, most in ((1, 100), (2, 15), (3, 15)):
        there = [one for one in payloads() if one["type"] == kind]
        assert len(there) <= most
        names = [told(one, "name", locale) for one in there]
        assert len(set(names)) == len(names)
        for one, name in zip(there, names, strict=True):
            assert 1 <= len(name) <= 32
            if kind == 1:
                assert NAME.fullmatch(name)
                assert name == name.lower()
                assert 1 <= len(told(one, "description", locale)) <= 100
            else:
                assert "description" not in one


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("command", payloads(), ids=lambda one: one["name"])
def test_options_are_as_discord_takes_them(command: dict[str, Any], locale: str) -> None:
    options: list[dict[str, Any]] = command.get("options", [])
    assert len(options) <= 25
    names = [told(one, "name", locale) for one in options]
    assert len(set(names)) == len(names)
    needed = [bool(one.get("required")) for one in options]
    assert needed == sorted(needed, reverse=True)
    for one, name in zip(options, names, strict=True):
        assert NAME.fullmatch(name)
        assert name == name.lower()
        assert 1 <= len(told(one, "description", locale)) <= 100
        choices: list[dict[str, Any]] = one.get("choices", [])
        assert len(choices) <= 25
        assert not (choices and one.get("autocomplete"))
        called = [told(choice, "name", locale) for choice in choices]
        assert len(set(called)) == len(called)
        assert all(1 <= len(call) <= 100 for call in called)
        assert all(1 <= len(str(choice["value"])) <= 100 for choice in choices)


@pytest.mark.parametrize("command", payloads(), ids=lambda one: one["name"])
def test_no_command_is_too_long(command: dict[str, Any]) -> None:
    def longest(one: dict[str, Any], what: str) -> int:
        return max(len(told(one, what, locale)) for locale in LOCALES)

    every = [command, *command.get("options", [])]
    count = sum(longest(one, "name") + longest(one, "description") for one in every)
    for one in every[1:]:
        for choice in one.get("choices", []):
            count += longest(choice, "name") + len(str(choice["value"]))
    assert count <= 8000


def test_every_command_of_the_studio_is_there_and_says_what_the_studio_knows() -> None:
    known = {name.casefold() for one in COMMANDS for name in one.names}
    first = {one.words.split()[0].lstrip("/") for one in entries() if one.words.startswith("/")}
    assert first - {"draw", "redo", "upscale"} <= known


# ── the rest ────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 2**63), st.text(max_size=80), st.integers(0, 9))
def test_a_nonce_is_short_and_the_same_for_the_same(id_: int, text: str, part: int) -> None:
    chat = Chat("discord", "5")
    one = Delivery(id=id_, chat=chat, reply=Reply(text=text))
    told_ = nonce(one, part)
    assert 1 <= len(told_) <= 25
    assert told_ == nonce(replace(one, again=True, repeated=True), part)
    others = (
        nonce(one, part + 1),
        nonce(replace(one, id=id_ + 1), part),
        nonce(replace(one, chat=Chat("discord", "6")), part),
    )
    assert told_ not in others


def test_files_are_named_and_told_of(tmp_path: Path) -> None:
    path = tmp_path / "5f1d7a84db00d2fce00b31a7fc73224c.png"
    path.write_bytes(b"png")
    plate = Plate(path=path, width=8, height=8)
    (file,) = files_of(Reply(text="", plate=plate))
    assert (file.name, file.content) == (plate.filename, b"png")
    assert file.name == "danqing-5f1d7a84db00.png"
    assert sketch_of(b"x", veiled=True).name.startswith("SPOILER_sketch-")
    (one,) = described([replace(file, about="猫" * 3000)])
    assert len(one["description"]) == MOST.alt
    assert "description" not in described([file])[0]
