"""What the bot answers to, in one word: a message, or what somebody has asked for by a tap.

The rest of the program takes the word for the platform's id of a message, and hands it back.
"""

import re
from dataclasses import dataclass
from typing import Literal, Self

_FORM = re.compile(
    r"(?:i(?P<interaction>\d{1,20})\.(?P<kind>[cp])(?P<private>s?)(?P<outside>o?)"
    r"\.(?P<token>[^/\s]{1,1000})/)?(?P<message>\d{1,20})?",
    re.ASCII,
)
EPOCH_MS = 1_420_070_400_000
"""When Discord began to count."""

Kind = Literal["c", "p"]
"""A command, which has a message of its own as its answer; or a press of what is in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an answer belongs."""

    message: int | None = None
    """The message that is answered, or edited."""
    interaction: int | None = None
    """What somebody has asked for by a command, a button or a form."""
    kind: Kind = "p"
    """Of the interaction."""
    token: str = ""
    """By which its answers are sent, for a quarter of an hour."""
    private: bool = False
    """Whether only whoever asked sees the answers."""
    outside: bool = False
    """Whether the bot may not write there but in answer to the interaction."""

    def pack(self) -> str:
        """Return it as one word."""
        message = "" if self.message is None else str(self.message)
        if self.interaction is None:
            return message
        flags = f"{'s' if self.private else ''}{'o' if self.outside else ''}"
        return f"i{self.interaction}.{self.kind}{flags}.{self.token}/{message}"

    @classmethod
    def read(cls, packed: str | None) -> Self:
        """Return what was packed; of anything else, and None, no place in particular."""
        found = _FORM.fullmatch(packed or "")
        if found is None:
            return cls()
        return cls(
            message=int(found["message"]) if found["message"] else None,
            interaction=int(found["interaction"]) if found["interaction"] else None,
            kind="c" if found["kind"] == "c" else "p",
            token=found["token"] or "",
            private=bool(found["private"]),
            outside=bool(found["outside"]),
        )


def born(snowflake: int) -> float:
    """Return when something was made, by its id; seconds since the epoch, UTC."""
    return ((snowflake >> 22) + EPOCH_MS) / 1000
