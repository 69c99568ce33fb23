"""How many rows step together: as many as pay on this device, and fit into its memory."""

from collections.abc import Hashable

from generation import memory
from generation.canvas import Canvas
from generation.knee import Knees
from generation.zoo.model import Model


class Cap:
    """Knows the most rows of a batch."""

    def __init__(self, knees: Knees, *, rows: int, memory_mb: int) -> None:
        """Begin.

        Args:
            knees: What pays.
            rows: A limit of the operator's instead of it; 0 is none.
            memory_mb: What drawing may take, MiB; 0 is what the device has free.
        """
        self._knees, self._rows, self._memory_mb = knees, rows, memory_mb
        self._known: dict[Hashable, int] = {}

    def __call__(self, model: Model, canvas: Canvas) -> int:
        """Return the most rows of a batch of canvases like this one.

        Raises:
            OutOfMemory: It does not fit even alone.
        """
        recipe, room = canvas.recipe, memory.free(model.device, self._memory_mb)
        memory.check(model, recipe.width, recipe.height, rows=canvas.rows, room=room)
        rows = self._rows or self._knee(model, canvas)
        while rows > canvas.rows and not memory.fits(model, *canvas.size_px, rows=rows, room=room):
            rows //= 2
        return max(rows, canvas.rows)

    def _knee(self, model: Model, canvas: Canvas) -> int:
        if canvas.shape not in self._known:
            width, height = canvas.size_px
            each = model.folder.latent_px
            shape = (height // each, width // each, canvas.tokens)
            self._known[canvas.shape] = self._knees.cap(model, shape)
        return self._known[canvas.shape]
