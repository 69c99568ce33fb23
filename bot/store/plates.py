"""Plates: labelled pictures put together of others, kept while they may be on their way."""

import hashlib
import os
import threading
from pathlib import Path

from PIL import Image

from bot.reply import Plate
from bot.store.file import write_whole

KEPT_S = 24 * 3600.0
"""A reply that waits longer goes out in words alone; whoever asks again gets another."""


class Plates:
    """Files in a folder, named for what they were drawn of."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "plates"

    def drawn(self, key: str) -> Plate | None:
        """Return a plate that was drawn of the same before. Call it in a thread."""
        path = self._path(key)
        try:
            with Image.open(path, formats=("PNG",)) as image:
                width, height = image.size
            os.utime(path)  # it is on its way again
        except OSError:
            return None
        return Plate(path=path, width=width, height=height)

    def keep(self, key: str, png: bytes, size: tuple[int, int]) -> Plate:
        """Write a plate. Call it in a thread.

        Args:
            key: All that it was drawn of.
            png: The labelled picture.
            size: Width and height, pixels.

        Raises:
            OSError: The disk is full or failing.
        """
        path = self._path(key)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, png, path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part"))
        return Plate(path=path, width=size[0], height=size[1])

    def find(self, name: str, width: int, height: int) -> Plate | None:
        """Return a plate by the name of its file; None if it is gone."""
        path = self._folder / name
        return Plate(path=path, width=width, height=height) if path.is_file() else None

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.png"

    def sweep(self, before: float) -> int:
        """Remove what was written before that time; return how many. Call it in a thread."""
        removed = 0
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed
