"""/队列: what waits, and when one's own is due."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.job import State
from bot.reply import Reply
from bot.wording import say


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
    total = say("现在没有人在排队")
    if drawing + waiting:
        total = say("正在画 {drawing} 个任务，{waiting} 个在等", drawing=drawing, waiting=waiting)
    if (pause := await desk.store.pauses.of(db, call.chat.key)) is not None:
        total += "\n" + texts.pausing(pause.reason)
    own = say("你的：") if lines else say("你没有任务在排队")
    return Reply(text="\n".join([total, own, *(f"  {line}" for line in lines)]), to=call.id)


COMMAND = Command(names=("队列", "queue", "排队"), hint="排到哪了", run=run)
