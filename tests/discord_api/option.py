"""What somebody fills in for the options of a command."""

from dataclasses import dataclass, field
from typing import Any

from tests.discord_api.channel import Channel
from tests.discord_api.command import Command, localized
from tests.discord_api.file import Attachment, Upload, kind_of
from tests.discord_api.guild import Guild
from tests.discord_api.refusal import Json
from tests.discord_api.user import User
from tests.discord_api.world import World

SUB, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE = 1, 2, 3, 4, 5, 6, 7, 8
MENTIONABLE, NUMBER, ATTACHMENT = 9, 10, 11
LONGEST = 6000


@dataclass(slots=True)
class Filled:
    """Options as somebody fills them in; what no app of Discord's would let pass is objected to."""

    world: World
    locale: str
    guild: Guild | None
    resolved: dict[str, Any] = field(default_factory=dict[str, Any])
    focused: str | None = None
    """The option in which somebody is typing; others may be left out then."""
    focused_text: str = ""

    def options(self, command: Command, path: list[str], given: Json) -> list[Json]:
        """Return the options of a command as they are told.

        Args:
            command: The command.
            path: The names of the command in it, if it has such ones.
            given: What was filled in, by the names of the options in any language.
        """
        return self._of(command.options, path, given)

    def _of(self, options: list[Json], path: list[str], given: Json) -> list[Json]:
        if path:
            inner = next((one for one in options if self._called(one, path[0])), None)
            assert inner is not None, f"there is no {path[0]} in it"
            called: Json = {"name": inner["name"], "type": inner["type"]}
            return [called | {"options": self._of(inner.get("options") or [], path[1:], given)}]
        assert all(one["type"] > GROUP for one in options), "one of its commands must be chosen"
        unknown = [name for name in given if not any(self._called(one, name) for one in options)]
        assert not unknown, f"it has no options {unknown}"
        return [told for one in options if (told := self._option(one, given)) is not None]

    def _called(self, option: Json, name: str) -> bool:
        return name in (option["name"], localized(option, self.locale))

    def _option(self, option: Json, given: Json) -> Json | None:
        told: Json = {"name": option["name"], "type": option["type"]}
        if self.focused is not None and self._called(option, self.focused):
            assert option.get("autocomplete"), f"nothing is offered for {self.focused}"
            return told | {"value": self.focused_text, "focused": True}
        values = [value for name, value in given.items() if self._called(option, name)]
        if not values:
            late = option.get("required") and self.focused is None
            assert not late, f"{option['name']} must be filled in"
            return None
        return told | {"value": self._value(option, values[0])}

    def _value(self, option: Json, value: Any) -> Any:
        kind = option["type"]
        if option.get("choices"):
            return self._choice(option, value)
        if kind == STRING:
            return _text(option, value)
        if kind in (INTEGER, NUMBER):
            return _number(option, value)
        if kind == BOOLEAN:
            assert isinstance(value, bool), f"{option['name']} is yes or no"
            return value
        if kind == ATTACHMENT:
            return str(self._attachment(value).id)
        return self._named(option, value)

    def _choice(self, option: Json, value: Any) -> Any:
        for choice in option["choices"]:
            if value in (choice["value"], choice["name"], localized(choice, self.locale)):
                return choice["value"]
        raise AssertionError(f"{value} cannot be chosen for {option['name']}")

    def _attachment(self, value: "bytes | tuple[str, bytes]") -> Attachment:
        name, data = value if isinstance(value, tuple) else ("", value)
        mime, suffix = kind_of(data)
        stored = self.world.files.store(
            Upload(name or f"image.{suffix}", mime, data),
            self.world.application_id,
            ephemeral=True,
        )
        told = self.world.files.raw(stored)
        self.resolved.setdefault("attachments", {})[told["id"]] = told
        return stored

    def _named(self, option: Json, value: Any) -> str:
        """Return the id of a person, a channel or a role."""
        if isinstance(value, Channel):
            assert option["type"] == CHANNEL, f"{option['name']} is no channel"
            self.resolved.setdefault("channels", {})[str(value.id)] = value.seen_with(0)
            return str(value.id)
        if isinstance(value, int):
            assert option["type"] in (ROLE, MENTIONABLE), f"{option['name']} is no role"
            return str(value)
        assert option["type"] in (USER, MENTIONABLE), f"{option['name']} is nobody"
        assert isinstance(value, User) or hasattr(value, "user"), f"{value} is nobody"
        return self.user(value if isinstance(value, User) else value.user)

    def user(self, user: User) -> str:
        """Tell of somebody who is named, and return their id."""
        number = str(user.id)
        self.resolved.setdefault("users", {})[number] = user.raw
        member = self.guild and self.guild.members.get(user.id)
        if self.guild is not None and member:
            permissions = str(self.guild.permissions_of(user))
            told = member.plain | {"permissions": permissions}
            self.resolved.setdefault("members", {})[number] = told
        return number


def _text(option: Json, value: Any) -> str:
    assert isinstance(value, str), f"{option['name']} is a text"
    least = max(1, option.get("min_length") or 0)
    most = option.get("max_length") or LONGEST
    assert least <= len(value) <= most, f"{option['name']} is too short or too long"
    return value


def _number(option: Json, value: Any) -> int | float:
    whole = option["type"] == INTEGER
    good = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    assert good, f"{option['name']} is a number"
    low, high = option.get("min_value"), option.get("max_value")
    within = (low is None or value >= low) and (high is None or value <= high)
    assert within, f"{option['name']} is too low or too high"
    return value
