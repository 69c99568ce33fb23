"""A chat that goes on under another id: all that is kept of it goes along."""

from aiosqlite import Connection

from bot.settings import Settings
from bot.store.near import at_length
from bot.store.store import Store

# Where both have something set, that of the chat as it is now holds.
STATEMENTS = (
    "UPDATE OR IGNORE allowances SET who = :to WHERE kind = 'chat' AND who = :chat",
    "DELETE FROM allowances WHERE kind = 'chat' AND who = :chat",
    "UPDATE OR IGNORE pauses SET scope = :to WHERE scope = :chat",
    "DELETE FROM pauses WHERE scope = :chat",
    "UPDATE gifts SET chat = :to WHERE chat = :chat",
    "UPDATE acts SET chat = :to WHERE chat = :chat",
)


async def move(db: Connection, store: Store, chat: str, to: str) -> None:
    """Have all that is kept of a group be of another; of one of which nothing is kept, nothing.

    Requests, pictures, replies, gifts, pauses and limits are found under the new key and no more
    under the old. Messages are numbered anew there, so those of before are forgotten: what waits
    answers no message, a job whose own message stayed behind ends with a new one, and a group
    session gets a new board. What was decided for the old chat and comes after this stands under
    the old key until it is moved, too: call it again whenever the platform says so.

    Args:
        db: An open transaction.
        store: What it is of.
        chat: Key of the group.
        to: Key of what it is from now on.
    """
    if chat == to:
        return
    with at_length():
        await store.queue.move_chat(db, chat, to)
        await store.gallery.move_chat(db, chat, to)
        await store.outbox.move_chat(db, chat, to)
        await store.sessions.move_chat(db, chat, to)
        for statement in STATEMENTS:
            await db.execute(statement, {"chat": chat, "to": to})
        before, now = [await store.preferences.get(db, key) for key in (chat, to)]
        if before != Settings():
            await store.preferences.put(db, to, now.over(before))
            await store.preferences.put(db, chat, Settings())
