"""Which canvases take the next step together; pure policy, no tensors."""

from collections import deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Batchable(Protocol):
    """What the scheduler must know of a canvas."""

    @property
    def model(self) -> str:
        """Name of the model that it needs in memory."""
        ...

    @property
    def shape(self) -> Hashable:
        """Canvases of equal shape may share a batch: model, latent size, length of context."""
        ...

    @property
    def rows(self) -> int:
        """How many rows of a batch it takes: 2 with guidance, else 1."""
        ...


C = TypeVar("C", bound=Batchable)


class Scheduler(Generic[C]):
    """First come, first served; canvases of the leader's shape join its batch at any step.

    A canvas whose model has no seat in memory waits for one, and those that came later wait
    behind it: models do not change places at every step, and none waits for ever.
    """

    def __init__(self, *, max_rows: int, seats: int) -> None:
        self._max_rows, self._seats = max_rows, seats
        self._waiting: deque[C] = deque()
        self._running: deque[C] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return not self._waiting and not self._running

    @property
    def models(self) -> set[str]:
        """Names of those that have a seat."""
        return {canvas.model for canvas in self._running}

    def admit(self, canvas: C) -> None:
        """Let a canvas wait for a seat."""
        self._waiting.append(canvas)

    def seat(self) -> list[C]:
        """Give seats to those whose turn it is, and return them."""
        seated: list[C] = []
        models = self.models
        while self._waiting and len(models | {self._waiting[0].model}) <= self._seats:
            canvas = self._waiting.popleft()
            models.add(canvas.model)
            seated.append(canvas)
        self._running.extend(seated)
        return seated

    def next_batch(self) -> list[C]:
        """Return the canvases of the next step, the longest waiting first; [] when idle."""
        batch: list[C] = []
        rows = 0
        for canvas in self._running:
            if batch and canvas.shape != batch[0].shape:
                continue
            rows += canvas.rows
            if batch and rows > self._max_rows:
                break
            batch.append(canvas)
        return batch

    def requeue(self, stepped: list[C]) -> None:
        """Put stepped canvases behind those still to step."""
        for canvas in stepped:
            self._running.remove(canvas)
        self._running.extend(stepped)

    def drop(self, canvas: C) -> None:
        """Forget a canvas that is finished, failed or no longer wanted."""
        for line in (self._waiting, self._running):
            if canvas in line:
                line.remove(canvas)
