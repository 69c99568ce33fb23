"""What a tap means: the custom_id of a button, an option or a modal. All of it outlives a restart.

A button of ours is an action as it is (bot/action.py). Others begin with a sign:

    ask:画:12/34/56      opens a field, in which is said what the command 画 wants to know
    fill:9f3a#edit:7     opens the form of an action as it was filled in before; if that is not
                         known any more, as the action has it
    pick:0               a select: its options are actions
"""

import re
from dataclasses import dataclass
from typing import Self

from bot.event import Attachment

ASK, FILL, PICK = "ask:", "fill:", "pick:"
_REF = re.compile(r"(\d{1,20})/(\d{1,20})/(\d{1,20})(?:\|(\S*))?", re.ASCII)
_FACE = re.compile(r"u/(\d{1,20})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is made of the words that somebody answers with."""

    asks: str
    """Name of the command whose argument they are."""
    attached: tuple[Attachment, ...] = ()
    """What they are to be drawn on."""

    def pack(self, most: int) -> str:
        """Return it as a custom_id; the pictures that do not fit are left out."""
        packed = f"{ASK}{self.asks}"
        for one in self.attached:
            lasting = one.ref.partition("|")[0]
            longer = f"{packed}:{lasting}"
            if _is_lasting(lasting) and len(longer) <= most:
                packed = longer
        return packed

    @classmethod
    def read(cls, custom_id: str) -> Self | None:
        """Return what a custom_id asks; None: it is no question."""
        if not custom_id.startswith(ASK):
            return None
        asks, *refs = custom_id.removeprefix(ASK).split(":")
        attached = tuple(Attachment(ref=ref) for ref in refs if _is_lasting(ref))
        return cls(asks=asks, attached=attached)


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a picture of a message is, and by what link it is had for a day."""

    channel: str
    message: str
    attachment: str
    url: str = ""

    def pack(self) -> str:
        """Return it as one word."""
        lasting = f"{self.channel}/{self.message}/{self.attachment}"
        return f"{lasting}|{self.url}" if self.url else lasting

    @classmethod
    def read(cls, packed: str) -> Self | None:
        """Return what was packed; None: it is a mere link."""
        found = _REF.fullmatch(packed)
        return None if found is None else cls(found[1], found[2], found[3], found[4] or "")


def face(user: str) -> str:
    """Return by what somebody's avatar is found."""
    return f"u/{user}"


def whose(ref: str) -> str | None:
    """Return whose avatar it is; None: it is none."""
    found = _FACE.fullmatch(ref)
    return None if found is None else found[1]


def _is_lasting(ref: str) -> bool:
    return bool(_REF.fullmatch(ref) or _FACE.fullmatch(ref))
