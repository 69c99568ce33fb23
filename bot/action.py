"""What a button means, in at most 64 bytes."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

MAX_BYTES = 64
"""The smallest limit among platforms: Telegram's callback_data."""
MAX_TARGET = 2**63 - 1
"""Ids are those of SQLite."""
_FORM = re.compile(r"([a-z]{1,12}):(0|[1-9]\d{0,18})(?::([a-z0-9]{1,24}))?", re.ASCII)


class Verb(StrEnum):
    """What can be done to a job or an artwork."""

    REDO = "redo"
    """Draw the job's request again with a new seed."""
    CANCEL = "cancel"
    """Stop the job."""
    MORE = "more"
    """Show all that can be done to the artwork."""
    VARY = "vary"
    """Draw the artwork over, a little differently."""
    UPSCALE = "upscale"
    """Make the artwork larger, by the value."""
    EDIT = "edit"
    """Ask what is to be changed in the artwork."""
    STYLES = "styles"
    """Offer other styles for the artwork."""
    WEAR = "wear"
    """Draw the artwork in the style whose key is the value."""
    SIDES = "sides"
    """Offer sides to which the artwork can be continued."""
    EXPAND = "expand"
    """Continue the artwork to the side that is the value."""
    FAVOUR = "favour"
    """Keep the artwork among the favourites of whoever presses, or not any more."""
    ORIGINAL = "original"
    """Hand out the artwork's file as it is."""
    INFO = "info"
    """Say what the artwork was made of, so that it can be asked for again."""
    PAGE = "page"
    """Show what is older than the artwork, of the list that is the value."""
    SHOW = "show"
    """Show the artwork."""
    GRAB = "grab"
    """Take a share of the gift."""
    PLAY = "play"
    """Do in the session what is the value: join, skip, vote."""
    OPEN = "open"
    """Open a session of the kind that is the value; without one, ask which."""
    WORKS = "works"
    """Show what the chat has painted together before the session."""
    CLEAR = "clear"
    """Stop jobs that wait, up to this one; whose, is the value."""
    DELETE = "delete"
    """Ask whether to delete the artwork; with a value, do it."""


@dataclass(frozen=True, slots=True)
class Action:
    """A verb and the id of what it is done to."""

    verb: Verb
    target: int
    value: str = ""
    """How: up to 24 small letters and digits; empty where nothing more is to be said."""

    def pack(self) -> str:
        """Return the action as a button carries it."""
        return f"{self.verb}:{self.target}" + (f":{self.value}" if self.value else "")

    @classmethod
    def unpack(cls, data: str) -> Self:
        """Read an action from a pressed button.

        Raises:
            ValueError: This is no button of ours.
        """
        found = _FORM.fullmatch(data)
        if found is None or int(found[2]) > MAX_TARGET:
            raise ValueError(f"no button of ours: {data[:MAX_BYTES]!r}")
        return cls(Verb(found[1]), int(found[2]), found[3] or "")
