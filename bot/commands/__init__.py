"""Commands: what is asked of the bot by name. Each is a file; this is the list."""

import difflib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiosqlite import Connection

from bot.action import Verb
from bot.command import Command, Desk
from bot.commands import (
    allow,
    audit,
    ban,
    cancel,
    clear,
    entry,
    favourites,
    gallery,
    gift,
    help,  # noqa: A004  the command's name
    history,
    lineage,
    pause,
    play,
    queue,
    quota,
    ranking,
    riddle,
    search,
    session,
    settings,
    show,
    start,
    status,
    styles,
    words,
    works,
)
from bot.errors import UnknownCommand
from bot.event import Press, Submission
from bot.parsing.text import fold
from bot.parsing.vocabulary import tables
from bot.reply import Reply
from bot.wording import say

COMMANDS: tuple[Command, ...] = (
    styles.COMMAND,
    queue.COMMAND,
    cancel.COMMAND,
    history.COMMAND,
    gallery.COMMAND,
    favourites.COMMAND,
    search.COMMAND,
    show.COMMAND,
    lineage.COMMAND,
    session.COMMAND,
    *play.COMMANDS,
    riddle.COMMAND,
    entry.COMMAND,
    ranking.COMMAND,
    works.COMMAND,
    settings.COMMAND,
    quota.COMMAND,
    gift.COMMAND,
    help.COMMAND,
    start.COMMAND,
    status.COMMAND,
    pause.PAUSE,
    pause.RESUME,
    clear.COMMAND,
    ban.BAN,
    ban.UNBAN,
    allow.COMMAND,
    words.COMMAND,
    audit.COMMAND,
)
"""In the order in which /帮助 tells them."""
PRESSES: Mapping[Verb, Callable[[Desk, Connection, Press], Awaitable[Reply | None]]] = {
    Verb.SHOW: show.pressed,
    Verb.GRAB: gift.grab,
    Verb.CLEAR: clear.pressed,
    Verb.OPEN: session.pressed,
    Verb.PLAY: play.button,
    Verb.WORKS: works.pressed,
}
"""Buttons that belong to a command."""
FORMS: Mapping[Verb, Callable[[Desk, Connection, Submission], Awaitable[None]]] = {
    Verb.OPEN: session.submitted,
    Verb.PLAY: play.submitted,
}
"""Forms that do."""
_FORM = re.compile(r"\s*[/／]([^\s@/／]{1,40})(?:@[A-Za-z0-9_]{1,40})?(?=\s|$)\s*")
_BY_NAME = {name: command for command in COMMANDS for name in command.names}


def read(text: str, *, operator: bool = False) -> tuple[Command, str] | None:
    """Return the command that a message is, and its argument; None if it is none.

    Args:
        text: The message.
        operator: Whether it is an operator's; for others their commands do not exist.

    Raises:
        UnknownCommand: It begins like one, but there is none of that name; names the nearest.
    """
    found = _FORM.match(text)
    if found is None:
        return None
    name = fold(found[1])
    known = {name: one for name, one in _BY_NAME.items() if operator or not one.operator}
    if name in known:
        return known[name], text[found.end() :].strip()
    draws = tables()["commands"]
    if name.startswith(tuple(draws)):  # /画一只猫 is for the parser
        return None
    near = _nearest(name, [*known, *draws])
    if near:
        words = say("没有 /{name} 这个命令，是不是 /{near}？", name=found[1], near=near)
        raise UnknownCommand(words)
    raise UnknownCommand(say("没有 /{name} 这个命令，发 /帮助 看有哪些", name=found[1]))


def is_bare_draw(text: str) -> bool:
    """Return whether a message is a command that draws, and does not say what."""
    found = _FORM.fullmatch(text)
    return found is not None and fold(found[1]) in tables()["commands"]


def _nearest(name: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return close[0] if close else None
