"""A picture as it goes to Discord."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from discord import File as TheirFile

from adapters.discord.limits import MOST
from bot.artwork import Artwork
from bot.label import lighter
from bot.reply import Reply

COVERED = "SPOILER_"
"""What the name of a file begins with that is seen only by who wants to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One that is ready to go."""

    name: str
    """What whoever saves it sees."""
    content: bytes
    about: str = ""
    """Read to who cannot see it."""

    def handed(self) -> TheirFile:
        """Return what a call takes of it."""
        return TheirFile(BytesIO(self.content), filename=self.name)


def files_of(reply: Reply, most_bytes: int = MOST.file_bytes) -> list[File]:
    """Return the pictures of a reply, in order, each small enough. It reads the files.

    Args:
        reply: With its artworks.
        most_bytes: That one may have.
    """
    paths = [
        *((one.path, _name(one), one.recipe.prompt) for one in reply.artworks),
        *([(reply.plate.path, reply.plate.path.stem, "")] if reply.plate else []),
    ]
    room = min(most_bytes, (MOST.request_bytes - (1 << 20)) // max(1, len(paths)))
    return [_file(path, name, about, room) for path, name, about in paths]


def sketch_of(png: bytes, *, veiled: bool) -> File:
    """Return a picture in the making."""
    name = f"sketch-{hashlib.sha256(png).hexdigest()[:8]}.png"
    return File(name=f"{COVERED if veiled else ''}{name}", content=png)


def described(files: list[File]) -> list[Mapping[str, Any]]:
    """Return what is told of files beside themselves."""
    return [
        {"id": number, "filename": one.name}
        | ({"description": one.about[: MOST.alt]} if one.about else {})
        for number, one in enumerate(files)
    ]


def _name(artwork: Artwork) -> str:
    return f"{COVERED if artwork.flagged else ''}danqing-{artwork.id}"


def _file(path: Path, name: str, about: str, most_bytes: int) -> File:
    content, kind = path.read_bytes(), "png"
    if len(content) > most_bytes:
        content, kind = lighter(content, most_bytes), "webp"
    return File(name=f"{name}.{kind}", content=content, about=about)
