"""Replies on their way out: kept in the transaction that decides them, sent afterwards."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from bot.event import Chat
from bot.reply import Button, Delivery, Reply, Sent
from bot.store.gallery import Gallery

INSERT = """
INSERT INTO outbox (chat, chat_group, job_id, reply, last, due_at, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

CHATS = "SELECT DISTINCT chat FROM outbox WHERE state IN ('new', 'sending')"

NEXT = """
SELECT * FROM outbox WHERE state IN ('new', 'sending') AND chat = ? ORDER BY id LIMIT 1
"""

SENDING = "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?"

SENT = "UPDATE outbox SET state = 'sent', sent_at = ? WHERE id = ?"

ABOUT = """
INSERT INTO messages (chat, message, job_id, number)
SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?3)  -- it may be forgotten by now
ON CONFLICT (chat, message) DO UPDATE SET job_id = excluded.job_id, number = excluded.number
"""

FAILED = "UPDATE outbox SET state = 'failed' WHERE id = ?"

FORGET = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE state IN ('sent', 'failed') AND created_at < ?
    ORDER BY created_at LIMIT ?
)
"""

KEEP_SENT_S = 8 * 24 * 3600.0
"""How long a reply is kept that was sent; a job ends with the mark, not with its text."""

LATER = "UPDATE outbox SET state = ?, due_at = ? WHERE id = ?"


class Kept(msgspec.Struct, frozen=True):
    """A reply as the database has it."""

    text: str
    artworks: tuple[int, ...]
    buttons: tuple[tuple[Button, ...], ...]
    to: str | None
    struck: tuple[tuple[int, int], ...] = ()
    originals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery and when it may go."""

    delivery: Delivery
    due_at: float
    attempts: int


class Outbox:
    """Keeps replies until their platform has them."""

    def __init__(
        self, gallery: Gallery, platforms: Collection[str], now: Callable[[], float]
    ) -> None:
        self._gallery = gallery
        self._platforms = frozenset(platforms)
        self._now = now

    async def put(
        self,
        db: Connection,
        chat: Chat,
        reply: Reply,
        *,
        job_id: int | None = None,
        last: bool = False,
    ) -> None:
        """Keep a reply for sending.

        Args:
            db: The transaction that decides it.
            chat: Where it goes.
            reply: What is said.
            job_id: The job that it is about.
            last: Whether the job ends with it.
        """
        kept = Kept(
            text=reply.text,
            artworks=tuple(artwork.id for artwork in reply.artworks),
            buttons=reply.buttons,
            to=reply.to,
            struck=reply.struck,
            originals=reply.originals,
        )
        words, now = msgspec.json.encode(kept).decode(), self._now()
        await db.execute(INSERT, (chat.key, chat.group, job_id, words, last, now, now))

    async def chats(self, db: Connection) -> list[str]:
        """Return the keys of the chats that replies wait for, on platforms that are on."""
        chats: list[str] = [row["chat"] for row in await db.execute_fetchall(CHATS)]
        return [chat for chat in chats if chat.partition(":")[0] in self._platforms]

    async def next(self, db: Connection, chat: str) -> Parcel | None:
        """Return the oldest reply that waits for a chat."""
        for row in await db.execute_fetchall(NEXT, (chat,)):
            return await self._parcel(db, row)
        return None

    async def sending(self, db: Connection, delivery: Delivery) -> None:
        """Note that a reply is about to be sent: from here on it may have arrived."""
        await db.execute(SENDING, (delivery.id,))

    async def sent(self, db: Connection, delivery: Delivery, messages: Sequence[Sent]) -> None:
        """Note that the platform has a reply, and as which messages."""
        await db.execute(SENT, (self._now(), delivery.id))
        if delivery.job_id is not None:
            about = ((delivery.chat.key, m.id, delivery.job_id, m.number) for m in messages)
            await db.executemany(ABOUT, about)

    async def later(
        self, db: Connection, delivery: Delivery, wait_s: float, *, arrived: bool | None
    ) -> None:
        """Keep a reply for another attempt.

        Args:
            db: An open transaction.
            delivery: What was not sent.
            wait_s: Seconds until the next attempt.
            arrived: False if it surely did not; None if nothing can tell.
        """
        state = "new" if arrived is False else "sending"
        await db.execute(LATER, (state, self._now() + wait_s, delivery.id))

    async def failed(self, db: Connection, delivery: Delivery) -> None:
        """Give a reply up."""
        await db.execute(FAILED, (delivery.id,))

    async def forget(self, db: Connection, limit: int) -> bool:
        """Drop some of the replies that were sent long ago; False if there is none."""
        async with db.execute(FORGET, (self._now() - KEEP_SENT_S, limit)) as cursor:
            return cursor.rowcount > 0

    async def _parcel(self, db: Connection, row: sqlite3.Row) -> Parcel:
        kept = msgspec.json.decode(row["reply"], type=Kept)
        platform, _, id_ = row["chat"].partition(":")
        reply = Reply(
            text=kept.text,
            artworks=await self._gallery.get(db, kept.artworks),
            buttons=kept.buttons,
            to=kept.to,
            struck=kept.struck,
            originals=kept.originals,
        )
        delivery = Delivery(
            id=row["id"],
            chat=Chat(platform, id_, bool(row["chat_group"])),
            reply=reply,
            job_id=row["job_id"],
            last=bool(row["last"]),
            repeated=row["state"] == "sending",
        )
        return Parcel(delivery=delivery, due_at=row["due_at"], attempts=row["attempts"])
