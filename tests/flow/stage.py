"""The whole studio on Telegram: a strict server on a real socket, and people."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.config import TelegramConfig
from adapters.telegram.limits import MESSAGES
from bot.address import ChatConfig
from bot.job import Job, State
from bot.reply import Limits
from bot.role import RoleConfig, Roles
from tests.fakes import FakeEngine
from tests.flow.studio import MakeEngine, Studio, studio
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.server import FakeTelegram, fake_telegram

PLATFORM = "telegram"
SWIFT = replace(MESSAGES, private_s=0.1, group_s=0.2, private_rate=None, group_rate=None)
"""Of a Telegram that does not count: nobody wants to wait for what is not tested."""


class Stage:
    """The studio on one Telegram, all its stations running."""

    def __init__(self, telegram: FakeTelegram, adapter: TelegramAdapter, studio: Studio) -> None:
        self.telegram = telegram
        self.adapter = adapter
        self.studio = studio
        self.store = studio.store
        self.engine = studio.engine

    async def answer_to(self, message: Message, words: str = "") -> Message:
        """Wait for the bot's answer to a message, with some words in it."""
        bot = (self.telegram.world.bot, None)  # in a channel nobody is named
        return await self.telegram.until(
            lambda: next(
                (
                    m
                    for m in reversed(message.chat.messages)
                    if m.reply_to is message and m.author in bot and words in m.text
                ),
                None,
            )
        )

    async def shows(self, message: Message, words: str) -> Message:
        """Wait until a message shows some words."""
        await self.telegram.until(lambda: words in message.text)
        return message

    async def in_chat(self, chat: Chat, words: str) -> Message:
        """Wait until the newest message of the bot in a chat has some words."""
        return await self.telegram.until(
            lambda: next((m for m in reversed(self.telegram.said(chat)) if words in m.text), None)
        )

    async def job(self, id_: int) -> Job:
        return await self.studio.job(id_)

    async def until(self, job_id: int, state: State) -> None:
        """Wait until a job is at a station."""
        await self.studio.until(job_id, state)


@asynccontextmanager
async def running(
    folder: Path,
    telegram: FakeTelegram,
    config: Mapping[str, Any] | None = None,
    *,
    roles: dict[str, RoleConfig] | None = None,
    engine: MakeEngine = FakeEngine,
    at_once: int = 4,
    limits: Limits = SWIFT,
) -> AsyncGenerator[Stage]:
    """Run the studio on a Telegram that may have been there before."""
    adapter = on(telegram, config, roles, limits)
    talking = {PLATFORM: adapter}
    async with studio(folder, talking, roles=roles, engine=engine, at_once=at_once) as made:
        yield Stage(telegram, adapter, made)


def on(
    telegram: FakeTelegram,
    config: Mapping[str, Any] | None = None,
    roles: dict[str, RoleConfig] | None = None,
    limits: Limits = SWIFT,
) -> TelegramAdapter:
    """Return an adapter that speaks to it."""
    where = {"base_url": telegram.base_url, "base_file_url": telegram.base_file_url}
    told = {"token": telegram.token, **where, "poll_s": 5, **(config or {})}
    settings = TelegramConfig.model_validate(told)
    return TelegramAdapter(settings, ChatConfig(), Roles(roles), limits)


@asynccontextmanager
async def stage(folder: Path, **setting: Any) -> AsyncGenerator[Stage]:
    """Open a Telegram and run the studio on it; what it should not have been asked fails."""
    async with fake_telegram(**setting) as telegram:
        async with running(folder, telegram) as played:
            yield played
        assert telegram.refused == []
