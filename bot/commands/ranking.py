"""/榜单: who has won the most in group sessions here, this week and ever."""

from collections.abc import Sequence

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.game import GAMES
from bot.game.ballot import MEDALS
from bot.reply import Reply
from bot.session import TITLES, Kind
from bot.store.sessions import Rank
from bot.wording import later, say

MOST = 10
"""People on a list."""


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Tell the lists of the chat, of each kind in which something was won."""
    week = desk.rules.quota.week_of(desk.store.now())
    chat = await desk.store.sessions.home(db, call.chat.key)
    blocks: list[str] = []
    for kind in GAMES:
        blocks += await _told(desk, db, chat, kind, week)
    words = say("这里还没有人上榜；开一局斗图或你画我猜：/开局")
    return Reply(text="\n\n".join(blocks) or words, to=call.id)


async def _told(desk: Desk, db: Connection, chat: str, kind: Kind, week: float) -> list[str]:
    """Return the lists of a kind, those that are not empty."""
    ever = await desk.store.sessions.ranking(db, chat, kind, 0.0, MOST)
    if not ever:
        return []
    lately = await desk.store.sessions.ranking(db, chat, kind, week, MOST)
    title = say("🏆 {kind}榜", kind=say(TITLES[kind]))
    if lately == ever:
        return [_list(say("{title} · 本周也是总榜", title=title), ever)]
    lists = [_list(say("{title} · 总榜", title=title), ever)]
    if lately:
        lists.insert(0, _list(say("{title} · 本周", title=title), lately))
    return lists


def _list(head: str, ranks: Sequence[Rank]) -> str:
    lines = [head]
    for rank in ranks:
        place = 1 + sum(other.points > rank.points for other in ranks)
        words = say(
            "{name} {points} 分（{times} 局）",
            name=rank.name or say("有人"),
            points=rank.points,
            times=rank.times,
        )
        lines.append(f"{MEDALS.get(place, f'{place}.')} {words}")
    return "\n".join(lines)


COMMAND = Command(
    names=("榜单", "ranking"),
    hint=later("这里谁赢得最多，本周和总共"),
    run=run,
    together=True,
)
