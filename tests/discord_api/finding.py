"""What a call names: a channel, a message, a server."""

from tests.discord_api.channel import Channel, lacks
from tests.discord_api.guild import Guild
from tests.discord_api.message import Message
from tests.discord_api.refusal import (
    ARCHIVED,
    LOCKED,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MESSAGE,
    bad,
    forbidden,
    not_found,
)
from tests.discord_api.world import World


def channel_of(world: World, channel_id: int, *permissions: str) -> Channel:
    """Return a channel that the bot sees, and where it may do some things.

    Raises:
        Refusal: There is none, or it may not.
    """
    channel = world.channels.get(channel_id)
    if channel is None or channel.gone:
        raise not_found(UNKNOWN_CHANNEL, benign=channel is not None)
    if not channel.there or not channel.may("VIEW_CHANNEL"):
        raise forbidden(MISSING_ACCESS)
    if lacks(channel, *permissions) is not None:
        raise forbidden(MISSING_PERMISSIONS)
    return channel


def message_of(world: World, channel: Channel, message_id: int) -> Message:
    """Return a message that is there and that not only one person sees.

    Raises:
        Refusal: There is none.
    """
    message = channel.messages.get(message_id)
    if message is None or message.ephemeral:
        once = message_id in channel.deleted or not world.setting.keep_bytes
        raise not_found(UNKNOWN_MESSAGE, benign=once)
    return message


def guild_of(world: World, guild_id: int) -> Guild:
    """Return a server that the bot is in.

    Raises:
        Refusal: There is none.
    """
    guild = world.guilds.get(guild_id)
    if guild is None or not guild.has_bot:
        raise not_found(UNKNOWN_GUILD, benign=guild is not None)
    return guild


def check_open(channel: Channel) -> None:
    """Bring a thread back if it was put away.

    Raises:
        Refusal: It is locked, and the bot no moderator.
    """
    if channel.locked and not channel.may("MANAGE_THREADS"):
        raise bad(LOCKED, benign=True)
    if channel.archived:
        channel.unarchive()


def check_not_archived(channel: Channel) -> None:
    """Refuse what is not to be done in a thread that was put away."""
    if channel.archived:
        raise bad(ARCHIVED, benign=True)
