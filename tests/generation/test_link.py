"""The client and engines that behave badly, over a real socket."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from generation import wire
from generation.client import EngineClient, no_images
from generation.config import EngineConfig
from generation.errors import BadRecipe, EngineError, EngineLost
from generation.recipe import Picture, Progress
from tests.generation.factory import recipe

CAT = recipe()
PICTURE = Picture(recipe=CAT, width=0, height=0, rgb=b"", seconds=1.0)
PROGRESS = Progress(index=0, step=1, steps=4)

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def engine_that(
    play: Play, tmp_path: Path, open_image: Callable[[str], bytes] = no_images
) -> AsyncGenerator[EngineClient]:
    """An engine that plays a part, and a client of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "socket")
    client = EngineClient(
        EngineConfig(
            models={"tiny": tmp_path},
            address=f"unix:{tmp_path}/socket",
            heartbeat_s=0.05,
            silence_s=0.3,
            step_timeout_s=0.3,
            start_timeout_s=0.3,
        ),
        open_image,
    )
    try:
        yield client
    finally:
        await client.close()
        server.close()


def say(writer: asyncio.StreamWriter, *messages: wire.Answered) -> None:
    for message in messages:
        writer.write(wire.encode(message))


def ignore(_: Progress) -> None:
    pass


async def lost(play: Play, tmp_path: Path) -> str:
    async with engine_that(play, tmp_path) as client:
        with pytest.raises(EngineLost) as error:
            await client.draw([CAT], ignore)
    return str(error.value)


async def test_an_engine_of_another_version_is_refused(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        say(writer, wire.Hello(wire.VERSION + 1))
        await reader.read()

    assert f"第 {wire.VERSION + 1} 版" in await lost(play, tmp_path)


async def test_garbage_ends_the_connection(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x00\x00\x01\xc1")
        await reader.read()

    assert "听不懂" in await lost(play, tmp_path)


async def test_an_engine_that_hangs_up_is_lost(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await wire.read_asked(reader)

    assert "断开" in await lost(play, tmp_path)


async def test_an_engine_that_never_is_ready_is_given_up(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        say(writer, wire.Hello(wire.VERSION))
        await reader.read()

    assert "准备" in await lost(play, tmp_path)


async def test_an_engine_without_a_heartbeat_is_given_up(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        say(writer, wire.Hello(wire.VERSION), wire.Ready())
        await reader.read()

    assert "心跳" in await lost(play, tmp_path)


async def beat(writer: asyncio.StreamWriter, *, steps: Callable[[], int]) -> None:
    while True:
        say(writer, wire.Beat(busy=True, steps=steps()))
        await asyncio.sleep(0.02)


async def test_a_busy_engine_that_gets_nowhere_is_given_up(tmp_path: Path) -> None:
    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        say(writer, wire.Hello(wire.VERSION), wire.Ready())
        await asyncio.wait_for(beat(writer, steps=lambda: 3), 5)

    assert "一步" in await lost(play, tmp_path)


async def test_a_busy_engine_that_gets_on_is_waited_for(tmp_path: Path) -> None:
    steps = iter(range(10**6))

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        say(writer, wire.Hello(wire.VERSION), wire.Ready())
        beating = asyncio.create_task(beat(writer, steps=lambda: next(steps)))
        asked = await wire.read_asked(reader)
        assert isinstance(asked, wire.Draw)
        await asyncio.sleep(0.6)  # twice what a step may take
        say(writer, wire.Drawn(asked.id, 0, PICTURE))
        await reader.read()
        beating.cancel()

    async with engine_that(play, tmp_path) as client:
        assert await client.draw([CAT], ignore) == [PICTURE]


async def test_late_words_on_a_cancelled_draw_reach_nobody(tmp_path: Path) -> None:
    cancelled = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await wire.read_asked(reader)
        assert isinstance(first, wire.Draw)
        assert await wire.read_asked(reader) == wire.Cancel(first.id)
        cancelled.set()
        late = (wire.Told(first.id, PROGRESS), wire.Drawn(first.id, 0, PICTURE))
        second = await wire.read_asked(reader)
        assert isinstance(second, wire.Draw)
        say(writer, *late, wire.Failed(first.id, "BadRecipe", ""))
        say(writer, wire.Told(second.id, PROGRESS), wire.Drawn(second.id, 0, PICTURE))
        await reader.read()

    told: list[Progress] = []
    async with engine_that(play, tmp_path) as client:
        drawing = asyncio.create_task(client.draw([CAT], told.append))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(drawing, 0.05)
        await cancelled.wait()
        assert await client.draw([CAT], told.append) == [PICTURE]
    assert told == [PROGRESS]


async def test_an_error_nobody_knows_is_still_an_error_of_the_engine(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await wire.read_asked(reader)
        assert isinstance(asked, wire.Draw)
        say(writer, wire.Failed(asked.id, "SystemExit", "新的错"))
        await reader.read()

    async with engine_that(play, tmp_path) as client:
        with pytest.raises(EngineError, match="新的错"):
            await client.draw([CAT], ignore)


async def test_an_error_of_who_is_told_does_not_end_the_draw(tmp_path: Path) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await wire.read_asked(reader)
        assert isinstance(asked, wire.Draw)
        say(writer, wire.Told(asked.id, PROGRESS), wire.Drawn(asked.id, 0, PICTURE))
        await reader.read()

    def tell(_: Progress) -> None:
        raise LookupError

    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: seen.append(context["exception"])
    )
    async with engine_that(play, tmp_path) as client:
        assert await client.draw([CAT], tell) == [PICTURE]
    assert [type(error) for error in seen] == [LookupError]


async def test_an_engine_that_ends_each_time_is_started_ever_less_often(tmp_path: Path) -> None:
    starts: list[float] = []

    async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        starts.append(monotonic())
        await wire.read_asked(reader)

    async with engine_that(play, tmp_path) as client:
        for _ in range(3):
            with pytest.raises(EngineLost):
                await client.draw([CAT], ignore)
    assert starts[1] - starts[0] < 0.5
    assert starts[2] - starts[1] >= 1.0


async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Live, and tell what was asked by an error."""
    steps = count()
    say(writer, wire.Hello(wire.VERSION), wire.Ready())
    beating = asyncio.create_task(beat(writer, steps=lambda: next(steps)))
    while (asked := await wire.read_asked(reader)) is not None:
        assert isinstance(asked, wire.Draw)
        sizes = {name: len(data) for name, data in sorted(asked.images.items())}
        say(writer, wire.Failed(asked.id, "EngineError", f"{asked.owner} {sizes}"))
    beating.cancel()


async def test_images_go_with_a_draw_each_once_and_so_does_its_owner(tmp_path: Path) -> None:
    opened: list[str] = []

    def open_image(name: str) -> bytes:
        opened.append(name)
        return b"." * len(name)

    on = replace(CAT, source="ab", mask="abc")
    asked = [CAT, on, replace(on, seed=8), replace(on, mask="")]
    async with engine_that(listen, tmp_path, open_image) as client:
        with pytest.raises(EngineError, match=r"^console:me {'ab': 2, 'abc': 3}$"):
            await client.draw(asked, ignore, owner="console:me")
    assert sorted(opened) == ["ab", "abc"]


async def test_an_image_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    async with engine_that(listen, tmp_path) as client:
        with pytest.raises(BadRecipe, match="已经不在了"):
            await client.draw([replace(CAT, source="ab")], ignore)


async def test_images_too_large_for_a_frame_are_refused_and_the_connection_stays(
    tmp_path: Path,
) -> None:
    half = bytes(32 << 20)
    async with engine_that(listen, tmp_path, lambda _: half) as client:
        with pytest.raises(BadRecipe, match="一共 64 MB，最多 63 MB"):
            await client.draw([replace(CAT, source="a", mask="b")], ignore)
        with pytest.raises(EngineError, match="'a': 33554432"):
            await client.draw([replace(CAT, source="a")], ignore)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"prompt": "\ud800"}, "传不过去的字或数"),
        ({"seed": 1 << 70}, "传不过去的字或数"),
        ({"prompt": "长" * (wire.LARGEST // 3)}, "太长了"),
    ],
    ids=["half a character", "too many bits", "too long"],
)
async def test_what_no_frame_can_hold_is_refused_in_words(
    tmp_path: Path, wrong: dict[str, Any], words: str
) -> None:
    async with engine_that(listen, tmp_path) as client:
        with pytest.raises(BadRecipe, match=words):
            await client.draw([replace(CAT, **wrong)], ignore)
