"""What the engine's process tells of itself."""

import asyncio
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import torch

from generation import wire
from generation.config import EngineConfig
from generation.meter import Meter, resident_bytes


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    rows: int
    model: str = "tiny"
    shape: str = "square"
    owner: str = "me"
    step_cost: float = 1.0
    whole_cost: float = 4.0


def test_batches_and_their_rows_are_counted() -> None:
    meter = Meter()

    def cap(_: Row) -> int:
        return 3

    scheduler = meter.scheduler(cap=cap, seats=1)
    for canvas in (Row(name="a", rows=2), Row(name="b", rows=1), Row(name="c", rows=1)):
        scheduler.admit(canvas)
    scheduler.seat()
    scheduler.served(scheduler.next_batch())
    scheduler.served([])
    assert (meter.batches, meter.rows) == (1, 3)
    assert scheduler.faults() == []


def test_memory_is_told_once_the_device_is_known(tmp_path: Path) -> None:
    meter = Meter()
    assert meter.memory_bytes() == 0
    meter.device = torch.device("cpu")
    assert meter.memory_bytes() > 2**20
    assert resident_bytes(tmp_path / "none") == 0


async def heard(beat: Mapping[str, object]) -> object:
    reader = asyncio.StreamReader()
    body = msgspec.msgpack.encode({"type": "Beat", **beat})
    reader.feed_data(len(body).to_bytes(4, "big") + body)
    return await wire.read_answered(reader)


async def test_a_sign_of_life_is_read_from_older_and_from_newer_engines() -> None:
    assert await heard({"busy": True, "steps": 3}) == wire.Beat(busy=True, steps=3)
    newer = {"busy": False, "steps": 3, "batches": 2, "rows": 5, "memory_bytes": 7, "mood": "good"}
    found = wire.Beat(busy=False, steps=3, batches=2, rows=5, memory_bytes=7)
    assert await heard(newer) == found


@pytest.mark.slow
async def test_a_real_engine_tells_of_its_rows_and_its_memory(models: dict[str, Path]) -> None:
    config = EngineConfig(models={"tiny": models["v"]}, threads=1, device="cpu", heartbeat_s=0.05)
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "generation.server"),
            *("--fd", str(theirs.fileno()), "--config", config.model_dump_json()),
            pass_fds=(theirs.fileno(),),
        )
    while not isinstance(told := await wire.read_answered(reader), wire.Beat):
        assert told is not None
    # it has drawn once to warm up, with guidance: two rows
    assert (told.batches, told.rows) == (1, 2)
    assert told.memory_bytes > 2**20
    writer.close()
    await writer.wait_closed()
    await process.wait()
