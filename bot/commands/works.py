"""/作品: what a chat has painted together, and each of it once more."""

from collections.abc import Sequence
from dataclasses import replace

from aiosqlite import Connection

from bot.action import MAX_TARGET, Action, Verb
from bot.command import Call, Command, Desk
from bot.errors import NoSuchPicture
from bot.event import Press
from bot.referee import pressed as asked
from bot.reply import Button, Reply, in_rows
from bot.session import Session, people
from bot.wording import later, say

SIZE = 8
"""Works on a page."""
NAMES = 3
"""That are told of each."""
MOST_CHARS = 20
"""Of a theme."""
IN_A_ROW = 4


async def run(desk: Desk, db: Connection, call: Call) -> Reply | None:
    """Show the newest works of the chat, or hang one again, by its number."""
    if call.argument:
        turn = asked(call.user, "show", call.id)
        await desk.referee.show(db, call.chat, call.number, turn)
        return None
    words = say("这里还没有一起画过；开一局：/开局")
    return await _page(desk, db, call.chat.key, MAX_TARGET, call.id) or Reply(
        text=words, to=call.id
    )


async def pressed(desk: Desk, db: Connection, press: Press) -> Reply:
    """Show the works that are older than one.

    Raises:
        NoSuchPicture: There are none.
    """
    page = await _page(desk, db, press.chat.key, press.action.target, press.id)
    if page is None:
        raise NoSuchPicture(say("没有更早的了"))
    return page


async def _page(desk: Desk, db: Connection, chat: str, before: int, to: str) -> Reply | None:
    home = await desk.store.sessions.home(db, chat)
    found = await desk.store.sessions.over(db, home, before, SIZE + 1)
    if not found:
        return None
    shown, more = found[:SIZE], found[SIZE:]
    lines = [say("一起画的，按编号再看一次："), *(_line(desk, one) for one in shown)]
    return Reply(text="\n".join(lines), buttons=_rows(shown, more=bool(more)), to=to)


def _rows(shown: Sequence[Session], *, more: bool) -> tuple[tuple[Button, ...], ...]:
    buttons = [Button(str(one.id), Action(Verb.PLAY, one.id, "show")) for one in shown]
    older = ((Button(say("更早的"), Action(Verb.WORKS, shown[-1].id)),),) if more else ()
    return (*in_rows(buttons, IN_A_ROW), *older)


def _line(desk: Desk, one: Session) -> str:
    """Return what a work is, in a line."""
    theme = one.theme if len(one.theme) <= MOST_CHARS else one.theme[: MOST_CHARS - 1] + "…"
    day = desk.rules.quota.wall(one.closed_at or one.opened_at)[5:10]
    return say(
        "{number} · {title} · {names} · {count} 张 · {day}",
        number=one.id,
        title=replace(one, theme=theme).title,
        names=people(one.game.authors(one), NAMES),
        count=len(one.steps),
        day=day,
    )


COMMAND = Command(
    names=("作品", "works"),
    hint=later("这里一起画过的；后面写编号，再看那一局"),
    run=run,
    together=True,
)
