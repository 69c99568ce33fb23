"""/设置: what one wants where one says nothing."""

from dataclasses import replace

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.errors import NotUnderstood
from bot.parsing.follow import follow
from bot.reply import Reply
from bot.settings import Settings

CLEAR = {"清除", "清空", "重置", "恢复默认", "默认", "clear", "reset"}
HOW = "要哪样？例如：/设置 水墨风，竖版，不要文字；/设置 清除"
KEPT = {"styles", "aspect", "avoid"}


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show one's settings, or keep what is said as in a request."""
    preferences, who = desk.store.preferences, call.user.key
    before = await preferences.get(db, who)
    if not call.argument:
        return texts.settings(before, HOW, call.id)
    after = Settings() if call.argument in CLEAR else _changed(desk, before, call.argument)
    await preferences.put(db, who, after)
    return texts.settings(after, "", call.id)


def _changed(desk: Desk, before: Settings, said: str) -> Settings:
    """Read what is said as a change of a picture: 水墨风，竖版.

    Raises:
        NotUnderstood: It says something else.
    """
    change = follow(f"换成{said}", desk.styles) or follow(said, desk.styles)
    if change is None or change.changes.keys() - KEPT:
        raise NotUnderstood(HOW)
    found = dict(change.changes)
    if change.remove:
        found["avoid"] = ",".join(change.remove)
    if not found or replace(change, changes={}, remove=()) != type(change)():
        raise NotUnderstood(HOW)
    return replace(before, **found)


COMMAND = Command(names=("设置", "settings"), hint="没说的时候要哪种风格、什么形状", run=run)
