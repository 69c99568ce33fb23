"""Whether a container is well: `python -m adapters.health bot`, or `engine`; exit code 0 or 1."""

import asyncio
import fcntl
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from adapters.config import ConfigError, load
from bot.errors import StoreError
from bot.store.reader import reading
from bot.store.store import FILE
from generation import wire

PATIENCE_S = 5.0
"""How long an answer may take."""


class Ill(Exception):
    """What is wrong."""


def main(arguments: Sequence[str]) -> int:
    """Look at the bot or the engine, and say what was found."""
    try:
        config = load()
        match arguments:
            case ["bot"]:
                asyncio.run(check_bot(config.data_dir))
            case ["engine"]:
                asyncio.run(check_engine(config.engine.address))
            case _:
                print("python -m adapters.health bot | engine", file=sys.stderr)  # noqa: T201
                return 2
    except (Ill, ConfigError, StoreError, TimeoutError) as error:
        print(str(error) or type(error).__name__)  # noqa: T201  shown by `docker inspect`
        return 1
    print("well")  # noqa: T201
    return 0


async def check_bot(data: Path) -> None:
    """See that a living process owns the data folder, and that its database answers.

    Raises:
        Ill: Nobody owns it.
        StoreError: The database does not answer.
    """
    try:
        with (data / FILE).with_suffix(".lock").open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # as it should be: the bot holds it as long as it lives
    except OSError as error:
        raise Ill(f"no bot has used {data}: {error}") from error
    else:
        raise Ill(f"no bot is running on {data}")
    async with asyncio.timeout(PATIENCE_S), reading(data) as reader:
        await reader.jobs(1)


async def check_engine(address: str) -> None:
    """See that an engine listens at the address and speaks our protocol.

    Raises:
        Ill: It does not.
    """
    if not address.startswith("unix:"):
        raise Ill(f"engine.address is {address!r}, not unix:/path: the engine is the bot's child")
    try:
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    except OSError as error:
        raise Ill(f"no engine listens at {address}: {error}") from error
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await wire.read_answered(reader)
    except wire.Garbled as error:
        raise Ill(f"what listens at {address} is no engine: {error}") from error
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    if said != wire.Hello(wire.VERSION):
        raise Ill(f"the engine at {address} said {said}, not the hello of version {wire.VERSION}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
