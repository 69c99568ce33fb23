"""Replies on their way out: kept in the transaction that decides them, sent afterwards."""

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from aiosqlite import Connection

from bot.bulletin import Opening
from bot.event import Attachment, Chat
from bot.form import Form
from bot.reply import Among, Button, Delivery, Named, Reply, Sent
from bot.store.gallery import Gallery
from bot.store.plates import Plates
from bot.store.sessions import Sessions
from bot.store.uploads import Uploads
from bot.wording import LANGUAGE, Language

INSERT = """
INSERT INTO outbox
    (chat, chat_group, job_id, session_id, board, reply, last, kind, due_at, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

CHATS = """
SELECT chat, max(id) AS newest FROM outbox WHERE state IN ('new', 'sending') GROUP BY chat
"""

# The last edit of a job's message is in no hurry: its result is there already.
NEXT = """
SELECT * FROM outbox WHERE state IN ('new', 'sending') AND chat = ?
ORDER BY kind = 'closes', id LIMIT ?
"""

# Of these, those that still wait for that chat.
WAITING = """
SELECT count(*) AS count FROM outbox
WHERE id IN (SELECT value FROM json_each(?)) AND chat = ? AND state IN ('new', 'sending')
"""

SENDING = "UPDATE outbox SET state = 'sending', attempts = attempts + 1, fold = ? WHERE id = ?"

# A message of a chat that has moved meanwhile is in the one before.
SENT = """
UPDATE outbox SET state = 'sent', sent_at = :at, message = iif(chat = :chat, :message, NULL)
WHERE id = :id RETURNING chat, session_id, board
"""

BOARD = """
SELECT reply FROM outbox
WHERE state IN ('sent', 'failed') AND session_id = ?1 AND board = 1 AND message = ?2
    AND created_at >= (SELECT opened_at FROM sessions WHERE id = ?1)
ORDER BY created_at DESC LIMIT 1
"""

# A second one is the repeat of a first that may not have arrived.
OPENING = """
SELECT * FROM outbox
WHERE job_id = ? AND kind = 'opens' AND state = 'sent' AND message IS NOT NULL
ORDER BY id DESC LIMIT 1
"""

# One that ended where nobody is left to be told has no last word.
OVER = """
SELECT EXISTS (SELECT 1 FROM outbox WHERE job_id = ?1 AND last = 1)
    OR NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND ended_at IS NULL)
"""

PICTURED = "UPDATE outbox SET pictured = 1 WHERE job_id = ? AND kind = 'opens'"

# The job may be forgotten by now, and the chat may have moved.
ABOUT = """
INSERT INTO messages (chat, message, job_id, number)
SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?3)
    AND EXISTS (SELECT 1 FROM outbox WHERE id = ?5 AND chat = ?1)
ON CONFLICT (chat, message) DO UPDATE SET job_id = excluded.job_id, number = excluded.number
"""

FAILED = "UPDATE outbox SET state = 'failed' WHERE id = ?"

FAILED_IN = "UPDATE outbox SET state = 'failed' WHERE chat = ? AND state IN ('new', 'sending')"

# What a session has said meanwhile says nothing any more; its board shows how things are.
MUTED = """
UPDATE outbox SET state = 'failed' WHERE chat = ?1 AND state IN ('new', 'sending')
    AND session_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM outbox WHERE id = ?2 AND session_id IS NOT NULL)
"""

FORGET = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE state IN ('sent', 'failed') AND created_at < ?
    ORDER BY created_at LIMIT ?
)
"""

KEEP_SENT_S = 8 * 24 * 3600.0
"""How long a reply is kept that was sent; a job ends with the mark, not with its text."""

# What was given up meanwhile stays so.
# There messages are numbered anew: what an id named here is another's or nobody's.
MOVE = (
    "DELETE FROM messages WHERE chat = :chat",
    """
UPDATE outbox SET reply = json_set(reply, '$.to', NULL)
WHERE chat = :chat AND state IN ('new', 'sending')
""",
    "UPDATE outbox SET chat = :to, message = NULL WHERE chat = :chat",
)

LATER = """
UPDATE outbox SET state = ?, due_at = ? WHERE id = ? AND state IN ('new', 'sending')
"""

SEEN = 64
"""Replies of a chat that are looked at together."""


Kind = Literal["says", "opens", "closes"]
"""A message, the job's own message, or the last edit of that."""


class Kept(msgspec.Struct, frozen=True):
    """A reply as the database has it."""

    text: str
    artworks: tuple[int, ...]
    buttons: tuple[tuple[Button, ...], ...]
    to: str | None
    struck: tuple[tuple[int, int], ...] = ()
    originals: bool = False
    wait: tuple[int, int] | None = None
    among: Among | None = None
    named: tuple[Named, ...] = ()
    fresh: bool = False
    form: Form | None = None
    aside: bool = False
    asks: str = ""
    attached: tuple[Attachment, ...] = ()
    link: str = ""
    veiled: bool = False
    language: Language = "zh"
    plate: tuple[str, int, int] | None = None
    """Name of the file, width and height."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a reply is of a group session."""

    session_id: int
    board: bool = False
    """Whether it is the message that is edited while it is played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery and when it may go."""

    delivery: Delivery
    due_at: float
    attempts: int
    created_at: float
    kind: Kind = "says"
    fold: int | None = None
    """What it went out with before, by the id of the first."""
    language: Language = "zh"


class Outbox:
    """Keeps replies until their platform has them."""

    def __init__(
        self,
        gallery: Gallery,
        plates: Plates,
        uploads: Uploads,
        sessions: Sessions,
        platforms: Collection[str],
        now: Callable[[], float],
    ) -> None:
        self._gallery = gallery
        self._plates = plates
        self._uploads = uploads
        self._sessions = sessions
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
        kind: Kind = "says",
        part: Part | None = None,
    ) -> None:
        """Keep a reply for sending.

        Args:
            db: The transaction that decides it.
            chat: Where it goes.
            reply: What is said.
            job_id: The job that it is about.
            last: Whether the job ends with it.
            kind: What it is; one that says where its job is opens that, whatever is said here.
            part: What it is of a group session.
        """
        plate = reply.plate
        kept = Kept(
            text=reply.text,
            artworks=tuple(artwork.id for artwork in reply.artworks),
            buttons=reply.buttons,
            to=reply.to or None,  # a request whose message is in a chat of before has none
            struck=reply.struck,
            originals=reply.originals,
            wait=reply.wait,
            among=reply.among,
            named=reply.named,
            fresh=reply.fresh,
            form=reply.form,
            aside=reply.aside,
            asks=reply.asks,
            attached=reply.attached,
            link=reply.link,
            veiled=reply.veiled,
            language=LANGUAGE.get(),
            plate=plate and (plate.path.name, plate.width, plate.height),
        )
        if kind == "says" and reply.wait is not None:
            kind = "opens"
        words, now = msgspec.json.encode(kept).decode(), self._now()
        of = (chat.key, chat.group, job_id, *((part.session_id, part.board) if part else (None, 0)))
        await db.execute(INSERT, (*of, words, last, kind, now, now))

    async def chats(self, db: Connection) -> dict[str, int]:
        """Return the chats that replies wait for, on platforms that are on: the newest, by key."""
        rows = await db.execute_fetchall(CHATS)
        newest: dict[str, int] = {row["chat"]: row["newest"] for row in rows}
        return {
            chat: id_ for chat, id_ in newest.items() if chat.partition(":")[0] in self._platforms
        }

    async def next(self, db: Connection, chat: str) -> Parcel | None:
        """Return the reply that is the next to be sent to a chat, had it nothing to wait for."""
        for row in await db.execute_fetchall(NEXT, (chat, 1)):
            return await self._parcel(db, row)
        return None

    async def waiting(self, db: Connection, chat: str) -> list[Parcel]:
        """Return replies that wait for a chat, in order."""
        rows = await db.execute_fetchall(NEXT, (chat, SEEN))
        return [await self._parcel(db, row) for row in rows]

    async def opening(self, db: Connection, job_id: int) -> Opening | None:
        """Return a job's own message, if the platform has it."""
        for row in await db.execute_fetchall(OPENING, (job_id,)):
            parcel = await self._parcel(db, row)
            return Opening(
                job_id=job_id,
                chat=parcel.delivery.chat,
                message=row["message"],
                reply=parcel.delivery.reply,
                language=parcel.language,
                sent_at=row["sent_at"],
                pictured=bool(row["pictured"]),
            )
        return None

    async def board(self, db: Connection, session_id: int, message: str) -> Reply | None:
        """Return what a board of a group session showed when it was sent."""
        for row in await db.execute_fetchall(BOARD, (session_id, message)):
            kept = msgspec.json.decode(row["reply"], type=Kept)
            return Reply(text=kept.text, buttons=kept.buttons)
        return None

    async def over(self, db: Connection, job_id: int) -> bool:
        """Return whether the last word on a job is kept, so that no other is to be said."""
        for row in await db.execute_fetchall(OVER, (job_id,)):
            return bool(row[0])
        return True

    async def pictured(self, db: Connection, job_id: int) -> None:
        """Note that a job's own message is about to show a sketch."""
        await db.execute(PICTURED, (job_id,))

    async def sending(self, db: Connection, *deliveries: Delivery) -> bool:
        """Note that replies are about to be sent together: from here on they may have arrived.

        Returns False, and notes nothing, if not all of them wait for that chat any more.
        """
        ids, chat = [delivery.id for delivery in deliveries], deliveries[0].chat
        (found,) = await db.execute_fetchall(WAITING, (json.dumps(ids), chat.key))
        if found["count"] < len(ids):
            return False
        fold = ids[0] if len(ids) > 1 else None
        await db.executemany(SENDING, [(fold, id_) for id_ in ids])
        return True

    async def sent(self, db: Connection, delivery: Delivery, messages: Sequence[Sent]) -> None:
        """Note that the platform has a reply, as which messages, and which files with them."""
        chat, id_, job_id = delivery.chat, delivery.id, delivery.job_id
        last = messages[-1].id if messages else None  # with the buttons
        values = {"at": self._now(), "chat": chat.key, "message": last, "id": id_}
        rows = await db.execute_fetchall(SENT, values)
        await self._uploads.put(db, chat.platform, messages)
        if job_id is not None:
            about = ((chat.key, one.id, job_id, one.number, id_) for one in messages)
            await db.executemany(ABOUT, about)
        for row in rows:
            if row["session_id"] is not None and row["chat"] == chat.key:
                part = Part(row["session_id"], bool(row["board"]))
                await self._of_session(db, part, chat, messages)

    async def _of_session(
        self, db: Connection, part: Part, chat: Chat, messages: Sequence[Sent]
    ) -> None:
        """Note messages that a group session has in its chat, which has not moved meanwhile."""
        ids = [one.id for one in messages]
        await self._sessions.note(db, chat.key, ids, part.session_id)
        if part.board and ids:
            await self._sessions.boarded(db, part.session_id, chat.key, ids[-1])

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
        # what may have arrived before this attempt may have arrived after it
        state = "new" if arrived is False and not delivery.repeated else "sending"
        await db.execute(LATER, (state, self._now() + wait_s, delivery.id))

    async def failed(self, db: Connection, delivery: Delivery) -> None:
        """Give a reply up."""
        await db.execute(FAILED, (delivery.id,))

    async def failed_in(self, db: Connection, chat: str) -> int:
        """Give up all replies that wait for a chat, by key; return how many."""
        async with db.execute(FAILED_IN, (chat,)) as cursor:
            return cursor.rowcount

    async def muted(self, db: Connection, delivery: Delivery) -> bool:
        """Give up all that group sessions say in a chat that will not have it.

        Returns whether what it would not have was said by one.
        """
        async with db.execute(MUTED, (delivery.chat.key, delivery.id)) as cursor:
            return cursor.rowcount > 0

    async def move_chat(self, db: Connection, chat: str, to: str) -> None:
        """Have what goes to a chat go to another, by keys; our messages in it are known no more.

        Waiting replies answer no message any more. A job whose own message stayed behind has none.
        """
        for statement in MOVE:
            await db.execute(statement, {"chat": chat, "to": to})

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
            wait=kept.wait,
            among=kept.among,
            named=kept.named,
            fresh=kept.fresh,
            form=kept.form,
            aside=kept.aside,
            asks=kept.asks,
            attached=kept.attached,
            link=kept.link,
            veiled=kept.veiled,
            plate=self._plates.find(*kept.plate) if kept.plate else None,
        )
        hashes = (artwork.sha256 for artwork in reply.artworks)
        delivery = Delivery(
            id=row["id"],
            chat=Chat(platform, id_, bool(row["chat_group"])),
            reply=reply,
            job_id=row["job_id"],
            last=bool(row["last"]),
            repeated=row["state"] == "sending",
            again=row["attempts"] > 0,
            uploaded=await self._uploads.of(db, platform, hashes),
        )
        return Parcel(
            delivery=delivery,
            due_at=row["due_at"],
            attempts=row["attempts"],
            created_at=row["created_at"],
            kind=row["kind"],
            fold=row["fold"],
            language=kept.language,
        )
