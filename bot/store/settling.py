"""What a group session's turn does to what is kept: pictures that are stopped or shown, points."""

from collections.abc import Iterable

from aiosqlite import Connection

from bot.job import State
from bot.session import Effect, Reveal, Score, Session, Stop
from bot.store.store import Store


async def settle(db: Connection, store: Store, session: Session, effects: Iterable[Effect]) -> None:
    """Do what needs nobody but the store; what is to be drawn or said is for others.

    Args:
        db: An open transaction.
        store: What it is done to.
        session: As it is after the turn.
        effects: What the turn asks for.
    """
    for effect in effects:
        match effect:
            case Stop(mark):
                job = await store.queue.of_session(db, session.id, mark)
                if job is not None and job.state in {State.QUEUED, State.DRAWING}:
                    await store.queue.move(db, job, State.CANCELLED)
            case Reveal(mark):
                await store.gallery.reveal(db, session.id, mark)
            case Score(member, points):
                await store.sessions.score(db, session, member, points)
            case _:
                pass
