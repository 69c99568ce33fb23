"""Gifts of pictures: who gave, who took, all in the one writer's transactions."""

from collections.abc import Callable, Sequence

from aiosqlite import Connection

from bot.event import Chat, User
from bot.gift import Gift, Share

GIVE = """
INSERT INTO gifts (user, name, chat, pictures, at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id
"""

PART = "INSERT INTO shares (gift_id, number, pictures) VALUES (?, ?, ?)"

GET = "SELECT * FROM gifts WHERE id = ?"

SHARES = "SELECT pictures, taken, user, name FROM shares WHERE gift_id = ? ORDER BY number"

TAKE = """
UPDATE shares SET taken = 1, user = :user, name = :name, at = :at
WHERE gift_id = :gift AND number = (
    SELECT min(number) FROM shares WHERE gift_id = :gift AND taken = 0
) RETURNING pictures
"""


class Gifts:
    """Keeps them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    async def give(
        self, db: Connection, user: User, chat: Chat, shares: Sequence[int], lasts_s: float
    ) -> Gift:
        """Keep a gift; from now on it counts against the giver's day.

        Args:
            db: An open transaction.
            user: The giver.
            chat: Where it may be taken.
            shares: Pictures of each.
            lasts_s: After so many seconds what nobody took is the giver's again.
        """
        now = self._now()
        row = (user.key, user.name, chat.key, sum(shares), now, now + lasts_s)
        (given,) = await db.execute_fetchall(GIVE, row)
        parts = [(given["id"], number, pictures) for number, pictures in enumerate(shares)]
        await db.executemany(PART, parts)
        return Gift(
            id=given["id"],
            user=user.key,
            name=user.name,
            chat=chat.key,
            expires_at=now + lasts_s,
            shares=tuple(Share(pictures=pictures) for pictures in shares),
        )

    async def get(self, db: Connection, gift_id: int) -> Gift | None:
        """Return a gift by its id."""
        for row in await db.execute_fetchall(GET, (gift_id,)):
            shares = await db.execute_fetchall(SHARES, (gift_id,))
            return Gift(
                id=row["id"],
                user=row["user"],
                name=row["name"],
                chat=row["chat"],
                expires_at=row["expires_at"],
                shares=tuple(
                    Share(
                        pictures=one["pictures"],
                        taken=bool(one["taken"]),
                        user=one["user"] or "",
                        name=one["name"],
                    )
                    for one in shares
                ),
            )
        return None

    async def take(self, db: Connection, gift: Gift, user: User) -> int:
        """Take the next share; return how many pictures it has.

        The gift has one left, and none is this person's: who asks has looked in this transaction.
        """
        values = {"gift": gift.id, "user": user.key, "name": user.name, "at": self._now()}
        (taken,) = await db.execute_fetchall(TAKE, values)
        return taken["pictures"]
