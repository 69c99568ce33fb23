"""What the engine's process measures of itself, for the operator."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from generation.scheduler import C, Scheduler

if TYPE_CHECKING:
    import torch

STATM = Path("/proc/self/statm")
"""Pages of this process, where there is such a file: all, and those in memory."""


class Meter:
    """Counts the rows that step, and weighs the memory."""

    def __init__(self) -> None:
        self.device: torch.device | None = None
        """Where it draws, once that is known."""
        self.batches = 0
        """Since it began."""
        self.rows = 0
        """Of all batches together."""

    def scheduler(self, *, cap: Callable[[C], int], seats: int) -> Scheduler[C]:
        """Return a scheduler whose batches are counted."""
        return _Counted(self, cap=cap, seats=seats)

    def memory_bytes(self) -> int:
        """Return what drawing takes now: of the GPU's memory, else of the machine's; 0: unknown."""
        if self.device is None:
            return 0
        if self.device.type == "cuda":
            torch = sys.modules["torch"]  # whoever knows the device has imported it
            return torch.cuda.memory_reserved(self.device)
        return resident_bytes()


class _Counted(Scheduler[C]):
    def __init__(self, meter: Meter, *, cap: Callable[[C], int], seats: int) -> None:
        super().__init__(cap=cap, seats=seats)
        self._meter = meter

    def served(self, batch: Sequence[C]) -> None:
        if batch:
            self._meter.batches += 1
            self._meter.rows += sum(canvas.rows for canvas in batch)
        super().served(batch)


def resident_bytes(statm: Path = STATM) -> int:
    """Return what this process has in memory; 0 where the kernel does not tell."""
    if not statm.is_file():
        return 0
    pages = statm.read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
