"""Models by name, the last used ones in memory."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from generation.errors import UnknownModel
from generation.zoo.embedding import Embeddings
from generation.zoo.folder import read
from generation.zoo.model import Model, load
from generation.zoo.text import BUDGET_BYTES


class Shelf:
    """Loads a model when it is asked for, and puts the least used one back for it."""

    def __init__(
        self,
        models: Mapping[str, Path],
        *,
        room: int,
        device: torch.device,
        dtype: torch.dtype,
        prompt_bytes: int = BUDGET_BYTES,
        embeddings: Mapping[str, Path] | None = None,
    ) -> None:
        self._models = models
        self.room = room
        """How many models fit in memory."""
        self.device = device
        """Where models are."""
        self._dtype, self._prompt_bytes = dtype, prompt_bytes
        self._embeddings = Embeddings(embeddings or {})
        self._loaded: OrderedDict[str, Model] = OrderedDict()

    def take(self, name: str, *, busy: Collection[str] = ()) -> Model:
        """Return the model of this name.

        Args:
            name: Of one of the models.
            busy: Those that are drawn with, and put back last.

        Raises:
            UnknownModel: There is none.
            BrokenModel: It cannot be loaded.
        """
        if name not in self._models:
            raise UnknownModel(f"没有叫 {name} 的模型")
        if name not in self._loaded:
            folder = read(self._models[name])
            while len(self._loaded) >= self.room:
                idle = (other for other in self._loaded if other not in busy)
                del self._loaded[next(idle, next(iter(self._loaded)))]
            self._loaded[name] = load(
                folder,
                self.device,
                self._dtype,
                prompt_bytes=self._prompt_bytes,
                embeddings=self._embeddings,
            )
        self._loaded.move_to_end(name)
        return self._loaded[name]
