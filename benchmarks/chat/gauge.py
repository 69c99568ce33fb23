"""What the program takes, over time: memory and the processor."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import linear_regression, quantiles

import psutil

from benchmarks.figure import Figure

MINUTE_S = 60.0
TREND_S = 180.0
"""Memory is not expected to be flat before; nor in the first half of a shorter run."""


@dataclass(slots=True)
class Gauge:
    """What the program takes, over time."""

    process: psutil.Process
    began: float = field(default_factory=time.monotonic)
    at_s: list[float] = field(default_factory=list[float])
    rss_mb: list[float] = field(default_factory=list[float])
    _cpu_s: float = 0.0

    def begin(self) -> None:
        """Count from now on."""
        self.began, self._cpu_s = time.monotonic(), self._used()

    def look(self) -> None:
        """Look at its memory."""
        self.at_s.append(time.monotonic() - self.began)
        self.rss_mb.append(self.process.memory_info().rss / 1e6)

    @property
    def cpu(self) -> float:
        """Percent of one core, since it began."""
        return self.cpu_s / (time.monotonic() - self.began) * 100

    @property
    def cpu_s(self) -> float:
        """Seconds of one core, since it began."""
        return self._used() - self._cpu_s

    def at(self, seconds: float) -> float:
        """Return the memory at about a time, MB."""
        nearest = min(range(len(self.at_s)), key=lambda i: abs(self.at_s[i] - seconds))
        return self.rss_mb[nearest]

    def a_minute(self, after_s: float) -> float:
        """Return how much memory grows after a time, MB a minute."""
        kept = [(at, mb) for at, mb in zip(self.at_s, self.rss_mb, strict=True) if at >= after_s]
        times, sizes = zip(*kept, strict=True)
        return linear_regression(times, sizes).slope * MINUTE_S

    def _used(self) -> float:
        used = self.process.cpu_times()
        return used.user + used.system


def p95(seconds: Sequence[float]) -> float:
    """Return what all but a twentieth of them reach."""
    return quantiles(seconds, n=20)[-1] if len(seconds) > 1 else max(seconds, default=0.0)


def memory(bot: Gauge, seconds: float, trend_s: float = TREND_S) -> Iterator[Figure]:
    """Tell whether memory is flat.

    Args:
        bot: That looked at the program.
        seconds: It was watched for so long.
        trend_s: Memory is not expected to be flat before.
    """
    value = bot.at(min(MINUTE_S, seconds / 2))
    yield Figure(name="rss_1_mb", words="memory after a minute, RSS", value=value, unit="MB")
    value = bot.at(seconds)
    yield Figure(name="rss_end_mb", words="memory in the end", value=value, unit="MB")
    after_s = min(trend_s, seconds / 2)
    bar = 1.0 if seconds >= trend_s else None
    words = f"memory grows after {after_s:.0f} s by"
    value = bot.a_minute(after_s)
    yield Figure(name="growth_mb_min", words=words, value=value, unit="MB/min", bar=bar)
