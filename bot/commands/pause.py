"""/暂停, /继续: nothing new is drawn for a while; what is asked waits."""

import re

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.errors import NotUnderstood
from bot.reply import Reply
from bot.store.pauses import EVERYWHERE
from bot.wording import later, say

LONGEST = 200
"""Characters of a reason."""
_EVERYWHERE = re.compile(r"(?:全部|所有|全站|all)(?:\s+|$)", re.IGNORECASE)
_HERE = re.compile(r"(?:这里|本群|这个群|here)(?:\s+|$)", re.IGNORECASE)


async def pause(desk: Desk, db: Connection, call: Call) -> Reply:
    """Draw nothing new, here or everywhere."""
    scope, reason = _read(call)
    if len(reason) > LONGEST:
        raise NotUnderstood(say("理由最多 {most} 个字", most=LONGEST))
    await desk.store.pauses.put(db, scope, reason)
    where = say("所有聊天") if scope == EVERYWHERE else say("这里")
    await desk.store.acts.put(db, call.user, call.chat, PAUSE.names[0], f"{scope} {reason}".strip())
    words = later("{where}暂停了：新的先排队，正在画的会画完。/继续 就恢复")
    return Reply(text=say(words, where=where), to=call.id)


async def resume(desk: Desk, db: Connection, call: Call) -> Reply:
    """Draw again; without a word of where, whatever holds here."""
    scope, _ = _read(call)
    if not call.argument:
        found = await desk.store.pauses.of(db, call.chat.key)
        scope = found.scope if found else scope
    if not await desk.store.pauses.drop(db, scope):
        raise NotUnderstood(say("现在没有暂停"))
    await desk.store.acts.put(db, call.user, call.chat, RESUME.names[0], scope)
    where = say("所有聊天") if scope == EVERYWHERE else say("这里")
    return Reply(text=say("{where}恢复了，接着画排队的", where=where), to=call.id)


def _read(call: Call) -> tuple[str, str]:
    """Return where, and why; where nothing is said, in this chat."""
    if found := _EVERYWHERE.match(call.argument):
        return EVERYWHERE, call.argument[found.end() :]
    found = _HERE.match(call.argument)
    return call.chat.key, call.argument[found.end() if found else 0 :]


PAUSE = Command(
    names=("暂停", "pause"),
    hint=later("这里先不画新的，后面可以写为什么；/暂停 全部 是所有聊天"),
    run=pause,
    operator=True,
)
RESUME = Command(names=("继续", "resume"), hint=later("接着画"), run=resume, operator=True)
