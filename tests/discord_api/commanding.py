"""What the bot says of its commands."""

from typing import Any

from tests.discord_api.command import Command
from tests.discord_api.finding import guild_of
from tests.discord_api.refusal import OTHERS_APPLICATION, Json, Refusal
from tests.discord_api.request import Reply, Request
from tests.discord_api.world import World


def _scope(world: World, asked: Request) -> int | None:
    """Return whose commands are meant: those of a server, or those for everywhere.

    Raises:
        Refusal: They are another application's.
    """
    if asked.id("application_id") != world.application_id:
        raise Refusal(403, OTHERS_APPLICATION)
    if "guild_id" not in asked.params:
        return None
    return guild_of(world, asked.id("guild_id")).id


def _one(world: World, asked: Request) -> Command:
    return world.commands.find(_scope(world, asked), asked.id("command_id"))


def show_all(world: World, asked: Request) -> list[Json]:
    """Return the commands."""
    localizations = asked.flag("with_localizations")
    found = world.commands.of(_scope(world, asked))
    return [one.raw(world.application_id, localizations=localizations) for one in found]


def show(world: World, asked: Request) -> Json:
    """Return a command."""
    return _one(world, asked).raw(world.application_id)


def replace_all(world: World, asked: Request) -> list[Json]:
    """Have these commands and no others."""
    given: Any = asked.json
    replaced = world.commands.replace(_scope(world, asked), given)
    return [one.raw(world.application_id) for one in replaced]


def add(world: World, asked: Request) -> Reply:
    """Have one more command, or another under its name."""
    command, fresh = world.commands.add(_scope(world, asked), asked.fields)
    return Reply(201 if fresh else 200, command.raw(world.application_id))


def change(world: World, asked: Request) -> Json:
    """Have a command changed."""
    changed = world.commands.change(_one(world, asked), asked.fields)
    return changed.raw(world.application_id)


def delete(world: World, asked: Request) -> None:
    """Have a command no more."""
    command = _one(world, asked)
    world.commands.all[command.guild_id].remove(command)
