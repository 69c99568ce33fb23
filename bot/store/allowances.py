"""Limits that operators have set, for good or for one day."""

from collections.abc import Iterable
from typing import Literal

from aiosqlite import Connection

from bot.quota import Setting, Settled

Kind = Literal["person", "chat", "role"]
ALWAYS = -1.0
"""The day of what holds for good."""

OF = """
SELECT kind, who, what, amount FROM allowances
WHERE (day = -1 OR day = :day)
    AND (kind = 'role' OR kind = 'person' AND who = :user OR kind = 'chat' AND who = :chat)
ORDER BY day <> -1
"""

PUT = """
INSERT INTO allowances (kind, who, what, day, amount) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (kind, who, what, day) DO UPDATE SET amount = excluded.amount
"""

DROP = "DELETE FROM allowances WHERE kind = ? AND who = ?"

# What held for a day that is over, or has not come: the clock was put back.
OVER = "DELETE FROM allowances WHERE kind = ? AND who = ? AND day NOT IN (-1, ?)"


class Allowances:
    """Keeps them."""

    async def of(self, db: Connection, user: str, chat: str, day: float) -> Settled:
        """Return what is set for a person and a chat, by key, and for all roles.

        Args:
            db: A connection.
            user: Key.
            chat: Key.
            day: When today began; what is set for it alone comes first.
        """
        found: dict[tuple[str, str], Setting] = {}
        of = {"user": user, "chat": chat, "day": day}
        for row in await db.execute_fetchall(OF, of):
            whose = row["kind"], row["who"]
            before = found.get(whose, Setting())
            found[whose] = _setting(row["what"], row["amount"]).over(before)
        return Settled(
            person=found.get(("person", user), Setting()),
            chat=found.get(("chat", chat), Setting()),
            roles={who: setting for (kind, who), setting in found.items() if kind == "role"},
        )

    async def put(
        self,
        db: Connection,
        kind: Kind,
        who: str,
        setting: Setting,
        *,
        day: float | None,
        today: float,
    ) -> None:
        """Keep what is set in place of what was; what is not said stays.

        Args:
            db: An open transaction.
            kind: Whom it is for.
            who: Key, or name of a role.
            setting: At least one limit.
            day: The one day for which it holds, by when it begins; None: for good.
            today: When today began.
        """
        await db.execute(OVER, (kind, who, today))
        at = ALWAYS if day is None else day
        await db.executemany(PUT, [(kind, who, what, at, of) for what, of in _amounts(setting)])

    async def drop(self, db: Connection, kind: Kind, who: str) -> bool:
        """Return to the config; False if nothing was set."""
        async with db.execute(DROP, (kind, who)) as cursor:
            return cursor.rowcount > 0


def _setting(what: str, amount: float) -> Setting:
    match what:
        case "pictures":
            return Setting(pictures=int(amount))
        case "seconds":
            return Setting(seconds=amount)
        case _:
            return Setting(cooldown_s=amount)


def _amounts(setting: Setting) -> Iterable[tuple[str, float]]:
    pairs = (
        ("pictures", setting.pictures),
        ("seconds", setting.seconds),
        ("cooldown_s", setting.cooldown_s),
    )
    return [(what, float(amount)) for what, amount in pairs if amount is not None]
