"""/队列: what waits, and when one's own is due."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.job import State
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Tell how much waits, and of one's own jobs each."""
    queue = desk.store.queue
    lines: list[str] = []
    for job in await queue.open_of(db, call.user):
        if job.state is State.DRAWING:
            lines.append(texts.drawing(job))
            continue
        place = await queue.ahead(db, job)
        lines.append(texts.waiting(job, place, desk.pace.seconds(place.cost)))
    drawing, waiting = await queue.busy(db)
    total = (
        f"正在画 {drawing} 个任务，{waiting} 个在等" if drawing + waiting else "现在没有人在排队"
    )
    own = "你的：" if lines else "你没有任务在排队"
    return Reply(text="\n".join([total, own, *(f"  {line}" for line in lines)]), to=call.id)


COMMAND = Command(names=("队列", "queue", "排队"), hint="排到哪了", run=run)
