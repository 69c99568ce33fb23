"""Updates that have arrived: kept first, answered later, each once."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

KEEP_SEEN_S = 8 * 24 * 3600.0
"""How long a handled update is remembered, so that a repeat is known as one. Telegram may repeat
for a day, and after a week of silence begins with ids of its own choice."""

INSERT = """
INSERT INTO updates (platform, update_id, body, received_at) VALUES (?, ?, ?, ?)
ON CONFLICT (platform, update_id) DO NOTHING
"""

# The plus keeps SQLite off the index of update ids, where it would read all that was ever handled.
WAITING = """
SELECT id, platform, body, attempts, received_at FROM updates
WHERE handled_at IS NULL AND +platform IN (SELECT value FROM json_each(?)) AND id > ?
ORDER BY id LIMIT ?
"""

BEGUN = "UPDATE updates SET attempts = attempts + 1 WHERE id = ?"

NEWEST = "SELECT coalesce(max(id), 0) FROM updates"

DONE = "UPDATE updates SET handled_at = ?, body = x'' WHERE id = ?"

FORGET = "DELETE FROM updates WHERE handled_at < ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One update, as its platform sent it."""

    id: int
    platform: str
    body: bytes
    attempts: int
    """How often it was begun after a process had ended on it, or on another beside it."""
    received_at: float = 0.0
    """Seconds since the epoch, UTC."""


class Inbox:
    """Keeps updates in the order of their arrival."""

    def __init__(self, platforms: Collection[str], now: Callable[[], float]) -> None:
        self._platforms = msgspec.json.encode(list(platforms)).decode()
        self._now = now
        self._newest = 0

    async def receive(self, db: Connection, platform: str, update_id: str, body: bytes) -> bool:
        """Keep an update; return whether it is new."""
        row = (platform, update_id, body, self._now())
        async with db.execute(INSERT, row) as cursor:
            return cursor.rowcount == 1

    async def receive_all(
        self, db: Connection, platform: str, updates: Iterable[tuple[str, bytes]]
    ) -> None:
        """Keep updates that came together, each an id and a body; those that are new."""
        now = self._now()
        await db.executemany(INSERT, [(platform, id_, body, now) for id_, body in updates])

    async def next(self, db: Connection) -> Update | None:
        """Return the oldest unanswered update of a platform that is on; others keep."""
        return next(iter(await self.waiting(db, 0, 1)), None)

    async def waiting(self, db: Connection, after: int, limit: int) -> list[Update]:
        """Return unanswered updates of platforms that are on, in order.

        Args:
            db: A connection.
            after: Id of an update; only those that came later.
            limit: At most so many.
        """
        rows = await db.execute_fetchall(WAITING, (self._platforms, after, limit))
        return [
            Update(
                id=row["id"],
                platform=row["platform"],
                body=row["body"],
                attempts=row["attempts"],
                received_at=row["received_at"],
            )
            for row in rows
        ]

    async def done(self, db: Connection, update: Update) -> None:
        """Note that an update is answered."""
        await db.execute(DONE, (self._now(), update.id))

    async def all_done(self, db: Connection, updates: Iterable[Update]) -> None:
        """Note that updates are answered."""
        now = self._now()
        await db.executemany(DONE, [(now, update.id) for update in updates])

    async def begun(self, db: Connection, update: Update) -> None:
        """Note that an update is about to be answered that has outlived a process."""
        await db.execute(BEGUN, (update.id,))

    async def recover(self, db: Connection) -> None:
        """Note which updates have outlived the process before: one of them may have ended it."""
        for row in await db.execute_fetchall(NEWEST):
            self._newest = int(row[0])

    def outlived(self, update: Update) -> bool:
        """Return whether an update came to a process before this one."""
        return update.id <= self._newest

    async def forget(self, db: Connection) -> None:
        """Drop what was handled so long ago that no platform repeats it."""
        await db.execute(FORGET, (self._now() - KEEP_SEEN_S,))
