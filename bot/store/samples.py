"""Sample pictures of styles: drawn by the studio's own engine, of the same words each."""

import hashlib
from pathlib import Path

import msgspec

from bot.store.file import write_whole
from bot.style import Style

SHIPPED = Path(__file__).parents[1] / "samples"
"""Those of the program's styles; those in the data folder come before them."""
PROMPT, SEED = "草地上的一只狐狸", 7
"""Of every sample, so that styles can be compared."""
MAX_BYTES = 10 << 10
SUFFIX = ".webp"


class Samples:
    """Files in two folders, named for the style and for all that decides how it draws."""

    def __init__(self, data: Path, shipped: Path = SHIPPED) -> None:
        self.own = data / "samples"
        """The folder that new ones go to."""
        self._folders = (self.own, shipped)

    def find(self, style: Style) -> Path | None:
        """Return the sample of a style as it is today; None if none was drawn."""
        paths = (folder / name_of(style) for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)


def name_of(style: Style) -> str:
    """Return the name of a style's sample: another one, once the style draws otherwise."""
    said = (
        *(style.model, style.phrase, style.avoid, style.sampler, style.levels),
        *(style.steps, style.guidance, sorted(style.loras.items()), PROMPT, SEED),
    )
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()
    return f"{style.name}-{digest[:12]}{SUFFIX}"


def keep(folder: Path, style: Style, webp: bytes) -> Path:
    """Write a style's sample into a folder, in place of what it had there.

    Raises:
        OSError: The disk is full or failing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name_of(style)
    write_whole(path, webp, path.with_suffix(".part"))
    drop(folder, style.name, but=path)
    return path


def drop(folder: Path, name: str, but: Path | None = None) -> None:
    """Remove the samples of a style, by its name, from a folder."""
    for path in folder.glob(f"*{SUFFIX}"):
        if path != but and path.stem.rpartition("-")[0] == name:
            path.unlink(missing_ok=True)
