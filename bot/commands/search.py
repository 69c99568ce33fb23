"""/搜索: pictures by the words that they were asked for with."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.errors import NoSuchPicture
from bot.reply import Reply
from bot.wording import say

SHOWN = 9
"""Pictures; the newest."""


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the newest that match: of everybody in a group, of one's own elsewhere."""
    gallery, words = desk.store.gallery, call.argument
    if call.chat.group:
        found = await gallery.search(db, words, chat=call.chat.key, limit=SHOWN)
    else:
        found = await gallery.search(db, words, user=call.user.key, limit=SHOWN)
    if not found:
        raise NoSuchPicture(say("没有找到，换个词试试"))
    return texts.listed(found, (), call.id)


COMMAND = Command(
    names=("搜索", "search", "找"),
    hint="按描述里的词找画",
    run=run,
    asks="找什么呢？例如：/搜索 企鹅",
)
