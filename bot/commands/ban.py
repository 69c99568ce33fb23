"""/封禁, /解封: somebody is not served for a while."""

from aiosqlite import Connection

from bot import clearance
from bot.command import Call, Command, Desk
from bot.errors import NoSuchPerson, NotUnderstood
from bot.parsing.span import span
from bot.person import called, meant
from bot.reply import Reply
from bot.store import waiting
from bot.wording import later, say

LONGEST = 200
"""Characters of a reason."""
MOST = 1000
"""Jobs that one ban stops."""
ASKS = later("封禁谁？例如：/封禁 @小丹 3天 刷屏；回复那个人的消息说也行，不写多久就是一直到解封")


async def ban(desk: Desk, db: Connection, call: Call) -> Reply:
    """Serve somebody no longer, and stop what they wait for."""
    store = desk.store
    user, rest = await meant(desk, db, call)
    if desk.rules.roles.is_operator(user, call.chat) or user.key == call.user.key:
        raise NoSuchPerson(say("管理员不能封禁"))
    seconds, reason = _read(rest)
    until = None if seconds is None else store.now() + seconds
    await store.bans.put(db, user, reason, until)
    newest, _ = await waiting.newest(db, user=user.key)
    jobs = await waiting.some(db, newest, MOST, user=user.key)
    stopped = await clearance.stop(store, db, jobs)
    when = say("一直到解封") if until is None else say("到 {at}", at=desk.rules.quota.wall(until))
    await store.acts.put(
        db, call.user, call.chat, BAN.names[0], f"{when} {reason}".strip(), user.key
    )
    words = say("已封禁 {who}，{when}", who=called(user), when=when)
    if stopped:
        words += say("；取消了在等的 {count} 个任务", count=stopped)
    return Reply(text=words, to=call.id)


async def unban(desk: Desk, db: Connection, call: Call) -> Reply:
    """Serve somebody again."""
    user, _ = await meant(desk, db, call)
    if not await desk.store.bans.drop(db, user):
        raise NoSuchPerson(say("{who} 没有被封禁", who=called(user)))
    await desk.store.acts.put(db, call.user, call.chat, UNBAN.names[0], "", user.key)
    return Reply(text=say("已解封 {who}", who=called(user)), to=call.id)


def _read(rest: str) -> tuple[float | None, str]:
    """Return for how long, in seconds, and why.

    Raises:
        NotUnderstood: It is no time, or too long a reason.
    """
    try:
        found = span(rest)
    except ValueError as error:
        raise NotUnderstood(say("封禁的时间要大于 0，例如 3天、12小时")) from error
    seconds, reason = found or (None, rest)
    if len(reason) > LONGEST:
        raise NotUnderstood(say("理由最多 {most} 个字", most=LONGEST))
    return seconds, reason


BAN = Command(
    names=("封禁", "ban"),
    hint=later("不让一个人画，后面写是谁、多久、为什么"),
    run=ban,
    answers=True,
    operator=True,
    asks=ASKS,
)
UNBAN = Command(
    names=("解封", "unban"),
    hint=later("再让他画"),
    run=unban,
    answers=True,
    operator=True,
    asks=later("解封谁？例如：/解封 @小丹"),
)
