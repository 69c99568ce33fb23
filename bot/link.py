"""Links that lead to the bot from anywhere, and what they carry: [A-Za-z0-9_-]{1,64}."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from bot.artwork import Artwork
from bot.session import Session

SESSION = "ses_"
"""How a link begins that leads to what is said to a group session in private."""
_FORM = re.compile(r"art_([1-9]\d{0,17})_([0-9a-f]{16})")
_WHISPER = re.compile(rf"{SESSION}([1-9]\d{{0,17}})_([0-9a-f]{{16}})")


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


@dataclass(frozen=True, slots=True)
class Whisper:
    """A link that leads to what is said to a group session in private."""

    target: int
    """Id of the session."""
    proof: str

    def is_of(self, session: Session) -> bool:
        """Return whether it was made for a session."""
        return hmac.compare_digest(self.proof, _sealed(session))


def whisper(session: Session) -> str:
    """Return what a link carries that leads to what is said to a session in private."""
    return f"{SESSION}{session.id}_{_sealed(session)}"


def whispered(payload: str) -> Whisper | None:
    """Return the session that a link leads to; None if it leads to none."""
    found = _WHISPER.fullmatch(payload)
    return None if found is None else Whisper(int(found[1]), found[2])


def _sealed(session: Session) -> str:
    """Return what nobody can make up who was not given it."""
    known = f"{session.id} {session.chat.key} {session.opened_at} {session.request.seed}"
    return hashlib.sha256(known.encode()).hexdigest()[:16]
