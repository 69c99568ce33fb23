"""A picture as it goes to Telegram."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.telegram.outbound import shows_as_photo
from bot.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One that is on the disk, and that Telegram may have already."""

    path: Path
    name: str
    """What whoever saves it sees."""
    sha256: str = ""
    """Empty: it is not to be remembered."""
    as_photo: bool = True
    """Whether it is shown; else it is a document, just as it is."""
    veiled: bool = False
    """Whether it is shown only to who wants to see it."""
    known: str = ""
    """By which Telegram knows it as a photo; empty: it does not."""

    def handed(self) -> str | bytes:
        """Return what a call takes of it; it reads the file, unless Telegram has it."""
        return self.known if self.as_photo and self.known else self.path.read_bytes()


def files_of(reply: Reply, uploaded: Mapping[str, str]) -> list[File]:
    """Return the pictures of a reply, in order. It looks at the files."""
    found = [
        File(
            path=artwork.path,
            name=f"danqing-{artwork.id}.png",
            sha256=artwork.sha256,
            as_photo=not reply.originals
            and shows_as_photo(*artwork.recipe.picture_px, artwork.path.stat().st_size),
            veiled=artwork.flagged,
            known=uploaded.get(artwork.sha256, ""),
        )
        for artwork in reply.artworks
    ]
    if (plate := reply.plate) is not None:
        fits = shows_as_photo(plate.width, plate.height, plate.path.stat().st_size)
        found.append(File(path=plate.path, name=plate.path.name, as_photo=fits))
    return found
