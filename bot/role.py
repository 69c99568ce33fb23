"""Who is who: people for whom other limits hold, and those who run the studio."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from bot.event import Chat, User

CHAIRS = {"admin", "owner"}
"""Of whom the platform says one of these, may set what holds for a group."""
OPERATOR = "operator"
"""What an adapter says of whoever sits at the machine itself."""
Limit = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RoleConfig(BaseModel):
    """[roles.NAME] of config.toml; what is left out is as for everybody."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    users: tuple[str, ...] = ()
    """Who has it, by key, as "telegram:123"."""
    platform_roles: tuple[str, ...] = ()
    """Who else has it: of whom the platform says one of these in a chat, as "admin", "owner"."""
    chats: tuple[str, ...] = ()
    """By key, where what the platform says counts; empty: everywhere."""
    operator: bool = False
    """Whether they run the studio: /封禁, /暂停 and so on."""
    pictures_per_day: Limit | None = None
    seconds_per_day: Seconds | None = None
    cooldown_s: Seconds | None = None
    waiting: PositiveInt | None = None
    """Jobs that may wait."""

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        """Whoever founds a group of their own is its owner; that must not make an operator."""
        if self.operator and self.platform_roles and not self.chats:
            raise ValueError("operator with platform_roles needs chats, 还要写 chats：是哪些群的")
        return self


class Roles:
    """Tells which roles a person has in a chat."""

    def __init__(self, config: Mapping[str, RoleConfig] | None = None) -> None:
        self._config = dict(config or {})

    def __contains__(self, name: str) -> bool:
        return name in self._config

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the config."""
        return tuple(self._config)

    @property
    def operators(self) -> tuple[str, ...]:
        """Who runs the studio, by key, as far as the config names them."""
        return tuple(user for role in self._config.values() if role.operator for user in role.users)

    @property
    def asks_platform(self) -> bool:
        """Whether it matters what a platform says of people."""
        return any(role.platform_roles for role in self._config.values())

    def of(self, user: User, chat: Chat) -> Mapping[str, RoleConfig]:
        """Return the roles of a person, by name."""
        return {name: role for name, role in self._config.items() if _has(role, user, chat)}

    def is_operator(self, user: User, chat: Chat) -> bool:
        """Return whether a person runs the studio."""
        own = any(role.operator for role in self.of(user, chat).values())
        return own or OPERATOR in user.roles

    def leads(self, user: User, chat: Chat) -> bool:
        """Return whether a person may set what holds for a group."""
        return bool(CHAIRS & set(user.roles)) or self.is_operator(user, chat)

    def waiting(self, user: User, chat: Chat) -> int | None:
        """Return how many jobs of a person may wait; None: as for everybody."""
        given = [role.waiting for role in self.of(user, chat).values() if role.waiting]
        return max(given, default=None)


def _has(role: RoleConfig, user: User, chat: Chat) -> bool:
    told = {name for name in user.roles if name != OPERATOR} & set(role.platform_roles)
    here = not role.chats or chat.key in role.chats
    return user.key in role.users or (bool(told) and here)
