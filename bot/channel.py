"""Calls to one chat: one at a time, and not too many edits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.event import Chat
from bot.reply import Limits


@dataclass(slots=True)
class Channel:
    """What is known of how a chat may be spoken to."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held during a call: an edit on its way never comes after the last word."""
    edit_at: float = 0.0
    """No edit before; seconds since the epoch, UTC."""
    quiet_until: float = 0.0
    """The platform has asked for silence until then."""

    def called(self, limits: Limits, chat: Chat, now: float) -> None:
        """Note a call."""
        self.edit_at = now + (limits.group_s if chat.group else limits.private_s)

    def hush(self, seconds: float, now: float) -> None:
        """Note that the platform wants silence for so long."""
        self.quiet_until = max(self.quiet_until, now + seconds)

    def free(self, now: float) -> bool:
        """Return whether there may be an edit."""
        return now >= max(self.edit_at, self.quiet_until)


class Channels:
    """A channel for each chat that was spoken to; some hundred bytes each."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._channels = dict[str, Channel]()

    def to(self, chat: str) -> Channel:
        """Return the channel of a chat, by its key."""
        return self._channels.setdefault(chat, Channel())
