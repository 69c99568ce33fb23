"""Replies to what Telegram's calls take."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, MessageEntity

from adapters.telegram.hidden import Hidden
from adapters.telegram.limits import MOST
from adapters.telegram.outbound import (
    Words,
    albums,
    asking,
    clipped,
    keyboard,
    shows_as_photo,
    split,
    units,
    words_of,
)
from adapters.telegram.place import Place
from adapters.telegram.sender import pause_after
from bot.action import Action, Verb
from bot.event import Attachment
from bot.form import Field, Form
from bot.reply import Button, Named, Rate, Reply

ids = st.integers(1, 10**17)
text = st.text(st.characters(codec="utf-8"), max_size=200)
lines = st.lists(st.text("猫😀a \n", min_size=1, max_size=60), min_size=1, max_size=40).map("".join)


@given(
    message=st.none() | ids,
    topic=st.none() | ids,
    callback=st.just("") | ids.map(str),
    inline=st.just("") | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
)
def test_a_place_is_read_as_it_was_packed(
    message: int | None, topic: int | None, callback: str, inline: str
) -> None:
    place = Place(
        message=None if inline else message, topic=topic, callback=callback, inline=inline
    )
    assert Place.read(place.pack()) == place


@given(text)
def test_anything_else_is_a_place_in_particular_or_none(packed: str) -> None:
    assert Place.read(Place.read(packed).pack()) == Place.read(packed)


@given(asks=text, refs=st.lists(text, max_size=4), size=st.integers(0, 2**40))
def test_what_is_hidden_is_found_again(asks: str, refs: list[str], size: int) -> None:
    attached = tuple(Attachment(ref=ref, size=size) for ref in refs)
    form = Action(Verb.EDIT, 12)
    hidden = Hidden(asks=asks, form=form, attached=attached)
    entity = MessageEntity(MessageEntity.TEXT_LINK, 0, 2, url=hidden.url("danqing_bot"))
    assert Hidden.read([entity], "Danqing_Bot") == hidden
    assert Hidden.read([entity], "other_bot") is None


@given(lines, st.integers(20, 90), st.data())
def test_what_is_split_is_whole_and_fits(said: str, most: int, data: st.DataObject) -> None:
    length = units(said)
    start = data.draw(st.integers(0, length - 1))
    size = data.draw(st.integers(1, length - start))
    words = Words(said, (MessageEntity(MessageEntity.STRIKETHROUGH, start, size),))
    parts = split(words, most)
    assert all(part.units <= most for part in parts)
    assert "".join("".join(p.text.split()) for p in parts) == "".join(said.split())
    for part in parts:
        for entity in part.entities:
            assert entity.offset >= 0
            assert entity.length > 0
            assert entity.offset + entity.length <= part.units


@given(lines, st.integers(1, 90))
def test_what_is_clipped_fits(said: str, most: int) -> None:
    found = clipped(Words(said), most)
    assert found.units <= most
    assert found.text == said or found.text.endswith("…")


def test_markup_counts_in_utf_16() -> None:
    reply = Reply(text="😀😀 1024 768 阿青", struck=((3, 7),), named=(Named(12, 14, "telegram:5"),))
    words = words_of(reply, repeated=True)
    struck, named = words.entities
    wide = words.text.encode("utf-16-le")
    part = [
        wide[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le") for e in words.entities
    ]
    assert part == ["1024", "阿青"]
    assert (struck.type, named.type) == ("strikethrough", "text_mention")
    assert words.text.startswith("（补发，可能重复）😀")


def test_who_is_no_person_is_named_without_a_link() -> None:
    reply = Reply(text="画廊", named=(Named(0, 2, "telegram:-100123"),))
    assert words_of(reply).entities == ()


def test_a_long_form_is_a_message_of_its_own_and_the_link_is_in_it() -> None:
    form = Form(
        action=Action(Verb.EDIT, 7),
        title="改",
        fields=(Field(name="a", label="甲", value="猫" * 3000), Field(name="b", label="乙")),
    )
    parts = asking(Reply(text="说明" * 900, form=form), Words("说明" * 900), "danqing_bot")
    assert len(parts) == 2
    hidden = Hidden.read(parts[-1].entities, "danqing_bot")
    assert hidden is not None
    assert hidden.form == form.action
    assert all(part.units <= MOST.text for part in parts)


def test_a_keyboard_has_at_most_eight_in_a_row_and_a_hundred() -> None:
    row = tuple(Button(f"{n}", Action(Verb.SHOW, n)) for n in range(20))
    markup = keyboard([row] * 10)
    assert isinstance(markup, InlineKeyboardMarkup)
    assert all(len(row) <= MOST.in_a_row for row in markup.inline_keyboard)
    assert sum(len(row) for row in markup.inline_keyboard) <= MOST.buttons


@given(st.integers(1, 60))
def test_no_picture_of_several_albums_is_alone(count: int) -> None:
    parts = albums(count)
    assert sum(parts) == count
    assert all(part <= MOST.album for part in parts)
    assert count == 1 or min(parts) > 1
    assert all(one - other in (0, 1) for one, other in pairwise(parts))


@pytest.mark.parametrize(
    ("width", "height", "size", "shows"),
    [
        (256, 256, 1, True),
        (5000, 5000, 1, True),
        (5000, 5001, 1, False),
        (2000, 100, 1, True),
        (2001, 100, 1, False),
        (256, 256, MOST.photo_bytes, True),
        (256, 256, MOST.photo_bytes + 1, False),
    ],
)
def test_what_telegram_takes_as_a_photo(width: int, height: int, size: int, shows: bool) -> None:  # noqa: FBT001
    assert shows_as_photo(width, height, size) is shows


@given(st.integers(1, 10), st.integers(1, 8), st.integers(1, 20))
def test_what_follows_an_album_waits_until_the_bucket_has_room(
    pictures: int, calls: int, per_s: int
) -> None:
    pause_s = pause_after(pictures, Rate(calls, per_s))
    refilled = calls + pause_s * calls / per_s
    assert refilled >= pictures + 1 - 1e-6
    assert pause_s == 0 or refilled == pytest.approx(pictures + 1)
    assert pause_after(pictures, None) == 0
