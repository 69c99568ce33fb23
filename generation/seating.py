"""Which row of a batch is whose; free of torch."""

from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

C = TypeVar("C", bound=Hashable)

AVOID, PROMPT = 0, 1
"""What a row is drawn after."""


class Seat(NamedTuple, Generic[C]):
    """One row's owner."""

    canvas: C
    side: int
    """AVOID or PROMPT."""


def seats(canvas: C, rows: int) -> list[Seat[C]]:
    """Return the rows that a canvas takes."""
    sides = (PROMPT,) if rows == 1 else (AVOID, PROMPT)
    return [Seat(canvas, side) for side in sides]


def arrange(before: Sequence[Seat[C]], wanted: Sequence[Seat[C]]) -> list[Seat[C]]:
    """Return who sits in each row, without gaps; who sat in a row that stays keeps it.

    What is laid out for a row (its LoRAs) is copied only when its owner changes.
    """
    here = set(wanted)
    rows: list[Seat[C] | None] = [seat if seat in here else None for seat in before[: len(wanted)]]
    rows += [None] * (len(wanted) - len(rows))
    settled = {seat for seat in rows if seat is not None}
    moving = iter([seat for seat in wanted if seat not in settled])
    return [next(moving) if seat is None else seat for seat in rows]
