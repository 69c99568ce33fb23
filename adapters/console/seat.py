"""Who speaks at the terminal: several people may share one keyboard."""

import re
from dataclasses import dataclass

from bot.address import Address
from bot.wording import say

AS = "/as"
"""Gives the keyboard to somebody, or back."""
_AS = re.compile(r"\s*[/／](?:as|我是)(?:\s+[@＠]?(?P<name>[^\s@＠]{1,40}))?\s*", re.IGNORECASE)
_ONCE = re.compile(r"\s*[@＠](?P<name>[^\s@＠]{1,40})\s+(?P<words>\S.*)", re.DOTALL)
_BOT = Address()


@dataclass(frozen=True, slots=True)
class Speech:
    """What somebody says."""

    user: str
    words: str
    guest: bool = False
    """Whether it is not whoever the terminal belongs to: they run the studio, guests do not."""


class Seat:
    """The place at the keyboard."""

    def __init__(self, owner: str) -> None:
        """Have the one sit there whom the terminal belongs to."""
        self._owner = owner
        self.user = owner
        """Who sits there now."""

    @property
    def is_guests(self) -> bool:
        """Whether somebody else sits there."""
        return self.user != self._owner

    def changed(self, line: str) -> str | None:
        """Give the place to whom a line names; return what is said then, None: it names nobody."""
        found = _AS.fullmatch(line)
        if found is None:
            return None
        self.user = found["name"] or self._owner
        if self.is_guests:
            return say("现在是 {name} 在说话，/as 换回来", name=self.user)
        return say("现在是 {name} 在说话", name=self.user)

    def speech(self, line: str) -> Speech:
        """Return who says a line, and what: whoever it begins with, as @name, or who sits here."""
        found = _ONCE.fullmatch(line)
        if found is None or _BOT.rest(line) is not None:
            return Speech(self.user, line, self.is_guests)
        return Speech(found["name"], found["words"], found["name"] != self._owner)
