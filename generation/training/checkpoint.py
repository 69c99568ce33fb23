"""Files that are there whole or not at all, and the state of a training in one of them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, bring it to the disk, then put it in place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write(beside)
    _sync(beside)
    beside.replace(path)
    _sync(path.parent)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a training's state; a kill at any moment leaves the old one or the new one."""
    write_whole(path, lambda beside: torch.save(state, beside))


def load_state(path: Path) -> dict[str, Any] | None:
    """Read a training's state, tensors and plain values only; None if there is none yet."""
    if not path.exists():
        return None
    return torch.load(path, map_location="cpu", weights_only=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
