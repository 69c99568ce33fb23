"""Which kernel computes attention fastest: measured, since it differs by device and by shape."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

log = logging.getLogger(__name__)

KERNELS = (
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
)
REPEATS = 5


class Attention:
    """The kernels in the order of their speed; entered around each call of a network."""

    def __init__(self) -> None:
        self._order: list[SDPBackend] = []
        """Empty: PyTorch chooses, as on the CPU, which has one kernel only."""

    def chosen(self) -> AbstractContextManager[object]:
        """Return the context to compute in."""
        return sdpa_kernel(self._order, set_priority=True) if self._order else nullcontext()

    def measure(self, work: Callable[[], object], device: torch.device) -> None:
        """Order the kernels by how long the work takes with each."""
        if device.type != "cuda":
            return
        taken: dict[SDPBackend, float] = {}
        for kernel in KERNELS:
            try:
                with sdpa_kernel([kernel, SDPBackend.MATH], set_priority=True):
                    work()
                    torch.cuda.synchronize(device)
                    before = perf_counter()
                    for _ in range(REPEATS):
                        work()
                    torch.cuda.synchronize(device)
                    taken[kernel] = perf_counter() - before
            except RuntimeError as error:  # a kernel that this device or shape has not
                log.info("attention: %s cannot: %s", kernel.name, str(error).partition("\n")[0])
        self._order = [*sorted(taken, key=taken.__getitem__), SDPBackend.MATH]
        log.info("attention: %s", ", ".join(kernel.name for kernel in self._order))
