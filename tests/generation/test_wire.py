"""Frames: what goes in comes out, and what is none is refused by name."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation import wire
from generation.recipe import Expand, Picture, Preview, Progress, Recipe

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
NUMBERS = st.floats(allow_nan=False)
COUNTS = st.integers(0, 2**63 - 1)
RECIPES = st.builds(
    Recipe,
    model=TEXTS,
    prompt=TEXTS,
    avoid=TEXTS,
    width=COUNTS,
    height=COUNTS,
    steps=COUNTS,
    guidance=NUMBERS,
    sampler=TEXTS,
    levels=st.sampled_from(["model", "karras"]),
    seed=COUNTS,
    loras=st.dictionaries(TEXTS, NUMBERS, max_size=2),
    source=TEXTS,
    mask=TEXTS,
    strength=NUMBERS,
    expand=st.none()
    | st.builds(
        Expand,
        left=COUNTS,
        up=COUNTS,
        right=COUNTS,
        down=COUNTS,
        edges=st.sampled_from(["copy", "reflect"]),
    ),
    hires=NUMBERS,
    fast=st.booleans(),
    upscale=COUNTS,
    skip_translation=st.booleans(),
    polish=st.booleans(),
)
PREVIEWS = st.builds(Preview, width=COUNTS, height=COUNTS, rgb=st.binary(max_size=64))
PROGRESS = st.builds(
    Progress, index=COUNTS, step=COUNTS, steps=COUNTS, preview=st.none() | PREVIEWS
)
PICTURES = st.builds(
    Picture,
    recipe=RECIPES,
    width=COUNTS,
    height=COUNTS,
    rgb=st.binary(max_size=64),
    seconds=NUMBERS,
    notes=st.lists(TEXTS, max_size=2).map(tuple),
)
DRAWS = st.builds(
    wire.Draw,
    id=COUNTS,
    recipes=st.lists(RECIPES, max_size=3),
    owner=TEXTS,
    images=st.dictionaries(TEXTS, st.binary(max_size=64), max_size=2),
)
ASKED = DRAWS | st.builds(wire.Cancel, COUNTS)
ANSWERED = st.one_of(
    st.builds(wire.Hello, COUNTS),
    st.builds(wire.Ready),
    st.builds(wire.Told, COUNTS, PROGRESS),
    st.builds(wire.Drawn, COUNTS, COUNTS, PICTURES),
    st.builds(wire.Failed, COUNTS, TEXTS, TEXTS),
    st.builds(wire.Beat, st.booleans(), COUNTS, COUNTS, COUNTS, COUNTS),
)


def stream(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


@given(messages=st.lists(ASKED, max_size=3))
async def test_what_is_asked_arrives(messages: list[wire.Asked]) -> None:
    reader = stream(b"".join(map(wire.encode, messages)))
    assert [await wire.read_asked(reader) for _ in messages] == messages
    assert await wire.read_asked(reader) is None


@given(messages=st.lists(ANSWERED, max_size=3))
async def test_what_is_answered_arrives(messages: list[wire.Answered]) -> None:
    reader = stream(b"".join(map(wire.encode, messages)))
    assert [await wire.read_answered(reader) for _ in messages] == messages
    assert await wire.read_answered(reader) is None


def test_a_recipe_that_was_kept_before_there_was_polishing_is_read() -> None:
    recipe = Recipe(
        model="mini",
        prompt="猫",
        width=64,
        height=64,
        steps=1,
        guidance=1.0,
        sampler="euler",
        seed=1,
    )
    kept = {
        name: value
        for name, value in msgspec.to_builtins(recipe).items()
        if name not in {"polish", "skip_translation"}
    }
    assert msgspec.convert(kept, Recipe) == recipe


@given(data=st.binary(max_size=200))
async def test_garbage_is_refused_by_name_or_ends(data: bytes) -> None:
    reader = stream(data)
    try:
        while await wire.read_asked(reader) is not None:
            pass
    except wire.Garbled:
        pass


@pytest.mark.parametrize(
    "body",
    [
        b"\xc1",
        msgspec.msgpack.encode({"type": "Evil", "id": 1}),
        msgspec.msgpack.encode({"type": "Cancel", "id": "one"}),
        msgspec.msgpack.encode({"type": "Draw", "id": 1, "recipes": [{"model": "mini"}]}),
        wire.encode(wire.Ready())[4:],
        b"\x80\x04K\x01.",
    ],
    ids=["no msgpack", "no tag of ours", "wrong type", "half a recipe", "wrong way", "a pickle"],
)
async def test_what_is_no_message_is_garbled(body: bytes) -> None:
    with pytest.raises(wire.Garbled):
        await wire.read_asked(stream(len(body).to_bytes(4, "big") + body))


async def test_a_frame_may_not_announce_more_than_the_cap() -> None:
    with pytest.raises(wire.Garbled, match="announced"):
        await wire.read_asked(stream((wire.LARGEST + 1).to_bytes(4, "big")))


def test_a_message_may_not_be_longer_than_the_cap() -> None:
    with pytest.raises(wire.Garbled, match="too long"):
        wire.encode(wire.Failed(1, "EngineError", "长" * wire.LARGEST))


async def test_a_stream_that_breaks_within_a_frame_has_ended() -> None:
    assert await wire.read_asked(stream(wire.encode(wire.Cancel(1))[:-1])) is None
