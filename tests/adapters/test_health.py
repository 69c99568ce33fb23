import asyncio
import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from adapters.health import Ill, check_bot, check_engine, main
from bot.errors import StoreDamaged
from bot.store.database import Database
from bot.store.store import FILE
from generation import wire


@asynccontextmanager
async def listening(path: Path, says: bytes) -> AsyncGenerator[str]:
    over = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        with suppress(OSError):
            await reader.read()  # until the client goes
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set()

    async with await asyncio.start_unix_server(speak, path):
        yield f"unix:{path}"
        await over.wait()


async def test_a_bot_that_runs_is_well(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / FILE)
    try:
        await check_bot(tmp_path)
    finally:
        await database.close()


async def test_a_bot_that_has_ended_is_ill(tmp_path: Path) -> None:
    with pytest.raises(Ill, match="no bot has used"):
        await check_bot(tmp_path)
    database = await Database.open(tmp_path / FILE)
    await database.close()
    with pytest.raises(Ill, match="no bot is running"):
        await check_bot(tmp_path)


async def test_looking_keeps_no_bot_from_starting(tmp_path: Path) -> None:
    for _ in range(3):
        database = await Database.open(tmp_path / FILE)
        await check_bot(tmp_path)
        await database.close()
        with pytest.raises(Ill):
            await check_bot(tmp_path)


async def test_a_damaged_database_is_ill(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with (tmp_path / FILE).with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreDamaged):
            await check_bot(tmp_path)


async def test_an_engine_that_greets_is_well(tmp_path: Path) -> None:
    hello = wire.encode(wire.Hello(wire.VERSION))
    async with listening(tmp_path / "engine.sock", hello) as address:
        await check_engine(address)


@pytest.mark.parametrize(
    "says",
    [
        wire.encode(wire.Hello(wire.VERSION + 1)),
        wire.encode(wire.Ready()),
        b"\0\0\0\1x",
        b"HTTP/1.1",
    ],
)
async def test_what_greets_otherwise_is_ill(tmp_path: Path, says: bytes) -> None:
    async with listening(tmp_path / "engine.sock", says) as address:
        with pytest.raises(Ill):
            await check_engine(address)


async def test_an_engine_that_is_not_there_is_ill(tmp_path: Path) -> None:
    for address in (f"unix:{tmp_path / 'engine.sock'}", ""):
        with pytest.raises(Ill):
            await check_engine(address)


@pytest.mark.parametrize("arguments", [[], ["both"], ["bot", "engine"]])
def test_other_words_are_a_wrong_usage(arguments: list[str]) -> None:
    assert main(arguments) == 2
