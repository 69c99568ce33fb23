"""Stands in for the engine: speaks its protocol and draws one colour.

python -m benchmarks.chat.engine SOCKET [--longest-s S]
"""

import asyncio
import sys
from argparse import ArgumentParser
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random  # noqa: TID251  how long a picture takes, from a seed

from generation.recipe import Picture, Preview, Progress, Recipe
from generation.wire import (
    VERSION,
    Answered,
    Beat,
    Cancel,
    Draw,
    Drawn,
    Hello,
    Ready,
    Told,
    encode,
    read_asked,
)
from tests.flow.killing import environment

PARTS = 4
"""So often it tells how far a picture is."""
PREVIEW_PX = 64
BEAT_S = 1.0
UP_S = 15.0
"""Within so long it listens."""

Send = Callable[[Answered], None]


class StandIn:
    """Draws each picture in its time, all of them beside each other."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._random = Random(0)  # noqa: S311  no secret

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Draw for one client, until it is gone."""

        def send(message: Answered) -> None:
            if not writer.is_closing():
                writer.write(encode(message))

        send(Hello(VERSION))
        send(Ready())
        draws = dict[int, asyncio.Task[None]]()
        beating = asyncio.create_task(_beat(send))
        try:
            while (message := await read_asked(reader)) is not None:
                if isinstance(message, Cancel):
                    if message.id in draws:
                        draws[message.id].cancel()
                    continue
                task = draws[message.id] = asyncio.create_task(self._draw(message, send))
                task.add_done_callback(lambda _, id_=message.id: draws.pop(id_, None))
        finally:
            for task in (beating, *draws.values()):
                task.cancel()
            writer.close()

    async def _draw(self, asked: Draw, send: Send) -> None:
        for index, recipe in enumerate(asked.recipes):
            took_s = self._random.random() * self._longest_s
            for part in range(PARTS + 1):
                step = recipe.steps * part // PARTS
                preview = _preview(recipe) if took_s and 0 < part < PARTS else None
                told = Progress(index=index, step=step, steps=recipe.steps, preview=preview)
                send(Told(asked.id, told))
                if took_s and part < PARTS:
                    await asyncio.sleep(took_s / PARTS)
            send(Drawn(asked.id, index, _picture(recipe, took_s)))


async def _beat(send: Send) -> None:
    while True:
        send(Beat(busy=False, steps=0))
        await asyncio.sleep(BEAT_S)


def _picture(recipe: Recipe, took_s: float) -> Picture:
    """Return what is drawn of a recipe, each time the same."""
    width, height = recipe.picture_px
    rgb = _colour(recipe) * (width * height)
    return Picture(recipe=recipe, width=width, height=height, rgb=rgb, seconds=took_s)


def _preview(recipe: Recipe) -> Preview:
    rgb = _colour(recipe) * PREVIEW_PX**2
    return Preview(width=PREVIEW_PX, height=PREVIEW_PX, rgb=rgb)


def _colour(recipe: Recipe) -> bytes:
    return recipe.seed.to_bytes(8, "big")[-3:]


@asynccontextmanager
async def stand_in(folder: Path, longest_s: float = 0.0) -> AsyncGenerator[str]:
    """Run one in a process of its own; yields its address.

    Args:
        folder: Where its socket is.
        longest_s: The most that a picture takes.
    """
    path = folder / "engine.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.chat.engine", str(path)),
        *("--longest-s", str(longest_s)),
        env=environment(),
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(UP_S):
            while not path.exists():  # noqa: ASYNC110  another process makes it
                await asyncio.sleep(0.02)
        yield f"unix:{path}"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _serve(path: str, longest_s: float) -> None:
    server = await asyncio.start_unix_server(StandIn(longest_s).speak, path)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Draw until killed."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("path", help="where to listen")
    parser.add_argument("--longest-s", type=float, default=0.0, help="the most a picture takes")
    given = parser.parse_args()
    asyncio.run(_serve(given.path, given.longest_s))


if __name__ == "__main__":
    main()
