"""The commands that keep, hand out and forget data: backup, restore, export, forget."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from adapters.config import ConfigError, load
from adapters.console import inbound
from adapters.locale import said
from bot.event import Event, Said, User
from bot.store import privacy
from bot.store.backup import back_up
from bot.store.backup import restore as put_back
from bot.store.database import read_only
from bot.store.limits import QueueConfig
from bot.store.privacy import Known
from bot.store.store import FILE, Store

T = TypeVar("T")


def backup(data: Path | None, file: Path) -> int:
    """Write a backup of the data folder; the studio may be running."""
    folder = _folder(data)

    def tell(count: int) -> None:
        print(said(f"{count} files", f"{count} 个文件"), file=sys.stderr)  # noqa: T201  it speaks

    return _told(
        lambda: back_up(folder, file, tell),
        lambda count: said(
            f"{file}: the database and {count} files", f"{file}：数据库和 {count} 个文件"
        ),
    )


def restore(data: Path | None, file: Path) -> int:
    """Put a backup into a data folder that nothing is in yet."""
    folder = load(data).data_dir
    return _told(
        lambda: put_back(file, folder),
        lambda count: said(
            f"{folder}: the database and {count} files are back",
            f"{folder}：数据库和 {count} 个文件恢复好了",
        ),
    )


def export(data: Path | None, user: str, to: Path) -> int:
    """Write all that is kept of a user into a folder; the studio may be running."""
    folder, key = _folder(data), _user(user).key
    return _told(lambda: asyncio.run(_export(folder, key, to)), lambda found: _counts(key, found))


def forget(data: Path | None, user: str) -> int:
    """Remove all that is kept of a user; the studio must not be running."""
    folder, who = _folder(data), _user(user)

    def words(found: Known) -> str:
        done = said(": forgotten", "，都删除了") if found.anything else ""
        return _counts(who.key, found) + done

    return _told(lambda: asyncio.run(_forget(folder, who)), words)


def whose(platform: str, body: bytes) -> str | None:
    """Return the key of who sent an update that nobody has answered yet."""
    try:
        event = _event(platform, body)
    except ValueError:
        return None
    return event.user.key if isinstance(event, Said) else None


def _event(platform: str, body: bytes) -> Event | None:
    if platform == inbound.PLATFORM:
        return inbound.to_event(body)
    if platform == "telegram":
        from adapters.telegram import inbound as telegram  # with all of its types, on use

        return telegram.to_event(body, telegram.Ears())
    if platform == "discord":
        from adapters.discord import inbound as discord  # with its library, on use

        return discord.to_event(body, discord.Ears())
    return None


def _told(work: Callable[[], T], words: Callable[[T], str]) -> int:
    """Do it and say so, or say what the disk has against it."""
    try:
        found = work()
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}", file=sys.stderr)  # noqa: T201  it speaks
        return 1
    print(words(found))  # noqa: T201  it speaks to the operator
    return 1 if isinstance(found, Known) and not found.anything else 0


def _folder(data: Path | None) -> Path:
    """Return the data folder.

    Raises:
        ConfigError: There is no database in it.
    """
    folder = load(data).data_dir
    if not (folder / FILE).exists():
        raise ConfigError([said(f"{folder}: no data yet", f"{folder}：还没有数据")])
    return folder


def _user(key: str) -> User:
    platform, colon, id_ = key.partition(":")
    if not (platform and colon and id_):
        words = said(
            f"{key}: say who as platform:id, like console:me",
            f"{key}：请写成 平台:编号，例如 console:阿青",
        )
        raise ConfigError([words])
    return User(platform, id_)


def _counts(key: str, found: Known) -> str:
    if not found.anything:
        return said(f"{key}: nothing is kept", f"{key}：没有任何数据")
    return said(
        f"{key}: {found.artworks} artworks, {found.jobs} jobs, {found.favourites} favourites",
        f"{key}：{found.artworks} 幅作品，{found.jobs} 个任务，{found.favourites} 个收藏",
    )


async def _export(folder: Path, key: str, to: Path) -> Known:
    connection = await read_only(folder / FILE)
    try:
        return await privacy.export(connection, folder, key, to)
    finally:
        await connection.close()


async def _forget(folder: Path, user: User) -> Known:
    store = await Store.open(folder, QueueConfig(), [], time.time)
    try:
        return await privacy.forget(store, user, whose)
    finally:
        await store.close()
