"""Plates: labelled pictures and animations of others, kept while they may be on their way."""

import hashlib
import os
import threading
from pathlib import Path

from PIL import Image

from bot.reply import Plate
from bot.store.file import write_whole

FORMATS = {".png": "PNG", ".gif": "GIF"}
"""What a plate may be, by the end of its file's name."""
KEPT_S = 24 * 3600.0
"""A reply that waits longer goes out in words alone; whoever asks again gets another."""


class Plates:
    """Files in a folder, named for what they were drawn of."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "plates"

    def drawn(self, key: str, suffix: str = ".png") -> Plate | None:
        """Return a plate that was drawn of the same before. Call it in a thread.

        Args:
            key: All that it was drawn of.
            suffix: One of FORMATS.
        """
        path = self._path(key, suffix)
        try:
            with Image.open(path, formats=(FORMATS[suffix],)) as image:
                width, height = image.size
            os.utime(path)  # it is on its way again
        except OSError:
            return None
        return Plate(path=path, width=width, height=height)

    def keep(self, key: str, content: bytes, size: tuple[int, int], suffix: str = ".png") -> Plate:
        """Write a plate. Call it in a thread.

        Args:
            key: All that it was drawn of.
            content: The labelled picture or animation.
            size: Width and height, pixels.
            suffix: One of FORMATS.

        Raises:
            OSError: The disk is full or failing.
        """
        path = self._path(key, suffix)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        write_whole(path, content, part)
        return Plate(path=path, width=size[0], height=size[1])

    def find(self, name: str, width: int, height: int) -> Plate | None:
        """Return a plate by the name of its file; None if it is gone."""
        path = self._folder / name
        return Plate(path=path, width=width, height=height) if path.is_file() else None

    def _path(self, key: str, suffix: str) -> Path:
        if suffix not in FORMATS:
            raise ValueError(f"a plate is none of {suffix}")
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}{suffix}"

    def sweep(self, before: float) -> int:
        """Remove what was written before that time; return how many. Call it in a thread."""
        removed = 0
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed
