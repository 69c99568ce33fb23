"""What the bot asks about: itself, servers, people, channels."""

from tests.discord_api.channel import Channel
from tests.discord_api.finding import channel_of, check_open, guild_of, message_of
from tests.discord_api.message import HAS_THREAD, THREAD_NOTE, THREAD_STARTER, Body
from tests.discord_api.refusal import (
    HAS_THREAD as HAS_ONE_ALREADY,
)
from tests.discord_api.refusal import (
    INVALID_RECIPIENT,
    MISSING_PERMISSIONS,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    WRONG_CHANNEL_TYPE,
    Form,
    Json,
    bad,
    forbidden,
    not_found,
)
from tests.discord_api.request import Reply, Request
from tests.discord_api.world import World

LASTS_MINUTES = [60, 1440, 4320, 10080]
PUBLIC, PRIVATE = 11, 12


def me(world: World, asked: Request) -> Json:
    """Return the bot's account."""
    del asked
    more: Json = {"mfa_enabled": True, "verified": True, "email": None, "locale": "en-US"}
    return world.bot.raw | more


def application(world: World, asked: Request) -> Json:
    """Return the bot's application."""
    del asked
    install = {"oauth2_install_params": {"scopes": ["applications.commands"], "permissions": "0"}}
    return {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": world.bot.raw,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": world.application_flags,
        "flags_new": str(world.application_flags),
        "owner": world.owner.raw,
        "team": None,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": sum(guild.has_bot for guild in world.guilds.values()),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": install, "1": {}},
    }


def gateway(world: World, asked: Request) -> Json:
    """Return where the gateway is."""
    del asked
    return {"url": world.gateway_url}


def gateway_bot(world: World, asked: Request) -> Json:
    """Return where the gateway is, and how many sessions may be begun."""
    del asked
    return {
        "url": world.gateway_url,
        "shards": world.setting.shards,
        "session_start_limit": world.sessions.limit,
    }


def user(world: World, asked: Request) -> Json:
    """Return somebody's account."""
    found = world.users.get(asked.id("user_id"))
    if found is None:
        raise not_found(UNKNOWN_USER)
    return found.raw


def guild(world: World, asked: Request) -> Json:
    """Return a server."""
    return guild_of(world, asked.id("guild_id")).raw


def member(world: World, asked: Request) -> Json:
    """Return what somebody is in a server."""
    found = guild_of(world, asked.id("guild_id")).members.get(asked.id("user_id"))
    if found is None:
        once = asked.id("user_id") in world.users
        raise not_found(UNKNOWN_MEMBER if once else UNKNOWN_USER, benign=once)
    return found.raw


def channel(world: World, asked: Request) -> Json:
    """Return a channel."""
    return channel_of(world, asked.id("channel_id")).raw


def direct(world: World, asked: Request) -> Json:
    """Return the place where somebody talks with the bot."""
    number = str(asked.fields.get("recipient_id", ""))
    found = world.users.get(int(number)) if number.isdigit() else None
    if found is None or found.is_bot:
        raise bad(INVALID_RECIPIENT) if found else not_found(UNKNOWN_USER)
    for one in world.channels.values():
        if one.recipient is found:
            return one.raw
    return world.talk_with(found).raw


# ── threads ─────────────────────────────────────────────────────────────────────────────────


def open_thread(world: World, asked: Request) -> Reply:
    """Open a thread."""
    parent = _holder(world, asked)
    kind = asked.fields.get("type", PRIVATE)
    form = Form()
    form.choice(kind, "type", [PUBLIC, PRIVATE])
    form.check()
    needed = "CREATE_PUBLIC_THREADS" if kind == PUBLIC else "CREATE_PRIVATE_THREADS"
    if not parent.may(needed):
        raise forbidden(MISSING_PERMISSIONS)
    return Reply(201, _opened(world, parent, asked, kind).raw)


def open_from_message(world: World, asked: Request) -> Reply:
    """Open a thread from a message."""
    parent = _holder(world, asked, "READ_MESSAGE_HISTORY")
    message = message_of(world, parent, asked.id("message_id"))
    if not parent.may("CREATE_PUBLIC_THREADS"):
        raise forbidden(MISSING_PERMISSIONS)
    if message.thread is not None:
        raise bad(HAS_ONE_ALREADY, benign=True)
    message.thread = _opened(world, parent, asked, PUBLIC, message.id)
    message.body.flags |= HAS_THREAD
    world.tell_of_message(message, "MESSAGE_UPDATE")
    world.post(message.thread, message.author, Body(), kind=THREAD_STARTER, reply_to=message)
    return Reply(201, message.thread.raw)


def _holder(world: World, asked: Request, *permissions: str) -> Channel:
    """Return the channel that is to hold a thread.

    Raises:
        Refusal: Threads are opened in channels alone.
    """
    parent = channel_of(world, asked.id("channel_id"), *permissions)
    if parent.is_thread or parent.is_direct:
        raise bad(WRONG_CHANNEL_TYPE, benign=True)
    return parent


def _opened(
    world: World,
    parent: Channel,
    asked: Request,
    kind: int,
    number: int | None = None,
) -> Channel:
    """Return a new thread.

    Args:
        world: Where.
        parent: In which channel.
        asked: How it is to be.
        kind: Public or private.
        number: The message that it is opened from.
    """
    form, given = Form(), asked.fields
    name = form.text(given.get("name"), "name", 100, 1, needed=True)
    if given.get("auto_archive_duration") is not None:
        form.choice(given["auto_archive_duration"], "auto_archive_duration", LASTS_MINUTES)
    form.check()
    thread = parent.opens(name, kind, world.bot, number)
    thread.lasts_minutes = given.get("auto_archive_duration") or thread.lasts_minutes
    if number is None and kind == PUBLIC:
        check_open(parent)
        world.post(parent, world.bot, Body(content=name), kind=THREAD_NOTE)
    return thread
