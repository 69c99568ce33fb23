"""Group sessions: each with all that is known of it, and what has happened in it."""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from aiosqlite import Connection

from bot.event import Chat
from bot.game import GAMES
from bot.session import Game, Kind, Session, Turn

log = logging.getLogger(__name__)

INSERT = """
INSERT INTO sessions (chat, chat_group, place, kind, phase, state, opened_at)
VALUES (?, ?, ?, ?, 'open', '{}', ?) RETURNING id
"""

SAVE = """
UPDATE sessions
SET phase = ?, state = ?, due_at = ?, wants = ?, closed_at = ?, changes = changes + 1 WHERE id = ?
"""

GET = "SELECT * FROM sessions WHERE id = ?"

HERE = """
SELECT * FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE place = ?1 AND phase = 'open'
    UNION SELECT id FROM sessions WHERE chat = ?1 AND phase = 'open'
) ORDER BY id
"""

# A place of its own is no chat that has anything itself.
CHAT_OF = "SELECT chat FROM sessions WHERE place = ? AND place <> chat LIMIT 1"

# Members are found by what their keys look like, which may be in other places: look again.
OF_MEMBER = """
SELECT * FROM sessions WHERE phase = 'open' AND kind = ? AND instr(state, ?) ORDER BY id DESC
"""

ABOUT = "SELECT session_id FROM session_messages WHERE chat = ? AND message = ?"

# In the order in which they ran out.
DUE = """
SELECT id, due_at FROM sessions WHERE due_at IS NOT NULL AND away_at IS NULL
ORDER BY due_at, id LIMIT 1
"""

WANTING = """
SELECT id FROM sessions WHERE wants > 0 AND away_at IS NULL AND id > ? ORDER BY id LIMIT 1
"""

SHOWN = "SELECT id, changes FROM sessions WHERE board IS NOT NULL"

# Their chat has moved, or somebody has deleted it, or it could not be sent.
BOARDLESS = """
SELECT id FROM sessions WHERE phase = 'open' AND board IS NULL AND away_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM outbox
        WHERE state IN ('new', 'sending') AND session_id = sessions.id AND board = 1
    )
"""

OVER = """
SELECT * FROM sessions
WHERE phase = 'closed' AND chat = ? AND id < ? AND json_array_length(state, '$.steps') > 0
ORDER BY id DESC LIMIT ?
"""

LOG = """
INSERT INTO turns (session_id, number, at, turn)
SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM turns WHERE session_id = ?1
"""

TURNS = "SELECT * FROM turns WHERE session_id = ? ORDER BY number"

NOTE = """
INSERT INTO session_messages (chat, message, session_id) VALUES (?, ?, ?)
ON CONFLICT (chat, message) DO UPDATE SET session_id = excluded.session_id
"""

BOARD = """
UPDATE sessions SET board = ?, framed = 0, changes = changes + 1 WHERE id = ? AND chat = ?
"""

UNBOARD = "UPDATE sessions SET board = NULL WHERE id = ?"

FRAMED = "UPDATE sessions SET framed = 1, place = ?, changes = changes + 1 WHERE id = ?"

LEAVE = "UPDATE sessions SET away_at = ? WHERE chat = ? AND phase <> 'closed' AND away_at IS NULL"

# What was played in a place of its own goes on where it was opened, if that is gone.
HOME = "UPDATE sessions SET place = chat, changes = changes + 1 WHERE place = ? AND place <> chat"

ABANDON = """
UPDATE sessions SET phase = 'closed', due_at = NULL, wants = 0, board = NULL, closed_at = ?
WHERE id = ? AND (phase <> 'closed' OR wants > 0) RETURNING chat, chat_group
"""

WAKE = "UPDATE sessions SET due_at = ? WHERE id = ?"

# In one question, since it is asked of all that is said in any group.
AROUND = """
SELECT * FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE place = ?1 AND phase = 'open'
    UNION SELECT id FROM sessions WHERE chat = ?1 AND phase = 'open'
    UNION SELECT id FROM sessions WHERE chat = ?1 AND away_at IS NOT NULL
) ORDER BY id
"""

BACK = "UPDATE sessions SET away_at = NULL WHERE id = ?"

MOVE = (
    "DELETE FROM session_messages WHERE chat = :chat",
    "UPDATE OR IGNORE sessions SET board = NULL, chat = :to WHERE chat = :chat",
    # one of its kind is played there already
    """
UPDATE sessions SET board = NULL, chat = :to, phase = 'closed', due_at = NULL, wants = 0
WHERE chat = :chat
""",
    "UPDATE sessions SET place = :to WHERE place = :chat",
    "UPDATE scores SET chat = :to WHERE chat = :chat",
)

SCORE = """
INSERT INTO scores (session_id, chat, kind, user, name, points, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session_id, user) DO UPDATE SET points = points + excluded.points, at = excluded.at
"""

# The name is that of the newest row, which max() makes it. Of as many points, who had them first.
RANKING = """
SELECT user, name, max(at) AS last, sum(points) AS points, count(*) AS times FROM scores
WHERE chat = ? AND kind = ? AND at >= ? GROUP BY user ORDER BY sum(points) DESC, last LIMIT ?
"""

# Of what is over for so long nobody asks any more how it went.
FORGET = tuple(
    f"""
DELETE FROM {table} WHERE session_id IN (
    SELECT id FROM sessions WHERE phase = 'closed' AND closed_at < ?1
        AND EXISTS (SELECT 1 FROM {table} WHERE session_id = sessions.id)
    ORDER BY id LIMIT ?2
)
"""  # noqa: S608  tables of ours
    for table in ("turns", "session_messages")
)

# Of which no picture is left, and nothing that was won.
REMOVE = """
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE phase = 'closed' AND closed_at < ?
        AND NOT EXISTS (SELECT 1 FROM scores WHERE session_id = sessions.id)
        AND NOT EXISTS (
            SELECT 1 FROM jobs JOIN artworks ON artworks.job_id = jobs.id
            WHERE jobs.session_id = sessions.id
        )
    ORDER BY id LIMIT ?
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A session, and what the program knows of it that is no part of the play."""

    session: Session
    board: str | None
    """The platform's id of its board."""
    framed: bool
    """Whether the board is pinned and the session's place opened, as far as that can be."""
    away_at: float | None
    """When the bot was put out of the chat."""


@dataclass(frozen=True, slots=True)
class Rank:
    """What somebody has won in a chat."""

    user: str
    name: str
    points: int
    times: int
    """Sessions in which they have."""


class Sessions:
    """Keeps them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    async def _found(self, db: Connection, statement: str, values: Iterable[object]) -> list[Kept]:
        """Return the sessions that a statement finds, but those that cannot be read."""
        found = list[Kept]()
        for row in await db.execute_fetchall(statement, values):
            try:
                found.append(kept(row))
            except (msgspec.MsgspecError, KeyError):
                log.exception("session %d cannot be read", row["id"])
        return found

    async def add(self, db: Connection, chat: Chat, place: Chat, kind: Kind) -> int:
        """Begin to keep a session, and return its id; `save` says all else of it.

        Raises:
            sqlite3.IntegrityError: There is one of that kind in the chat.
        """
        row = (chat.key, chat.group, place.key, kind, self._now())
        for found in await db.execute_fetchall(INSERT, row):
            return int(found["id"])
        raise LookupError(INSERT)

    async def begun(self, db: Connection, session: Session, at: float) -> None:
        """Keep a session as it is when it begins; with its turns it can be played again."""
        await self._keep(db, session)
        await self._log(db, session, at, {"turn": OPENED, "state": _kept_of(session)})

    async def save(self, db: Connection, session: Session, turn: Turn, at: float) -> None:
        """Keep a session as it is now.

        Args:
            db: An open transaction.
            session: The session.
            turn: What it became so by.
            at: When that was.
        """
        await self._keep(db, session)
        said = msgspec.to_builtins(turn) | {"turn": type(turn).__name__}
        await self._log(db, session, at, said)

    async def _keep(self, db: Connection, session: Session) -> None:
        due_at = None if session.phase == "closed" else session.due_at
        row = (session.phase, _state(session), due_at, len(session.exhibits), session.closed_at)
        await db.execute(SAVE, (*row, session.id))

    async def _log(
        self, db: Connection, session: Session, at: float, said: Mapping[str, Any]
    ) -> None:
        line = msgspec.json.encode(said).decode()
        await db.execute(LOG, (session.id, at, line))

    async def get(self, db: Connection, id_: int) -> Kept | None:
        """Return a session by id; None: there is none that can be read."""
        for one in await self._found(db, GET, (id_,)):
            return one
        return None

    async def here(self, db: Connection, chat: str) -> list[Kept]:
        """Return those that are played in a chat, by key, or were opened there; oldest first."""
        return await self._found(db, HERE, (chat,))

    async def home(self, db: Connection, chat: str) -> str:
        """Return the key of the chat to which a place belongs that a session has had for itself."""
        for row in await db.execute_fetchall(CHAT_OF, (chat,)):
            return str(row["chat"])
        return chat

    async def of_member(self, db: Connection, kind: Kind, key: str) -> list[Kept]:
        """Return those of a kind that somebody, by key, takes part in; newest first."""
        looks = msgspec.json.encode(key).decode()
        found = await self._found(db, OF_MEMBER, (kind, looks))
        return [one for one in found if one.session.member(key)]

    async def about(self, db: Connection, chat: str, message: str) -> int | None:
        """Return the id of the session that a message of ours is of."""
        for row in await db.execute_fetchall(ABOUT, (chat, message)):
            return int(row["session_id"])
        return None

    async def due(self, db: Connection) -> tuple[int, float] | None:
        """Return the session whose timer runs out first, by id, and when."""
        for row in await db.execute_fetchall(DUE):
            return int(row["id"]), float(row["due_at"])
        return None

    async def wanting(self, db: Connection, after: int) -> int | None:
        """Return the first session after an id that has exhibits to be put together, by id."""
        for row in await db.execute_fetchall(WANTING, (after,)):
            return int(row["id"])
        return None

    async def shown(self, db: Connection) -> dict[int, int]:
        """Return those that have a board: how often each has changed, by id."""
        return {row["id"]: row["changes"] for row in await db.execute_fetchall(SHOWN)}

    async def boardless(self, db: Connection) -> list[int]:
        """Return those, by id, that have no board, and none on its way."""
        return [row["id"] for row in await db.execute_fetchall(BOARDLESS)]

    async def over(self, db: Connection, chat: str, before: int, limit: int) -> list[Session]:
        """Return those of a chat, by key, that are over and made something; newest first.

        Args:
            db: A connection.
            chat: The chat.
            before: Only those with a smaller id.
            limit: At most so many.
        """
        return [one.session for one in await self._found(db, OVER, (chat, before, limit))]

    async def turns(self, db: Connection, id_: int) -> list[dict[str, Any]]:
        """Return what has happened in a session, in order; each says what it was under "turn"."""
        rows = await db.execute_fetchall(TURNS, (id_,))
        return [msgspec.json.decode(row["turn"]) for row in rows]

    async def note(self, db: Connection, chat: str, messages: Iterable[str], id_: int) -> None:
        """Note messages of ours in a chat, by key, as those of a session."""
        await db.executemany(NOTE, [(chat, message, id_) for message in messages])

    async def boarded(self, db: Connection, id_: int, chat: str, message: str) -> None:
        """Note which message is the board of a session, unless its chat has moved meanwhile."""
        await db.execute(BOARD, (message, id_, chat))

    async def unboarded(self, db: Connection, id_: int) -> None:
        """Note that a session has no board that can be edited."""
        await db.execute(UNBOARD, (id_,))

    async def framed(self, db: Connection, id_: int, place: Chat) -> None:
        """Note that the board is pinned, as far as it can be, and where the session is played."""
        await db.execute(FRAMED, (place.key, id_))

    async def abandon(self, db: Connection, id_: int) -> Chat | None:
        """Let go of a session with which it cannot go on; return where it was, if it was played."""
        for row in await db.execute_fetchall(ABANDON, (self._now(), id_)):
            return _chat(row["chat"], group=bool(row["chat_group"]))
        return None

    async def leave(self, db: Connection, chat: str) -> None:
        """Let the sessions of a chat, by key, rest: nothing can be said there."""
        await db.execute(LEAVE, (self._now(), chat))
        await db.execute(HOME, (chat,))

    async def wake(self, db: Connection, session: Session) -> None:
        """Have a session be looked at when its next timer runs out, and no sooner."""
        await db.execute(WAKE, (session.due_at, session.id))

    async def around(self, db: Connection, chat: str) -> list[Kept]:
        """Return those that are here, and those that rest in a chat, by key; oldest first."""
        return await self._found(db, AROUND, (chat,))

    async def back(self, db: Connection, id_: int) -> None:
        """Let a session go on."""
        await db.execute(BACK, (id_,))

    async def move_chat(self, db: Connection, chat: str, to: str) -> None:
        """Have the sessions of a chat be of another, by keys; their messages are known no more."""
        for statement in MOVE:
            await db.execute(statement, {"chat": chat, "to": to})

    async def score(self, db: Connection, session: Session, user: str, points: int) -> None:
        """Note what somebody has won."""
        who = (user, session.name_of(user), points, self._now())
        await db.execute(SCORE, (session.id, session.chat.key, session.game.kind, *who))

    async def ranking(
        self, db: Connection, chat: str, kind: Kind, since: float, limit: int
    ) -> list[Rank]:
        """Return who has won the most in a chat, by key, since a time."""
        rows = await db.execute_fetchall(RANKING, (chat, kind, since, limit))
        return [Rank(row["user"], row["name"], row["points"], row["times"]) for row in rows]

    async def forget(self, db: Connection, limit: int, *, before: float) -> bool:
        """Drop what happened in some sessions that were over before a time; False if in none.

        Those go altogether of which no picture is left.
        """
        found = False
        for statement in (*FORGET, REMOVE):
            async with db.execute(statement, (before, limit)) as cursor:
                found = found or cursor.rowcount > 0
        return found


OPENED = "Opened"
"""What the first line of what has happened says it is; all others name a turn."""
COLUMNS = ("id", "chat", "place", "phase", "opened_at", "closed_at")
"""What of a session is a column of its own."""


def _state(session: Session) -> str:
    return msgspec.json.encode(_kept_of(session)).decode()


def _kept_of(session: Session) -> dict[str, Any]:
    kept = msgspec.to_builtins(session)
    return {key: kept[key] for key in kept if key not in COLUMNS}


def kept(row: Mapping[str, Any] | sqlite3.Row) -> Kept:
    """Return a session from its row.

    Raises:
        MsgspecError: It is not as this version keeps one.
        KeyError: It is of a kind that this version does not know.
    """

    def game(type_: type, said: Any) -> Any:
        if type_ is not Game:
            raise NotImplementedError(type_)
        return msgspec.convert(said, type=GAMES[row["kind"]])

    chat = _chat(row["chat"], group=bool(row["chat_group"]))
    known = {key: row[key] for key in COLUMNS if key not in {"chat", "place"}}
    state = {**msgspec.json.decode(row["state"]), **known}
    state |= {key: msgspec.to_builtins(chat) for key in ("chat", "place")}
    session = msgspec.convert(state, type=Session, dec_hook=game)
    if row["place"] != row["chat"]:
        session = replace(session, place=_chat(row["place"], group=True))
    return Kept(
        session=session,
        board=row["board"],
        framed=bool(row["framed"]),
        away_at=row["away_at"],
    )


def _chat(key: str, *, group: bool) -> Chat:
    platform, _, id_ = key.partition(":")
    return Chat(platform, id_, group)
