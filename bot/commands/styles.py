"""/风格: what styles there are."""

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.reply import Reply


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """List the styles with their other names."""
    del db
    lines = [
        style.name + (f"（{'、'.join(style.aliases)}）" if style.aliases else "")
        for style in desk.styles
    ]
    words = "说“水墨风”“用油画”就是换风格，没说就用第一种："
    return Reply(text="\n".join([words, *(f"  {line}" for line in lines)]), to=call.id)


COMMAND = Command(names=("风格", "styles", "画风"), hint="有哪些风格", run=run)
