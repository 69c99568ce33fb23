"""/状态: how the studio is doing."""

from collections.abc import Iterator

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.commands import audit
from bot.quota import said
from bot.reply import Reply
from bot.store import tally
from bot.store.near import at_length
from bot.store.pauses import EVERYWHERE
from bot.vital import Vital
from bot.wording import later, say

SHOWN = 5
"""Errors."""
HOUR_S = 3600.0
GB = 1e9


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Tell it, line by line; behind 审计, what operators did."""
    if call.argument in audit.COMMAND.names:
        return await audit.run(desk, db, call)
    with at_length():
        lines = [
            *(_of_process(desk.look()) if desk.look else ()),
            *await _of_work(desk, db),
            _disk(desk, (await tally.tally(db)).gallery_bytes),
            *await _of_people(desk, db),
            *(_faults(desk, desk.look()) if desk.look else ()),
        ]
    return Reply(text="\n".join(lines), to=call.id)


def _of_process(vital: Vital) -> Iterator[str]:
    yield say("丹青 {version}，已运行 {time}", version=vital.version, time=said(vital.up_s))
    engine = say("引擎：在") if vital.ready else say("引擎：没准备好")
    if vital.restarts:
        engine += say("（重启过 {count} 次）", count=vital.restarts)
    yield engine
    yield say("模型：{names}", names=say("、").join(vital.models))


async def _of_work(desk: Desk, db: Connection) -> list[str]:
    found, now = await tally.tally(db), desk.store.now()
    waiting = say("、").join(f"{platform} {n}" for platform, n in sorted(found.waiting.items()))
    lines = [
        say(
            "队列：在等 {waiting}，正在画 {drawing} 个，{drawn} 个在送",
            waiting=waiting or "0",
            drawing=found.drawing,
            drawn=found.drawn,
        )
    ]
    today = await tally.pictures_since(db, desk.rules.quota.day_of(now))
    hour = await tally.pictures_since(db, now - HOUR_S)
    lines.append(say("今天画了 {today} 张，最近一小时 {hour} 张", today=today, hour=hour))
    pace = desk.pace.seconds(1.0)
    if pace:
        lines.append(say("速度：每秒 {pace} 百万像素步", pace=f"{1 / pace:.3g}"))
    return lines


def _disk(desk: Desk, gallery_bytes: int) -> str:
    free = desk.store.gallery.pictures.free_bytes()
    words = later("磁盘：还剩 {free} GB，画占 {used} GB")
    return say(words, free=f"{free / GB:.1f}", used=f"{gallery_bytes / GB:.2f}")


async def _of_people(desk: Desk, db: Connection) -> list[str]:
    lines: list[str] = []
    for pause in await desk.store.pauses.all(db):
        where = say("所有聊天") if pause.scope == EVERYWHERE else pause.scope
        why = say("（{reason}）", reason=pause.reason) if pause.reason else ""
        lines.append(say("暂停：{where}{why}", where=where, why=why))
    count = await tally.bans(db, desk.store.now())
    return [*lines, *([say("封禁：{count} 人", count=count)] if count else [])]


def _faults(desk: Desk, vital: Vital) -> Iterator[str]:
    if not vital.faults:
        yield say("没有出过错")
        return
    yield say("出过的错：")
    for fault in vital.faults[:SHOWN]:
        at = desk.rules.quota.wall(fault.last_at)
        yield "  " + say("{name} {count} 次，最近 {at}", name=fault.name, count=fault.count, at=at)


COMMAND = Command(
    names=("状态", "status"),
    hint=later("引擎、队列、磁盘和出过的错；/状态 审计 看管理员做过什么"),
    run=run,
    operator=True,
)
