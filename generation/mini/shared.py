"""One batch learned from by several threads of one kernel thread each.

Small networks gain little from a second kernel thread, but nearly double with a second share of
the batch; and a busy machine slows one share, not every kernel.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


class Shares:
    """Threads that each take a share of every batch."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        torch.set_num_threads(1)
        self._pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))

    def learn(
        self, parameters: Sequence[Tensor], loss_of: Callable[[int], tuple[Tensor, float]]
    ) -> float:
        """Set the gradients of the mean loss over shares 0, 1, …; return the mean second value.

        Shares are summed in their order, so the result does not depend on which ends first.
        """

        def run(share: int) -> tuple[tuple[Tensor, ...], float]:
            loss, told = loss_of(share)
            return torch.autograd.grad(loss / self.workers, parameters, allow_unused=True), told

        done = list(self._pool.map(run, range(self.workers)))
        for parameter, *parts in zip(parameters, *(grads for grads, _ in done), strict=True):
            given = [part for part in parts if part is not None]
            for part in given[1:]:
                given[0].add_(part)
            parameter.grad = given[0] if given else None
        return sum(told for _, told in done) / self.workers
