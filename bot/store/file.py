"""Files that are whole or not there."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, beside: Path) -> None:
    """Write beside, make it last, then give it its name.

    Raises:
        OSError: The disk is full or failing; nothing is left.
    """
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def sync(folder: Path) -> None:
    """Make the names in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
