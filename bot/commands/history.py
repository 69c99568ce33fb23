"""/历史: what one has had drawn."""

from aiosqlite import Connection

from bot import pages
from bot.command import Call, Command, Desk
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the newest page."""
    return await pages.first(desk.store, db, call, pages.MINE)


COMMAND = Command(names=("历史", "history"), hint="我画过的", run=run)
