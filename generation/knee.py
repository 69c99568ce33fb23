"""How many rows of a batch pay: measured once for each device, model and size, and remembered."""

import logging
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from math import log2
from pathlib import Path
from time import perf_counter
from typing import Annotated

import msgspec
import torch

from generation import memory
from generation.errors import OutOfMemory
from generation.zoo.model import Model

log = logging.getLogger(__name__)

SIZES = (1, 2, 4, 8, 16, 32)
"""Rows that are tried."""
PASSES = 3
"""Of each size, after one that warms up."""
BUDGET_S = 2.0
GAIN = 0.1
"""What a larger batch must save of each row's time, to be worth that all its pictures wait for
each other."""

Shape = tuple[int, int, int]
"""Height and width of the latents, and length of the context."""
Time = tuple[Annotated[int, msgspec.Meta(ge=1)], Annotated[float, msgspec.Meta(gt=0)]]
"""Rows, and the seconds of one pass."""
_Book = dict[str, Annotated[list[Time], msgspec.Meta(min_length=1)]]


def measure(
    model: Model,
    height_latent: int,
    width_latent: int,
    tokens: int,
    *,
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = perf_counter,
) -> list[Time]:
    """Return how long the UNet takes for 1, 2, 4 … rows: the least of a few passes.

    What else the machine does only adds to them, and a size that it has disturbed would end the
    search for the knee. It stops before the size that is out of memory or of the budget; the first
    is tried in any case.

    Args:
        model: Whose UNet is measured; without LoRAs.
        height_latent: Of the latents.
        width_latent: Of the latents.
        tokens: Length of the context.
        budget_s: Seconds for everything.
        clock: Monotonic seconds.
    """
    model.slots.wear([])
    found: list[Time] = []
    end_s = clock() + budget_s
    for rows in SIZES:
        if found and clock() + 2 * found[-1][1] > end_s:
            break
        passes = _passes(model, (rows, height_latent, width_latent, tokens), clock)
        try:
            with memory.named():
                taken = [next(passes)]
                while len(taken) <= PASSES and clock() < end_s:
                    taken.append(next(passes))
        except OutOfMemory:
            break
        found.append((rows, min(taken)))
    return found


def knee(times: Sequence[Time]) -> int:
    """Return the largest size that pays: each doubling up to it saves GAIN of a row's time.

    It is told from the last size that paid, so that one that something else disturbed does not
    end the search.
    """
    best, best_s = 1, float("inf")
    for rows, taken_s in times:
        each_s = taken_s / rows
        if each_s <= best_s * (1 - GAIN) ** log2(rows / best):
            best, best_s = rows, each_s
    return best


class Knees:
    """Knows the knee of each model at each size, and measures what it does not know."""

    def __init__(self, file: Path | None, *, budget_s: float = BUDGET_S) -> None:
        """Read what is remembered.

        Args:
            file: Where it is kept, made when there is something to keep; None: in memory only.
            budget_s: Seconds for one size of one model.
        """
        self._file, self._budget_s = file, budget_s
        self._book = self._read()

    def cap(self, model: Model, shape: Shape) -> int:
        """Return the most rows that pay for this model at this size."""
        known = self._book.get(_key(model, shape))
        return knee(known or self.measure(model, shape))

    def measure(self, model: Model, shape: Shape) -> list[Time]:
        """Measure, whether or not it is known, and remember."""
        times = measure(model, *shape, budget_s=self._budget_s)
        if times:
            self._keep(_key(model, shape), times)
        log.info("knee of %s: %d rows", _key(model, shape), knee(times))
        return times

    def _read(self) -> _Book:
        if self._file is None:
            return {}
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Book)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}  # it will be measured again

    def _keep(self, key: str, times: list[Time]) -> None:
        self._book[key] = times
        if self._file is None:
            return
        self._book = self._read() | self._book  # another process may have measured meanwhile
        beside = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(self._book)))
            beside.replace(self._file)
        except OSError as error:
            log.warning("%s: not kept: %s", self._file, error)


def device_name(device: torch.device) -> str:
    """Return what a device is called by its maker."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text("utf-8").splitlines() if cpus.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _key(model: Model, shape: Shape) -> str:
    """Return what decides the knee; the context hardly does."""
    folder = model.folder
    return " · ".join(
        (
            device_name(model.device),
            f"{torch.get_num_threads()} threads",
            str(model.dtype).removeprefix("torch."),
            # a folder may get another model; its name alone says too little
            f"{folder.path.parent.name}/{folder.path.name}, {folder.size_bytes} bytes",
            f"{shape[0]}×{shape[1]}",
        )
    )


@torch.inference_mode()
def _passes(
    model: Model, sizes: tuple[int, int, int, int], clock: Callable[[], float]
) -> Iterator[float]:
    """Yield the seconds of one forward pass after the other."""
    rows, height, width, tokens = sizes
    seeded = torch.Generator("cpu").manual_seed(0)
    channels, depth = model.unet.config["in_channels"], model.unet.config["cross_attention_dim"]
    x = torch.randn(rows, channels, height, width, generator=seeded).to(model.device)
    context = torch.randn(rows, tokens, depth, generator=seeded).to(model.device)
    level = torch.linspace(0, 999, rows).to(model.device)
    while True:
        began = clock()
        model.network.ask(x, level, context)
        if model.device.type == "cuda":
            torch.cuda.synchronize(model.device)
        yield clock() - began
