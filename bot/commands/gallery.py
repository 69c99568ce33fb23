"""/画廊: what was drawn in this chat."""

from aiosqlite import Connection

from bot import pages
from bot.command import Call, Command, Desk
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the newest page."""
    return await pages.first(desk.store, db, call, pages.CHATS)


COMMAND = Command(names=("画廊", "gallery"), hint="这里画过的", run=run)
