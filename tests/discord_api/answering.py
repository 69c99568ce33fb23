"""First answers to interactions."""

from typing import Any

from tests.discord_api.body import Place, read_edit, read_new
from tests.discord_api.command_form import NUMBER, check_choices
from tests.discord_api.interaction import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERS,
    DEFERS_UPDATE,
    MODAL,
    MODAL_SUBMIT,
    SAYS,
    UPDATES,
    Answer,
    Interaction,
)
from tests.discord_api.message import (
    COMMAND_REPLY,
    EPHEMERAL,
    LOADING,
    MENU_REPLY,
    REPLY,
    Body,
)
from tests.discord_api.modal import read_modal
from tests.discord_api.refusal import (
    ALREADY_ACKNOWLEDGED,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Form,
    Json,
    bad,
    not_found,
)
from tests.discord_api.request import Reply, Request
from tests.discord_api.user import User
from tests.discord_api.world import World


def callback(world: World, asked: Request) -> Any:
    """Take the first answer to an interaction."""
    interaction = _open(world, asked)
    given, form = asked.fields, Form()
    kind = given.get("type")
    form.choice(kind, "type", _allowed(interaction))
    form.check()
    data = form.mapping(given.get("data"), "data")
    form.check()
    _do(world, asked, interaction, int(kind or 0), data)
    interaction.answer = Answer(int(kind or 0), world.clock(), data)
    return Reply(200, _told(interaction)) if asked.flag("with_response") else None


def _open(world: World, asked: Request) -> Interaction:
    """Return the interaction, if it still waits for an answer."""
    interaction = world.interactions.get(asked.id("interaction_id"))
    if interaction is None or interaction.token != asked.params["interaction_token"]:
        raise not_found(UNKNOWN_INTERACTION)
    if interaction.answer is not None:
        raise bad(ALREADY_ACKNOWLEDGED, benign=True)
    if interaction.failed:
        raise not_found(UNKNOWN_INTERACTION, benign=True)
    return interaction


def _allowed(interaction: Interaction) -> list[int]:
    """Return the types of answers that an interaction may have."""
    if interaction.kind == AUTOCOMPLETE:
        return [CHOICES]
    updates = [DEFERS_UPDATE, UPDATES] if interaction.source is not None else []
    modal = [] if interaction.kind == MODAL_SUBMIT else [MODAL]
    return [SAYS, DEFERS, *updates, *modal]


def _do(world: World, asked: Request, interaction: Interaction, kind: int, data: Json) -> None:
    if kind == CHOICES:
        interaction.choices = _choices(interaction, data)
    elif kind == MODAL:
        form = Form()
        modal = read_modal(form, data)
        form.check()
        interaction.modal = modal
    elif kind == DEFERS_UPDATE:
        interaction.message = interaction.source
    elif kind == UPDATES:
        _update(world, asked, interaction, data)
    else:
        _say(world, asked, interaction, data, defers=kind == DEFERS)


def _choices(interaction: Interaction, data: Json) -> list[Json]:
    """Return what is offered to somebody who types."""
    form = Form()
    choices = form.items(data.get("choices"), "data.choices", 25)
    form.need("choices" in data, "data.choices", "BASE_TYPE_REQUIRED", "This field is required")
    check_choices(form, choices, "data.choices", _focused(interaction.data))
    form.check()
    return choices


def _focused(data: Json) -> int:
    """Return the type of the option that somebody types."""
    for option in data.get("options", []):
        if option.get("focused"):
            return int(option["type"])
        if "options" in option:
            return _focused(option)
    return NUMBER


def _update(world: World, asked: Request, interaction: Interaction, data: Json) -> None:
    """Change the message that a button is on."""
    source = interaction.source
    assert source is not None
    if source.deleted:
        raise not_found(UNKNOWN_MESSAGE, benign=True)
    place = Place(channel=source.channel, interaction=True, ephemeral=source.ephemeral, pings=False)
    body = read_edit(world, asked, data, place, source.body)
    interaction.message = source
    world.edit(source, body)


def _say(
    world: World, asked: Request, interaction: Interaction, data: Json, *, defers: bool
) -> None:
    """Answer with a message, or with one that "is thinking"."""
    seen_by = only_for(interaction, data)
    place = Place(channel=interaction.channel, interaction=True, ephemeral=seen_by is not None)
    if defers:
        unknown = data.keys() - {"flags"}
        if unknown or asked.files:
            world.refuse(f"a deferred answer has only flags, not {sorted(unknown)}")
        body = Body(flags=LOADING)
    else:
        body = read_new(world, asked, data, place)
    body.flags |= EPHEMERAL if seen_by is not None else 0
    if interaction.channel.archived and not interaction.channel.locked:
        interaction.channel.unarchive()
    kinds = {COMMAND: COMMAND_REPLY if interaction.data.get("type") == 1 else MENU_REPLY}
    source = interaction.source
    interaction.deferred = defers
    interaction.message = world.post(
        interaction.channel,
        world.bot,
        body,
        kind=kinds.get(interaction.kind, REPLY if source is not None else 0),
        reply_to=source if interaction.kind in (COMPONENT, MODAL_SUBMIT) else None,
        interaction=interaction,
    )


def only_for(interaction: Interaction, given: Json) -> User | None:
    """Return the one who sees an answer alone, None if all do."""
    form = Form()
    flags = form.integer(given.get("flags"), "flags", 0, 1 << 30, 0) or 0
    form.check()
    guild = interaction.channel.guild
    hushed = False
    if guild is not None and interaction.abroad:
        may = guild.permissions_of(interaction.person)
        hushed = not may & 1 << 50
    return interaction.person if flags & EPHEMERAL or hushed else None


def _told(interaction: Interaction) -> Json:
    """Return what an answer is answered."""
    told: Json = {
        "id": str(interaction.id),
        "type": interaction.kind,
        "channel_id": str(interaction.channel.id),
    }
    if interaction.channel.guild is not None:
        told["guild_id"] = str(interaction.channel.guild.id)
    message, answer = interaction.message, interaction.answer
    assert answer is not None
    if message is None:
        return {"interaction": told}
    told["response_message_id"] = str(message.id)
    told["response_message_loading"] = message.loading
    told["response_message_ephemeral"] = message.ephemeral
    if answer.kind in (DEFERS, DEFERS_UPDATE):
        return {"interaction": told}
    return {"interaction": told, "resource": {"type": answer.kind, "message": message.raw}}


def check_answered(interaction: Interaction) -> None:
    """Refuse what can only come after a first answer."""
    if interaction.answer is None:
        raise not_found(UNKNOWN_WEBHOOK)
