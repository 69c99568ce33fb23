"""Files of artworks, named for what is in them: pictures, thumbnails, what labels cover."""

import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from bot.errors import LabelMissing
from bot.label import thumbnail
from bot.store.file import sync, write_whole

PICTURES, COVERED, THUMBNAILS = "pictures", "covered", "thumbnails"
KINDS = {PICTURES: ".png", COVERED: ".png", THUMBNAILS: ".webp"}
"""Folders below the data folder, and what ends the names in them."""
THUMBNAIL_PX = 320
"""Longest side."""
NAMED = re.compile(r"[0-9a-f]{64}")
"""The hash that a file's name is. Those of the first version are of job and number: 12-0."""


class Pictures:
    """Writes, finds and removes files; which of them are wanted, the gallery knows."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._writing = set[str]()
        self._doomed = set[Path]()

    def write(self, job_id: int, pngs: Sequence[bytes], covers: Sequence[bytes]) -> list[Path]:
        """Write labelled pictures, thumbnails and what the labels cover; each whole or not there.

        They are not swept until `entered` or `discard` is said of them.

        Args:
            job_id: The job that they are of; names what is half-written.
            pngs: The pictures.
            covers: What the label covers of each.

        Raises:
            OSError: The disk is full or failing; what was written of these is removed.
            LabelMissing: A picture carries no label.
        """
        paths = [self.path(digest(png)) for png in pngs]
        with self._lock:
            self._writing.update(path.stem for path in paths)
            self._doomed -= {file for path in paths for file in self.files(path)}
        try:
            for number, (png, cover) in enumerate(zip(pngs, covers, strict=True)):
                part = f"{job_id}-{number}.part"
                self._write(self.beneath(paths[number]), cover, part)
                self._write(self.thumbnail_path(paths[number]), thumbnail(png, THUMBNAIL_PX), part)
                self._write(paths[number], png, part)
            for folder in {path.parent for path in paths}:
                sync(folder)
            sync(self._data / PICTURES)
        except (OSError, LabelMissing):
            self.discard(paths)
            raise
        return paths

    @property
    def unsettled(self) -> frozenset[str]:
        """The hashes of pictures that are on disk and in no row yet."""
        return frozenset(self._writing)

    def entered(self, paths: Iterable[Path]) -> None:
        """Note that rows name these files."""
        with self._lock:
            self._writing.difference_update(path.stem for path in paths)

    def discard(self, paths: Iterable[Path]) -> None:
        """Remove pictures that no row names, and what belongs to them."""
        found = list(paths)
        for path in found:
            for file in self.files(path):
                file.unlink(missing_ok=True)
        self.entered(found)

    def path(self, name: str) -> Path:
        """Return where the picture of that SHA-256 is."""
        return self._data / PICTURES / name[:2] / f"{name}.png"

    def beneath(self, path: Path) -> Path:
        """Return where what the label covers of a picture is kept."""
        return self._data / COVERED / path.relative_to(self._data / PICTURES)

    def thumbnail_path(self, path: Path) -> Path:
        """Return where the thumbnail of a picture is, if it was made."""
        below = path.relative_to(self._data / PICTURES)
        return (self._data / THUMBNAILS / below).with_suffix(KINDS[THUMBNAILS])

    def files(self, path: Path) -> tuple[Path, Path, Path]:
        """Return a picture and what belongs to it; the picture is last."""
        return self.beneath(path), self.thumbnail_path(path), path

    def size(self, path: Path) -> int:
        """Return how much a picture takes with what belongs to it, bytes."""
        return sum(file.stat().st_size for file in self.files(path) if file.exists())

    def thumbnail(self, path: Path) -> Path:
        """Return the thumbnail of a picture, made now if there is none yet. Call it in a thread.

        Raises:
            OSError: The picture is gone, or the disk full.
            LabelMissing: It carries no label.
        """
        small = self.thumbnail_path(path)
        if not small.exists():
            part = f"{path.stem}-{threading.get_ident()}.part"
            self._write(small, thumbnail(path.read_bytes(), THUMBNAIL_PX), part)
        return small

    def folders(self) -> list[Path]:
        """Return the folders that files of artworks are in."""
        return [folder for kind in KINDS for folder in self._inside(kind) if folder.is_dir()]

    def half_written(self) -> Iterator[Path]:
        """Yield what an end of the process left; only before anything is written."""
        return (file for kind in KINDS for file in self._inside(kind) if file.suffix == ".part")

    def doom(self, folder: Path, before: float) -> list[Path]:
        """Return the files in a folder that were written before that time, to be asked about.

        What is written from now on is not doomed any more, nor is what is being written.
        """
        found: list[Path] = []
        for file in folder.iterdir():
            with suppress(FileNotFoundError):  # a thumbnail's part that got its name
                if file.stat().st_mtime < before:
                    found.append(file)
        with self._lock:
            doomed = [file for file in found if file.stem not in self._writing]
            self._doomed.update(doomed)
        return doomed

    def sweep(self, asked: Iterable[Path], wanted: Iterable[Path]) -> int:
        """Remove those of the doomed that nobody wants; return how many."""
        kept, removed = set(wanted), 0
        for file in asked:
            with self._lock:
                if file not in self._doomed:
                    continue
                self._doomed.discard(file)
                if file not in kept:
                    file.unlink(missing_ok=True)
                    removed += 1
        return removed

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        return shutil.disk_usage(self._data).free

    def _inside(self, kind: str) -> list[Path]:
        folder = self._data / kind
        return list(folder.iterdir()) if folder.is_dir() else []

    def _write(self, path: Path, content: bytes, part: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, path.parents[1] / part)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return sha256(content).hexdigest()
