"""Want of memory, by one name: each device has an error of its own for it."""

from collections.abc import Generator
from contextlib import contextmanager

import torch

from generation.errors import OutOfMemory


@contextmanager
def named() -> Generator[None]:
    """Turn what a device says when its memory is full into OutOfMemory."""
    try:
        yield
    except RuntimeError as error:
        # the CPU's has no class of its own
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise OutOfMemory("这张图太大，内存不够") from error
        raise
