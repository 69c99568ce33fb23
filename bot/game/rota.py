"""Whose turn it is, where members take turns."""

from dataclasses import replace

from bot.errors import NotNow
from bot.session import MISSES, Effect, Say, Session
from bot.wording import say

TURN = "turn"
"""The timer of a turn."""


def following(session: Session, key: str) -> str:
    """Return the key of the member whose turn comes after somebody's, there or gone.

    Raises:
        LookupError: Nobody takes turns.
    """
    keys = [member.key for member in session.members]
    at = keys.index(key) + 1 if key in keys else 0
    for member in (*session.members[at:], *session.members[:at]):
        if not member.left:
            return member.key
    raise LookupError("nobody takes turns")


def check(session: Session, at: str, key: str) -> None:
    """See that it is somebody's turn.

    Raises:
        NotNow: It is not.
    """
    if session.pending:
        name = session.name_of(session.pending[0].member)
        raise NotNow(say("等 {name} 这一张画好再接", name=name))
    if key != at:
        raise NotNow(say("现在轮到 {name}，别急", name=session.name_of(at)))


def called(session: Session, at: str, now: float) -> tuple[Session, str]:
    """Return the session with the timer of a member's turn, and the words that call them."""
    seconds = session.terms.turn_s
    words = say("轮到 {name}（{time}）", name=session.name_of(at), time=whole(seconds))
    return session.timed(TURN, now + seconds), words


def lasting(seconds: float) -> str:
    """Return a time as a board says it: the nearer, the finer, so that it changes seldom."""
    if seconds >= 90:  # noqa: PLR2004  a minute and a half
        return say("{minutes} 分钟", minutes=round(seconds / 60))
    return say("{seconds} 秒", seconds=max(15, 15 * round(seconds / 15)))


def whole(seconds: float) -> str:
    """Return how long something takes from its beginning, as it was agreed: not about so long."""
    if seconds > 60 and (seconds % 60 == 0 or seconds > 600):  # noqa: PLR2004  a minute, and ten
        return say("{minutes} 分钟", minutes=round(seconds / 60))
    return say("{seconds} 秒", seconds=round(seconds))


def passed(session: Session, at: str, now: float) -> tuple[Session, str, list[Effect]]:
    """Return what comes of a turn that nobody took: the session, whose it is now, what is said."""
    member = session.member(at)
    assert member is not None  # noqa: S101  it was their turn
    missed = replace(member, missed=member.missed + 1)
    name, gone = member.name, missed.missed >= MISSES
    session = session.changed(replace(missed, left=gone))
    if not session.active:
        return session.closed(say("人都走了")), at, []
    after = following(session, at)
    session, call = called(session, after, now)
    words = say("{name} 没接上，先跳过", name=name)
    if gone:
        words = say("{name} 两次没接上，先不等了，说句话就能回来", name=name)
    return session, after, [Say(text=say("{words}；{call}", words=words, call=call))]


def may_skip(session: Session, at: str, by: str) -> None:
    """See that somebody may have a turn pass: whose it is, or the host.

    Raises:
        NotNow: They may not.
    """
    if by not in {at, session.host} and (member := session.member(at)) and not member.left:
        raise NotNow(say("只有轮到的人或主持人可以跳过"))
