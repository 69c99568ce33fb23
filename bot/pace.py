"""How fast the engine draws, learnt from its steps."""

from collections.abc import Callable

MEMORY_S = 30.0
"""Drawing time after which what was learnt counts for half."""
LONGEST_STEP_S = 20.0
"""A longer silence is a model loading, not a step."""


class Pace:
    """Seconds per cost (steps × megapixels), over the last half minute or so of drawing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: float | None = None
        self._seconds = 0.0
        self._cost = 0.0
        self.under_way = 0.0
        """Cost that is left of what is being drawn."""

    def begin(self) -> None:
        """Note that the engine has work; what came before was idleness."""
        self._last = self._clock()

    def step(self, cost: float) -> None:
        """Note that work of this cost is done."""
        now = self._clock()
        if self._last is not None and 0 <= now - self._last < LONGEST_STEP_S:
            kept = 0.5 ** ((now - self._last) / MEMORY_S)
            self._seconds = self._seconds * kept + (now - self._last)
            self._cost = self._cost * kept + cost
        self._last = now

    def wait(self, cost: float) -> float | None:
        """Return how long until so much that waits is done, after what is being drawn."""
        return self.seconds(self.under_way + cost)

    def seconds(self, cost: float) -> float | None:
        """Return how long that much takes, or None while nothing is known."""
        return cost * self._seconds / self._cost if self._cost else None
