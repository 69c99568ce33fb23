"""/取消: stop what one has asked for."""

from dataclasses import replace

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.errors import NoSuchJob
from bot.job import Job
from bot.wording import say


async def run(desk: Desk, db: Connection, call: Call) -> None:
    """Stop one job, by its number; without one, all of one's own in this chat."""
    for job in await _meant(desk, db, call):
        stopped = await desk.store.queue.cancel(db, job.id, call.user)
        reply = replace(texts.cancelled(stopped, call.id), fresh=True)
        await desk.store.outbox.put(db, stopped.chat, reply, job_id=stopped.id, last=True)


async def _meant(desk: Desk, db: Connection, call: Call) -> list[Job]:
    """Return the jobs to stop.

    Raises:
        NoSuchJob: There is none.
    """
    queue = desk.store.queue
    if call.argument:
        job = await queue.get(db, call.number)
        if job is None or job.share is not None or job.chat.key != call.chat.key:
            raise NoSuchJob(say("找不到这个任务了"))
        return [job]
    mine = await queue.open_of(db, call.user)
    # what a group session has drawn, it waits for
    here = [job for job in mine if job.share is None and job.chat.key == call.chat.key]
    if not here:
        raise NoSuchJob(say("你在这里没有任务可以取消"))
    return here


COMMAND = Command(
    names=("取消", "cancel", "停"), hint="取消我的任务；后面写编号就只取消那一个", run=run
)
