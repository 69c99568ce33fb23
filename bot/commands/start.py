"""/start: how to begin, or what a link leads to that was opened elsewhere."""

from aiosqlite import Connection

from bot import link, menu, texts
from bot.command import Call, Command, Desk
from bot.commands import entry, riddle
from bot.commands import help as help_
from bot.errors import NoSuchPicture, NotNow
from bot.reply import Reply
from bot.wording import say


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the picture that a link is of; without one, say how it works.

    Raises:
        NoSuchPicture: The link leads nowhere any more.
    """
    if not call.argument:
        return await help_.run(desk, db, call)
    if (whisper := link.whispered(call.argument)) is not None:
        return await _asked(desk, db, call, whisper)
    linked = link.read(call.argument)
    found = await desk.store.gallery.get(db, [linked.target]) if linked else ()
    if linked is None or not found or not linked.is_of(found[0]):
        raise NoSuchPicture(say("这个链接已经打不开了"))
    mine = found[0].owner == call.user.key and found[0].chat == call.chat.key
    return texts.shown(found[0], menu.of_one(found[0]) if mine else (), call.id)


async def _asked(desk: Desk, db: Connection, call: Call, whisper: link.Whisper) -> Reply:
    """Ask for what is told to a session in private.

    Raises:
        NotNow: It is over, or was never there.
    """
    kept = await desk.store.sessions.get(db, whisper.target)
    if kept is None or not whisper.is_of(kept.session) or kept.session.phase != "open":
        raise NotNow(say("这一局已经结束了，可以再来一局：/开局"))
    asked = entry.asked if kept.session.game.kind == "contest" else riddle.asked
    return asked(kept.session, call.id)


COMMAND = Command(names=("开始", "start"), hint="从头说起", run=run, listed=False)
