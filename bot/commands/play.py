"""/局, /加入, /跳过, /撤回, /结束, /移交, /邀请: what members want of a session, by name."""

from dataclasses import replace

from aiosqlite import Connection

from bot.command import Call, Command, Desk, Run
from bot.event import Press, Submission
from bot.notice import notice
from bot.person import meant
from bot.referee import pressed
from bot.reply import Reply
from bot.wording import later, say


def asking(value: str) -> Run:
    """Return what a command does that wants one thing of a session."""

    async def run(desk: Desk, db: Connection, call: Call) -> None:
        whom = call.mentions[0].key if call.mentions else call.argument.removeprefix("@").strip()
        turn = pressed(call.user, value, call.id, whom)
        await desk.referee.ask(db, call.chat, call.reply_to, turn)

    return run


async def invite(desk: Desk, db: Connection, call: Call) -> None:
    """Let one more person join: who is named, or answered."""
    user, _ = await meant(desk, db, call)
    turn = pressed(call.user, "invite", call.id, user.key, whom=user.name or user.id)
    await desk.referee.ask(db, call.chat, call.reply_to, turn)


async def board(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show what is played here, as it is now; without it, how to open something."""
    here = await desk.store.sessions.here(db, call.chat.key)
    if not here:
        return Reply(text=say("这里没有在玩的局，开一局：/开局"), to=call.id)
    replies = [notice(kept.session, desk.store.now()) for kept in here]
    text = "\n\n".join(reply.text for reply in replies)
    return replace(replies[-1], text=text, to=call.id)


async def button(desk: Desk, db: Connection, press: Press) -> None:
    """Do what a button of a session wants."""
    await desk.referee.press(db, press)


async def submitted(desk: Desk, db: Connection, form: Submission) -> None:
    """Do what a form of a session wants."""
    text = next(iter(form.values.values()), "").strip()
    await desk.referee.press(db, form, text)


COMMANDS = tuple(
    replace(command, together=True)
    for command in (
        Command(names=("局", "board"), hint=later("看正在玩的局"), run=board),
        Command(names=("加入", "join"), hint=later("加入正在玩的局"), run=asking("join")),
        Command(
            names=("退出局", "leave"), hint=later("先走一步"), run=asking("leave"), listed=False
        ),
        Command(names=("跳过", "skip"), hint=later("跳过轮到的人"), run=asking("skip")),
        Command(names=("撤回", "undo"), hint=later("投票撤回上一步"), run=asking("undo")),
        Command(
            names=("移交", "handover"), hint=later("换个主持人"), run=asking("hand"), listed=False
        ),
        Command(names=("邀请", "invite"), hint=later("再请一个人来"), run=invite, listed=False),
        Command(names=("结束", "end"), hint=later("收局，看成品"), run=asking("end")),
    )
)
