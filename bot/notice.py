"""The board of a group session: what it always shows; pure."""

from math import ceil

from bot.reply import Button, Reply, in_rows
from bot.session import Session, button, people
from bot.wording import say

MOST_LINES = 14
"""Of what has happened; the oldest go first, and the finale has them all."""
MOST_CHARS = 60
"""Of a line."""
IN_A_ROW = 4
MOST_NAMES = 12
"""A line of a phone or two."""


def notice(session: Session, now: float) -> Reply:
    """Return what the board shows at a time: who plays what, whose turn it is, what is left."""
    lines = [_head(session), *_happened(session, now), "", _people(session), _budget(session)]
    return Reply(text="\n".join(lines), buttons=_buttons(session))


def _head(session: Session) -> str:
    title = session.title
    if session.style:
        title = f"{title} · {session.style}"
    match session.phase:
        case "closing":
            return say("🎨 {title} · 正在装裱", title=title)
        case "closed":
            return say("🎨 {title} · 已收局", title=title)
        case _ if session.paused:
            return say("🎨 {title} · 暂停", title=title)
        case _:
            return f"🎨 {title}"


def _happened(session: Session, now: float) -> list[str]:
    lines = [_short(line) for line in session.game.told(session, now)]
    if len(lines) > MOST_LINES:
        more = len(lines) - MOST_LINES + 1
        return [say("……前面还有 {count} 条", count=more), *lines[-MOST_LINES + 1 :]]
    return lines


def _people(session: Session) -> str:
    names = [member.name or say("有人") for member in session.active]
    host = say("主持 {name}", name=session.name_of(session.host))
    locked = say("（不再加人）") if session.locked else ""
    if session.terms.by_invitation and not session.locked:
        locked = say("（只限受邀的人）")
    if not names:  # all have left
        return host
    told = people(names, MOST_NAMES)
    return say("{host} · {people}{locked}", host=host, people=told, locked=locked)


def _budget(session: Session) -> str:
    if session.phase != "open":
        return say("共画了 {count} 张 · {why}", count=session.pictures, why=session.why)
    left = max(0, session.terms.pictures - session.pictures)
    minutes = ceil(max(0.0, session.terms.seconds - session.seconds) / 60)
    return say("这一局还能画 {left} 张，引擎还有 {minutes} 分钟", left=left, minutes=minutes)


def _buttons(session: Session) -> tuple[tuple[Button, ...], ...]:
    if session.phase != "open":
        again = button(session, say("🔁 再来一局"), "again")
        return ((again,),) if session.phase == "closed" else ()
    going = (
        button(session, say("▶️ 继续"), "resume")
        if session.paused
        else button(session, say("⏸ 暂停"), "pause")
    )
    own = [button(session, label, value) for label, value in session.game.buttons(session)]
    join = button(session, say("🙋 加入"), "join")
    door = button(session, say("🔓 开门") if session.locked else say("🔒 关门"), "lock")
    end = button(session, say("🏁 结束"), "end")
    own = [] if session.paused else own
    return (*in_rows([join, *own], IN_A_ROW), (going, door, end))


def _short(line: str) -> str:
    return line if len(line) <= MOST_CHARS else line[: MOST_CHARS - 1] + "…"
