"""What group sessions know of somebody: handed out, or forgotten; the session of others stays."""

import re
from typing import Any, cast

import msgspec
from aiosqlite import Connection

from bot.errors import StudioError
from bot.play import take
from bot.session import Pressed, Session, Turn, Undrawn
from bot.store.settling import settle
from bot.store.store import Store

OTHERS = {
    "sessions": """
SELECT sessions.id, kind, sessions.chat, opened_at, closed_at,
       json_extract(one.value, '$.name') AS name,
       json_extract(state, '$.host') = ?1 AS hosts,
       (SELECT json_group_array(json_object(
                'words', json_extract(step.value, '$.words'),
                'artworks', json_extract(step.value, '$.artworks')))
        FROM json_each(state, '$.steps') step
        WHERE json_extract(step.value, '$.member') = ?1) AS steps
FROM sessions, json_each(state, '$.members') one
WHERE json_extract(one.value, '$.key') = ?1 ORDER BY sessions.id
""",
    "turns": """
SELECT session_id, number, at, turn FROM turns WHERE json_extract(turn, '$.key') = ?
ORDER BY session_id, number
""",
    "scores": "SELECT session_id, chat, kind, name, points, at FROM scores WHERE user = ?",
}
"""What is handed out, each as a file of its own."""

SOME = "SELECT id, state FROM sessions WHERE instr(state, ?) ORDER BY id LIMIT ?"

OPEN = "SELECT id FROM sessions WHERE phase = 'open' AND instr(state, ?) ORDER BY id"

PUT = "UPDATE sessions SET state = ?, changes = changes + 1 WHERE id = ?"

# Its sentences call people by name, also in answers to others.
SAID = """
DELETE FROM outbox WHERE session_id = ? AND state IN ('sent', 'failed')
"""

TURNS = """
DELETE FROM turns WHERE (session_id, number) IN (
    SELECT session_id, number FROM turns WHERE instr(turn, ?) LIMIT ?
)
"""

SCORES = "DELETE FROM scores WHERE user = ?"

WORDS = {"words", "text", "name", "texts"}
"""Of an object that is somebody's: what they are called, and what they have said."""


async def leave(db: Connection, store: Store, user: str) -> None:
    """Have somebody leave the sessions that are played; nobody waits for a picture of theirs."""
    for row in list(await db.execute_fetchall(OPEN, (_quoted(user),))):
        kept = await store.sessions.get(db, row["id"])
        if kept is None:
            continue
        session = kept.session
        for pending in session.pending:
            if pending.member == user:
                session = await _taken(db, store, session, Undrawn(mark=pending.mark, words=""))
        if (member := session.member(user)) is not None and not member.left:
            await _taken(db, store, session, Pressed(key=user, name="", value="leave"))


async def _taken(db: Connection, store: Store, session: Session, turn: Turn) -> Session:
    """Take a turn to a session; what is to be said of it, its board shows."""
    now = store.now()
    try:
        after, effects = take(session, turn, now)
    except StudioError:
        return session
    await store.sessions.save(db, after, turn, now)
    await settle(db, store, after, effects)
    return after


async def forget(db: Connection, user: str, limit: int) -> bool:
    """Take somebody out of some sessions, and drop what they have done there; False if of none.

    Others' pictures stay, with the words that they were drawn of, and so does the theme.
    """
    quoted = _quoted(user)
    await db.execute(SCORES, (user,))
    async with db.execute(TURNS, (quoted, limit)) as cursor:
        found = cursor.rowcount > 0
    for row in list(await db.execute_fetchall(SOME, (quoted, limit))):
        state = msgspec.json.decode(row["state"])
        cleaned = _without(state, user, _nobody(row["state"]))
        await db.execute(PUT, (msgspec.json.encode(cleaned).decode(), row["id"]))
        await db.execute(SAID, (row["id"],))
        found = True
    return found


def _quoted(user: str) -> str:
    """Return a key as it stands in what is kept."""
    return msgspec.json.encode(user).decode()


def _nobody(state: str) -> str:
    """Return the key of somebody of whom nothing is known, that nobody else has in a session."""
    numbers = [int(found) for found in re.findall(r'"gone:(\d+)"', state)]
    return f"gone:{max(numbers, default=0) + 1}"


def _without(value: Any, user: str, nobody: str) -> Any:
    """Return what is kept of a session without somebody: their key, name and words."""
    if value == user:
        return nobody
    if isinstance(value, list):
        said = cast("list[Any]", value)
        return [_without(one, user, nobody) for one in said if not _alone(one, user)]
    if not isinstance(value, dict):
        return value
    kept = cast("dict[str, Any]", value)
    theirs = user in (kept.get("member"), kept.get("key"))
    cleaned = {
        nobody if name == user else name: _without(one, user, nobody) for name, one in kept.items()
    }
    return _emptied(cleaned) if theirs else cleaned


def _alone(value: Any, user: str) -> bool:
    """Return whether something was said by somebody and by nobody else."""
    return isinstance(value, dict) and cast("dict[str, Any]", value).get("voices") == [user]


def _emptied(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what is somebody's without words, and without a canvas of their picture."""
    told = {name: type(one)() if name in WORDS else one for name, one in kept.items()}
    return told | ({"canvas": None} if "canvas" in told else {})
