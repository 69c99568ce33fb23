"""What a button means, in at most 64 bytes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

MAX_BYTES = 64
"""The smallest limit among platforms: Telegram's callback_data."""


class Verb(StrEnum):
    """What can be done to an artwork or a job."""

    REDO = "redo"
    """Draw the job's request again with a new seed."""
    CANCEL = "cancel"
    """Stop the job."""


@dataclass(frozen=True, slots=True)
class Action:
    """A verb and the id of what it is done to."""

    verb: Verb
    target: int

    def pack(self) -> str:
        """Return the action as a button carries it."""
        return f"{self.verb}:{self.target}"

    @classmethod
    def unpack(cls, data: str) -> Self:
        """Read an action from a pressed button.

        Raises:
            ValueError: This is no button of ours.
        """
        verb, _, target = data.partition(":")
        if not (target.isascii() and target.isdigit() and len(data) <= MAX_BYTES):
            raise ValueError(f"no button of ours: {data[:MAX_BYTES]!r}")
        return cls(Verb(verb), int(target))
