"""Lists of pictures, a page at a time: one's own, a chat's, one's favourites."""

from aiosqlite import Connection

from bot import menu, texts
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.command import Call
from bot.errors import NoSuchPicture
from bot.event import Press
from bot.reply import Button, Reply
from bot.store.store import Store
from bot.wording import later, say

MINE, CHATS, FAVOURITES = "mine", "chat", "stars"
"""Values of an action that name a list."""
SIZE = 6
"""Pictures on a page."""
EMPTY = {
    MINE: later("你还没有画过。说一句话就能画，例如：画一只雪地里的企鹅"),
    CHATS: later("这里还没有画"),
    FAVOURITES: later("你还没有收藏。画下面的 ⭐ 就是收藏"),
}


async def first(store: Store, db: Connection, call: Call, which: str) -> Reply:
    """Return the newest of a list."""
    found = await _of(store, db, which, call.user.key, call.chat.key, None)
    return _reply(found, which, call.id) if found else Reply(text=say(EMPTY[which]), to=call.id)


async def page(store: Store, db: Connection, press: Press) -> Reply:
    """Return what is older than a picture.

    Raises:
        NoSuchPicture: There is nothing older, or no such list.
    """
    which = press.action.value
    if which not in EMPTY:
        raise NoSuchPicture(say("这个按钮已经不能用了"))
    found = await _of(*(store, db, which, press.user.key, press.chat.key), press.action.target)
    if not found:
        raise NoSuchPicture(say("没有更早的了"))
    return _reply(found, which, press.id)


async def _of(
    store: Store, db: Connection, which: str, user: str, chat: str, before: int | None
) -> tuple[Artwork, ...]:
    match which:
        case "chat":
            return await store.gallery.of_chat(db, chat, before, SIZE)
        case "stars":
            return await store.gallery.favourites(db, user, before, SIZE)
        case _:
            return await store.gallery.of_user(db, user, before, SIZE)


def _reply(artworks: tuple[Artwork, ...], which: str, to: str) -> Reply:
    rows: menu.Rows = ()
    if len(artworks) == SIZE:
        rows = ((Button(say("更早的"), Action(Verb.PAGE, artworks[-1].id, which)),),)
    return texts.listed(artworks, rows, to)
