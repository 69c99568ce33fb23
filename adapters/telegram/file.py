"""A picture as it goes to Telegram."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from telegram import Message, PhotoSize

from adapters.telegram.outbound import shows_as_photo
from bot.reply import Plate, Reply

How = Literal["photo", "animation", "document"]
"""As what a picture goes; a document is just as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One that is on the disk, and that Telegram may have already."""

    path: Path
    name: str
    """What whoever saves it sees."""
    sha256: str = ""
    """Empty: it is not to be remembered."""
    how: How = "photo"
    veiled: bool = False
    """Whether it is shown only to who wants to see it."""
    known: str = ""
    """By which Telegram knows it as a photo; empty: it does not."""
    width: int = 0
    """Pixels, of what moves."""
    height: int = 0

    def handed(self) -> str | bytes:
        """Return what a call takes of it; it reads the file, unless Telegram has it."""
        return self.known if self.how == "photo" and self.known else self.path.read_bytes()


def files_of(reply: Reply, uploaded: Mapping[str, str]) -> list[File]:
    """Return the pictures of a reply, in order. It looks at the files."""
    found = [
        File(
            path=artwork.path,
            name=f"danqing-{artwork.id}.png",
            sha256=artwork.sha256,
            how=_how(artwork.path, *artwork.recipe.picture_px, originals=reply.originals),
            veiled=artwork.flagged,
            known=uploaded.get(artwork.sha256, ""),
        )
        for artwork in reply.artworks
    ]
    if reply.plate is not None:
        found.append(_plate(reply.plate, originals=reply.originals))
    return found


def upload(file: File, message: Message) -> tuple[tuple[str, str], ...]:
    """Return by what Telegram knows a photo from now on."""
    if not message.photo or not file.sha256:
        return ()
    return ((file.sha256, largest_of(message).file_id),)


def largest_of(message: Message) -> PhotoSize:
    """Return the photo of a message in its largest size."""
    return max(message.photo, key=lambda size: size.width * size.height)


def _plate(plate: Plate, *, originals: bool) -> File:
    return File(
        path=plate.path,
        name=plate.filename,
        how=_how(plate.path, plate.width, plate.height, originals=originals),
        width=plate.width,
        height=plate.height,
    )


def _how(path: Path, width: int, height: int, *, originals: bool) -> How:
    """Return as what a picture goes: shown, if Telegram shows such ones."""
    if originals:
        return "document"
    if path.suffix == ".gif":
        return "animation"
    return "photo" if shows_as_photo(width, height, path.stat().st_size) else "document"
