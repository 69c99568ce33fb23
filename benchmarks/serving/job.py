"""What an arm is given to do, and what it tells; free of torch."""

from enum import StrEnum
from typing import Literal

import msgspec

from generation.recipe import Recipe


class Arm(StrEnum):
    """Who draws."""

    A = "A"
    BEST = "A′"
    B = "B"
    C = "C"
    D = "D"

    @property
    def words(self) -> str:
        """What it is."""
        return WORDS[self]


WORDS = {
    Arm.A: "diffusers as it comes, one at a time",
    Arm.BEST: "diffusers at its best here, one at a time",
    Arm.B: "our engine, batches of equal requests",
    Arm.C: "our engine, one LoRA set in a batch",
    Arm.D: "our engine",
}
THEIRS = (Arm.A, Arm.BEST)
"""Those that are diffusers."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, and when they come."""

    name: str
    recipes: list[Recipe]
    users: int = 0
    """A closed loop of so many: each asks for the next as soon as it has the last. 0: open."""
    arrivals_s: list[float] = []
    """When each comes, of an open loop."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is to do."""

    arm: Arm
    model: str
    """Its folder."""
    loras: dict[str, str]
    """Their files, by name."""
    images: dict[str, bytes]
    """Files of sources and masks, by their SHA-256."""
    device: str
    """Of torch, or auto."""
    dtype: Literal["auto", "fp32", "bf16", "fp16"]
    """What our engine computes in."""
    rows: int
    """Most rows of a batch of our engine; 0: by the measured knee."""
    knee_file: str
    """Where that is kept: the same for all arms."""
    compiled: bool
    """Whether A′ compiles."""
    loads: list[Load]
    warm: list[Recipe]
    """Drawn first, one after the other, by our engine then together, and not counted."""
    probe: bool
    """Whether to measure what is inside our engine, too."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One request, from its arrival to its picture; seconds since the load began."""

    index: int
    """Which recipe of the load."""
    arrived_s: float
    started_s: float
    """When it was first worked on."""
    ended_s: float

    @property
    def latency_s(self) -> float:
        """From arrival to picture."""
        return self.ended_s - self.arrived_s


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm did."""

    arm: Arm
    setting: str
    """What it computed with, for the table."""
    served: dict[str, list[Served]]
    """By the name of the load."""
    also: dict[str, float]
    """Other figures, by name."""
