"""What operators did, and which requests were refused: kept, for whoever looks after them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiosqlite import Connection

from bot.event import Chat, User

PUT = """
INSERT INTO acts (user, name, chat, command, whom, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)
"""

NEWEST = "SELECT * FROM acts ORDER BY id DESC LIMIT ?"

REFUSED = """
INSERT INTO refusals (error, count) VALUES (?, 1)
ON CONFLICT (error) DO UPDATE SET count = count + 1
"""

REFUSALS = "SELECT error, count FROM refusals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that an operator did."""

    user: str
    """Key of the operator; empty: somebody who is forgotten."""
    name: str
    chat: str
    """Key of where it was said."""
    command: str
    whom: str
    """Key of the person that it was done to; empty: none."""
    detail: str
    at: float
    """Seconds since the epoch."""


class Acts:
    """Keeps them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    async def put(
        self,
        db: Connection,
        user: User,
        chat: Chat,
        command: str,
        detail: str,
        whom: str = "",
    ) -> None:
        """Keep what an operator did.

        Args:
            db: The transaction that does it.
            user: The operator.
            chat: Where it was said.
            command: As it is called.
            detail: How; no names of people, who may want to be forgotten.
            whom: Key of the person that it was done to.
        """
        now = self._now()
        row = (user.key, user.name, chat.key, command, whom, detail, now)
        await db.execute(PUT, row)

    async def newest(self, db: Connection, limit: int) -> list[Act]:
        """Return the newest, newest first."""
        return [
            Act(
                user=row["user"],
                name=row["name"],
                chat=row["chat"],
                command=row["command"],
                whom=row["whom"],
                detail=row["detail"],
                at=row["at"],
            )
            for row in await db.execute_fetchall(NEWEST, (limit,))
        ]

    async def refused(self, db: Connection, error: str) -> None:
        """Count a refused request, by the name of its error."""
        await db.execute(REFUSED, (error,))

    async def refusals(self, db: Connection) -> Mapping[str, int]:
        """Return how many requests were refused, by error."""
        return {row["error"]: row["count"] for row in await db.execute_fetchall(REFUSALS)}
