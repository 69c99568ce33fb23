"""Commands: what is asked of the bot by name. Each is a file; this is the list."""

import difflib
import re
from collections.abc import Iterable

from bot.command import Command
from bot.commands import (
    cancel,
    favourites,
    gallery,
    help,  # noqa: A004  the command's name
    history,
    queue,
    quota,
    search,
    settings,
    show,
    styles,
)
from bot.errors import UnknownCommand
from bot.parsing.text import fold
from bot.parsing.vocabulary import tables

COMMANDS: tuple[Command, ...] = (
    styles.COMMAND,
    queue.COMMAND,
    cancel.COMMAND,
    history.COMMAND,
    gallery.COMMAND,
    favourites.COMMAND,
    search.COMMAND,
    show.COMMAND,
    settings.COMMAND,
    quota.COMMAND,
    help.COMMAND,
)
"""In the order in which /帮助 tells them."""
_FORM = re.compile(r"\s*[/／]([^\s@/／]{1,40})(?:@[A-Za-z0-9_]{1,40})?(?=\s|$)\s*")
_BY_NAME = {name: command for command in COMMANDS for name in command.names}


def read(text: str) -> tuple[Command, str] | None:
    """Return the command that a message is, and its argument; None if it is none.

    Raises:
        UnknownCommand: It begins like one, but there is none of that name; names the nearest.
    """
    found = _FORM.match(text)
    if found is None:
        return None
    name = fold(found[1])
    if name in _BY_NAME:
        return _BY_NAME[name], text[found.end() :].strip()
    draws = tables()["commands"]
    if name.startswith(tuple(draws)):  # /画一只猫 is for the parser
        return None
    near = _nearest(name, [*_BY_NAME, *draws])
    raise UnknownCommand(
        f"没有 /{found[1]} 这个命令" + (f"，是不是 /{near}？" if near else "，发 /帮助 看有哪些")
    )


def _nearest(name: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return close[0] if close else None
