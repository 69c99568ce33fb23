"""Who is pinged by a message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from tests.discord_api.refusal import Form, Json
from tests.discord_api.user import User

USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
ALL = re.compile(r"@(everyone|here)")
KINDS = ["users", "roles", "everyone"]


@dataclass(slots=True)
class Allowed:
    """What may be pinged."""

    kinds: frozenset[str]
    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    replied: bool = False
    said: bool = True
    """False if the program left it to the server."""

    def user(self, number: int) -> bool:
        return "users" in self.kinds or number in self.users

    def role(self, number: int) -> bool:
        return "roles" in self.kinds or number in self.roles


@dataclass(slots=True)
class Mentions:
    """What a message mentions so that somebody is told of it."""

    users: list[User] = field(default_factory=list[User])
    roles: list[int] = field(default_factory=list[int])
    everyone: bool = False
    pinged: list[str] = field(default_factory=list[str])
    """In the order of the text, as it is written there; last whom it answers."""


def read_allowed(form: Form, given: Json, *, interaction: bool) -> Allowed:
    """Return what may be pinged, as the request says, or as it is if it says nothing."""
    if given.get("allowed_mentions") is None:
        kinds = frozenset({"users"}) if interaction else frozenset(KINDS)
        return Allowed(kinds, replied=True, said=False)
    said = form.mapping(given["allowed_mentions"], "allowed_mentions")
    kinds = form.items(said.get("parse"), "allowed_mentions.parse", len(KINDS))
    for index, kind in enumerate(kinds):
        words = f"Value must be one of {{{', '.join(map(repr, KINDS))}}}."
        form.need(kind in KINDS, f"allowed_mentions.parse.{index}", "BASE_TYPE_CHOICES", words)
    for name in ("users", "roles"):
        named = form.items(said.get(name), f"allowed_mentions.{name}", 100)
        words = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
        both = bool(named) and name in kinds
        form.need(not both, "allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)
    return Allowed(
        frozenset(map(str, kinds)),
        _numbers(said.get("users")),
        _numbers(said.get("roles")),
        bool(said.get("replied_user", False)),
    )


def could_ping(content: str) -> bool:
    """Say if a text has anything in it that pings where that is allowed."""
    return any(pattern.search(content) for pattern in (USER, ROLE, ALL))


def mentions(
    content: str, allowed: Allowed, users: Mapping[int, User], replied: User | None
) -> Mentions:
    """Return what a message mentions.

    Args:
        content: Its text.
        allowed: What may be pinged.
        users: Who there is, by id.
        replied: Whom it answers.
    """
    found = Mentions()
    for match in USER.finditer(content):
        user = users.get(int(match[1]))
        if user is not None and allowed.user(user.id) and user not in found.users:
            found.users.append(user)
            found.pinged.append(user.mention)
    for match in ROLE.finditer(content):
        if allowed.role(int(match[1])):
            found.roles.append(int(match[1]))
            found.pinged.append(match[0])
    if "everyone" in allowed.kinds:
        found.pinged += [match[0] for match in ALL.finditer(content)]
        found.everyone = ALL.search(content) is not None
    if replied is not None and allowed.replied and not replied.is_bot:
        if replied not in found.users:
            found.users.append(replied)
        found.pinged.append(replied.mention)
    return found


def _numbers(given: object) -> frozenset[int]:
    listed = cast("list[object]", given) if isinstance(given, list) else []
    return frozenset(int(str(one)) for one in listed if str(one).isdigit())
