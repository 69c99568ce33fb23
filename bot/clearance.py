"""Jobs that an operator stops: they cost nothing, and whose they are is told."""

from collections.abc import Iterable

from aiosqlite import Connection

from bot.job import State
from bot.reply import Reply
from bot.store.store import Store
from bot.wording import say


async def stop(store: Store, db: Connection, jobs: Iterable[int]) -> int:
    """Stop waiting jobs; return how many there were."""
    count = 0
    for job_id in jobs:
        job = await store.queue.get(db, job_id)
        if job is None or await store.queue.move(db, job, State.CANCELLED) is None:
            continue
        words = say("#{job} 被管理员取消了，不算张数", job=job.id)
        reply = Reply(text=words, to=job.reply_to)
        await store.outbox.put(db, job.chat, reply, job_id=job.id, last=True)
        count += 1
    return count
