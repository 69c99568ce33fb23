"""/收藏: one's favourites."""

from aiosqlite import Connection

from bot import pages
from bot.command import Call, Command, Desk
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the newest page."""
    return await pages.first(desk.store, db, call, pages.FAVOURITES)


COMMAND = Command(names=("收藏", "favourites"), hint="我收藏的", run=run)
