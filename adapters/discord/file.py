"""A picture as it goes to Discord."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from discord import File as TheirFile

from adapters.discord.limits import MOST
from bot.artwork import Artwork
from bot.errors import LabelMissing
from bot.label import lighter, thumbnail
from bot.reply import Plate, Reply

log = logging.getLogger(__name__)

LONGEST_PX = 16_000
"""Of a side of a WebP, which has 16383 at most."""
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
        most_bytes: That one may have. A plate that cannot be so small is left out.
    """
    count = len(reply.artworks) + (reply.plate is not None)
    room = min(most_bytes, (MOST.request_bytes - (1 << 20)) // max(1, count))
    found = [_file(one.path, _name(one), one.recipe.prompt, room) for one in reply.artworks]
    if reply.plate is not None and (plate := _plate(reply.plate, room)) is not None:
        found.append(plate)
    return found


def are_all(files: Sequence[File], reply: Reply) -> bool:
    """Return whether none of the pictures of a reply was left out."""
    return len(files) >= len(reply.artworks) + (reply.plate is not None)


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


def _plate(plate: Plate, most_bytes: int) -> File | None:
    """Return a plate; None if it cannot be so small. What moves is never made still."""
    content, name = plate.path.read_bytes(), Path(plate.filename)
    if len(content) <= most_bytes:
        return File(name=name.name, content=content)
    if name.suffix == ".gif":
        return None
    try:
        smaller = _smaller(content, most_bytes)
    except LabelMissing as error:
        log.info("discord: a plate is left out: %s", error)
        return None
    return File(name=f"{name.stem}.webp", content=smaller)


def _smaller(png: bytes, most_bytes: int) -> bytes:
    """Return a plate in fewer bytes, and with no longer side than WebP can have.

    Raises:
        LabelMissing: It cannot be so small.
    """
    try:
        return lighter(png, most_bytes)
    except ValueError:  # it has more pixels in a row than WebP
        made = thumbnail(png, LONGEST_PX)
    if len(made) > most_bytes:
        raise LabelMissing(f"no plate has so few bytes as {most_bytes}")
    return made


def _file(path: Path, name: str, about: str, most_bytes: int) -> File:
    content, kind = path.read_bytes(), "png"
    if len(content) > most_bytes:
        content, kind = lighter(content, most_bytes), "webp"
    return File(name=f"{name}.{kind}", content=content, about=about)
