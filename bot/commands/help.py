"""/帮助: what the bot can do."""

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.reply import Reply
from bot.wording import later, say

WORDS = later(
    """说要画什么就行，可以带上张数、大小、风格和不要的东西：
  画两张雪地里的企鹅，水墨风，竖版，不要文字
回复一张画，说要改什么：
  换成水墨　把猫换成狗　第2张放大　往左扩展　再来一张
命令："""
)
TOGETHER = later("大家一起画：")
RUNNING = later("管理：")


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """List the commands."""
    from bot.commands import COMMANDS  # the list holds this one too

    del db
    known = [command for command in COMMANDS if command.listed]
    runs = desk.rules.roles.is_operator(call.user, call.chat)
    parts = [
        (WORDS, [one for one in known if not (one.together or one.operator)]),
        (TOGETHER, [one for one in known if one.together]),
        (RUNNING, [one for one in known if one.operator] if runs else []),
    ]
    lines = [
        line
        for head, commands in parts
        if commands
        for line in (say(head), *(f"  {_line(command)}" for command in commands))
    ]
    return Reply(text="\n".join(lines), to=call.id)


def _line(command: Command) -> str:
    chinese, english, *_ = command.names
    names = {"chinese": chinese, "english": english}
    return say("/{chinese}（/{english}）{does}", **names, does=say(command.hint))


COMMAND = Command(names=("帮助", "help"), hint="怎么用", run=run)
