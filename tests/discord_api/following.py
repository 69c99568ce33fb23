"""What follows the first answer to an interaction, with the token of it."""

from dataclasses import replace

from tests.discord_api.answering import check_answered, only_for
from tests.discord_api.body import Place, read_edit, read_new
from tests.discord_api.finding import check_not_archived, check_open
from tests.discord_api.interaction import AUTOCOMPLETE, Interaction
from tests.discord_api.message import EPHEMERAL, LOADING, REPLY, Message
from tests.discord_api.refusal import (
    INVALID_TOKEN,
    TOO_MANY_FOLLOWUPS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Json,
    Refusal,
    bad,
    not_found,
)
from tests.discord_api.request import Request
from tests.discord_api.world import World

MOST_ABROAD = 5


def post(world: World, asked: Request) -> Json:
    """Say something more; the first after a deferred answer is that answer."""
    interaction = _known(world, asked)
    first = interaction.message
    if interaction.deferred and first is not None and not first.deleted:
        _fill(world, asked, interaction, first)
        return first.raw
    if interaction.abroad and interaction.followed >= MOST_ABROAD:
        raise bad(TOO_MANY_FOLLOWUPS)
    seen_by = only_for(interaction, asked.fields)
    place = Place(channel=interaction.channel, interaction=True, ephemeral=seen_by is not None)
    body = read_new(world, asked, _without_nonce(world, asked), place)
    body.flags |= EPHEMERAL if seen_by is not None else 0
    check_open(interaction.channel)
    message = world.post(
        interaction.channel,
        world.bot,
        body,
        kind=REPLY if first is not None else 0,
        reply_to=first,
        interaction=interaction,
    )
    interaction.followups.append(message)
    interaction.followed += 1
    return message.raw


def _without_nonce(world: World, asked: Request) -> Json:
    given = asked.fields
    for name in ("nonce", "enforce_nonce", "message_reference"):
        if given.get(name) is not None:
            world.refuse(f"a webhook knows no {name}")
    given.pop("message_reference", None)
    return given


def get(world: World, asked: Request) -> Json:
    """Return a message that came of an interaction."""
    return _message(world, asked, _known(world, asked)).raw


def edit(world: World, asked: Request) -> Json:
    """Change a message that came of an interaction; a deferred one is filled."""
    interaction = _known(world, asked)
    message = _message(world, asked, interaction)
    if message is interaction.message and interaction.deferred:
        _fill(world, asked, interaction, message)
        return message.raw
    check_not_archived(message.channel)
    place = _place(interaction, message, pings=False)
    world.edit(message, read_edit(world, asked, asked.fields, place, message.body))
    return message.raw


def delete(world: World, asked: Request) -> None:
    """Take away a message that came of an interaction."""
    interaction = _known(world, asked)
    world.remove(_message(world, asked, interaction))


def _fill(world: World, asked: Request, interaction: Interaction, message: Message) -> None:
    """Give a message that "is thinking" its body."""
    old = replace(message.body, flags=message.body.flags & ~LOADING)
    check_not_archived(message.channel)
    place = _place(interaction, message, pings=True)
    body = read_edit(world, asked, asked.fields, place, old)
    interaction.deferred = False
    world.edit(message, body)


def _place(interaction: Interaction, message: Message, *, pings: bool) -> Place:
    return Place(
        channel=interaction.channel,
        interaction=True,
        ephemeral=message.ephemeral,
        pings=pings,
    )


def _known(world: World, asked: Request) -> Interaction:
    """Return the interaction of a token.

    Raises:
        Refusal: There is none, it was not answered yet, or it is too long ago.
    """
    interaction = world.tokens.get(asked.params["webhook_token"])
    if interaction is None or asked.id("webhook_id") != world.application_id:
        raise not_found(UNKNOWN_WEBHOOK, benign=not world.setting.keep_bytes)
    if world.clock() - interaction.at > world.token_life_s:
        raise Refusal(401, INVALID_TOKEN, benign=True)
    if interaction.kind == AUTOCOMPLETE:
        raise not_found(UNKNOWN_WEBHOOK)
    check_answered(interaction)
    if interaction.channel.gone:
        raise not_found(UNKNOWN_CHANNEL, benign=True)
    return interaction


def _message(world: World, asked: Request, interaction: Interaction) -> Message:
    """Return the message that is named.

    Raises:
        Refusal: It is not there, or did not come of the interaction.
    """
    named = asked.params.get("message_id")
    there = [interaction.message, *interaction.followups]
    found = (
        interaction.message
        if named is None
        else next((one for one in there if one is not None and str(one.id) == named), None)
    )
    if found is None or found.deleted:
        benign = found is not None or not world.setting.keep_bytes
        raise not_found(UNKNOWN_MESSAGE, benign=benign)
    return found
