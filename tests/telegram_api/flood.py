"""How many messages Telegram lets through in a time."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.telegram_api.refusal import too_fast


@dataclass(slots=True)
class Window:
    """At most so many in any stretch of so many seconds."""

    count: int
    seconds: float
    sent: deque[float] = field(default_factory=deque[float])

    def wait_s(self, now: float, cost: int) -> float:
        """Return for how long there is no room for so many more."""
        while self.sent and self.sent[0] <= now - self.seconds:
            self.sent.popleft()
        over = len(self.sent) + min(cost, self.count) - self.count
        return self.sent[over - 1] + self.seconds - now if over > 0 else 0.0

    def add(self, now: float, cost: int) -> None:
        self.sent.extend([now] * cost)


@dataclass(slots=True)
class Bucket:
    """So many at once, then one a second."""

    count: int
    full_at: float = 0.0

    def wait_s(self, now: float, cost: int) -> float:
        """Return for how long there is no room for so many more."""
        return max(0.0, max(self.full_at, now) + min(cost, self.count) - self.count - now)

    def add(self, now: float, cost: int) -> None:
        self.full_at = max(self.full_at, now) + cost


@dataclass(slots=True)
class Flood:
    """The limits on sending; off until `on` is set."""

    clock: Callable[[], float]
    on: bool = False
    private_burst: int = 5
    """So many messages may come at once to one private chat, then one a second."""
    group_a_minute: int = 20
    all_a_second: int = 30
    _all: Window | None = None
    _chats: dict[int, Window | Bucket] = field(default_factory=dict[int, Window | Bucket])
    _all_closed: float = 0.0

    def close_all(self, seconds: float) -> None:
        """Refuse everything for a while, whether limits are on or not."""
        self._all_closed = self.clock() + seconds

    def check_all(self) -> None:
        """Refuse while everything is closed."""
        rest = self._all_closed - self.clock()
        if rest > 0:
            raise too_fast(math.ceil(rest))

    def count(self, chat: int, cost: int, *, private: bool) -> None:
        """Count messages to a chat.

        Raises:
            Refusal: There were too many; nothing is counted then.
        """
        if not self.on:
            return
        now = self.clock()
        if self._all is None:
            self._all = Window(self.all_a_second, 1.0)
        window = self._chats.get(chat)
        if window is None:
            window = self._chats[chat] = (
                Bucket(self.private_burst) if private else Window(self.group_a_minute, 60.0)
            )
        wait_s = max(self._all.wait_s(now, cost), window.wait_s(now, cost))
        if wait_s > 0:
            raise too_fast(max(1, math.ceil(wait_s)))
        self._all.add(now, cost)
        window.add(now, cost)
