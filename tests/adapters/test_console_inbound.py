"""Typed lines become raw updates, and those become events."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.console.inbound import (
    CHAT,
    escaped,
    files_in,
    from_form,
    from_line,
    to_event,
    unescaped,
)
from bot.action import Action, Verb
from bot.errors import NoSuchJob, NotUnderstood
from bot.event import Event, Image, Message, Press, Stray, Submission, User
from tests.adapters.console_factory import CANCEL, REDO

AQING = User("console", "阿青", "阿青")
SHOWN = [REDO, CANCEL]


def heard(line: str) -> Event | None:
    return to_event(from_line(line, "x1", "阿青", SHOWN))


def test_words_are_a_message_to_the_bot() -> None:
    assert heard("画一只猫") == Message(id="x1", chat=CHAT, user=AQING, text="画一只猫", to_me=True)


@pytest.mark.parametrize("line", [":2", "：2", " :2 ", ":02", ":２", ":cancel:8"])
def test_the_short_form_of_a_button_presses_it(line: str) -> None:
    assert heard(line) == Press(id="x1", chat=CHAT, user=AQING, action=Action(Verb.CANCEL, 8))


def test_a_button_of_an_earlier_talk_is_pressed_by_what_it_carries() -> None:
    body = from_line(":redo:1234", "x1", "阿青")
    assert msgspec.json.decode(body) == {"id": "x1", "user": "阿青", "press": "redo:1234"}


@pytest.mark.parametrize("line", [":0", ":3", ":999999999"])
def test_a_button_that_was_not_shown_is_refused_in_words(line: str) -> None:
    with pytest.raises(NoSuchJob, match="现在有 1 到 2"):
        from_line(line, "x1", "阿青", SHOWN)


def test_without_buttons_a_number_is_refused_in_words() -> None:
    with pytest.raises(NoSuchJob, match="现在还没有按钮"):
        from_line(":1", "x1", "阿青")


@pytest.mark.parametrize("line", ["", "   ", ":", ":)", ":redo:x", ":fly:7", "1", "画 :1", "::1"])
def test_what_only_resembles_a_button_is_words(line: str) -> None:
    assert isinstance(event := heard(line), Message)
    assert event.text == line


@pytest.mark.parametrize("line", ["#7 换成水墨", " ＃７，换成水墨", "#7换成水墨", "#7： 换成水墨"])
def test_words_behind_the_number_of_a_job_answer_it(line: str) -> None:
    assert isinstance(event := heard(line), Message)
    assert (event.reply_to, event.text) == ("#7", "换成水墨")


@pytest.mark.parametrize("line", ["#7", "#猫", "画 #7", "# 7 换成水墨", "#0123456789012345678 猫"])
def test_what_only_resembles_the_number_of_a_job_is_words(line: str) -> None:
    assert isinstance(event := heard(line), Message)
    assert (event.reply_to, event.text) == ("", line)


@pytest.mark.parametrize(
    "text",
    ["长" * 100_000, "\x00\x1b[31m红\x1b[0m\x9b", "零\u200b宽\u200d", "👩‍👩‍👧‍👦 𠮷", '"\\{}\t'],
    ids=["long", "control", "zero-width", "beyond the BMP", "JSON"],
)
def test_what_is_typed_arrives_whole(text: str) -> None:
    assert isinstance(event := heard(text), Message)
    assert event.text == text


def test_images_arrive_with_their_words() -> None:
    images = (
        Image(role="source", sha256="ab" * 32, width=6, height=4),
        Image(role="mask", sha256="cd" * 32, width=3, height=2),
    )
    event = to_event(from_line("画成水墨", "x1", "阿青", images=images))
    assert event == Message(
        id="x1", chat=CHAT, user=AQING, text="画成水墨", to_me=True, images=images
    )


@pytest.mark.parametrize(
    ("line", "words", "files"),
    [
        ("猫 --source a.png", "猫", {"source": "a.png"}),
        ("--source a.png --mask b.png 猫", "猫", {"source": "a.png", "mask": "b.png"}),
        ("猫 --source=/a/b.png，竖版", "猫 ，竖版", {"source": "/a/b.png"}),
        ("猫 --source '我的 图.png' --seed 7", "猫 --seed 7", {"source": "我的 图.png"}),
        ('猫 --source "it\'s.png"', "猫", {"source": "it's.png"}),
        ("猫 --source “图.png”", "猫", {"source": "图.png"}),
        (r"猫 --source my\ cat\(1\).png", "猫", {"source": "my cat(1).png"}),
        ("猫 --source a.png --source b.png", "猫", {"source": "b.png"}),
        ("猫 ——原图 ~/a.png --蒙版：b.png", "猫", {"source": "~/a.png", "mask": "b.png"}),
        ("猫 --source", "猫 --source", {}),
        ("猫 --sources a.png", "猫 --sources a.png", {}),
        ("  猫  ", "猫", {}),
    ],
)
def test_files_are_taken_out_of_a_typed_line(line: str, words: str, files: dict[str, str]) -> None:
    left, found = files_in(line)
    assert " ".join(left.split()) == words
    assert {role: str(path) for role, path in found.items()} == files


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\0"), min_size=1))
def test_an_escaped_path_is_read_whole(path: str) -> None:
    assert unescaped(escaped(path)) == path
    assert files_in(f"猫 --source {escaped(path)}")[1] == {"source": Path(path)}


@given(st.text(st.characters(codec="utf-8")))
def test_a_line_without_the_flags_stays_as_it_is(text: str) -> None:
    left, files = files_in(text)
    assert files or left == text


def test_a_lone_surrogate_is_replaced_and_a_pair_joined() -> None:
    assert isinstance(event := heard("a\ud800b\ud83d\ude00"), Message)
    assert event.text == "a\ufffdb😀"


@pytest.mark.parametrize(
    "line",
    [
        '{"submit": "edit:12", "values": {"prompt": "狗", "seed": ""}}',
        ' { "submit" :"edit:12","values":{"prompt":"\\u72d7","seed":""}} ',
    ],
)
def test_a_form_is_handed_in_as_json(line: str) -> None:
    values = {"prompt": "狗", "seed": ""}
    assert heard(line) == Submission(
        id="x1", chat=CHAT, user=AQING, action=Action(Verb.EDIT, 12), values=values
    )


@pytest.mark.parametrize(
    "line",
    [
        '{"submit": ',
        '{"submit": "edit:12"}',
        '{"submit": 12, "values": {}}',
        '{"submit": "edit:12", "values": {"seed": 7}}',
        '{"submit": "edit:12", "values": [], "more": 1}',
    ],
)
def test_what_begins_like_a_form_and_is_none_is_refused_in_words(line: str) -> None:
    with pytest.raises(NotUnderstood, match="要这样写："):
        heard(line)


@pytest.mark.parametrize("line", ["{红,蓝}色的灯笼", '{"submit', "画 {}", '{"prompt": "狗"}'])
def test_what_only_resembles_a_form_is_words(line: str) -> None:
    assert isinstance(event := heard(line), Message)
    assert event.text == line


@pytest.mark.parametrize("carried", ["fly:1", "", "edit:1:", "edit:99999999999999999999", "红"])
def test_a_button_or_form_that_is_none_of_ours_is_a_stray(carried: str) -> None:
    pressed = msgspec.json.encode({"id": "x1", "user": "阿青", "press": carried})
    for body in (pressed, from_form(carried, {"seed": "7"}, "x1", "阿青")):
        assert to_event(body) == Stray(id="x1", chat=CHAT, user=AQING)


@given(st.dictionaries(st.text(), st.text()))
def test_any_values_arrive_whole(values: dict[str, str]) -> None:
    event = to_event(from_form("edit:12", values, "x1", "阿青"))
    assert isinstance(event, Submission)
    assert event.values == values


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_makes_an_event_of_its_own(text: str) -> None:
    event = to_event(from_line(text, "x1", "阿青", [REDO] * 1000))
    assert isinstance(event, Press) or (isinstance(event, Message) and event.text == text)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"null",
        b"{}",
        b'{"id":"1","user":"a"}',
        b'{"id":1,"user":"a","text":"b"}',
        b'{"id":"1","user":"a","text":"b","more":1}',
        b'{"id":"1","user":"a","submit":"edit:1","values":{"seed":7}}',
        b'{"id":"1","user":"a","text":"\\ud800"}',
    ],
)
def test_what_is_no_update_of_the_console_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever the reason
        to_event(body)
