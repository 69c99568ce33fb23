"""Jobs that wait, as an operator clears them away."""

from aiosqlite import Connection

NEWEST = """
SELECT max(id) AS id, count(*) AS count FROM jobs
WHERE state = 'queued' AND (:chat = '' OR chat = :chat) AND (:user = '' OR user = :user)
"""

SOME = """
SELECT id FROM jobs WHERE state = 'queued' AND id <= :upto
    AND (:chat = '' OR chat = :chat) AND (:user = '' OR user = :user)
ORDER BY id LIMIT :limit
"""


async def newest(db: Connection, *, chat: str = "", user: str = "") -> tuple[int, int]:
    """Return the newest waiting job, and how many there are; 0 if none.

    Args:
        db: A connection.
        chat: Key; empty: all chats.
        user: Key; empty: of everybody.
    """
    (row,) = await db.execute_fetchall(NEWEST, {"chat": chat, "user": user})
    return row["id"] or 0, row["count"]


async def some(
    db: Connection, upto: int, limit: int, *, chat: str = "", user: str = ""
) -> list[int]:
    """Return some of the waiting jobs that are no newer than one, oldest first."""
    of = {"upto": upto, "chat": chat, "user": user, "limit": limit}
    return [row["id"] for row in await db.execute_fetchall(SOME, of)]
