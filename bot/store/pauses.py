"""Where nothing new is drawn. The queue looks at it whenever it takes a job."""

from collections.abc import Callable
from dataclasses import dataclass

from aiosqlite import Connection

EVERYWHERE = ""
"""The scope of a pause that holds in all chats; any other is the key of a chat."""

OF = "SELECT scope, reason FROM pauses WHERE scope IN ('', ?) ORDER BY scope"

ALL = "SELECT scope, reason FROM pauses ORDER BY scope"

PUT = """
INSERT INTO pauses (scope, reason, at) VALUES (?, ?, ?)
ON CONFLICT (scope) DO UPDATE SET reason = excluded.reason
"""

DROP = "DELETE FROM pauses WHERE scope = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing new is drawn somewhere."""

    scope: str
    reason: str
    """Empty: none was said."""


class Pauses:
    """Keeps them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    async def of(self, db: Connection, chat: str) -> Pause | None:
        """Return why nothing is drawn for a chat, if so; that of all chats before its own."""
        for row in await db.execute_fetchall(OF, (chat,)):
            return Pause(scope=row["scope"], reason=row["reason"])
        return None

    async def all(self, db: Connection) -> list[Pause]:
        """Return all there are."""
        rows = await db.execute_fetchall(ALL)
        return [Pause(scope=row["scope"], reason=row["reason"]) for row in rows]

    async def put(self, db: Connection, scope: str, reason: str) -> None:
        """Draw nothing new there from now on."""
        await db.execute(PUT, (scope, reason, self._now()))

    async def drop(self, db: Connection, scope: str) -> bool:
        """Draw there again; False if nothing was paused."""
        async with db.execute(DROP, (scope,)) as cursor:
            return cursor.rowcount > 0
