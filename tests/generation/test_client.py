"""The client and a real engine process: drawing, cancelling, killing."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from generation.client import EngineClient
from generation.config import EngineConfig
from generation.errors import BadRecipe, BrokenModel, EngineLost, UnknownModel
from generation.recipe import Progress
from tests.generation.factory import SIDE, recipe

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

CAT = recipe()
LONG = replace(CAT, steps=250, sampler="heun")
"""Takes seconds."""


@pytest.fixture(scope="module")
def config(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    return EngineConfig(
        models={"tiny": models["v"], "broken": tmp_path_factory.mktemp("broken")},
        threads=1,
        preview_every_s=0.001,
        heartbeat_s=0.2,
        silence_s=4.0,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(config: EngineConfig) -> AsyncIterator[EngineClient]:
    client = EngineClient(config)
    yield client
    await client.close()


def ignore(_: Progress) -> None:
    pass


class Told:
    """Keeps what it is told, and can be waited on for the first step."""

    def __init__(self) -> None:
        self.all: list[Progress] = []
        self.drawing = asyncio.Event()

    def __call__(self, progress: Progress) -> None:
        self.all.append(progress)
        if progress.step:
            self.drawing.set()


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    await asyncio.to_thread(psutil.Process(pid).wait, timeout=30)


async def test_warming_up_does_not_block_and_ends_in_being_ready(engine: EngineClient) -> None:
    engine.warm()
    assert not engine.ready.is_set()
    await engine.ready.wait()
    assert engine.pid


async def test_pictures_come_back_in_order(engine: EngineClient) -> None:
    asked = [CAT, replace(CAT, seed=8), replace(CAT, width=SIDE * 2)]
    pictures = await engine.draw(asked, ignore)
    assert [picture.recipe for picture in pictures] == asked
    assert [len(picture.rgb) for picture in pictures] == [p.width * p.height * 3 for p in asked]


async def test_steps_are_told_from_the_first_to_the_last(engine: EngineClient) -> None:
    told = Told()
    await engine.draw([CAT, replace(CAT, seed=8)], told)
    for index in (0, 1):
        mine = [progress for progress in told.all if progress.index == index]
        assert [progress.step for progress in mine] == [0, 1, 2, 3, 4]
        assert {progress.steps for progress in mine} == {4}
        assert [bool(progress.preview) for progress in mine] == [False, True, True, True, False]
        for preview in (progress.preview for progress in mine if progress.preview):
            assert len(preview.rgb) == preview.width * preview.height * 3


async def test_nothing_asked_is_nothing_drawn(engine: EngineClient) -> None:
    assert await engine.draw([], ignore) == []


async def test_draws_of_several_jobs_share_the_engine(engine: EngineClient) -> None:
    draws = [engine.draw([replace(CAT, seed=seed)], ignore) for seed in range(4)]
    pictures = await asyncio.gather(*draws)
    assert [picture.recipe.seed for (picture,) in pictures] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"model": "nobody"}, UnknownModel),
        ({"model": "broken"}, BrokenModel),
        ({"sampler": "magic"}, BadRecipe),
        ({"prompt": "\ud800"}, BadRecipe),
        ({"seed": 1 << 70}, BadRecipe),
    ],
    ids=str,
)
async def test_what_cannot_be_drawn_says_why_and_costs_nobody_else(
    engine: EngineClient, wrong: dict[str, object], kind: type[Exception]
) -> None:
    before = engine.pid
    good = asyncio.create_task(engine.draw([CAT], ignore))
    with pytest.raises(kind):
        await engine.draw([CAT, recipe(**wrong)], ignore)
    assert await good
    assert engine.pid == before


async def test_a_cancelled_draw_is_off_the_engine(engine: EngineClient) -> None:
    told = Told()
    drawing = asyncio.create_task(engine.draw([LONG] * 4, told))
    await told.drawing.wait()
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    (picture,) = await engine.draw([CAT], ignore)
    assert picture.seconds < 1.0  # the others would have shared each of its steps
    so_far = len(told.all)
    await engine.draw([CAT], ignore)
    assert len(told.all) == so_far


async def test_after_kill_9_the_draw_is_lost_and_the_next_is_the_same_picture(
    engine: EngineClient,
) -> None:
    (before,) = await engine.draw([CAT], ignore)
    told = Told()
    drawing = asyncio.create_task(engine.draw([LONG], told))
    await told.drawing.wait()
    first = engine.pid
    assert first
    os.kill(first, signal.SIGKILL)
    with pytest.raises(EngineLost) as lost:
        await drawing
    assert lost.value.retry
    assert not engine.ready.is_set()
    (after,) = await engine.draw([CAT], ignore)
    assert after.rgb == before.rgb
    assert engine.pid != first


async def test_an_engine_that_stands_still_is_killed(engine: EngineClient) -> None:
    told = Told()
    drawing = asyncio.create_task(engine.draw([LONG], told))
    await told.drawing.wait()
    stopped = engine.pid
    assert stopped
    await engine.ready.wait()
    os.kill(stopped, signal.SIGSTOP)
    with pytest.raises(EngineLost, match="心跳"):
        await drawing
    assert not psutil.pid_exists(stopped)


async def test_an_engine_that_cannot_start_says_so(config: EngineConfig) -> None:
    client = EngineClient(config.model_copy(update={"device": "abacus"}))
    with pytest.raises(EngineLost, match="abacus"):
        await client.draw([CAT], ignore)
    await client.close()


async def test_closing_ends_the_process_and_what_was_being_drawn(config: EngineConfig) -> None:
    client = EngineClient(config)
    drawing = asyncio.create_task(client.draw([CAT], ignore))
    async with asyncio.timeout(30):
        while not (pid := client.pid):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await client.close()
    with pytest.raises(EngineLost, match="关闭"):
        await drawing
    assert not psutil.pid_exists(pid)


BOT = """
import asyncio, sys
from generation.client import EngineClient
from generation.config import EngineConfig

async def main():
    client = EngineClient(EngineConfig.model_validate_json(sys.argv[1]))
    client.warm()
    while not client.pid:
        await asyncio.sleep(0.01)
    print(client.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_when_the_bot_is_killed_its_engine_ends(config: EngineConfig) -> None:
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, config.model_dump_json(), stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout
    pid = int(await bot.stdout.readline())
    bot.kill()
    await bot.wait()
    await gone(pid)


async def test_an_engine_that_is_told_garbage_hangs_up(config: EngineConfig) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "generation.server", "--config", config.model_dump_json()),
            *("--fd", str(theirs.fileno())),
            pass_fds=(theirs.fileno(),),
            stderr=asyncio.subprocess.PIPE,
        )
    _, writer = await asyncio.open_connection(sock=ours)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    _, log = await process.communicate()
    assert b"cut off" in log
    writer.close()


async def test_an_engine_of_its_own_outlives_its_clients(
    config: EngineConfig, tmp_path: Path
) -> None:
    config = config.model_copy(update={"address": f"unix:{tmp_path}/engine.sock"})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "generation.server", "--config", config.model_dump_json()),
        stderr=asyncio.subprocess.DEVNULL,
    )
    for _ in range(2):
        client = EngineClient(config)
        assert await client.draw([CAT], ignore)
        assert client.pid is None
        await client.close()
    process.terminate()
    assert await process.wait() == 0
