"""What an answer to a message of ours means, in a link under its first sign: nothing to remember.

Telegram hands a message that is answered back whole, links and all. Tapped, the link just opens
the talk with the bot.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from telegram import MessageEntity
from telegram.constants import MessageEntityType

from bot.action import Action
from bot.event import Attachment

SIGN = "✏️"
"""The sign that bears the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What is made of the words of an answer."""

    asks: str = ""
    """Name of the command whose argument they are."""
    form: Action | None = None
    """Of the form that they fill in."""
    attached: tuple[Attachment, ...] = ()
    """What they are to be drawn on."""

    def url(self, username: str) -> str:
        """Return the link; it leads to the bot."""
        parts = {
            "asks": self.asks,
            "form": self.form.pack() if self.form else "",
            "on": [f"{one.size}.{one.ref}" for one in self.attached],
        }
        told = {name: part for name, part in parts.items() if part}
        return f"https://t.me/{username}#{urlencode(told, doseq=True)}"

    @classmethod
    def read(cls, entities: Iterable[MessageEntity], username: str) -> Self | None:
        """Return what is hidden in a message of ours; None: nothing."""
        for entity in entities:
            if entity.type == MessageEntityType.TEXT_LINK and entity.url and not entity.offset:
                return cls._of(entity.url, username)
        return None

    @classmethod
    def _of(cls, url: str, username: str) -> Self | None:
        parts = urlsplit(url)
        if parts.path.strip("/").casefold() != username.casefold() or not parts.fragment:
            return None
        told = parse_qs(parts.fragment)
        on = [one.partition(".") for one in told.get("on", [])]
        try:
            form = Action.unpack(told["form"][0]) if "form" in told else None
            attached = tuple(Attachment(ref=ref, size=int(size)) for size, _, ref in on)
        except ValueError:
            return None
        return cls(asks=told.get("asks", [""])[0], form=form, attached=attached)
