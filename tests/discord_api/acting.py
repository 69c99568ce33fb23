"""How what somebody does becomes an interaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.discord_api.channel import Channel
from tests.discord_api.command import CHAT, Command
from tests.discord_api.component import BUTTON, LABEL, MENU, ROW, TEXT_INPUT, named
from tests.discord_api.interaction import BY_USER, INTO_GUILD, Interaction
from tests.discord_api.message import Message
from tests.discord_api.modal import inputs
from tests.discord_api.option import Filled
from tests.discord_api.permission import bits, has
from tests.discord_api.refusal import Json
from tests.discord_api.user import User
from tests.discord_api.world import World

LINK = 5
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def act(
    world: World,
    person: User,
    channel: Channel,
    kind: int,
    data: Json,
    **more: Any,
) -> Interaction:
    """Tell the bot of something that somebody wants of it."""
    guild = channel.guild
    assert not channel.gone, "that channel is no more"
    assert guild is None or person.id in guild.members, f"{person.name} is not there"
    number = world.ids.mint()
    interaction = Interaction(
        id=number,
        token=f"aW50ZXJhY3Rpb246{number}{''.join(world.random.choices(LETTERS, k=60))}",
        application_id=world.application_id,
        kind=kind,
        person=person,
        channel=channel,
        data=data,
        at=world.clock(),
        clock=world.clock,
        answer_s=world.answer_s,
        **more,
    )
    world.remember(interaction)
    limit = world.setting.size_limit if guild is None else guild.size_limit
    told = None if guild is None or not guild.has_bot else guild
    world.tell("INTERACTION_CREATE", interaction.raw(limit), told)
    return interaction


# ── commands ────────────────────────────────────────────────────────────────────────────────


def owners(channel: Channel, person: User, ways: Sequence[int], *, installed: bool) -> Json:
    """Return who installed the app, as far as that lets somebody use it in a channel."""
    found: Json = {}
    guild = channel.guild
    if 0 in ways and (guild is None or guild.has_bot):
        found[INTO_GUILD] = "0" if guild is None else str(guild.id)
    if 1 in ways and installed:
        found[BY_USER] = str(person.id)
    return found


def find_command(
    world: World, channel: Channel, person: User, name: str, kind: int, *, installed: bool
) -> tuple[Command, Json]:
    """Return a command that somebody sees, and who installed the app."""
    guild = channel.guild
    local = [] if guild is None else world.commands.of(guild.id)
    called = [
        one
        for one in [*local, *world.commands.of(None)]
        if one.kind == kind and one.called(name, person.locale)
    ]
    known = [one.name for one in world.commands.of(None)]
    assert called, f"there is no command {name}; there are {known}"
    command = called[0]
    context = 1 if guild is None else 0
    assert context in command.contexts, f"{name} is not to be seen here"
    whose = owners(channel, person, command.ways, installed=installed)
    assert whose, f"{name} is not installed here"
    needed = command.given.get("default_member_permissions")
    if guild is not None and needed is not None:
        may = guild.permissions_of(person)
        good = has(may, "ADMINISTRATOR") or (int(needed) and int(needed) & may == int(needed))
        assert good, f"{person.name} does not see {name}"
    if guild is not None:
        may = guild.permissions_of(person)
        assert may & bits("USE_APPLICATION_COMMANDS"), f"{person.name} may not use commands"
    return command, whose


def command_data(command: Command, filled: Filled, path: list[str], given: Json) -> Json:
    """Return what is told of a command that somebody uses."""
    data: Json = {"id": str(command.id), "name": command.name, "type": command.kind}
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    if command.kind == CHAT:
        options = filled.options(command, path, given)
        if options:
            data["options"] = options
    if filled.resolved:
        data["resolved"] = filled.resolved
    return data


# ── buttons, menus, forms ───────────────────────────────────────────────────────────────────


def button(message: Message, label: str) -> Json:
    """Return the button with a label, which may be a part of what is written on it."""
    for one in message.items:
        if one["type"] != BUTTON:
            continue
        emoji: Json = one.get("emoji") or {}
        if label in (named(one), one.get("label"), emoji.get("name")):
            assert not one.get("disabled"), f"{label} cannot be pressed"
            assert one["style"] != LINK, f"{label} is a link"
            return one
    raise AssertionError(f"there is no {label} in {message.rows}")


def menu(message: Message, custom_id: str | None) -> Json:
    """Return a menu, the only one if it is not named."""
    menus = [one for one in message.items if one["type"] != BUTTON]
    found = [one for one in menus if custom_id in (None, one["custom_id"])]
    assert len(found) == 1, f"{len(found)} menus in {message.rows}"
    assert not found[0].get("disabled"), "nothing can be chosen there"
    return found[0]


def values(component: Json, labels: Sequence[str]) -> list[str]:
    """Return the values of what is chosen in a menu."""
    if component["type"] != MENU:
        return list(labels)
    by_label = {one["label"]: one["value"] for one in component["options"]}
    unknown = [label for label in labels if label not in by_label]
    assert not unknown, f"there is no {unknown} in {list(by_label)}"
    within = component["min_values"] <= len(labels) <= component["max_values"]
    assert within, f"{len(labels)} cannot be chosen"
    return [str(by_label[label]) for label in labels]


def submitted(modal: Json, given: Mapping[str, str | Sequence[str]]) -> Json:
    """Return what is told of a form that somebody has filled in."""
    labels = [label for label, _ in inputs(modal)]
    unknown = [label for label in given if label not in labels]
    assert not unknown, f"there is no {unknown} in {labels}"
    return {
        "custom_id": modal["custom_id"],
        "components": [_field(field, given) for field in modal["components"]],
    }


def _field(field: Json, given: Mapping[str, str | Sequence[str]]) -> Json:
    told: Json = {"type": field["type"], "id": field["id"]}
    if field["type"] == ROW:
        filled = [_filled(one, given.get(one["label"])) for one in field["components"]]
        return told | {"components": filled}
    if field["type"] == LABEL:
        return told | {"component": _filled(field["component"], given.get(field["label"]))}
    return told


def _filled(component: Json, value: str | Sequence[str] | None) -> Json:
    told = {name: component[name] for name in ("type", "id", "custom_id")}
    if component["type"] != TEXT_INPUT:
        chosen = [value] if isinstance(value, str) else list(value or ())
        assert chosen or not component["required"], f"{component['custom_id']} must be chosen"
        return told | {"values": values(component, chosen) if chosen else []}
    assert value is None or isinstance(value, str), "a text is written there"
    text = component.get("value") or "" if value is None else value
    least, most = component.get("min_length") or 0, component.get("max_length") or 4000
    assert text or not component["required"], f"{component['custom_id']} must be filled in"
    good = not text or least <= len(text) <= most
    assert good, f"{len(text)} characters are not taken"
    return told | {"value": text}
