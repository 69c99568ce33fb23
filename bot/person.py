"""Who an operator means: @name, platform:id, #job, whom they answer, or whom they mention."""

import re

from aiosqlite import Connection

from bot.command import Call, Desk
from bot.errors import NoSuchPerson
from bot.event import User
from bot.wording import later, say

_JOB = re.compile(r"[#＃](\d{1,18})")
_KEY = re.compile(r"([a-z]{2,20}):(\S{1,100})", re.ASCII)
_MENTION = re.compile(r"<@!?\d+>|[@＠]\S+")
_ID = re.compile(r"\d{5,20}", re.ASCII)


async def meant(desk: Desk, db: Connection, call: Call) -> tuple[User, str]:
    """Return who is meant, and what else is said.

    Raises:
        NoSuchPerson: Nobody, or nobody that can be told from others.
    """
    if call.mentions:
        said = _MENTION.match(call.argument)
        return call.mentions[0], call.argument[said.end() :].strip() if said else call.argument
    first, _, rest = call.argument.partition(" ")
    user = await _written(desk, db, call, first)
    if user is None and call.replied is not None:
        return call.replied, call.argument
    if user is None and call.reply_to:
        return await _answered(desk, db, call), call.argument
    return user or await _bare(desk, db, call, first), rest.strip()


async def _written(desk: Desk, db: Connection, call: Call, word: str) -> User | None:
    """Return who is meant by #12, telegram:123 or @name; None if it is none of these."""
    if found := _JOB.fullmatch(word):
        return await _of_job(desk, db, int(found[1]))
    if found := _KEY.fullmatch(word):
        return await desk.store.names.known(db, found[1], found[2])
    return await _named(desk, db, call, word[1:]) if word.startswith(("@", "＠")) else None


async def _bare(desk: Desk, db: Connection, call: Call, word: str) -> User:
    """Return who is meant by a number or a name without any sign."""
    if _ID.fullmatch(word):
        return await desk.store.names.known(db, call.chat.platform, word)
    return await _named(desk, db, call, word)


async def _of_job(desk: Desk, db: Connection, job_id: int) -> User:
    job = await desk.store.queue.get(db, job_id)
    if job is None:
        raise NoSuchPerson(say("没有 #{job} 这个任务", job=job_id))
    return job.user


async def _answered(desk: Desk, db: Connection, call: Call) -> User:
    """Return for whom the message was that is answered."""
    origin = await desk.store.queue.about(db, call.chat, call.reply_to)
    found = _JOB.fullmatch(call.reply_to)  # the terminal names jobs so
    if origin is None and found is None:
        words = later("看不出那条消息是谁的，请写 @名字，或者 平台:编号")
        raise NoSuchPerson(say(words))
    return await _of_job(desk, db, origin.job_id if origin else int(found[1]) if found else 0)


async def _named(desk: Desk, db: Connection, call: Call, name: str) -> User:
    found = await desk.store.names.named(db, call.chat.platform, name)
    if len(found) == 1:
        return found[0]
    if found:
        keys = say("、").join(user.key for user in found)
        words = later("有 {count} 个人叫 {name}：{keys}。请写其中一个编号")
        raise NoSuchPerson(say(words, count=len(found), name=name, keys=keys))
    if not name:
        raise NoSuchPerson(say("说谁？请写 @名字、平台:编号、#任务号，或者回复那个人的消息"))
    words = later("没见过 {name}，请写 平台:编号，或者回复那个人的消息")
    raise NoSuchPerson(say(words, name=name))


def called(user: User) -> str:
    """Return how a person is named to an operator."""
    if user.name and user.name != user.id:
        return say("{name}（{key}）", name=user.name, key=user.key)
    return user.key
