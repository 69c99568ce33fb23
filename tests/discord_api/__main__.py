"""The fake as a process: python -m tests.discord_api --port 0, for bots in other processes."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from tests.discord_api.control import Control
from tests.discord_api.server import FakeDiscord
from tests.discord_api.spec import SPEC
from tests.discord_api.world import TOKEN, Setting, World

SAVE_S = 5.0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.discord_api", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--token", default=TOKEN, help="of the bot")
    parser.add_argument("--limits", action="store_true", help="limit how many calls there may be")
    parser.add_argument("--message-content", action="store_true", help="grant that intent")
    parser.add_argument("--no-compress", action="store_true", help="send all events plain")
    parser.add_argument("--forget", action="store_true", help="keep memory flat under load")
    parser.add_argument("--no-spec", action="store_true", help="hold nothing against Discord's own")
    parser.add_argument("--state", type=Path, help="a file to write what there is to be seen into")
    return parser.parse_args()


def _setting(asked: argparse.Namespace) -> Setting:
    return Setting(
        token=asked.token,
        limits=asked.limits,
        message_content=asked.message_content,
        compress=not asked.no_compress,
        keep_bytes=not asked.forget,
        spec=None if asked.no_spec else SPEC,
    )


async def _serve(asked: argparse.Namespace) -> None:
    discord = FakeDiscord(World(_setting(asked), None))
    discord.port = asked.port
    control = Control(discord)
    discord.routes = control.routes
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    await discord.comes_up()
    try:
        where = {
            "port": discord.port,
            "token": discord.token,
            "api_base": discord.api_base,
            "gateway_url": discord.gateway_url,
            "cdn_base": discord.cdn_base,
            "application_id": str(discord.application_id),
            "bot_id": str(discord.bot_id),
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        await _until(ended, control, asked.state)
    finally:
        await discord.goes_down()


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
