"""/额度: how much one may still have drawn today."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Tell what was used, and what is left."""
    since = desk.quota.day_of(desk.store.now())
    used = await desk.store.usage.of_user(db, call.user, since)
    return texts.quota(used, desk.quota.limits(call.user), call.id)


COMMAND = Command(names=("额度", "quota"), hint="今天还能画多少", run=run)
