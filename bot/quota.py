"""How much a person and a chat may have drawn in a day, and how soon again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import QuotaUsed
from bot.event import User

DAY_S = 86_400.0
Limit = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Role(BaseModel):
    """People for whom other limits hold; what is left out is as for everybody."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    users: tuple[str, ...] = ()
    """Their keys, as "telegram:123"."""
    pictures_per_day: Limit | None = None
    seconds_per_day: Seconds | None = None
    cooldown_s: Seconds | None = None


class QuotaConfig(BaseModel):
    """[quota] of config.toml; 0 is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    pictures_per_day: Limit = 0
    """Of one person."""
    seconds_per_day: Seconds = 0
    """Seconds of the engine, of one person."""
    chat_pictures_per_day: Limit = 0
    """Of one chat, all people together."""
    chat_seconds_per_day: Seconds = 0
    """Seconds of the engine, of one chat."""
    cooldown_s: Seconds = 0
    """Between two requests of one person."""
    utc_offset_h: float = Field(default=8, ge=-12, le=14)
    """When a day begins: hours that the clock on the wall is ahead of UTC."""
    roles: Mapping[str, Role] = Field(default_factory=dict[str, Role])
    """By name; a person in several has the most that one of them gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was drawn since a day began; what failed or was cancelled does not count."""

    pictures: int = 0
    seconds: float = 0.0
    """Of the engine."""
    last_at: float | None = None
    """When something was last asked for, however long ago; seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds for one person; 0 is no limit."""

    pictures: int
    seconds: float
    cooldown_s: float


class Quota:
    """Says whether somebody may have more."""

    def __init__(self, config: QuotaConfig) -> None:
        self._config = config

    def day_of(self, now: float) -> float:
        """Return when the day began, seconds since the epoch."""
        ahead = self._config.utc_offset_h * 3600
        return (now + ahead) // DAY_S * DAY_S - ahead

    def limits(self, user: User) -> Limits:
        """Return what holds for a person."""
        config = self._config
        roles = [role for role in config.roles.values() if user.key in role.users]
        return Limits(
            pictures=int(_most(config.pictures_per_day, (r.pictures_per_day for r in roles))),
            seconds=_most(config.seconds_per_day, (r.seconds_per_day for r in roles)),
            cooldown_s=_least(config.cooldown_s, (r.cooldown_s for r in roles)),
        )

    def limits_anything(self, user: User) -> bool:
        """Return whether any limit holds for a person or the chat that they are in."""
        mine, config = self.limits(user), self._config
        chats = config.chat_pictures_per_day or config.chat_seconds_per_day
        return bool(mine.pictures or mine.seconds or mine.cooldown_s or chats)

    def left(self, user: User, used: Used) -> int | None:
        """Return how many pictures a person has left today; None if there is no limit."""
        most = self.limits(user).pictures
        return max(0, most - used.pictures) if most else None

    def check(self, user: User, count: int, mine: Used, chats: Used, now: float) -> None:
        """See that a person may ask for so many pictures.

        Args:
            user: Who asks.
            count: How many pictures.
            mine: What they used today.
            chats: What their chat used today.
            now: Seconds since the epoch.

        Raises:
            QuotaUsed: They may not; says when they may again.
        """
        limits, config = self.limits(user), self._config
        if mine.last_at is not None:
            wait_s = min(limits.cooldown_s, mine.last_at + limits.cooldown_s - now)
            if wait_s > 0:
                raise QuotaUsed(f"歇一下，{ceil(wait_s)} 秒后再来")
        tomorrow = f"明天 0 点再来（还有 {said(self.day_of(now) + DAY_S - now)}）"
        _check_pictures("你", count, mine.pictures, limits.pictures, tomorrow)
        _check_seconds("你", mine.seconds, limits.seconds, tomorrow)
        _check_pictures("这里", count, chats.pictures, config.chat_pictures_per_day, tomorrow)
        _check_seconds("这里", chats.seconds, config.chat_seconds_per_day, tomorrow)


def said(seconds: float) -> str:
    """Return a time as one says it, rounded up."""
    minutes = ceil(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} 分钟"
    return f"{hours} 小时 {rest} 分钟" if rest else f"{hours} 小时"


def _check_pictures(whose: str, count: int, used: int, most: int, tomorrow: str) -> None:
    left = most - used
    if not most or count <= left:
        return
    if left > 0:
        raise QuotaUsed(f"{whose}今天还剩 {left} 张，这次要 {count} 张，少要几张就能画")
    raise QuotaUsed(f"{whose}今天的 {most} 张用完了，{tomorrow}")


def _check_seconds(whose: str, used: float, most: float, tomorrow: str) -> None:
    if most and used >= most:
        raise QuotaUsed(f"{whose}今天的绘画时间（{most:g} 秒）用完了，{tomorrow}")


def _most(usual: float, given: Iterable[float | None]) -> float:
    """Return the largest limit that a role gives, or the usual one; 0 is larger than all."""
    limits = [limit for limit in given if limit is not None] or [usual]
    return 0 if 0 in limits else max(limits)


def _least(usual: float, given: Iterable[float | None]) -> float:
    return min([limit for limit in given if limit is not None] or [usual])
