"""Calls to platforms: one at a time in each chat, as many as they take, and not too many edits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from bot.event import Chat
from bot.reply import Limits, Rate

Sleep = Callable[[float], Awaitable[object]]
"""Returns after so many seconds."""
FEW = 64
"""So many channels are kept, whether anything is known of them or not."""


@dataclass(slots=True)
class Bucket:
    """Calls that may be made: at most so many at once, and it fills again evenly.

    Source: ITU-T Recommendation I.371, generic cell rate algorithm (virtual scheduling). More than
    it holds may be taken when it is full, since an album cannot be parted; then it is in debt.
    """

    full_at: float = 0.0
    """When it is full again; seconds since the epoch, UTC."""

    def left(self, rate: Rate, now: float) -> float:
        """Return how many calls may be made at once."""
        return rate.calls - max(0.0, self.full_at - now) * rate.calls / rate.per_s

    def due(self, rate: Rate, calls: int, now: float) -> float:
        """Return when so many calls may be made at once, if none is made before."""
        needed = min(calls, rate.calls) * rate.per_s / rate.calls
        return max(now, self.full_at + needed - rate.per_s)

    def take(self, rate: Rate, calls: int, at: float) -> None:
        """Note that so many calls are made at a time."""
        self.full_at = max(self.full_at, at) + calls * rate.per_s / rate.calls


@dataclass(slots=True, weakref_slot=True)
class Channel:
    """What is known of how a chat may be spoken to."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held during a call: an edit on its way never comes after the last word."""
    aside: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something is said in passing."""
    edit_at: float = 0.0
    """No edit before; seconds since the epoch, UTC."""
    quiet_until: float = 0.0
    """The platform has asked for silence until then."""
    bucket: Bucket = field(default_factory=Bucket)

    def called(self, limits: Limits, chat: Chat, now: float, calls: int = 1) -> None:
        """Note what is over by now; the platform has counted it at some time before."""
        self.edit_at = now + (limits.group_s if chat.group else limits.private_s)
        if (rate := _rate(limits, chat)) is not None:
            self.bucket.take(rate, calls, now)

    def hush(self, seconds: float, now: float) -> None:
        """Note that the platform wants silence for so long."""
        self.quiet_until = max(self.quiet_until, now + seconds)

    def free(self, now: float) -> bool:
        """Return whether there may be an edit."""
        return now >= max(self.edit_at, self.quiet_until)

    def forgettable(self, now: float) -> bool:
        """Return whether a new one would be just as this."""
        return self.free(now) and now >= self.bucket.full_at


class Channels:
    """A channel for each chat that was spoken to lately, and a bucket for each platform."""

    def __init__(self, now: Callable[[], float], sleep: Sleep = asyncio.sleep) -> None:
        self.now = now
        self._sleep = sleep
        # whoever has a channel in hand has the one that others get, though it is kept no more
        self._known = WeakValueDictionary[str, Channel]()
        self._kept = dict[str, Channel]()
        self._most = FEW
        self._platforms = dict[str, Bucket]()

    def to(self, chat: str) -> Channel:
        """Return the channel of a chat, by its key."""
        channel = self._known.setdefault(chat, Channel())
        self._kept[chat] = channel
        if len(self._kept) > self._most:
            self._forget(self.now())
        return channel

    async def wait(self, limits: Limits, chat: Chat, calls: int) -> None:
        """Return when so many calls may be made to a chat, whose turn the caller holds.

        Those who wait for a platform are served in the order of their coming; those who wait for
        their chat are not among them yet.
        """
        if not calls:
            return
        channel, rate = self.to(chat.key), _rate(limits, chat)
        at = channel.quiet_until
        if rate is not None:
            at = max(at, channel.bucket.due(rate, calls, self.now()))
        await self._until(at)
        if limits.all_rate is not None:
            at = self._platform(chat).due(limits.all_rate, calls, self.now())
            self._platform(chat).take(limits.all_rate, calls, at)
            await self._until(at)

    def spare(self, limits: Limits, chat: Chat) -> bool:
        """Return whether there may be an edit that is worth no wait, nor that others wait for it.

        Half of what may be called is left for answers and results.
        """
        now, channel = self.now(), self.to(chat.key)
        return (
            channel.free(now)
            and _half_full(channel.bucket, _rate(limits, chat), now)
            and _half_full(self._platform(chat), limits.all_rate, now)
        )

    def count(self, limits: Limits, chat: Chat) -> None:
        """Note a call to a platform that nobody waited for."""
        if limits.all_rate is not None:
            self._platform(chat).take(limits.all_rate, 1, self.now())

    async def _until(self, at: float) -> None:
        if (left := at - self.now()) > 0:
            await self._sleep(left)

    def _platform(self, chat: Chat) -> Bucket:
        return self._platforms.setdefault(chat.platform, Bucket())

    def _forget(self, now: float) -> None:
        """Keep only channels of which something is known."""
        self._kept = {key: one for key, one in self._kept.items() if not one.forgettable(now)}
        self._most = max(FEW, 2 * len(self._kept))


def _rate(limits: Limits, chat: Chat) -> Rate | None:
    return limits.group_rate if chat.group else limits.private_rate


def _half_full(bucket: Bucket, rate: Rate | None, now: float) -> bool:
    return rate is None or bucket.left(rate, now) >= rate.calls / 2
