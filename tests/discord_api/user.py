"""Accounts."""

import hashlib
from dataclasses import dataclass, field

from tests.discord_api.refusal import Json


@dataclass(slots=True, eq=False)
class User:
    """Somebody, or the bot."""

    id: int
    username: str
    name: str
    """That is shown."""
    is_bot: bool = False
    locale: str = "zh-CN"
    avatar: bytes | None = field(default=None, repr=False)

    @property
    def avatar_hash(self) -> str | None:
        if self.avatar is None:
            return None
        return hashlib.md5(self.avatar, usedforsecurity=False).hexdigest()

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def raw(self) -> Json:
        known: Json = {
            "id": str(self.id),
            "username": self.username,
            "discriminator": "4321" if self.is_bot else "0",
            "global_name": None if self.is_bot else self.name,
            "avatar": self.avatar_hash,
            "avatar_decoration_data": None,
            "banner": None,
            "accent_color": None,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }
        return known | {"bot": True} if self.is_bot else known
