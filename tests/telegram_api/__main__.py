"""The fake as a process: python -m tests.telegram_api --port 0, for bots in other processes."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from tests.telegram_api.control import Control
from tests.telegram_api.hooking import bringing
from tests.telegram_api.server import FakeTelegram
from tests.telegram_api.world import TOKEN, Setting, World

SAVE_S = 5.0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.telegram_api", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--token", default=TOKEN, help="of the bot")
    parser.add_argument("--flood", action="store_true", help="limit how fast may be sent")
    parser.add_argument("--can-read-all", action="store_true", help="no privacy mode")
    parser.add_argument("--forget", action="store_true", help="keep memory flat under load")
    parser.add_argument("--state", type=Path, help="a file to write what there is to be seen into")
    return parser.parse_args()


async def _serve(asked: argparse.Namespace) -> None:
    setting = Setting(
        token=asked.token,
        flood=asked.flood,
        can_read_all=asked.can_read_all,
        keep_bytes=not asked.forget,
    )
    telegram = FakeTelegram(World(setting, None))
    telegram.port = asked.port
    control = Control(telegram)
    telegram.routes = control.routes
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    await telegram.comes_up()
    try:
        where = {
            "port": telegram.port,
            "token": telegram.token,
            "base_url": telegram.base_url,
            "base_file_url": telegram.base_file_url,
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        async with bringing(telegram.world):
            await _until(ended, control, asked.state)
    finally:
        await telegram.goes_down()


async def _until(ended: asyncio.Event, control: Control, path: Path | None) -> None:
    """Wait until it is ended, and keep the file of the state fresh meanwhile."""
    if path is None:
        await ended.wait()
        return
    saving = asyncio.ensure_future(control.saving(path, SAVE_S))
    await ended.wait()
    saving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await saving
    control.save(path)


if __name__ == "__main__":
    asyncio.run(_serve(_asked()))
