"""Messages in channels."""

from typing import Any

from tests.discord_api.body import Place, read_edit, read_new
from tests.discord_api.channel import Channel
from tests.discord_api.finding import channel_of, check_not_archived, check_open, message_of
from tests.discord_api.message import DEFAULT, PIN_NOTE, REPLY, Body, Message, hidden
from tests.discord_api.refusal import (
    CANNOT_ACT_IN_DIRECT,
    MISSING_PERMISSIONS,
    NO_DIRECTS,
    NO_HISTORY,
    OTHERS_MESSAGE,
    TOO_MANY_PINS,
    Form,
    Json,
    Refusal,
    bad,
    forbidden,
    form_fault,
)
from tests.discord_api.request import Request
from tests.discord_api.world import World

NONCE, PAGE, MOST = 25, 50, 100
PINS = 250


def post(world: World, asked: Request) -> Json:
    """Send a message."""
    channel = channel_of(world, asked.id("channel_id"))
    speaks = "SEND_MESSAGES_IN_THREADS" if channel.is_thread else "SEND_MESSAGES"
    if not channel.may(speaks) or (asked.files and not channel.may("ATTACH_FILES")):
        raise forbidden(MISSING_PERMISSIONS)
    if channel.recipient is not None and channel.recipient.id in world.refuses_directs:
        raise forbidden(NO_DIRECTS)
    given = asked.fields
    nonce = _nonce(given)
    if given.get("enforce_nonce") and (known := _known(world, channel, nonce)):
        return known.fresh
    replied = _replied(world, channel, given)
    place = Place(channel=channel, replied=replied and replied.author)
    body = read_new(world, asked, given, place)
    check_open(channel)
    kind = DEFAULT if replied is None else REPLY
    message = world.post(channel, world.bot, body, kind=kind, reply_to=replied, nonce=nonce)
    if given.get("enforce_nonce"):
        world.remember_nonce(message)
    return message.fresh


def _nonce(given: Json) -> str | int | None:
    nonce, form = given.get("nonce"), Form()
    if isinstance(nonce, str):
        form.text(nonce, "nonce", NONCE)
    elif nonce is not None:
        form.integer(nonce, "nonce", -(2**63), 2**63 - 1)
    words = "A nonce is required when enforce_nonce is set"
    good = nonce not in (None, "") or not given.get("enforce_nonce")
    form.need(good, "nonce", "BASE_TYPE_REQUIRED", words)
    form.check()
    return nonce


def _known(world: World, channel: Channel, nonce: str | int | None) -> Message | None:
    """Return the message that was sent with a nonce not long ago."""
    for (_, used), message in reversed(world.nonces.items()):
        age_s = world.clock() - message.edits[0].at
        if used != str(nonce) or message.deleted or age_s > world.nonce_life_s:
            continue
        if message.channel is channel:
            return message
        world.refuse(f"nonce {nonce} in {channel.name}, and in {message.channel.name} not long ago")
    return None


def _replied(world: World, channel: Channel, given: Json) -> Message | None:
    """Return the message that a new one answers.

    Raises:
        Refusal: It is not there, and it was not said that this does not matter.
    """
    reference = given.get("message_reference")
    if reference is None:
        return None
    form = Form()
    fields = form.mapping(reference, "message_reference")
    form.choice(fields.get("type") or 0, "message_reference.type", [0])
    form.check()
    elsewhere = str(fields.get("channel_id") or channel.id) != str(channel.id)
    if not channel.may("READ_MESSAGE_HISTORY"):
        raise Refusal(403, NO_HISTORY, benign=True)
    number = str(fields.get("message_id", ""))
    message = channel.messages.get(int(number)) if number.isdigit() else None
    if message is not None and not message.ephemeral and not elsewhere:
        return message
    if fields.get("fail_if_not_exists", True):
        once = number.isdigit() and int(number) in channel.deleted
        benign = once or not world.setting.keep_bytes
        code = "REPLIES_UNKNOWN_MESSAGE"
        raise form_fault("message_reference", code, "Unknown message", benign=benign)
    return None


def edit(world: World, asked: Request) -> Json:
    """Change a message of the bot's."""
    channel = channel_of(world, asked.id("channel_id"))
    message = message_of(world, channel, asked.id("message_id"))
    if message.author is not world.bot:
        raise Refusal(403, OTHERS_MESSAGE)
    check_not_archived(channel)
    if asked.files and not channel.may("ATTACH_FILES"):
        raise forbidden(MISSING_PERMISSIONS)
    place = Place(channel=channel, pings=False)
    world.edit(message, read_edit(world, asked, asked.fields, place, message.body))
    return message.raw


def delete(world: World, asked: Request) -> None:
    """Take a message away."""
    channel = channel_of(world, asked.id("channel_id"))
    message = message_of(world, channel, asked.id("message_id"))
    if message.author is not world.bot:
        if channel.is_direct:
            raise Refusal(403, CANNOT_ACT_IN_DIRECT)
        if not channel.may("MANAGE_MESSAGES"):
            raise forbidden(MISSING_PERMISSIONS)
    check_not_archived(channel)
    world.remove(message)


def get(world: World, asked: Request) -> Json:
    """Return a message."""
    channel = channel_of(world, asked.id("channel_id"), "READ_MESSAGE_HISTORY")
    return _seen(world, message_of(world, channel, asked.id("message_id")))


def history(world: World, asked: Request) -> list[Json]:
    """Return messages of a channel, the newest first."""
    channel = channel_of(world, asked.id("channel_id"))
    if not channel.may("READ_MESSAGE_HISTORY"):
        return []
    limit = _limit(asked)
    there = [one for one in channel.messages.values() if not one.ephemeral]
    before, after = asked.asked_id("before"), asked.asked_id("after")
    around = asked.asked_id("around")
    if sum(bound is not None for bound in (before, after, around)) > 1:
        world.refuse("before, after and around exclude each other")
    if around is not None:
        half = limit // 2
        older = [one for one in there if one.id < around][-half:]
        there = older + [one for one in there if one.id >= around][: half + 1]
    elif after is not None:
        there = [one for one in there if one.id > after][:limit]
    elif before is not None:
        there = [one for one in there if one.id < before]
    return [_seen(world, one) for one in reversed(there[-limit:])]


def _limit(asked: Request) -> int:
    form, value = Form(), asked.query.get("limit", str(PAGE))
    if form.need(value.isdigit(), "limit", "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.'):
        form.integer(int(value), "limit", 1, MOST)
    form.check()
    return int(value)


def _seen(world: World, message: Message) -> Json:
    """Return a message as the bot is shown it."""
    told: Any = message.raw
    shown = (
        world.setting.message_content
        or message.channel.is_direct
        or message.author is world.bot
        or world.bot in message.body.mentions.users
    )
    return told if shown else hidden(told)


# ── pins ────────────────────────────────────────────────────────────────────────────────────


def pin(world: World, asked: Request) -> None:
    """Keep a message in sight; one that is, stays."""
    channel, message = _pinnable(world, asked)
    if message.pinned:
        return
    if sum(one.pinned for one in channel.messages.values()) >= PINS:
        raise bad(TOO_MANY_PINS, benign=True)
    message.pinned = True
    _tell_pins(world, channel)
    world.post(channel, world.bot, Body(), kind=PIN_NOTE, reply_to=message)


def unpin(world: World, asked: Request) -> None:
    """Keep a message in sight no more."""
    channel, message = _pinnable(world, asked)
    if message.pinned:
        message.pinned = False
        _tell_pins(world, channel)


def _pinnable(world: World, asked: Request) -> tuple[Channel, Message]:
    channel = channel_of(world, asked.id("channel_id"))
    if not channel.is_direct and not channel.may("PIN_MESSAGES"):
        raise forbidden(MISSING_PERMISSIONS)
    message = message_of(world, channel, asked.id("message_id"))
    check_not_archived(channel)
    return channel, message


def _tell_pins(world: World, channel: Channel) -> None:
    told: Json = {"channel_id": str(channel.id), "last_pin_timestamp": world.stamp()}
    if channel.guild is not None:
        told["guild_id"] = str(channel.guild.id)
    world.tell_of(channel, "CHANNEL_PINS_UPDATE", told)


def typing(world: World, asked: Request) -> None:
    """Show that the bot is writing."""
    channel = channel_of(world, asked.id("channel_id"))
    if not channel.may("SEND_MESSAGES_IN_THREADS" if channel.is_thread else "SEND_MESSAGES"):
        raise forbidden(MISSING_PERMISSIONS)
