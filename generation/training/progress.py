"""What a training tells while it runs; how it is worded is up to who listens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to learn from."""

    pictures: int
    notes: Sequence[str]
    """What is wrong with some of the data, a line each, in the words of who read it."""
    shapes: Mapping[tuple[int, int], int]
    """How many pictures are learned in each width and height, pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """What is computed once, before the first step."""

    what: Literal["pictures", "latents", "texts", "class"]
    done: int
    total: int
    """0: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The first step is next."""

    step: int
    """Done before; above 0 it goes on from a checkpoint."""
    steps: int
    numbers: int
    """That are learned."""
    changed: Sequence[str]
    """Arguments that were others when the checkpoint was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """One step is done."""

    step: int
    steps: int
    loss: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A checkpoint is on the disk."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A validation picture is on the disk."""

    step: int
    path: Path


Word = Found | Preparing | Begun | Stepped | Saved | Drawn
Tell = Callable[[Word], None]
