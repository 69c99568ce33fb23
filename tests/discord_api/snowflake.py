"""Ids, which tell when they were made."""

from collections.abc import Callable

EPOCH_MS = 1_420_070_400_000
"""The first moment of 2015."""


class Snowflakes:
    """Makes ids from the time of day, each higher than the last."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last = 0

    def mint(self) -> int:
        """Return a new one."""
        self._last = max(self._last + 1, snowflake(self._now()))
        return self._last


def snowflake(at: float) -> int:
    """Return the lowest id of a moment, in seconds since 1970."""
    return (int(at * 1000) - EPOCH_MS) << 22


def made_at(number: int) -> float:
    """Return when an id was made, in seconds since 1970."""
    return ((number >> 22) + EPOCH_MS) / 1000
