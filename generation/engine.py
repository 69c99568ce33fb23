"""The engine: steps batches of canvases until each is done."""

import logging
from collections.abc import Callable, Sequence

import torch

from generation import memory
from generation.canvas import Canvas
from generation.errors import BrokenModel, EngineError, OutOfMemory
from generation.preview import Previewer
from generation.recipe import Picture, Preview, Recipe
from generation.runner import decode, denoise
from generation.scheduler import Scheduler
from generation.zoo.shelf import Shelf

log = logging.getLogger(__name__)

Clock = Callable[[], float]


class Engine:
    """Models on one device, and the canvases that are drawn with them."""

    def __init__(
        self, shelf: Shelf, *, max_rows: int, preview_every_s: float, clock: Clock
    ) -> None:
        self._shelf, self._clock = shelf, clock
        self._scheduler: Scheduler[Canvas] = Scheduler(max_rows=max_rows, seats=shelf.room)
        self._preview_every_s = preview_every_s
        self._previewer = Previewer()

    @property
    def idle(self) -> bool:
        """Whether nothing is to be drawn."""
        return self._scheduler.idle

    def warm(self, name: str) -> None:
        """Load a model and draw with it once, so that the first to ask does not wait for it.

        Raises:
            EngineError: It cannot be loaded.
        """
        side = self._shelf.take(name).folder.native_px
        self.admit(
            Recipe(
                model=name,
                prompt="",
                width=side,
                height=side,
                steps=1,
                guidance=2.0,
                sampler="euler",
                seed=0,
            )
        )
        while not self.idle:
            for canvas in self.step():
                if canvas.error:
                    raise canvas.error

    def admit(self, recipe: Recipe) -> Canvas:
        """Start a picture; it joins the running batch at the next step."""
        canvas = Canvas(recipe, now_s=self._clock())
        self._scheduler.admit(canvas)
        return canvas

    def drop(self, canvas: Canvas) -> None:
        """Forget a canvas that nobody wants any more."""
        self._scheduler.drop(canvas)

    @torch.inference_mode()
    def step(self) -> list[Canvas]:
        """Denoise one batch once, and return the canvases that have changed."""
        seated = self._scheduler.seat()
        for canvas in seated:
            self._attempt(canvas, self._begin)
        batch = self._scheduler.next_batch()
        if batch:
            self._scheduler.requeue(batch)
            self._denoise(batch)
        for canvas in batch:
            if canvas.latent is not None:
                self._attempt(canvas, self._finish)
        return list(dict.fromkeys([*seated, *batch]))

    @torch.inference_mode()
    def preview(self, canvas: Canvas) -> Preview | None:
        """Return what the canvas looks like, if it is time to show it again."""
        due = canvas.shown_s + self._preview_every_s <= self._clock()
        if not self._preview_every_s or not due or canvas.query is None or canvas.denoised is None:
            return None
        preview = self._previewer.show(self._shelf.take(canvas.model), canvas.denoised)
        canvas.shown_s = self._clock()
        return preview

    def _begin(self, canvas: Canvas) -> None:
        canvas.begin(self._shelf.take(canvas.model, busy=self._scheduler.models))

    def _denoise(self, batch: Sequence[Canvas]) -> None:
        try:
            with memory.named():
                answers = denoise(self._shelf.take(batch[0].model), batch)
        except OutOfMemory as error:
            if len(batch) == 1:
                self._fail(batch[0], error)
                return
            answers = []
        # not within except: there the error still holds what filled the memory
        if not answers:
            for canvas in batch:  # together they are too many; alone each may fit
                self._denoise([canvas])
        for canvas, denoised in zip(batch, answers, strict=False):
            canvas.take(denoised)

    def _finish(self, canvas: Canvas) -> None:
        latent = canvas.latent
        if latent is None:
            return
        if not latent.isfinite().all():
            raise BrokenModel(f"模型 {canvas.model} 画出来的不是数")
        image = decode(self._shelf.take(canvas.model), latent)
        canvas.picture = Picture(
            recipe=canvas.recipe,
            rgb=image.numpy().tobytes(),
            seconds=self._clock() - canvas.admitted_s,
        )
        self._scheduler.drop(canvas)

    def _attempt(self, canvas: Canvas, work: Callable[[Canvas], None]) -> None:
        """Let what is wrong with one canvas cost no other."""
        try:
            with memory.named():
                work(canvas)
        except EngineError as error:
            self._fail(canvas, error)

    def _fail(self, canvas: Canvas, error: EngineError) -> None:
        log.warning("not drawn: %s", error, exc_info=error.__cause__)
        # a copy, without the frames that hold what filled the memory
        canvas.error = type(error)(*error.args)
        self._scheduler.drop(canvas)
