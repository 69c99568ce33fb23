"""Work on static tensors: called each time, or captured once and replayed where CUDA can.

The two do the same; a graph saves the launches. What is captured first should be the largest,
since all share one pool of memory. Source: PyTorch, CUDA semantics, "CUDA Graphs".
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

import torch

Work = Callable[[], None]

SIZES = (1, 2, 4, 8, 16, 32)
"""Row counts that graphs are captured for."""
MOST = 96
"""Graphs that are kept; those of shapes that nobody draws any more leave first."""


class Calls:
    """Calls the work each time."""

    def __init__(self, sizes: tuple[int, ...] = ()) -> None:
        self.sizes = sizes
        """Row counts that batches are filled up to; none: any count goes."""

    def run(self, key: Hashable, epoch: Hashable, work: Work) -> None:
        """Do the work."""
        del key, epoch
        work()


class Graphs:
    """Captures the work at its second time and replays it from then on.

    The first time warms up what chooses its algorithm by trying; it is a step like any other.
    """

    def __init__(self, device: torch.device, sizes: tuple[int, ...] = SIZES) -> None:
        self.sizes, self._device = sizes, device
        self._captured: OrderedDict[Hashable, tuple[Hashable, torch.cuda.CUDAGraph | None]]
        self._captured = OrderedDict()
        self._memory = torch.cuda.graph_pool_handle()

    def run(self, key: Hashable, epoch: Hashable, work: Work) -> None:
        """Do the work.

        Args:
            key: Equal keys do equal work on the same tensors,
            epoch: as long as this is the same too.
            work: Depends on no value that the device computes.
        """
        known, graph = self._captured.pop(key, (None, None))
        self._captured[key] = (epoch, graph)
        if len(self._captured) > MOST:
            self._captured.popitem(last=False)
        if known != epoch:
            self._captured[key] = (epoch, None)
            work()
            return
        if graph is None:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.device(self._device), torch.cuda.graph(graph, pool=self._memory):
                work()
            self._captured[key] = (epoch, graph)
        graph.replay()


def best(device: torch.device) -> Calls | Graphs:
    """Return what suits the device."""
    return Graphs(device) if device.type == "cuda" else Calls()


def filled(rows: int, sizes: tuple[int, ...]) -> int:
    """Return the row count that a batch of so many rows is filled up to."""
    return next((size for size in sizes if size >= rows), rows)
