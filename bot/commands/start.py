"""/start: how to begin, or what a link leads to that was opened elsewhere."""

from aiosqlite import Connection

from bot import link, menu, texts
from bot.command import Call, Command, Desk
from bot.commands import help as help_
from bot.errors import NoSuchPicture
from bot.reply import Reply
from bot.wording import say


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the picture that a link is of; without one, say how it works.

    Raises:
        NoSuchPicture: The link leads nowhere any more.
    """
    if not call.argument:
        return await help_.run(desk, db, call)
    linked = link.read(call.argument)
    found = await desk.store.gallery.get(db, [linked.target]) if linked else ()
    if linked is None or not found or not linked.is_of(found[0]):
        raise NoSuchPicture(say("这个链接已经打不开了"))
    mine = found[0].owner == call.user.key and found[0].chat == call.chat.key
    return texts.shown(found[0], menu.of_one(found[0]) if mine else (), call.id)


COMMAND = Command(names=("开始", "start"), hint="从头说起", run=run, listed=False)
