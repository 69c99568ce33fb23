"""/额度设定: what a person, a chat or a role may have, over the config."""

import re
from dataclasses import dataclass

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.errors import NotUnderstood
from bot.parsing.numeral import NUMERAL, number
from bot.parsing.text import fold
from bot.person import called, meant
from bot.quota import Setting
from bot.reply import Reply
from bot.store.allowances import Kind
from bot.wording import later, say

ASKS = later(
    "设谁的、多少？例如：/额度设定 @小丹 50张；/额度设定 本群 今天 200张；"
    "/额度设定 角色 vip 100张 3600秒 冷却10秒；不限 是没有限制，恢复 是照配置"
)
MOST = 10**9
_HERE = re.compile(r"(?:本群|这个群|这里|here|chat)(?:\s+|$)")
_ROLE = re.compile(r"(?:角色|role)\s+(\S+)\s*")
_TODAY = re.compile(r"(?:只?限?今天|today)(?:\s+|$)")
_RESET = re.compile(r"(?:恢复默认|恢复|默认|照配置|reset)")
_UNLIMITED = re.compile(r"(?:不限张?数?|unlimited)")
_AMOUNT = re.compile(
    rf"(?P<cooldown>冷却|间隔|cooldown)?\s*(?P<minus>[-−])?(?P<count>{NUMERAL})\s*"
    r"(?:张|pictures?|(?P<seconds>秒|seconds?|s(?![a-z])))?[\s,，、]*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whose:
    kind: Kind
    who: str
    """Key, or name of a role."""
    words: str
    """How it is named in the answer."""


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Set it, or return to the config."""
    whose, rest = await _whose(desk, db, call)
    rest = fold(rest)
    today = _TODAY.match(rest)
    rest = rest[today.end() :] if today else rest
    person = whose.who if whose.kind == "person" else ""
    detail = f"{rest}" if person else f"{whose.kind} {whose.who} {rest}"
    detail = say("今天 {limits}", limits=detail) if today else detail
    if _RESET.fullmatch(rest):
        if not await desk.store.allowances.drop(db, whose.kind, whose.who):
            raise NotUnderstood(say("{who}本来就照配置", who=whose.words))
        await desk.store.acts.put(db, call.user, call.chat, COMMAND.names[0], detail, person)
        return Reply(text=say("{who}恢复照配置了", who=whose.words), to=call.id)
    setting = _setting(rest)
    if whose.kind == "chat" and setting.cooldown_s is not None:
        raise NotUnderstood(say("冷却只能设给人或角色"))
    now = desk.rules.quota.day_of(desk.store.now())
    await desk.store.allowances.put(
        db, whose.kind, whose.who, setting, day=now if today else None, today=now
    )
    await desk.store.acts.put(db, call.user, call.chat, COMMAND.names[0], detail, person)
    when = say("只限今天") if today else say("从现在起")
    words = "{who}：{limits}，{when}"
    return Reply(text=say(words, who=whose.words, limits=_told(setting), when=when), to=call.id)


async def _whose(desk: Desk, db: Connection, call: Call) -> tuple[_Whose, str]:
    """Return whose it is, and the rest of what is said.

    Raises:
        NotUnderstood: There is no such role.
        NoSuchPerson: Nor such a person.
    """
    if found := _HERE.match(call.argument):
        whose = _Whose(kind="chat", who=call.chat.key, words=say("这里"))
        return whose, call.argument[found.end() :]
    if found := _ROLE.match(call.argument):
        name = found[1]
        if name not in desk.rules.roles:
            known = say("、").join(desk.rules.roles.names) or say("（没有）")
            raise NotUnderstood(
                say("配置里没有 {name} 这个角色，有：{known}", name=name, known=known)
            )
        whose = _Whose(kind="role", who=name, words=say("角色 {name}", name=name))
        return whose, call.argument[found.end() :]
    user, rest = await meant(desk, db, call)
    return _Whose(kind="person", who=user.key, words=called(user)), rest


def _setting(said: str) -> Setting:
    """Read amounts: 50张 3600秒 冷却10秒, 不限.

    Raises:
        NotUnderstood: It says something else, or less than nothing.
    """
    if _UNLIMITED.fullmatch(said):
        return Setting(pictures=0, seconds=0.0)
    at, setting = 0, Setting()
    while at < len(said):
        found = _AMOUNT.match(said, at)
        if found is None:
            raise NotUnderstood(say(ASKS))
        setting, at = _amount(found).over(setting), found.end()
    if setting == Setting():
        raise NotUnderstood(say(ASKS))
    return setting


def _amount(found: re.Match[str]) -> Setting:
    try:
        amount = number(found["count"])
    except ValueError as error:
        raise NotUnderstood(say(ASKS)) from error
    if found["minus"]:
        raise NotUnderstood(say("额度不能小于 0；0 或者 不限 是没有限制"))
    if amount > MOST:
        raise NotUnderstood(say("额度最多 {most}", most=MOST))
    if found["cooldown"]:
        return Setting(cooldown_s=float(amount))
    return Setting(seconds=float(amount)) if found["seconds"] else Setting(pictures=amount)


def _told(setting: Setting) -> str:
    parts: list[str] = []
    if setting.pictures is not None:
        count = setting.pictures
        parts.append(say("每天 {count} 张", count=count) if count else say("不限张数"))
    if setting.seconds is not None:
        told = f"{setting.seconds:g}"
        words = say("每天 {seconds} 秒", seconds=told) if setting.seconds else say("不限时间")
        parts.append(words)
    if setting.cooldown_s is not None:
        parts.append(say("两次之间隔 {seconds} 秒", seconds=f"{setting.cooldown_s:g}"))
    return say("，").join(parts)


COMMAND = Command(
    names=("额度设定", "setquota"),
    hint=later("设一个人、这里或一个角色每天的张数和秒数"),
    run=run,
    operator=True,
    asks=ASKS,
)
