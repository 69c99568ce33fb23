"""What `danqing check` finds where it asks a platform."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Findings:
    """Faults, and what else has to be known."""

    faults: list[str]
    remarks: list[str]
