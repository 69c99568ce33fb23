"""/审计: what operators did."""

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.reply import Reply
from bot.store.acts import Act
from bot.wording import later, say

SHOWN = 20
"""The newest."""


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the newest acts, newest first."""
    acts = await desk.store.acts.newest(db, SHOWN)
    lines = [_line(desk, act) for act in acts] or [say("还没有")]
    text = "\n".join([say("管理员做过的："), *(f"  {one}" for one in lines)])
    return Reply(text=text, to=call.id)


def _line(desk: Desk, act: Act) -> str:
    who = act.name or act.user or say("（已删除）")
    parts = (desk.rules.quota.wall(act.at), who, _called(act.command), act.whom, act.detail)
    return " ".join(filter(None, parts))


def _called(name: str) -> str:
    """Return a command by the name that its reader knows; it is kept by the Chinese one."""
    from bot.commands import COMMANDS  # the list holds this one too

    english = next((one.names[1] for one in COMMANDS if one.names[0] == name), name)
    return say("/{chinese}", chinese=name, english=english)


COMMAND = Command(names=("审计", "audit"), hint=later("管理员做过什么"), run=run, operator=True)
