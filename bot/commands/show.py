"""/查看: one picture, with all that can be done to it."""

from aiosqlite import Connection

from bot import menu, texts
from bot.command import Call, Command, Desk
from bot.errors import NoSuchPicture
from bot.event import Press
from bot.reply import Reply
from bot.wording import say


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show a picture by its number, if whoever asks may see it."""
    return await _shown(desk, db, call, call.number)


async def pressed(desk: Desk, db: Connection, press: Press) -> Reply:
    """Show a picture whose number was pressed."""
    return await _shown(desk, db, press, press.action.target)


async def _shown(desk: Desk, db: Connection, asked: Call | Press, number: int) -> Reply:
    """Return a picture, if whoever asks may see it.

    Raises:
        NoSuchPicture: They see none of that number.
    """
    artwork = await desk.store.gallery.seen(db, number, asked.user.key, asked.chat.key)
    if artwork is None:
        raise NoSuchPicture(say("找不到这张画"))
    mine = artwork.owner == asked.user.key
    return texts.shown(artwork, menu.of_one(artwork) if mine else (), asked.id)


COMMAND = Command(
    names=("查看", "show"),
    hint="看一张画，后面写它的编号",
    run=run,
    asks="看哪张？例如：/查看 12（编号在 /历史 里）",
)
