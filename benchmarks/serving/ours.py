"""Arms B, C and D: our engine, whole and with single freedoms taken from it."""

import time
from collections import deque
from collections.abc import Callable, Hashable
from pathlib import Path

from benchmarks.serving.job import Arm, Job
from benchmarks.serving.traffic import MODEL, Order
from generation.canvas import Canvas
from generation.cap import Cap
from generation.config import EngineConfig
from generation.engine import Engine
from generation.knee import Knees
from generation.lora.shelf import LoraShelf
from generation.memory import MIB
from generation.preview import Previewer
from generation.recipe import Recipe
from generation.scheduler import Scheduler
from generation.server import device_of, dtype_of
from generation.zoo.shelf import Shelf

PREVIEW_EVERY_S = 1.0
ENDLESS = 1 << 30


class OneStyle(Scheduler[Canvas]):
    """The scheduler, held to one LoRA set in a batch, as servers that merge or swap adapters are.

    Who is first in line chooses the set; as many join as there are rows, as ever.
    """

    def __init__(self, *, cap: Callable[[Canvas], int], seats: int) -> None:
        super().__init__(cap=lambda _: ENDLESS, seats=seats)
        self._most_rows = cap

    def next_batch(self) -> list[Canvas]:
        """Return the canvases of the next step."""
        found: list[Canvas] = []
        free = 0
        for canvas in super().next_batch():
            if not found:
                free = max(self._most_rows(canvas), canvas.rows)
            elif canvas.recipe.loras != found[0].recipe.loras:
                continue
            if canvas.rows <= free:
                found.append(canvas)
                free -= canvas.rows
        return found


class Ours:
    """Our engine as a traffic.Server, stepped as generation.desk steps it."""

    def __init__(self, job: Job) -> None:
        self._arm, self.images = job.arm, job.images
        config = EngineConfig(
            models={MODEL: Path(job.model)},
            loras={name: Path(path) for name, path in job.loras.items()},
            device=job.device,
            dtype=job.dtype,
            max_batch=job.rows,
            knee_file=Path(job.knee_file),
        )
        device = device_of(config.device)
        self.dtype = dtype_of(config, device)
        self.shelf = Shelf(
            config.models,
            room=config.room,
            device=device,
            dtype=self.dtype,
            prompt_bytes=config.prompt_cache_mb * MIB,
        )
        self.loras = LoraShelf(config.loras, budget_bytes=config.lora_cache_mb * MIB)
        self._knees = Knees(config.knee_file)
        self._previewer = Previewer()
        self.engine = self.open(rows=job.rows)
        self.engine.warm(MODEL)
        folder = self.shelf.take(MODEL).folder
        side = folder.native_px // folder.latent_px
        self.rows = job.rows or self._knees.cap(self.shelf.take(MODEL), (side, side, folder.tokens))
        """Most of a batch."""
        self._orders: dict[Canvas, tuple[Order, float]] = {}

    def open(self, *, rows: int) -> Engine:
        """Return a fresh engine on the same models and LoRAs, with at most so many rows."""
        return Engine(
            self.shelf,
            self.loras,
            cap=Cap(self._knees, rows=rows, memory_mb=0),
            previewer=self._previewer,
            preview_every_s=PREVIEW_EVERY_S,
            clock=time.monotonic,
            scheduler=OneStyle if self._arm is Arm.C else Scheduler,
        )

    @property
    def idle(self) -> bool:
        """Whether nothing is to be drawn."""
        return self.engine.idle

    def take(self, order: Order) -> None:
        """Let a request join the running batch at the next step."""
        canvas = self.engine.admit(order.recipe, self.images, owner=order.owner)
        self._orders[canvas] = (order, 0.0)

    def work(self) -> list[tuple[Order, float]]:
        """Take one step; return what is done."""
        done: list[tuple[Order, float]] = []
        began = time.perf_counter()
        changed = self.engine.step()
        self.engine.previews(changed)
        for canvas in changed:
            if canvas.error:
                raise canvas.error
            order, started = self._orders[canvas]
            started = started or (began if canvas.step else 0.0)
            self._orders[canvas] = (order, started)
            if canvas.picture:
                del self._orders[canvas]
                done.append((order, started))
        return done


class Whole:
    """Our engine held to request-level batches; is a traffic.Server.

    Requests that are alike in all that a batch of whole requests must share start together; nobody
    joins until all are done. The group of the longest waiting goes first.
    """

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._waiting: deque[Order] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing is to be drawn."""
        return self._ours.idle and not self._waiting

    def take(self, order: Order) -> None:
        """Let a request wait for its batch."""
        self._waiting.append(order)

    def work(self) -> list[tuple[Order, float]]:
        """Take one step of the batch that runs, or of the next."""
        if self._ours.idle:
            first = self._waiting[0].recipe
            alike = [order for order in self._waiting if _alike(order.recipe) == _alike(first)]
            rows = 1 if first.guidance == 1 else 2
            for order in alike[: max(1, self._ours.rows // rows)]:
                self._waiting.remove(order)
                self._ours.take(order)
        return self._ours.work()


def _alike(recipe: Recipe) -> Hashable:
    return (
        *(recipe.steps, recipe.sampler, recipe.guidance, recipe.width, recipe.height),
        *(bool(recipe.source), bool(recipe.mask), tuple(recipe.loras.items())),
    )
