"""The commands that draw: run, chat, draw, engine."""

import asyncio
import contextlib
import getpass
import logging
import os
import shutil
import signal
import stat
import sys
import time
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from adapters import logs
from adapters.config import Config, ConfigError, load
from adapters.console.adapter import ConsoleAdapter, open_console
from adapters.console.inbound import CHAT, PLATFORM
from adapters.console.once import Once
from adapters.locale import said
from adapters.monitor import MonitorConfig
from adapters.report import report
from bot.event import Role, User
from bot.ports import Adapter
from bot.reply import Delivery
from bot.store.sources import Sources
from bot.wording import LANGUAGE
from generation import server
from generation.config import EngineConfig

if TYPE_CHECKING:
    from adapters.build import Studio

log = logging.getLogger(__name__)

LOG_BYTES = 5 * 2**20
LOG_FILES = 3


def run(data: Path | None) -> int:
    """Start what the config enables; on a fresh clone the terminal studio."""
    config = load(data)
    if os.isatty(0) or (_someone_types() and not config.platforms):
        return _talk(config, user=None, json=False, together=True)
    _log(config, [logging.StreamHandler()])
    if not config.platforms:
        log.warning(
            said(
                "no platform is enabled; waiting jobs are drawn. `danqing chat` talks in a "
                "terminal",
                "没有开启任何平台，只继续画排队的任务。在终端里聊天请用 danqing chat",
            )
        )
    return _until_told(_serve(config, None, user="", finish=False, together=True))


def chat(data: Path | None, *, user: str | None, json: bool) -> int:
    """Open the terminal studio, or read lines from what is no terminal."""
    return _talk(load(data), user=user, json=json)


def draw(
    data: Path | None,
    text: str,
    handed_in: Mapping[Role, Path],
    *,
    out: Path | None,
    user: str | None,
    json: bool,
) -> int:
    """Draw one request through the same line; 1 if it was refused or failed.

    Raises:
        StudioError: A file is none that can be drawn on.
    """
    config = load(data)
    if out is not None and not out.absolute().parent.is_dir():
        print(said(f"{out}: no such folder", f"{out}：没有这个文件夹"), file=sys.stderr)
        return 1
    _log(config, _file(config))
    sources = Sources(config.data_dir)
    images = [sources.take(role, path) for role, path in handed_in.items()]
    face = Once(text, images, user=user or _login(), new_id=_new_id, now=time.time, quiet=json)
    alone = config.model_copy(update={"monitor": MonitorConfig()})  # nobody watches one picture
    adapter = ConsoleAdapter(face)
    told = _until_told(_serve(alone, adapter, user=user or _login(), finish=False))
    if face.answer is None:
        return told or 1
    files = _copied(face.answer, out)
    told_of = asyncio.run(report(config.data_dir, face.answer, face.heard_at, files))
    if json:
        print(msgspec.json.encode(told_of).decode())
    elif files:
        spent = "  ".join(f"{station} {s:.2f}s" for station, s in told_of["seconds"].items())
        print(*([f"  → {file}" for file in files] if out else []), f"  {spent}", sep="\n")
    return 0 if files else 1


def _copied(answer: Delivery, out: Path | None) -> list[Path]:
    """Copy the pictures to where they are wanted, and return where they are."""
    paths = [artwork.path for artwork in answer.reply.artworks]
    if out is None:
        return paths
    targets = [out.with_stem(f"{out.stem}-{n}") if n > 1 else out for n in range(1, len(paths) + 1)]
    for path, target in zip(paths, targets, strict=True):
        shutil.copyfile(path, target)
    return targets


def engine(address: str | None) -> int:
    """Be the engine process, at an address."""
    loaded = load()
    config = loaded.engine
    _log(loaded, [logging.StreamHandler()])
    if address:
        config = EngineConfig.model_validate({**config.model_dump(), "address": address})
    if not config.address:
        raise ConfigError(
            [
                said(
                    "engine: no address; say --listen unix:/path, or set engine.address",
                    "engine：没有地址，请写 --listen unix:/路径，或设置 engine.address",
                )
            ]
        )
    server.main(["--config", config.model_dump_json()])
    return 0


def _talk(config: Config, *, user: str | None, json: bool, together: bool = False) -> int:
    from adapters.guide import guide

    _log(config, _file(config))
    adapter = open_console(
        config.console,
        guide(config),
        user=user or _login(),
        history=config.data_dir / "history.txt",
        json=json,
        take=Sources(config.data_dir).take,
        new_id=_new_id,
        clock=time.monotonic,
    )
    finish = json or not sys.stdin.isatty()
    user = user or _login()
    return _until_told(_serve(config, adapter, user=user, finish=finish, together=together))


async def _serve(
    config: Config,
    console: ConsoleAdapter | None,
    *,
    user: str,
    finish: bool,
    together: bool = False,
) -> None:
    """Work until the talk is over.

    Args:
        config: All of it.
        console: The terminal, if somebody is there.
        user: Who that is.
        finish: Whether to draw and deliver all that is left when they leave.
        together: Whether the platforms that are on are served as well.
    """
    from adapters.build import Connection, Studio, connections, studio

    platforms = connections(config) if together else {}
    known: dict[str, Adapter] = {**platforms}
    if console is not None:
        known[PLATFORM] = console

    def listening(name: str, platform: Connection, made: Studio) -> Coroutine[None, None, None]:
        return platform.run(partial(made.app.hear_all, name))

    async with studio(config, known) as made:
        talks = [listening(name, one, made) for name, one in platforms.items()]
        if console is not None:
            language = made.store.preferences.language
            LANGUAGE.set(await made.store.read(language, User(PLATFORM, user), CHAT))
            talks += [_typed(console, made, finish=finish), _gone(console)]
        await made.serve(_first_of(*talks) if talks else asyncio.Event().wait())


async def _typed(console: ConsoleAdapter, made: "Studio", *, finish: bool) -> None:
    """Hear what is typed, until whoever types leaves."""

    async def hear(update_id: str, body: bytes) -> None:
        await made.app.hear(PLATFORM, update_id, body)

    await console.run(hear)
    if finish:
        await made.settled()


async def _gone(console: ConsoleAdapter) -> None:
    await console.gone.wait()


async def _first_of(*works: Coroutine[None, None, object]) -> None:
    """Return when one of them is done, and stop the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)  # the terminal is left as it was found before all else closes
    for task in done:
        task.result()


def _until_told(work: Coroutine[None, None, None]) -> int:
    """Run until it is done or a signal says stop; jobs under way begin anew next time.

    A second signal ends the process at once.
    """

    async def main() -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.remove_signal_handler(signal.SIGTERM)
            task.cancel()

        loop.add_signal_handler(signal.SIGTERM, stop)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    try:
        asyncio.run(main())
    except BaseExceptionGroup as group:  # of the stations; say the first fault plainly
        raise _first(group) from group
    return 0


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first  # pyright: ignore[reportUnknownArgumentType]


def _someone_types() -> bool:
    """Return whether standard input is a terminal, a pipe or a file, and not /dev/null."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return os.isatty(0) or stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


def _new_id() -> str:
    return uuid.uuid4().hex


def _log(config: Config, handlers: Sequence[logging.Handler]) -> None:
    logs.begin(config.log, handlers, logs.secrets_of(config))


def _file(config: Config) -> list[logging.Handler]:
    """Return a log beside the database: the terminal belongs to the talk."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    with contextlib.suppress(OSError):  # the store says what is wrong with the folder
        config.data_dir.mkdir(parents=True, exist_ok=True)
        handlers = [
            RotatingFileHandler(
                config.data_dir / "danqing.log",
                maxBytes=LOG_BYTES,
                backupCount=LOG_FILES,
                encoding="utf-8",
            )
        ]
    return handlers
