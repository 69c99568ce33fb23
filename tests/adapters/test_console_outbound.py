"""Replies and statuses become lines."""

import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from adapters.console.outbound import clean, progress_to_json, to_json, to_lines
from bot.reply import Delivery
from tests.adapters.console_factory import (
    CANCEL,
    REDO,
    a_delivery,
    a_preview,
    a_status,
    an_artwork,
)

REPLIES = {
    "queued": a_delivery("收到 #7：雪地里的企鹅\n水墨 · 前面 3 人", buttons=[[CANCEL]]),
    "clamped": a_delivery("收到 #7：企鹅\n9 张 4 张 · 99 步 50 步", struck=((9, 12), (19, 23))),
    "one picture": a_delivery(artworks=[an_artwork()], buttons=[[REDO, CANCEL], [REDO]], last=True),
    "two pictures": a_delivery(artworks=[an_artwork(), an_artwork(seed=43)], last=True),
    "sent again": a_delivery(artworks=[an_artwork()], last=True, repeated=True),
    "labelled by the bot": a_delivery("画好了（AI生成）", artworks=[an_artwork()]),
    "refused": a_delivery("没看懂。\r\n例：画一只猫", job_id=None),
    "hostile": a_delivery("红\x1b[31m\x1b]0;title\x07字\x00\u202e", job_id=None),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_in_text(name: str, snapshot: SnapshotAssertion) -> None:
    assert "\n".join(to_lines(REPLIES[name], first=3)) == snapshot


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_in_json(name: str, snapshot: SnapshotAssertion) -> None:
    assert to_json(REPLIES[name]).decode() == snapshot


def test_progress_in_json_has_no_pixels(snapshot: SnapshotAssertion) -> None:
    waiting = progress_to_json(a_status(ahead=3, seconds_left=12.5))
    drawing = progress_to_json(a_status(number=1, count=2, step=5, steps=20, preview=a_preview()))
    assert (waiting + drawing).decode() == snapshot


@pytest.mark.parametrize("delivery", REPLIES.values(), ids=list(REPLIES))
def test_a_line_of_json_is_one_line(delivery: Delivery) -> None:
    line = to_json(delivery)
    assert line.count(b"\n") == 1
    assert msgspec.json.decode(line)["event"] == "reply"


def test_buttons_are_numbered_on_over_rows() -> None:
    lines = to_lines(a_delivery(buttons=[[REDO], [CANCEL, REDO]]), first=9)
    assert lines[-2:] == ["  [9] 再来一张", "  [10] 取消  [11] 再来一张"]


def test_each_part_is_coloured_by_its_name() -> None:
    delivery = a_delivery("字", artworks=[an_artwork(Path("p"))], buttons=[[REDO]])
    lines = to_lines(delivery, tint=lambda part, text: f"<{part}>")
    assert lines == ["<words>", "  <file>", "  <button>", "  <label>"]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31;1m红\x1b[0m", "红"),
        ("\x9b31m红", "红"),
        ("\x1b]8;;http://x\x1b\\链\x1b]8;;\x07", "链"),
        ("\x1b]0;no end", "0;no end"),
        ("\x1bP1q#0\x1b\\\x1b_Ga=T;AAAA\x1b\\图", "图"),
        ("\x1bc\x1b(B\x1b7字", "字"),
        ("\x1b\x1b[0m[31m", "[31m"),
        ("a\rb\r\nc\td", "a\nb\nc\td"),
        ("\x00\x07\x08\x7f\x85\u2028", ""),
        ("\u202e反\u2066", "反"),
        ("\ud800", ""),
        ("👩‍👩‍👧‍👦\u200b", "👩‍👩‍👧‍👦\u200b"),
    ],
)
def test_what_steers_a_terminal_is_taken_out(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(st.sampled_from("\x1b\x9b[]\\P;0123mc\x07\x00\r\n字a")))
def test_nothing_that_steers_is_ever_left(text: str) -> None:
    left = clean(text)
    assert not [c for c in left if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert clean(left) == left


def test_a_flood_of_escapes_is_cleaned_in_one_pass() -> None:
    assert clean("\x1b]" * 50_000 + "\x9b" + "0" * 100_000) == "0" * 100_000
