"""Work beside the step loop: on a stream of its own where the device has streams."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Later:
    """Tensors that are, or will be, on the CPU."""

    values: tuple[Tensor, ...]
    _event: "torch.cuda.Event | None"
    _work: Callable[[], object]
    """Holds what it was made of: its memory must not be used anew while another stream reads it."""

    @property
    def ready(self) -> bool:
        """Whether the values may be read."""
        return self._event is None or self._event.query()

    def wait(self) -> None:
        """Return when the values may be read."""
        if self._event is not None:
            self._event.synchronize()


class Aside:
    """Begins work that the next step need not wait for."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def begin(self, work: Callable[[], tuple[Tensor, ...]]) -> Later:
        """Begin work on what the device has computed so far.

        Args:
            work: Gives tensors on the device; they come to the CPU.
        """
        stream = self._stream
        if stream is None:
            return Later(tuple(value.cpu() for value in work()), None, work)
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            values = tuple(_to_pinned(value) for value in work())
            event = torch.cuda.Event()
            event.record(stream)
        return Later(values, event, work)


def _to_pinned(value: Tensor) -> Tensor:
    kept = torch.empty_like(value, device="cpu", pin_memory=True)
    return kept.copy_(value, non_blocking=True)
