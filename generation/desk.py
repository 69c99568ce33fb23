"""The drawing thread: takes what is asked, steps the engine, hands out what is done."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from generation.canvas import Canvas
from generation.engine import Engine
from generation.errors import EngineError
from generation.recipe import Progress
from generation.wire import Answered, Cancel, Draw, Drawn, Failed, Told

log = logging.getLogger(__name__)


class Peer(Protocol):
    """Who asks."""

    def send(self, message: Answered) -> None:
        """Answer, from any thread."""
        ...


Inbox = SimpleQueue[tuple[Peer, Draw | Cancel | None]]
"""What is asked, by whom; None: they are gone."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose a canvas is."""

    peer: Peer
    id: int
    index: int


class Desk:
    """Knows whose canvas is whose; the engine does not."""

    def __init__(self, engine: Engine, inbox: Inbox) -> None:
        self._engine, self._inbox = engine, inbox
        self._places: dict[Canvas, _Place] = {}
        self._told: dict[Canvas, int] = {}
        self.steps = 0
        """Steps since it began."""

    @property
    def busy(self) -> bool:
        """Whether something is being drawn."""
        return not self._engine.idle

    def run(self) -> None:
        """Draw for ever."""
        while True:
            for peer, message in self._asked():
                self._handle(peer, message)
            changed = self._engine.step()
            self._hand_out(changed)
            self.steps += 1
            self._check_books()

    def _asked(self) -> Iterator[tuple[Peer, Draw | Cancel | None]]:
        """Yield what is asked by now; wait for it when there is nothing to draw."""
        try:
            while True:
                yield self._inbox.get(block=self._engine.idle)
        except Empty:
            return

    def _handle(self, peer: Peer, message: Draw | Cancel | None) -> None:
        match message:
            case Draw():
                for index, recipe in enumerate(message.recipes):
                    canvas = self._engine.admit(recipe, message.images, owner=message.owner)
                    self._places[canvas] = _Place(peer, message.id, index)
                    peer.send(Told(message.id, Progress(index=index, step=0, steps=canvas.steps)))
            case Cancel():
                self._drop(peer, message.id)
            case None:
                self._drop(peer, None)

    def _hand_out(self, changed: Sequence[Canvas]) -> None:
        previews = self._engine.previews(changed)
        for canvas in changed:
            place = self._places.get(canvas)
            if place is None:  # it failed with another of its draw, in this very step
                continue
            if canvas.error:
                self._drop(place.peer, place.id)
                place.peer.send(failed(place.id, canvas.error))
                continue
            if canvas.step > self._told.get(canvas, 0):
                self._told[canvas] = canvas.step
                progress = Progress(
                    index=place.index,
                    step=canvas.step,
                    steps=canvas.steps,
                    preview=previews.get(canvas),
                )
                place.peer.send(Told(place.id, progress))
            if canvas.picture:
                self._forget(canvas)
                place.peer.send(Drawn(place.id, place.index, canvas.picture))

    def _check_books(self) -> None:
        """Say in the log if something is held that should not be."""
        if self._engine.idle:
            for fault in self._engine.faults():
                log.error("the engine's books are wrong: %s", fault)

    def _drop(self, peer: Peer, draw_id: int | None) -> None:
        """Let go of a draw, or of all draws of a peer."""
        for canvas, place in list(self._places.items()):
            if place.peer is peer and draw_id in (None, place.id):
                self._engine.drop(canvas)
                self._forget(canvas)

    def _forget(self, canvas: Canvas) -> None:
        del self._places[canvas]
        self._told.pop(canvas, None)


def failed(draw_id: int, error: EngineError) -> Failed:
    """Return the message that a draw has failed."""
    return Failed(draw_id, type(error).__name__, str(error))
