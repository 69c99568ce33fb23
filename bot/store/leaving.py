"""A chat in which nothing can be said any more."""

import logging

from aiosqlite import Connection

from bot.job import State
from bot.store.store import Store

log = logging.getLogger(__name__)


async def leave(db: Connection, store: Store, chat: str) -> None:
    """Give up what is on its way to a chat: replies, and jobs; what is asked for later is not.

    Jobs that wait or are being drawn are cancelled, and nobody is told; those that are drawn have
    failed, and their pictures stay. Group sessions rest until the bot is back. What the chat has
    set and drawn stays, too: one may come back.

    Args:
        db: An open transaction.
        store: What it is of.
        chat: Key.
    """
    await store.sessions.leave(db, chat)
    replies = await store.outbox.failed_in(db, chat)
    jobs = await store.queue.open_in(db, chat)
    for job in jobs:
        state = State.FAILED if job.state is State.DRAWN else State.CANCELLED
        await store.queue.move(db, job, state)
    if replies or jobs:
        log.warning("%s is left: %d replies and %d jobs are given up", chat, replies, len(jobs))
