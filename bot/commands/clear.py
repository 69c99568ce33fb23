"""/清空队列: stop all that waits, here, everywhere or of one person."""

import re

from aiosqlite import Connection

from bot import clearance
from bot.action import Action, Verb
from bot.command import Call, Command, Desk
from bot.errors import NoSuchJob
from bot.event import Press
from bot.person import called, meant
from bot.reply import Button, Reply
from bot.store import waiting
from bot.wording import later, say

HERE, EVERYWHERE, PERSON = "here", "all", "one"
"""Values of an action that say whose jobs; its target is the newest of them."""
_ALL = re.compile("全部|所有|all")
_HERE = re.compile("|这里|本群|here")
BATCH = 200
"""Jobs that one press stops; the transaction is short, and nobody else waits for it."""


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Ask back before anything is stopped."""
    if _HERE.fullmatch(call.argument) and not call.reply_to:
        value, whose = HERE, say("这里")
        newest, count = await waiting.newest(db, chat=call.chat.key)
    elif _ALL.fullmatch(call.argument):
        value, whose = EVERYWHERE, say("所有聊天")
        newest, count = await waiting.newest(db)
    else:
        user, _ = await meant(desk, db, call)
        value, whose = PERSON, called(user)
        newest, count = await waiting.newest(db, user=user.key)
    if not count:
        raise NoSuchJob(say("{whose}没有任务在等", whose=whose))
    words = later("{whose}有 {count} 个任务在等，都取消吗？正在画的不受影响")
    return Reply(
        text=say(words, whose=whose, count=count), buttons=_sure(newest, value), to=call.id
    )


async def pressed(desk: Desk, db: Connection, press: Press) -> Reply:
    """Stop what the button says; what was asked for since stays.

    Raises:
        NoSuchJob: Nothing waits any more, or whoever presses is no operator.
    """
    if not desk.rules.roles.is_operator(press.user, press.chat):
        raise NoSuchJob(say("只有管理员可以按这个按钮"))
    upto, chat, user = press.action.target, "", ""
    match press.action.value:
        case "here":
            chat = press.chat.key
        case "one":
            job = await desk.store.queue.get(db, upto)
            user = job.user.key if job else "nobody:"
        case "all":
            pass
        case _:
            raise NoSuchJob(say("这个按钮已经不能用了"))
    jobs = await waiting.some(db, upto, BATCH, chat=chat, user=user)
    stopped = await clearance.stop(desk.store, db, jobs)
    if not stopped:
        raise NoSuchJob(say("没有任务在等了"))
    left = await waiting.some(db, upto, BATCH, chat=chat, user=user)
    detail = f"{press.action.value} {stopped}"
    await desk.store.acts.put(db, press.user, press.chat, COMMAND.names[0], detail, user)
    words = say("取消了 {count} 个任务，都告诉了本人，不算张数", count=stopped)
    if left:
        words += say("；还有，再按一次")
    buttons = _sure(upto, press.action.value) if left else ()
    return Reply(text=words, buttons=buttons, to=press.id)


def _sure(newest: int, value: str) -> tuple[tuple[Button, ...], ...]:
    return ((Button(say("🗑 都取消"), Action(Verb.CLEAR, newest, value)),),)


COMMAND = Command(
    names=("清空队列", "clearqueue"),
    hint=later("取消这里在等的任务；后面写 全部 或是谁"),
    run=run,
    operator=True,
)
