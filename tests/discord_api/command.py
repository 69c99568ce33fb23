"""Commands that the bot has registered."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.discord_api.command_form import check_command
from tests.discord_api.refusal import (
    TOO_MANY_CREATES,
    UNKNOWN_COMMAND,
    Form,
    Json,
    Refusal,
    not_found,
)

CHAT, ON_USER, ON_MESSAGE = 1, 2, 3
MOST = {CHAT: 100, ON_USER: 15, ON_MESSAGE: 15}
CREATES_A_DAY = 200
DAY_S = 24 * 3600.0


@dataclass(slots=True, eq=False)
class Command:
    """A command."""

    id: int
    version: int
    given: Json
    """As the bot said it is."""
    guild_id: int | None = None

    @property
    def kind(self) -> int:
        return self.given.get("type") or CHAT

    @property
    def name(self) -> str:
        return str(self.given["name"])

    @property
    def options(self) -> list[Json]:
        return self.given.get("options") or []

    @property
    def contexts(self) -> list[int]:
        """Where it is to be seen: servers, the talk with the bot, other talks."""
        default = [0, 1] if self.given.get("dm_permission") is not False else [0]
        return self.given.get("contexts") or default

    @property
    def ways(self) -> list[int]:
        """How the app must be installed for it to be seen: in a server, by a person."""
        return self.given.get("integration_types") or [0]

    def called(self, name: str, locale: str) -> bool:
        """Say if somebody who speaks a language sees it under a name."""
        return name in (self.name, localized(self.given, locale))

    def raw(self, application_id: int, *, localizations: bool = True) -> Json:
        """Return it as it is told."""
        given = self.given
        needed = given.get("default_member_permissions")
        told: Json = {
            "id": str(self.id),
            "application_id": str(application_id),
            "version": str(self.version),
            "type": self.kind,
            "name": self.name,
            "description": given.get("description") or "",
            "default_member_permissions": None if needed is None else str(needed),
            "nsfw": bool(given.get("nsfw")),
            "integration_types": self.ways,
            "contexts": given.get("contexts"),
        }
        if self.guild_id is None:
            told["dm_permission"] = given.get("dm_permission") is not False
        else:
            told["guild_id"] = str(self.guild_id)
        if localizations:
            for name in ("name_localizations", "description_localizations"):
                told[name] = given.get(name)
        if self.options:
            told["options"] = [_option(one, localizations=localizations) for one in self.options]
        return told


def localized(given: Json, locale: str) -> str:
    """Return the name of a command, an option or a choice in a language."""
    names: Json = given.get("name_localizations") or {}
    return str(names.get(locale, given["name"]))


def _option(given: Json, *, localizations: bool) -> Json:
    """Return an option as it is told."""
    told = {
        name: value
        for name, value in given.items()
        if value is not None and (localizations or not name.endswith("_localizations"))
    }
    if localizations and given["type"] not in (1, 2):
        told = {"name_localizations": None, "description_localizations": None} | told
    for name in ("options", "choices"):
        if given.get(name) and name == "options":
            told[name] = [_option(one, localizations=localizations) for one in given[name]]
    return told


@dataclass(slots=True)
class Commands:
    """All of them: those for everywhere under None, those of servers under their ids."""

    mint: Callable[[], int]
    clock: Callable[[], float]
    all: dict[int | None, list[Command]] = field(default_factory=dict[Any, list[Command]])
    _created: dict[int | None, deque[float]] = field(default_factory=dict[Any, deque[float]])

    def of(self, guild_id: int | None) -> list[Command]:
        return self.all.get(guild_id, [])

    def find(self, guild_id: int | None, command_id: int) -> Command:
        """Return one by its id.

        Raises:
            Refusal: There is none.
        """
        found = next((one for one in self.of(guild_id) if one.id == command_id), None)
        if found is None:
            raise not_found(UNKNOWN_COMMAND)
        return found

    def replace(self, guild_id: int | None, given: Any) -> list[Command]:
        """Put others in the place of all; those of the same name and kind keep their ids."""
        form = Form()
        items = [
            form.mapping(one, f"{index}") for index, one in enumerate(form.items(given, "", 130))
        ]
        for index, one in enumerate(items):
            check_command(form, one, f"{index}.")
        known = [(_kind(one), one.get("name")) for one in items]
        for index, key in enumerate(known):
            words = "Application command names must be unique"
            code = "APPLICATION_COMMANDS_DUPLICATE_NAME"
            form.need(key not in known[:index], f"{index}", code, words)
        form.check()
        old = {(one.kind, one.name): one for one in self.of(guild_id)}
        fresh = [
            self._merged(old.get((_kind(one), str(one["name"]))), one, guild_id) for one in items
        ]
        self._check_count(fresh)
        self._count(guild_id, sum(one not in old.values() for one in fresh))
        self.all[guild_id] = fresh
        return fresh

    def add(self, guild_id: int | None, given: Json) -> tuple[Command, bool]:
        """Add one, or change the one of its name; return it, and whether it is new."""
        form = Form()
        check_command(form, given, "")
        form.check()
        key = (_kind(given), given["name"])
        old = next((one for one in self.of(guild_id) if (one.kind, one.name) == key), None)
        command = self._merged(old, given, guild_id)
        if old is None:
            self._check_count([*self.of(guild_id), command])
            self._count(guild_id, 1)
            self.all.setdefault(guild_id, []).append(command)
        return command, old is None

    def change(self, command: Command, given: Json) -> Command:
        """Change what is said of one."""
        form, whole = Form(), command.given | given | {"type": command.kind}
        check_command(form, whole, "")
        form.check()
        return self._merged(command, whole, command.guild_id)

    def _merged(self, old: Command | None, given: Json, guild_id: int | None) -> Command:
        if old is None:
            return Command(self.mint(), self.mint(), given, guild_id)
        if old.given != given:
            old.given, old.version = given, self.mint()
        return old

    def _check_count(self, commands: list[Command]) -> None:
        for kind, most in MOST.items():
            if sum(one.kind == kind for one in commands) > most:
                words = f"Maximum number of application commands reached ({most})."
                raise Refusal(400, 30032, words)

    def _count(self, guild_id: int | None, fresh: int) -> None:
        """Count those that are made within a day."""
        created = self._created.setdefault(guild_id, deque())
        while created and self.clock() - created[0] > DAY_S:
            created.popleft()
        if len(created) + fresh > CREATES_A_DAY:
            raise Refusal(429, TOO_MANY_CREATES, benign=False)
        created.extend([self.clock()] * fresh)


def _kind(given: Json) -> int:
    return given.get("type") or CHAT
