"""/出题: a word for the next round of a guessing game, told in private."""

from aiosqlite import Connection

from bot import texts
from bot.command import Call, Command, Desk
from bot.errors import NotNow
from bot.game.guess import Guess, taken
from bot.referee import pressed
from bot.reply import Reply
from bot.session import Session
from bot.wording import later, say

ASKS = later("下一题画什么？只有我知道，最多 12 个字")


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Set the next word of the game that whoever says it takes part in.

    Raises:
        NotNow: Others read it, or it cannot be set.
    """
    if call.chat.group:
        raise NotNow(say("这里大家都看得到，私聊我说：/出题 词"))
    id_, word = call.apart
    turn = pressed(call.user, "whisper", call.id, word)
    session = await desk.referee.whisper(db, "guess", turn, id_)
    assert isinstance(session.game, Guess)  # noqa: S101  by its kind
    return Reply(text=taken(word, small=session.game.small), to=call.id)


def asked(session: Session, to: str) -> Reply:
    """Ask for the next word of a session; what is answered goes there."""
    return texts.asked(say(ASKS), f"{COMMAND.names[0]} #{session.id}", to)


COMMAND = Command(
    names=("出题", "riddle"),
    hint=later("你画我猜：私下给下一题出个词"),
    run=run,
    asks=ASKS,
    together=True,
)
