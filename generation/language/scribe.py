"""Who has the words of recipes translated and polished, and remembers what became of them."""

import logging
from collections.abc import Mapping
from pathlib import Path

import torch

from generation import memory
from generation.aside import Aside
from generation.config import Card, Task
from generation.errors import BrokenWriter, EngineError
from generation.kept import Kept
from generation.language.folder import read
from generation.language.wording import Ask, Words, Written, wording
from generation.language.writer import Writer, Writing, load
from generation.recipe import Recipe

log = logging.getLogger(__name__)

BUDGET_BYTES = 1 << 20
"""Of the texts that are remembered."""


class Scribe:
    """Text models by name, which are loaded when they are first asked for."""

    def __init__(
        self,
        cards: Mapping[str, Card] | None = None,
        *,
        translators: Mapping[str, Path] | None = None,
        polishers: Mapping[str, Path] | None = None,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        budget_bytes: int = BUDGET_BYTES,
    ) -> None:
        """Begin without loading anything.

        Args:
            cards: What image models want done, by their names.
            translators: Folders by name.
            polishers: Folders by name.
            device: Where text models compute.
            dtype: What they compute in, where that is not the CPU.
            budget_bytes: Of the texts that are remembered.
        """
        self._cards = cards or {}
        self._folders: dict[Task, Mapping[str, Path]]
        self._folders = {"translate": translators or {}, "polish": polishers or {}}
        self._device = device
        self._dtype = torch.float32 if device.type == "cpu" else dtype
        self._writers: dict[tuple[Task, str], Writer] = {}
        self._kept: Kept[Written] = Kept(budget_bytes)

    def begin(self, recipe: Recipe) -> "Draft":
        """Begin with the words of a recipe; what is remembered is there at once."""
        return Draft(self, recipe, self._cards.get(recipe.model, Card()))

    def known(self, ask: Ask) -> Written | None:
        """Return what was written for this before, if it is remembered."""
        return self._kept.find(ask)

    def keep(self, ask: Ask, written: Written) -> None:
        """Remember what was written."""
        if self._kept.find(ask) is None:
            size_bytes = len(f"{ask.text}{written.text}".encode())
            self._kept.keep(ask, written, size_bytes)

    def start(self, ask: Ask) -> Writing:
        """Begin to write.

        Raises:
            BrokenWriter: There is no such text model, or it cannot be loaded.
            OutOfMemory: It does not fit.
        """
        key = (ask.task, ask.name)
        if key not in self._writers:
            path = self._folders[ask.task].get(ask.name)
            if path is None:
                raise BrokenWriter(f"没有叫 {ask.name} 的文本模型")
            folder = read(path, ask.task)
            self._writers[key] = load(folder, ask.task, self._device, self._dtype)
        return self._writers[key].begin(ask.text)


class Draft:
    """The words of one recipe on their way."""

    def __init__(self, scribe: Scribe, recipe: Recipe, card: Card) -> None:
        self._scribe, self._wording = scribe, wording(recipe, card)
        self._ask: Ask | None = None
        self._writing: Writing | None = None
        self.words: Words | None = None
        """What the model is to read, once that is known."""
        self._send(None)

    def advance(self, aside: Aside, *, wait: bool) -> None:
        """Have one more token written; there may be none without waiting.

        What a text model cannot do is left undone, and told: the picture is worth more than its
        words.
        """
        ask = self._ask
        if ask is None:
            return
        try:
            if self._writing is None:
                if known := self._scribe.known(ask):  # another picture wanted the same
                    self._send(known)
                    return
                with memory.named():
                    self._writing = self._scribe.start(ask)
            self._writing.advance(aside, wait=wait)
        except EngineError as error:
            log.warning(
                "%s not done by %s: %s", ask.task, ask.name, error, exc_info=error.__cause__
            )
            written = None
        else:
            written = self._writing.written
            if written is None:
                return
            self._scribe.keep(ask, written)
        self._send(written)

    def _send(self, written: Written | None) -> None:
        """Go on to what is next to be written and is not remembered."""
        self._ask = self._writing = None
        try:
            ask = self._wording.send(written)
            while (known := self._scribe.known(ask)) is not None:
                ask = self._wording.send(known)
            self._ask = ask
        except StopIteration as end:
            self.words = end.value
