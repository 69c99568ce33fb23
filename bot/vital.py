"""How the studio is doing, as an operator is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error that was met, by name."""

    name: str
    count: int
    """Since the process began."""
    last_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vital:
    """What the process knows of itself and its engine."""

    version: str
    up_s: float
    """Since the process began."""
    ready: bool
    """Whether the engine is warm."""
    restarts: int
    """How often it was begun anew."""
    models: Sequence[str]
    faults: Sequence[Fault]
    """The newest first."""


Look = Callable[[], Vital]
