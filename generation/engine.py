"""The engine: steps batches of canvases until each is done."""

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from generation import memory
from generation.aside import Aside, Later
from generation.canvas import Canvas, Place, check
from generation.decode import pixels
from generation.errors import BrokenModel, EngineError, OutOfMemory
from generation.language.scribe import Draft, Scribe
from generation.lora.shelf import LoraShelf
from generation.lora.slots import stack
from generation.pool import Pool, Start
from generation.preview import Previewer
from generation.recipe import Picture, Preview, Recipe
from generation.replay import Calls, Graphs, best
from generation.runner import Runner
from generation.scheduler import Scheduler
from generation.source import paste
from generation.upscale import Enlargement, Upscaler
from generation.zoo.model import Model
from generation.zoo.shelf import Shelf

log = logging.getLogger(__name__)

Clock = Callable[[], float]
Cap = Callable[[Model, Canvas], int]
"""Most rows of a batch of canvases like this one; raises OutOfMemory if it does not fit alone."""

SHAPES = 8
"""Pools that are kept, with their graphs; beyond that, empty ones go."""
BLACK = 3
"""A picture none of whose levels is above this has failed: half precision does so."""


class Engine:
    """Models on one device, and the canvases that are drawn with them."""

    def __init__(  # noqa: PLR0913  each is a part of its own
        self,
        shelf: Shelf,
        loras: LoraShelf,
        *,
        cap: Cap,
        previewer: Previewer,
        preview_every_s: float,
        clock: Clock,
        scheduler: Callable[..., Scheduler[Canvas]] = Scheduler,
        replay: Calls | Graphs | None = None,
        upscaler: Upscaler | None = None,
        scribe: Scribe | None = None,
    ) -> None:
        self._shelf, self._loras, self._clock, self._cap = shelf, loras, clock, cap
        self._scheduler = scheduler(cap=self._most_rows, seats=shelf.room)
        self._previewer, self._preview_every_s = previewer, preview_every_s
        self._runner = Runner(shelf.device, replay or best(shelf.device))
        self._aside = Aside(shelf.device)
        self._pools: dict[Hashable, Pool] = {}
        self._caps: dict[Hashable, int] = {}
        """Most rows of a batch, by shape."""
        self._short: dict[Hashable, int] = {}
        """The same, where more once did not fit."""
        self._refused: list[Canvas] = []
        self._drying: dict[Canvas, Later] = {}
        """Canvases whose pixels are on their way."""
        self._upscaler = upscaler or Upscaler("", None, device=shelf.device)
        self._enlarging: dict[Canvas, Enlargement] = {}
        """Canvases whose pictures are made larger, the next first."""
        self._scribe = scribe or Scribe(device=shelf.device)
        self._drafts: dict[Canvas, Draft] = {}
        """Canvases whose words are still written, the next first."""

    @property
    def idle(self) -> bool:
        """Whether nothing is to be drawn."""
        waiting = self._refused or self._drafts or self._drying or self._enlarging
        return self._scheduler.idle and not waiting

    def warm(self, name: str) -> None:
        """Load a model and draw with it once, so that the first to ask does not wait for it.

        Where graphs are captured, every size of a batch is, the largest first.

        Raises:
            EngineError: It cannot be loaded.
        """
        side = self._shelf.take(name).folder.native_px
        recipe = Recipe(
            model=name,
            prompt="",
            width=side,
            height=side,
            steps=1,
            guidance=2.0,
            sampler="euler",
            seed=0,
        )
        (first,) = self._draw([recipe])
        for rows in self._runner.sizes[::-1]:
            if rows <= self._caps[first.shape]:
                # the first step warms up, the second is captured
                self._draw([replace(recipe, guidance=1.0, steps=2)] * rows)

    def _draw(self, recipes: Sequence[Recipe]) -> list[Canvas]:
        """Draw recipes to the end."""
        canvases = [self.admit(recipe) for recipe in recipes]
        while not self.idle:
            self.step()
        for canvas in canvases:
            # an untrained model's picture may be black; that it is drawn is enough
            if canvas.error and canvas.latent is None:
                raise canvas.error
        return canvases

    def admit(
        self, recipe: Recipe, images: Mapping[str, bytes] | None = None, *, owner: str = ""
    ) -> Canvas:
        """Start a picture; it joins the running batch at the next step, or when its words are done.

        Args:
            recipe: What is drawn.
            images: Files that the recipe names, by their SHA-256.
            owner: For whom; rows are shared fairly among owners.
        """
        canvas = Canvas(recipe, images or {}, owner=owner, now_s=self._clock())
        try:
            check(recipe)
        except EngineError as error:
            canvas.error = error
            self._refused.append(canvas)
        else:
            self._drafts[canvas] = self._scribe.begin(recipe)
            self._read_draft(canvas)
        return canvas

    def drop(self, canvas: Canvas) -> None:
        """Forget a canvas that nobody wants any more."""
        self._scheduler.drop(canvas)
        self._refused = [other for other in self._refused if other is not canvas]
        self._drafts.pop(canvas, None)
        self._drying.pop(canvas, None)
        self._enlarging.pop(canvas, None)
        if canvas.place is not None:
            canvas.place.pool.leave(canvas.place.number)
            canvas.place = None

    @torch.inference_mode()
    def step(self) -> list[Canvas]:
        """Denoise one batch once, and return the canvases that have changed.

        Beside it one tile of one picture is enlarged and one token of one prompt is written, so
        that nobody waits for more than that.
        """
        changed, self._refused = self._refused, []
        for canvas in self._scheduler.seat():
            changed.append(canvas)
            self._attempt(canvas, self._fit)
        turn = self._scheduler.next_batch()
        for canvas in turn:
            if canvas.place is None:
                self._attempt(canvas, self._begin)
        batch = [canvas for canvas in turn if not canvas.error]
        self._scheduler.served(batch)
        for part, shallow in self._depths(batch):
            self._denoise(part, shallow=shallow)
        for canvas in batch:
            if not canvas.error and canvas.call == canvas.plan.calls:
                self._attempt(canvas, self._end_pass)
        dry, larger = self._dried(wait=not batch), self._enlarged(wait=not batch)
        self._write(wait=not batch)
        return [*dict.fromkeys([*changed, *turn, *dry, *larger])]

    @torch.inference_mode()
    def previews(self, canvases: Sequence[Canvas]) -> dict[Canvas, Preview]:
        """Return what those look like that it is time to show again."""
        now, every = self._clock(), self._preview_every_s
        due = [
            canvas
            for canvas in canvases
            if every and canvas.place and canvas.call and canvas.shown_s + every <= now
        ]
        shown: dict[Canvas, Preview] = {}
        for shape in dict.fromkeys(canvas.shape for canvas in due):
            alike = [canvas for canvas in due if canvas.shape == shape]
            clean = alike[0].at.pool.clean[[canvas.at.number for canvas in alike]]
            previews = self._previewer.show(self._shelf.take(alike[0].model), clean)
            shown |= zip(alike, previews, strict=True)
        for canvas in due:
            canvas.shown_s = now
        return shown

    def faults(self) -> list[str]:
        """Return what is wrong with its books, in words for who reads the log; [] when idle."""
        found = self._scheduler.faults()
        if self.idle:
            found += [
                f"{pool.taken} places of a pool are nobody's"
                for pool in self._pools.values()
                if pool.taken
            ]
        return found

    def _most_rows(self, canvas: Canvas) -> int:
        return self._caps[canvas.shape]

    def _fit(self, canvas: Canvas) -> None:
        if canvas.recipe.upscale > 1:
            self._upscaler.load()  # what is missing is told before anything is drawn
        model = self._shelf.take(canvas.model, busy=self._scheduler.models)
        if self._preview_every_s:
            self._previewer.learn(model)  # with the loading, not between two steps of others
        canvas.fit(model)
        self._limit(canvas, model)

    def _limit(self, canvas: Canvas, model: Model) -> None:
        """Learn the most rows of its shape, by what fits now."""
        rows = self._cap(model, canvas)
        self._caps[canvas.shape] = min(rows, self._short.get(canvas.shape, rows))

    def _begin(self, canvas: Canvas) -> None:
        recipe, model = canvas.recipe, self._shelf.take(canvas.model)
        worn = [(self._loras.take(name, model), by) for name, by in recipe.loras.items()]
        canvas.worn = stack(worn, "unet")
        self._settle(canvas, canvas.begin(model, worn))

    def _settle(self, canvas: Canvas, start: Start) -> None:
        """Give a canvas its place."""
        pool = self._pools.get(canvas.shape)
        if pool is None:
            pool = self._pools[canvas.shape] = Pool(start)
            empty = [shape for shape, pool in self._pools.items() if not pool.taken]
            for shape in empty[: max(0, len(self._pools) - SHAPES)]:
                del self._pools[shape]
        canvas.place = Place(pool, pool.seat(start))

    def _write(self, *, wait: bool) -> None:
        """Have the next token of a prompt written."""
        canvas = next(iter(self._drafts), None)
        if canvas is None:
            return
        self._drafts[canvas].advance(self._aside, wait=wait)
        # owners take turns; pictures of one follow each other, and find the words that they share
        for other in [other for other in self._drafts if other.owner == canvas.owner]:
            self._drafts[other] = self._drafts.pop(other)
        self._read_draft(canvas)

    def _read_draft(self, canvas: Canvas) -> None:
        """Let a canvas whose words are known be drawn."""
        words = self._drafts[canvas].words
        if words is not None:
            del self._drafts[canvas]
            canvas.words = words
            self._scheduler.admit(canvas)

    def _depths(self, batch: Sequence[Canvas]) -> list[tuple[list[Canvas], bool]]:
        """Part a batch into those who take a whole step and those who take a shallow one."""
        low = [canvas for canvas in batch if canvas.shallow]
        parts = (([canvas for canvas in batch if canvas not in low], False), (low, True))
        return [(part, shallow) for part, shallow in parts if part]

    def _denoise(self, batch: Sequence[Canvas], *, shallow: bool) -> None:
        """Step a batch; where memory is short, its halves one after the other.

        What a failed step had computed is dropped whole: the latents are those of the last one.
        """
        try:
            with memory.named():
                self._runner.denoise(self._shelf.take(batch[0].model), batch, shallow=shallow)
        except OutOfMemory as error:
            if len(batch) == 1:
                self._fail(batch[0], error)
                return
            half = len(batch) // 2
            rows = sum(canvas.rows for canvas in batch[:half])
            self._caps[batch[0].shape] = self._short[batch[0].shape] = rows
        else:
            for canvas in batch:
                canvas.stepped(shallow=shallow)
            return
        # not within except: there the error still holds what filled the memory
        log.warning("out of memory with %d pictures: their batch is halved", len(batch))
        self._denoise(batch[:half], shallow=shallow)
        self._denoise(batch[half:], shallow=shallow)

    def _end_pass(self, canvas: Canvas) -> None:
        model, at = self._shelf.take(canvas.model), canvas.at
        latent = at.pool.x[at.number].clone()
        at.pool.leave(at.number)
        canvas.place = None
        if again := canvas.end_pass(model, latent):
            self._limit(canvas, model)
            self._settle(canvas, again)
            return
        self._scheduler.drop(canvas)
        self._drying[canvas] = self._aside.begin(lambda: _finish(model, latent))

    def _dried(self, *, wait: bool) -> list[Canvas]:
        """Return the canvases whose pixels have come."""
        dry = [canvas for canvas, later in self._drying.items() if wait or later.ready]
        for canvas in dry:
            self._attempt(canvas, self._hang)
        return dry

    def _hang(self, canvas: Canvas) -> None:
        """Make the picture of its pixels, or begin to enlarge it."""
        later = self._drying.pop(canvas)
        later.wait()
        rgb, finite = later.values
        if not finite:
            raise BrokenModel(f"模型 {canvas.model} 画出来的不是数")
        if rgb.max() <= BLACK:
            raise BrokenModel(f"模型 {canvas.model} 画出来一片漆黑")
        if canvas.source is not None:
            rgb = paste(rgb, canvas.source)
        if canvas.recipe.upscale > 1:
            self._enlarging[canvas] = self._upscaler.begin(rgb, canvas.recipe.upscale)
        else:
            self._frame(canvas, rgb)

    def _enlarged(self, *, wait: bool) -> list[Canvas]:
        """Enlarge the next tile, and return its canvas."""
        canvas = next(iter(self._enlarging), None)
        if canvas is None:
            return []
        self._attempt(canvas, lambda canvas: self._enlarge(canvas, wait=wait))
        return [canvas]

    def _enlarge(self, canvas: Canvas, *, wait: bool) -> None:
        enlargement = self._enlarging[canvas]
        if not enlargement.advance(self._aside, wait=wait):
            return
        if enlargement.picture is not None:
            del self._enlarging[canvas]
            self._frame(canvas, enlargement.picture)
        # owners take turns, tile by tile
        for other in [other for other in self._enlarging if other.owner == canvas.owner]:
            self._enlarging[other] = self._enlarging.pop(other)

    def _frame(self, canvas: Canvas, rgb: Tensor) -> None:
        """Make the picture of its last pixels, (h, w, 3) uint8 on the CPU."""
        height, width = rgb.shape[:2]
        canvas.picture = Picture(
            recipe=canvas.recipe,
            width=width,
            height=height,
            rgb=rgb.numpy().tobytes(),
            seconds=self._clock() - canvas.admitted_s,
            notes=canvas.notes,
        )

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
        self.drop(canvas)


def _finish(model: Model, latent: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pixels of a latent, (h, w, 3) uint8, and whether it is all numbers."""
    return pixels(model.decode(latent[None])[0]), latent.isfinite().all()
