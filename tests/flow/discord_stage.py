"""The whole studio on Discord: a strict server on real sockets, and people."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.config import DiscordConfig
from adapters.discord.limits import MESSAGES
from bot.address import ChatConfig
from bot.reply import Limits
from bot.role import RoleConfig
from bot.style import Styles
from tests.discord_api.channel import Channel
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.server import FakeDiscord, fake_discord
from tests.fakes import FakeEngine
from tests.flow.studio import MakeEngine, Studio, studio

PLATFORM = "discord"
SWIFT = replace(MESSAGES, private_s=0.1, group_s=0.2)
"""Nobody wants to wait for what is not tested."""


class Stage:
    """The studio on one Discord, all its stations running."""

    def __init__(self, discord: FakeDiscord, adapter: DiscordAdapter, studio: Studio) -> None:
        self.discord = discord
        self.adapter = adapter
        self.studio = studio
        self.store = studio.store
        self.engine = studio.engine

    async def answer_to(self, asked: Interaction | Message, words: str = "") -> Message:
        """Wait for the bot's answer to a command or a message, with some words in it."""
        return await self.discord.until(lambda: self._answer(asked, words))

    async def shows(self, message: Message, words: str) -> Message:
        """Wait until a message shows some words."""
        await self.discord.until(lambda: words in message.content)
        return message

    async def in_channel(self, channel: Channel, words: str) -> Message:
        """Wait until the newest message of the bot in a channel has some words."""
        return await self.discord.until(
            lambda: next(
                (m for m in reversed(self.discord.said(channel)) if words in m.content), None
            )
        )

    async def whispered(self, asked: Interaction, words: str = "") -> Message:
        """Wait for what is said beside a press, with some words in it."""
        return await self.discord.until(
            lambda: next((m for m in asked.followups if words in m.content), None)
        )

    def _answer(self, asked: Interaction | Message, words: str) -> Message | None:
        if isinstance(asked, Interaction):
            message = asked.message
            there = message is not None and not message.loading and words in message.content
            return message if there else None
        said = reversed(self.discord.said(asked.channel))
        return next((m for m in said if m.reply_to is asked and words in m.content), None)


@asynccontextmanager
async def running(
    folder: Path,
    discord: FakeDiscord,
    config: Mapping[str, Any] | None = None,
    *,
    roles: dict[str, RoleConfig] | None = None,
    engine: MakeEngine = FakeEngine,
    at_once: int = 4,
    limits: Limits = SWIFT,
) -> AsyncGenerator[Stage]:
    """Run the studio on a Discord that may have been there before."""
    adapter = on(folder, discord, config, limits)
    talking = {PLATFORM: adapter}
    async with studio(folder, talking, roles=roles, engine=engine, at_once=at_once) as made:
        await discord.until(lambda: adapter.connected and discord.world.commands.of(None))
        yield Stage(discord, adapter, made)


def on(
    folder: Path,
    discord: FakeDiscord,
    config: Mapping[str, Any] | None = None,
    limits: Limits = SWIFT,
) -> DiscordAdapter:
    """Return an adapter that speaks to it."""
    where = {"api_base": discord.api_base, "gateway_url": discord.gateway_url}
    told = {"token": discord.token, **where, "cdn_base": discord.cdn_base, **(config or {})}
    settings = DiscordConfig.model_validate(told)
    return DiscordAdapter(settings, ChatConfig(), Styles.load(), folder / "discord.json", limits)


@asynccontextmanager
async def stage(folder: Path, **setting: Any) -> AsyncGenerator[Stage]:
    """Open a Discord and run the studio on it; what it should not have been asked fails."""
    async with fake_discord(**setting) as discord:
        async with running(folder, discord) as played:
            yield played
        assert discord.refused == []
