"""/额度: how much one may still have drawn today."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Tell what was used, and what is left."""
    limits = await desk.purse.limits(db, call.user, call.chat)
    return texts.quota(await desk.purse.used(db, call.user), limits, call.id)


COMMAND = Command(names=("额度", "quota"), hint="今天还能画多少", run=run)
