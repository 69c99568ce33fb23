"""The whole studio on Telegram: a strict server on a real socket, and people."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from time import time
from typing import Any

from adapters.build import Labels, Sketches, policy
from adapters.config import Config
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.config import TelegramConfig
from adapters.telegram.limits import MESSAGES
from bot.address import ChatConfig
from bot.app import App
from bot.courier import Courier
from bot.job import Job, State
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.quota import Quota, QuotaConfig
from bot.reply import Limits
from bot.role import RoleConfig, Roles
from bot.rules import Rules
from bot.store.limits import QueueConfig
from bot.store.store import Store
from bot.style import Styles
from bot.words.judge import Words
from tests.fakes import FakeEngine
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.server import FakeTelegram, fake_telegram

PLATFORM = "telegram"
SWIFT = replace(MESSAGES, private_s=0.1, group_s=0.2, private_rate=None, group_rate=None)
"""Of a Telegram that does not count: nobody wants to wait for what is not tested."""


class Stage:
    """The studio on one Telegram, all its stations running."""

    def __init__(
        self, telegram: FakeTelegram, store: Store, adapter: TelegramAdapter, engine: FakeEngine
    ) -> None:
        self.telegram = telegram
        self.store = store
        self.adapter = adapter
        self.engine = engine

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
        job = await self.store.read(self.store.queue.get, id_)
        assert job is not None
        return job

    async def until(self, job_id: int, state: State) -> None:
        """Wait until a job is at a station."""
        async with asyncio.timeout(20):
            while True:
                seen = self.store.commits
                job = await self.store.read(self.store.queue.get, job_id)
                if job is not None and job.state is state:
                    return
                await self.store.after(seen, 0.2)


@asynccontextmanager
async def running(
    folder: Path,
    telegram: FakeTelegram,
    config: Mapping[str, Any] | None = None,
    *,
    roles: dict[str, RoleConfig] | None = None,
    engine: Callable[[Callable[[str], bytes]], FakeEngine] = FakeEngine,
    at_once: int = 4,
    limits: Limits = SWIFT,
) -> AsyncGenerator[Stage]:
    """Run the studio on a Telegram that may have been there before."""
    where = {"base_url": telegram.base_url, "base_file_url": telegram.base_file_url}
    told = {"token": telegram.token, **where, "poll_s": 5, **(config or {})}
    settings = TelegramConfig.model_validate(told)
    known = Roles(roles)
    adapter = TelegramAdapter(settings, ChatConfig(), known, limits)
    store = await Store.open(folder, QueueConfig(drawing_per_user=4), [PLATFORM], time)
    try:
        stage = Stage(telegram, store, adapter, engine(store.sources.read))
        styles, pace = Styles.load(), Pace(time)
        adapters = {PLATFORM: adapter}
        courier = Courier(store, adapters, Sketches(LabelConfig()))
        rules = Rules(
            policy=policy(Config()),
            quota=Quota(QuotaConfig(), known),
            roles=known,
            words=Words.load(),
        )
        app = App(store, adapters, styles, rules, pace, partial(next, count(1)))
        painter = Painter(
            store, styles, stage.engine, courier, Labels(LabelConfig()), pace, in_flight=at_once
        )
        stations = [
            asyncio.ensure_future(station)
            for station in (
                *(app.run(), painter.run(), courier.run()),
                adapter.run(partial(app.hear_all, PLATFORM)),
            )
        ]
        try:
            yield stage
        finally:
            for station in stations:
                station.cancel()
            await asyncio.wait(stations)
        ended = [s.exception() for s in stations if not s.cancelled()]
        assert ended == []
    finally:
        store.sources.close()
        await store.close()


@asynccontextmanager
async def stage(folder: Path, **setting: Any) -> AsyncGenerator[Stage]:
    """Open a Telegram and run the studio on it; what it should not have been asked fails."""
    async with fake_telegram(**setting) as telegram:
        async with running(folder, telegram) as played:
            yield played
        assert telegram.refused == []
