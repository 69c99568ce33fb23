"""Links that lead to the bot from anywhere, and what they carry: [A-Za-z0-9_-]{1,64}."""

import hmac
import re
from dataclasses import dataclass

from bot.artwork import Artwork

_FORM = re.compile(r"art_([1-9]\d{0,17})_([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link leads to."""

    target: int
    """Id of an artwork."""
    proof: str
    """That whoever has the link was given it: a part of the file's hash, which no id tells."""

    def is_of(self, artwork: Artwork) -> bool:
        """Return whether it was made of an artwork."""
        return hmac.compare_digest(self.proof, _proof(artwork))


def to(artwork: Artwork) -> str:
    """Return what a link to an artwork carries. Whoever has it may see the picture."""
    return f"art_{artwork.id}_{_proof(artwork)}"


def read(payload: str) -> Link | None:
    """Return what a link leads to; None if it is none of ours."""
    found = _FORM.fullmatch(payload)
    return None if found is None else Link(int(found[1]), found[2])


def _proof(artwork: Artwork) -> str:
    return artwork.sha256[-16:]
