"""/设置: what one wants where one says nothing; of a person, and of a chat."""

import re

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.errors import NotAllowed
from bot.parsing.setting import settings
from bot.parsing.text import fold
from bot.reply import Reply
from bot.settings import Settings
from bot.terms import house
from bot.wording import LANGUAGE, say

CLEAR = {"清除", "清空", "重置", "恢复默认", "默认", "clear", "reset", "default"}
WHOLE_CHAT = re.compile(r"(?:本群|这个群|群里?|本频道|(?:chat|group)(?![a-z]))\s*[:：,，]?\s*")


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show what holds, or keep what is said as in a request."""
    whole = WHOLE_CHAT.match(fold(call.argument))
    said = call.argument[whole.end() :] if whole else call.argument
    if said:
        await _set(desk, db, call, said, of_chat=whole is not None and call.chat.group)
    preferences = desk.store.preferences
    LANGUAGE.set(await preferences.language(db, call.user, call.chat))
    mine = await preferences.get(db, call.user.key)
    here = await preferences.of_chat(db, call.chat)
    return texts.settings(mine, here, call.id, group=call.chat.group, how=not said)


async def _set(desk: Desk, db: Connection, call: Call, said: str, *, of_chat: bool) -> None:
    """Keep what is said.

    Raises:
        StudioError: It cannot be kept; nothing was changed.
    """
    if of_chat and not desk.rules.roles.leads(call.user, call.chat):
        raise NotAllowed(say("本群的设置只有群主和管理员可以改；你自己的用 /设置 改"))
    who = call.chat.key if of_chat else call.user.key
    before = await desk.store.preferences.get(db, who)
    after = Settings()
    if fold(said) not in CLEAR:
        after = settings(said, desk.styles, before, desk.rules.policy.max_count)
    if after.shared is not None and not of_chat:
        raise NotAllowed(say("按钮给谁按，要在群里由管理员设置：/设置 本群 按钮 共享"))
    if (after.session or after.opens) and not of_chat:
        raise NotAllowed(say("局的规矩，要在群里由管理员设置：/设置 本群 局 8 棒，60 秒"))
    if after.session != before.session and after.session:
        house(after.session)
    await desk.store.preferences.put(db, who, after)


COMMAND = Command(
    names=("设置", "settings"), hint="没说的时候要哪种风格、几张、什么语言、说多少", run=run
)
