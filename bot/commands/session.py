"""/开局: open a group session, by a line or step by step."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from aiosqlite import Connection

from bot.action import Action, Verb
from bot.command import Call, Command, Desk
from bot.event import Press, Submission
from bot.form import Field, Form
from bot.game import GAMES
from bot.parsing.text import fold
from bot.person import meant
from bot.referee import Opening
from bot.reply import Button, Reply, in_rows
from bot.session import MOST_CHARS, TITLES
from bot.start import kind_of, start
from bot.wording import later, say

IN_A_ROW = 3


async def run(desk: Desk, db: Connection, call: Call) -> Reply | None:
    """Open the session that is said; of none said, ask which."""
    if not call.argument.strip():
        return choice(call.id)
    await _open(desk, db, call)
    return None


async def _open(desk: Desk, db: Connection, call: Call) -> None:
    """Open what is said, on the terms that the chat has set where it says nothing.

    Raises:
        StudioError: It cannot be opened.
    """
    here = await desk.store.preferences.of_chat(db, call.chat)
    rules = desk.rules.sessions
    wanted = start(call.argument, desk.styles, rules, here.session, call.mentions)
    if wanted.guests:
        invited = tuple([guest async for guest in _invited(desk, db, call, wanted.guests)])
        terms = replace(wanted.terms, by_invitation=True, invited=invited)
        wanted = replace(wanted, terms=terms)
    opening = Opening(call.id, call.topic)
    await desk.referee.open(db, call.user, call.chat, opening, wanted)


async def _invited(
    desk: Desk, db: Connection, call: Call, names: Iterable[str]
) -> AsyncIterator[str]:
    """Yield the keys of people who are named; not every platform tells who that is.

    Raises:
        NoSuchPerson: Nobody is known by one of the names, or several.
    """
    told = {fold(user.name): user for user in call.mentions}
    for name in names:
        user = told.get(fold(name))
        if user is None:
            asked = replace(call, argument=f"@{name}", mentions=(), reply_to="", replied=None)
            user, _ = await meant(desk, db, asked)
        yield user.key


async def pressed(desk: Desk, db: Connection, press: Press) -> Reply | None:
    """Ask what a session of the chosen kind is to be on; of none chosen, which kind."""
    del desk, db
    kind = press.action.value
    if kind not in GAMES:
        return choice(press.id)
    words = say(
        "{kind}：主题是什么？也可以直接说 /开局 {kind} 江南烟雨，水墨风", kind=say(TITLES[kind])
    )
    return Reply(text=words, form=_form(kind), to=press.id)


def _form(kind: str) -> Form:
    return Form(
        action=Action(Verb.OPEN, 0, kind),
        title=say("开一局{kind}", kind=say(TITLES[kind])),
        fields=(
            Field(
                name="theme",
                label=say("主题"),
                most=MOST_CHARS,
                help=say("例如：江南烟雨，水墨风；可以空着"),
            ),
            Field(
                name="terms",
                label=say("规矩"),
                most=MOST_CHARS,
                help=say("例如：8 轮，每人 60 秒；可以空着"),
            ),
        ),
    )


async def submitted(desk: Desk, db: Connection, form: Submission) -> None:
    """Open the session that a form asks for.

    Raises:
        StudioError: It cannot be opened.
    """
    kind = kind_of(form.action.value)
    # where a form is a text, some answer it in words of their own: then these are what is said
    values = _form(kind).parted(form.values).values()
    said = "，".join(value.strip() for value in values if value.strip())
    words = f"{say(TITLES[kind])} {said}"
    call = Call(id=form.id, chat=form.chat, user=form.user, argument=words, topic=form.topic)
    await _open(desk, db, call)


def choice(to: str) -> Reply:
    """Return the question which kind it is to be."""
    buttons = [Button(say(TITLES[kind]), Action(Verb.OPEN, 0, kind)) for kind in GAMES]
    return Reply(
        text=say("开哪种局？\n{about}", about=about()),
        buttons=in_rows(buttons, IN_A_ROW),
        to=to,
    )


def about() -> str:
    """Return what each kind is, a line each."""
    told = {
        "relay": say("每人接一句，画就在上一张上接着画"),
        "scroll": say("每人往右画一段，接成一幅长卷"),
        "contest": say("同一个主题各画一张，不记名投票"),
        "guess": say("画从模糊到清楚，看谁先猜中"),
        "chorus": say("一分钟大家喊词，合成一张画"),
    }
    return "\n".join(
        say("{name}：{words}", name=say(TITLES[kind]), words=told[kind]) for kind in GAMES
    )


COMMAND = Command(
    names=("开局", "session"),
    hint=later("接龙、长卷、斗图、你画我猜、众笔；例如：/开局 接龙 江南烟雨"),
    run=run,
    together=True,
)
