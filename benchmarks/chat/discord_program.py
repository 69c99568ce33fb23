"""The real program on a strict Discord."""

from benchmarks.chat.program import environ
from tests.discord_api.server import FakeDiscord


def settings(discord: FakeDiscord, engine: str = "") -> dict[str, str]:
    """Return the environment of a program that serves on a Discord; see `environ`."""
    told = {
        "DANQING_DISCORD__TOKEN": discord.token,
        "DANQING_DISCORD__API_BASE": discord.api_base,
        "DANQING_DISCORD__GATEWAY_URL": discord.gateway_url,
        "DANQING_DISCORD__CDN_BASE": discord.cdn_base,
    }
    return environ(told, engine)


def is_up(discord: FakeDiscord) -> bool:
    """Return whether the program hears what is said, and people see its commands."""
    return discord.connected and bool(discord.world.commands.of(None))
