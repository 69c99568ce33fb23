"""How much a person and a chat may have drawn in a day, and how soon again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from math import ceil

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import QuotaUsed
from bot.event import Chat, User
from bot.role import Limit, RoleConfig, Roles, Seconds
from bot.wording import later, say

DAY_S = 86_400.0
EPOCH_WEEKDAY = 3
"""The epoch began on a Thursday; Monday is 0."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was drawn since a day began; what failed or was cancelled does not count."""

    pictures: int = 0
    seconds: float = 0.0
    """Of the engine."""
    last_at: float | None = None
    """When something was last asked for, however long ago; seconds since the epoch."""
    given: int = 0
    """Pictures that were given away."""
    taken: int = 0
    """Pictures that were taken from gifts."""
    returned: int = 0
    """Pictures that were given away and that nobody took."""

    @property
    def counted(self) -> int:
        """Pictures that count against a day's; less than nothing if more was taken than used."""
        return self.pictures + self.given - self.taken - self.returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an operator has set for somebody, in place of the config; None: nothing."""

    pictures: int | None = None
    seconds: float | None = None
    cooldown_s: float | None = None

    def over(self, other: "Setting") -> "Setting":
        """Return this, and the other where this says nothing."""
        return Setting(
            pictures=other.pictures if self.pictures is None else self.pictures,
            seconds=_said(self.seconds, other.seconds),
            cooldown_s=_said(self.cooldown_s, other.cooldown_s),
        )


UNSET = Setting()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """All that operators have set that may concern one person in one chat."""

    person: Setting = UNSET
    chat: Setting = UNSET
    roles: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    """By name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What somebody may still have today; None: as much as they like."""

    pictures: int | None = None
    seconds: float | None = None
    """Of the engine; what waits is not counted, for nobody knows what it will take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds for one person in one chat; 0 is no limit."""

    pictures: int = 0
    seconds: float = 0.0
    cooldown_s: float = 0.0
    chat_pictures: int = 0
    chat_seconds: float = 0.0

    @property
    def anything(self) -> bool:
        """Whether there is a limit at all."""
        own = self.pictures or self.seconds or self.cooldown_s
        return bool(own or self.chat_pictures or self.chat_seconds)

    def left(self, used: Used) -> int | None:
        """Return how many pictures a person has left today; None if there is no limit."""
        return max(0, self.pictures - used.counted) if self.pictures else None

    def after(self, used: Used, count: int) -> Left:
        """Return what is left when so many pictures more are on their way."""
        pictures = self.left(replace(used, pictures=used.pictures + count))
        seconds = max(0.0, self.seconds - used.seconds) if self.seconds else None
        return Left(pictures=pictures, seconds=seconds)

    def to_give(self, used: Used) -> int:
        """Return how many pictures a person may give away: of their own, one day's at most.

        What comes back the next day can so be drawn, but not be saved up.
        """
        return max(0, min(self.pictures - used.given, self.left(used) or 0))


class Quota:
    """Says whether somebody may have more."""

    def __init__(self, config: QuotaConfig, roles: Roles | None = None) -> None:
        self._config = config
        self._roles = roles or Roles()

    def day_of(self, now: float) -> float:
        """Return when the day began, seconds since the epoch."""
        ahead = self._config.utc_offset_h * 3600
        return (now + ahead) // DAY_S * DAY_S - ahead

    def week_of(self, now: float) -> float:
        """Return when the week began, on Monday at 0, seconds since the epoch."""
        day = self.day_of(now)
        weekday = (round((day + self._config.utc_offset_h * 3600) / DAY_S) + EPOCH_WEEKDAY) % 7
        return day - weekday * DAY_S

    def wall(self, at: float) -> str:
        """Return a time as the clock on the wall shows it, as "2026-03-01 09:30"."""
        zone = timezone(timedelta(hours=self._config.utc_offset_h))
        return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")

    def limits(self, user: User, chat: Chat, settled: Settled | None = None) -> Limits:
        """Return what holds for a person in a chat.

        What an operator has set for the person comes first, then their roles, then the config.
        """
        config, found = self._config, settled or Settled()
        roles = [
            found.roles.get(name, UNSET).over(_of_role(role))
            for name, role in self._roles.of(user, chat).items()
        ]
        pictures = _most(config.pictures_per_day, (role.pictures for role in roles))
        seconds = _most(config.seconds_per_day, (role.seconds for role in roles))
        cooldown_s = _least(config.cooldown_s, (role.cooldown_s for role in roles))
        mine, here = found.person, found.chat
        return Limits(
            pictures=int(_said(mine.pictures, pictures) or 0),
            seconds=_said(mine.seconds, seconds) or 0.0,
            cooldown_s=_said(mine.cooldown_s, cooldown_s) or 0.0,
            chat_pictures=int(_said(here.pictures, config.chat_pictures_per_day) or 0),
            chat_seconds=_said(here.seconds, config.chat_seconds_per_day) or 0.0,
        )

    def check(self, limits: Limits, count: int, mine: Used, chats: Used, now: float) -> None:
        """See that a person may ask for so many pictures.

        Args:
            limits: What holds for them.
            count: How many pictures.
            mine: What they used today.
            chats: What their chat used today.
            now: Seconds since the epoch.

        Raises:
            QuotaUsed: They may not; says when they may again.
        """
        if mine.last_at is not None:
            wait_s = min(limits.cooldown_s, mine.last_at + limits.cooldown_s - now)
            if wait_s > 0:
                raise QuotaUsed(say("歇一下，{seconds} 秒后再来", seconds=ceil(wait_s)))
        wait = said(self.day_of(now) + DAY_S - now)
        _check_pictures(count, mine.counted, limits.pictures, wait)
        if limits.seconds and mine.seconds >= limits.seconds:
            words = later("你今天的绘画时间（{most:g} 秒）用完了，明天 0 点再来（还有 {wait}）")
            raise QuotaUsed(say(words, most=limits.seconds, wait=wait))
        _check_pictures_here(count, chats.pictures, limits.chat_pictures, wait)
        if limits.chat_seconds and chats.seconds >= limits.chat_seconds:
            words = later("这里今天的绘画时间（{most:g} 秒）用完了，明天 0 点再来（还有 {wait}）")
            raise QuotaUsed(say(words, most=limits.chat_seconds, wait=wait))


def said(seconds: float) -> str:
    """Return a time as one says it, rounded up."""
    minutes = max(1, ceil(seconds / 60))
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if minutes > 2 * 1440:
        return say("{days} 天 {hours} 小时", days=days, hours=hours) if hours else _days(days)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return say("{minutes} 分钟", minutes=minutes)
    if not rest:
        return say("{hours} 小时", hours=hours)
    return say("{hours} 小时 {minutes} 分钟", hours=hours, minutes=rest)


def _days(days: int) -> str:
    return say("{days} 天", days=days)


def _check_pictures(count: int, used: int, most: int, wait: str) -> None:
    left = most - used
    if not most or count <= left:
        return
    if left > 0:
        words = later("你今天还剩 {left} 张，这次要 {count} 张，少要几张就能画")
        raise QuotaUsed(say(words, left=left, count=count))
    words = later("你今天的 {most} 张用完了，明天 0 点再来（还有 {wait}）")
    raise QuotaUsed(say(words, most=most, wait=wait))


def _check_pictures_here(count: int, used: int, most: int, wait: str) -> None:
    left = most - used
    if not most or count <= left:
        return
    if left > 0:
        words = later("这里今天还剩 {left} 张，这次要 {count} 张，少要几张就能画")
        raise QuotaUsed(say(words, left=left, count=count))
    words = later("这里今天的 {most} 张用完了，明天 0 点再来（还有 {wait}）")
    raise QuotaUsed(say(words, most=most, wait=wait))


def _of_role(role: RoleConfig) -> Setting:
    return Setting(
        pictures=role.pictures_per_day, seconds=role.seconds_per_day, cooldown_s=role.cooldown_s
    )


def _said(value: float | None, otherwise: float | None) -> float | None:
    return otherwise if value is None else value


def _most(usual: float, given: Iterable[float | None]) -> float:
    """Return the largest limit that a role gives, or the usual one; 0 is larger than all."""
    limits = [limit for limit in given if limit is not None] or [usual]
    return 0 if 0 in limits else max(limits)


def _least(usual: float, given: Iterable[float | None]) -> float:
    return min([limit for limit in given if limit is not None] or [usual])
