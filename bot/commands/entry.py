"""/参赛: an entry for a contest, told in private."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.errors import NotNow
from bot.referee import pressed
from bot.reply import Reply
from bot.session import Session
from bot.wording import later, say

ASKS = later("怎么画？写一句，揭晓前只有我知道")


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Hand something in to the contest that whoever says it takes part in.

    Raises:
        NotNow: Others read it, or nothing can be handed in.
    """
    if call.chat.group:
        raise NotNow(say("这里大家都看得到：点“参赛”，或者私聊我说 /参赛 一句话"))
    id_, words = call.apart
    await desk.referee.whisper(db, "contest", pressed(call.user, "whisper", call.id, words), id_)
    return Reply(text=say("收到你的参赛作，截稿前还能换"), to=call.id)


def asked(session: Session, to: str) -> Reply:
    """Ask for an entry; what is answered goes to the session."""
    words = say("《{theme}》{asks}", theme=session.called, asks=say(ASKS))
    return texts.asked(words, f"{COMMAND.names[0]} #{session.id}", to)


COMMAND = Command(
    names=("参赛", "enter"),
    hint=later("斗图：私下交一份参赛作"),
    run=run,
    asks=ASKS,
    listed=False,
)
