"""/福袋: give part of one's own day to the chat; the first who press take a share."""

import re

from aiosqlite import Connection

from bot.action import Action, Verb
from bot.command import Call, Command, Desk
from bot.errors import NoShare, NotUnderstood
from bot.event import Press
from bot.gift import MOST_SHARES, Gift, lot, split
from bot.parsing.numeral import NUMERAL, number
from bot.parsing.text import fold
from bot.quota import DAY_S, Limits, Used
from bot.reply import Button, Reply
from bot.wording import later, say

ASKS = later("送几张，给几个人？例如：/福袋 10 5人")
_FORM = re.compile(
    rf"[-−]?({NUMERAL})\s*(?:张画?[\s,，、分给送]*|[\s,，、分给送]+)({NUMERAL})\s*(?:个人|人|个|份)?"
)


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Give it, in shares that are drawn now."""
    pictures, people = _read(call.argument)
    limits = await desk.purse.limits(db, call.user, call.chat)
    used = await desk.purse.used(db, call.user)
    _check(pictures, people, limits, used)
    shares = split(pictures, people, lot(desk.new_seed()))
    gift = await desk.store.gifts.give(db, call.user, call.chat, shares, DAY_S)
    after = await desk.purse.used(db, call.user)
    words = say(
        "🧧 {name} 送出 {pictures} 张，{people} 个人抢，24 小时内有效\n你今天还剩 {left} 张",
        name=call.user.name or call.user.id,
        pictures=pictures,
        people=people,
        left=limits.left(after),
    )
    button = Button(say("🧧 抢"), Action(Verb.GRAB, gift.id))
    return Reply(text=words, buttons=((button,),), to=call.id)


async def grab(desk: Desk, db: Connection, press: Press) -> Reply:
    """Take a share for whoever presses.

    Raises:
        NoShare: There is none for them; says why.
    """
    gift = await desk.store.gifts.get(db, press.action.target)
    if gift is None or gift.chat != press.chat.key:
        raise NoShare(say("找不到这个福袋了"))
    for share in gift.shares:
        if share.taken and share.user == press.user.key:
            raise NoShare(say("你已经抢过了，抢到 {pictures} 张", pictures=share.pictures))
    if not gift.open:
        raise NoShare(say("手慢了，福袋已经抢完了"))
    if desk.store.now() >= gift.expires_at:
        raise NoShare(say("这个福袋过期了，没抢完的已经退回去了"))
    limits = await desk.purse.limits(db, press.user, press.chat)
    if not limits.pictures:
        raise NoShare(say("你不限张数，留给别人吧"))
    taken = await desk.store.gifts.take(db, gift, press.user)
    left = limits.left(await desk.purse.used(db, press.user))
    name = press.user.name or press.user.id
    got = later("{name} 抢到 {pictures} 张，今天还剩 {left} 张")
    words = say(got, name=name, pictures=taken, left=left)
    if gift.open > 1:
        words += say("；福袋还有 {count} 份", count=gift.open - 1)
        return Reply(text=words, to=press.id)
    whole = await desk.store.gifts.get(db, gift.id)
    return Reply(text=f"{words}\n{_told(whole)}" if whole else words, to=press.id)


def _told(gift: Gift) -> str:
    """Return who got how much."""
    head = say(
        "{name} 的福袋抢完了，{pictures} 张：",
        name=gift.name or say("（已删除）"),
        pictures=gift.pictures,
    )
    lines = [head]
    for number_, share in enumerate(gift.shares):
        name = share.name or say("（已删除）")
        line = say("{name} {pictures} 张", name=name, pictures=share.pictures)
        if len(gift.shares) > 1 and number_ == gift.luckiest:
            line += say("（手气最佳）")
        lines.append(f"  {line}")
    return "\n".join(lines)


def _read(said: str) -> tuple[int, int]:
    """Return how many pictures, and for how many people.

    Raises:
        NotUnderstood: It does not say so.
    """
    found = _FORM.fullmatch(fold(said).strip())
    if found is None:
        raise NotUnderstood(say(ASKS))
    if found[0][0] in "-−":
        raise NotUnderstood(say("福袋至少 1 张，给 1 个人"))
    try:
        return number(found[1]), number(found[2])
    except ValueError as error:
        raise NotUnderstood(say(ASKS)) from error


def _check(pictures: int, people: int, limits: Limits, used: Used) -> None:
    """See that so much can be given.

    Raises:
        NoShare: It cannot; says why.
    """
    if not limits.pictures:
        raise NoShare(say("这里不限张数，不用福袋"))
    if pictures < 1 or people < 1:
        raise NotUnderstood(say("福袋至少 1 张，给 1 个人"))
    if people > MOST_SHARES:
        raise NoShare(say("一个福袋最多 {most} 个人抢", most=MOST_SHARES))
    if pictures < people:
        words = later("{pictures} 张不够 {people} 个人分，每人至少 1 张")
        raise NoShare(say(words, pictures=pictures, people=people))
    most = limits.to_give(used)
    if not most:
        raise NoShare(say("你今天没有张数可以送了，明天 0 点再来"))
    if pictures > most:
        raise NoShare(say("你今天最多还能送 {most} 张", most=most))


COMMAND = Command(
    names=("福袋", "gift"), hint=later("把今天的张数送给大家抢：/福袋 10 5人"), run=run, asks=ASKS
)
