"""What a command is."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiosqlite import Connection

from bot.event import Chat, User
from bot.pace import Pace
from bot.purse import Purse
from bot.referee import Referee
from bot.reply import Reply
from bot.rules import Rules
from bot.store.store import Store
from bot.style import Styles
from bot.vital import Look

_BEGUN = re.compile(r"#(\d{1,18})\s+")
_NUMBER = re.compile(r"[#＃]?\s*(\d{1,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What commands work with."""

    store: Store
    styles: Styles
    pace: Pace
    rules: Rules
    purse: Purse
    new_seed: Callable[[], int]
    referee: Referee
    """Leads the group sessions."""
    look: Look | None = None
    """Tells how the studio is doing; None: nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A command as somebody gave it."""

    id: str
    """The message."""
    chat: Chat
    user: User
    argument: str = ""
    """What stands behind the name."""
    reply_to: str = ""
    """The message that it answers, by the platform's id; empty: none."""
    replied: User | None = None
    """Who wrote that message, where the platform tells."""
    mentions: tuple[User, ...] = ()
    """Who is named in it, where the platform tells."""
    topic: str = ""
    """The part of the chat that it was said in."""

    @property
    def is_answer(self) -> bool:
        """Whether it answers another message."""
        return bool(self.reply_to) or self.replied is not None

    @property
    def apart(self) -> tuple[int, str]:
        """The number that the argument begins with, as #12, or 0; and what stands behind it."""
        found = _BEGUN.match(self.argument)
        return (int(found[1]), self.argument[found.end() :]) if found else (0, self.argument)

    @property
    def number(self) -> int:
        """The argument as the number of a job or picture; 0, which none has, if it is none."""
        found = _NUMBER.fullmatch(self.argument)
        return int(found[1]) if found else 0


Run = Callable[[Desk, Connection, Call], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that is asked of the bot by name: /队列, /queue."""

    names: tuple[str, ...]
    """Chinese first; what stands behind the slash."""
    hint: str
    """One line of what it does."""
    run: Run
    """Returns the answer, or None if it has sent one itself.

    Raises StudioError if it cannot be done; then nothing was changed.
    """
    asks: str = ""
    """What to say if its argument is missing; empty: it needs none."""
    answers: bool = False
    """Whether what it answers can stand for its argument."""
    listed: bool = True
    """Whether /帮助 tells of it."""
    together: bool = False
    """Whether it is of what groups paint together."""
    operator: bool = False
    """Whether only operators have it; others are told that there is none of that name."""
