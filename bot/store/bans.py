"""Who is not served, and until when."""

from collections.abc import Callable
from dataclasses import dataclass

from aiosqlite import Connection

from bot.event import User

TELL_S = 3600.0
"""How often at most somebody is told."""

GET = "SELECT reason, until, told_at FROM bans WHERE user = ? AND (until IS NULL OR until > ?)"

PUT = """
INSERT INTO bans (user, reason, at, until) VALUES (?, ?, ?, ?)
ON CONFLICT (user) DO UPDATE SET reason = excluded.reason, at = excluded.at,
    until = excluded.until, told_at = NULL
"""

DROP = "DELETE FROM bans WHERE user = ?"

OVER = "DELETE FROM bans WHERE until <= ?"

TOLD = "UPDATE bans SET told_at = ? WHERE user = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """Why somebody is not served."""

    reason: str
    """Empty: none was said."""
    until: float | None
    """Seconds since the epoch; None: until it is lifted."""
    is_told: bool
    """Whether they were told within the hour."""


class Bans:
    """Keeps them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    async def of(self, db: Connection, user: User) -> Ban | None:
        """Return the ban of a person, if there is one that is not over."""
        now = self._now()
        for row in await db.execute_fetchall(GET, (user.key, now)):
            told_at = row["told_at"]
            # one that lies ahead is from before the clock was put back
            is_told = told_at is not None and 0 <= now - told_at < TELL_S
            return Ban(reason=row["reason"], until=row["until"], is_told=is_told)
        return None

    async def put(self, db: Connection, user: User, reason: str, until: float | None) -> None:
        """Serve a person no longer; in place of any ban before."""
        now = self._now()
        await db.execute(OVER, (now,))
        await db.execute(PUT, (user.key, reason, now, until))

    async def drop(self, db: Connection, user: User) -> bool:
        """Serve a person again; False if they were served all along."""
        was = await self.of(db, user)
        await db.execute(DROP, (user.key,))
        return was is not None

    async def told(self, db: Connection, user: User) -> None:
        """Note that a person was told of their ban just now."""
        await db.execute(TOLD, (self._now(), user.key))
