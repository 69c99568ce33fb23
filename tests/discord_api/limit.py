"""How many calls Discord lets through in a time."""

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.discord_api.refusal import NOTHING, Json, Refusal

VIA = {"Via": "1.1 google"}
INVALID_S, MOST_INVALID = 600.0, 10_000
MOST_BUCKETS = 5_000
"""Then those that are over are forgotten."""
INVALID = {401, 403, 429}


@dataclass(slots=True)
class Window:
    """At most so many in each stretch of so many seconds, the first begun by the first call."""

    count: int
    seconds: float
    used: int = 0
    until: float = 0.0

    def take(self, now: float) -> bool:
        """Count one more; False if there is no room."""
        if now >= self.until:
            self.used, self.until = 0, now + self.seconds
        if self.used >= self.count:
            return False
        self.used += 1
        return True


@dataclass(slots=True)
class Limits:
    """The limits; off until `on` is set."""

    clock: Callable[[], float]
    day: Callable[[], float]
    """The time of day."""
    on: bool = False
    channel: tuple[int, float] = (5, 5.0)
    """So many messages, and so many edits, in so many seconds in each channel."""
    webhook: tuple[int, float] = (5, 2.0)
    """So many messages or edits with the token of an interaction."""
    all_a_second: int = 50
    invalid: deque[float] = field(default_factory=deque[float])
    """When the answer was 401, 403 or 429, within ten minutes."""
    _all: Window | None = None
    _buckets: dict[str, Window] = field(default_factory=dict[str, Window])

    def take(self, method: str, route: str, major: str) -> dict[str, str]:
        """Count a call, and return what is told of its limit.

        Args:
            method: Of the call.
            route: Of the call.
            major: The channel or the token that has a limit of its own.

        Raises:
            Refusal: There were too many.
        """
        if not self.on:
            return {}
        now = self.clock()
        if self._all is None:
            self._all = Window(self.all_a_second, 1.0)
        exempt = route.startswith(("/interactions/", "/webhooks/{webhook_id}/{webhook_token}"))
        if not exempt and not self._all.take(now):
            raise too_fast(self._all.until - now, "global", {}, global_=True)
        bound = self._bound(method, route)
        if bound is None:
            return {}
        key = f"{method} {route} {major}"
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets = {name: one for name, one in self._buckets.items() if one.until > now}
        window = self._buckets.setdefault(key, Window(*bound))
        taken = window.take(now)
        headers = self._headers(window, f"{method} {route}", now)
        if not taken:
            raise too_fast(window.until - now, "user", headers)
        return headers

    def _bound(self, method: str, route: str) -> tuple[int, float] | None:
        """Return how many of such calls there may be in how many seconds."""
        if route.startswith("/webhooks/"):
            return self.webhook
        writes = method in {"POST", "PATCH"}
        return self.channel if writes and route.startswith("/channels/{channel_id}/mes") else None

    def _headers(self, window: Window, name: str, now: float) -> dict[str, str]:
        bucket = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        left_s = max(0.0, window.until - now)
        return {
            "X-RateLimit-Limit": str(window.count),
            "X-RateLimit-Remaining": str(max(0, window.count - window.used)),
            "X-RateLimit-Reset": f"{self.day() + left_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": bucket,
        }

    def count(self, status: int, headers: dict[str, str]) -> None:
        """Count an answer among the invalid ones, if it is one."""
        if status in INVALID and headers.get("X-RateLimit-Scope") != "shared":
            self.invalid.append(self.clock())
        self._forget()

    @property
    def banned(self) -> bool:
        """Whether there were so many invalid calls that nothing is let through."""
        self._forget()
        return len(self.invalid) >= MOST_INVALID

    def _forget(self) -> None:
        while self.invalid and self.clock() - self.invalid[0] > INVALID_S:
            self.invalid.popleft()


def too_fast(
    retry_after: float, scope: str, headers: dict[str, str], *, global_: bool = False
) -> Refusal:
    """Return a 429."""
    after = max(0.001, math.ceil(retry_after * 1000) / 1000)
    told = {"Retry-After": str(math.ceil(after)), "X-RateLimit-Scope": scope, **VIA}
    if global_:
        told["X-RateLimit-Global"] = "true"
    more: Json = {"retry_after": after, "global": global_}
    words = "You are being rate limited."
    return Refusal(429, NOTHING, words, more=more, headers=headers | told, benign=True)
