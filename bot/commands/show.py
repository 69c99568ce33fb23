"""/查看: one picture, with all that can be done to it."""

from aiosqlite import Connection

from bot import menu, texts
from bot.command import Call, Command, Desk
from bot.errors import NoSuchPicture
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show a picture by its number, if whoever asks may see it."""
    artwork = await desk.store.gallery.seen(db, call.number, call.user.key, call.chat.key)
    if artwork is None:
        raise NoSuchPicture("找不到这张画")
    mine = artwork.owner == call.user.key
    return texts.shown(artwork, menu.of_one(artwork) if mine else (), call.id)


COMMAND = Command(
    names=("查看", "show"),
    hint="看一张画，后面写它的编号",
    run=run,
    asks="看哪张？例如：/查看 12（编号在 /历史 里）",
)
