"""Finished pictures."""

from dataclasses import dataclass
from pathlib import Path

from generation.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """A finished, labelled and stored picture, with the recipe that makes it again."""

    id: int
    job_id: int
    recipe: Recipe
    path: Path
    """The labelled PNG."""
    sha256: str
    """Of the file."""
    owner: str
    """Key of the user who asked for it."""
    made_at: float
    """Seconds since the epoch, UTC."""
    number: int = 0
    """Which picture of its job it is, from 0."""
    chat: str = ""
    """Key of the chat where it was asked for."""
    parent_id: int | None = None
    """The artwork that it was derived from."""
    flagged: bool = False
    """Whether its words were flagged: where a platform can, it is shown to who wants to see it."""
