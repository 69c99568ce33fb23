"""LoRAs by name, the last used ones in memory."""

import logging
from collections.abc import Mapping
from pathlib import Path

from generation.errors import UnknownLora
from generation.kept import Kept
from generation.lora.adapter import Lora, load
from generation.lora.file import broken
from generation.lora.format import PARTS
from generation.lora.slots import layers
from generation.zoo.model import Model

log = logging.getLogger(__name__)


class LoraShelf:
    """Loads a LoRA when it is asked for, and again when its file has changed."""

    def __init__(self, paths: Mapping[str, Path], *, budget_bytes: int) -> None:
        self._paths = paths
        self._kept: Kept[Lora] = Kept(budget_bytes)

    @property
    def size_bytes(self) -> int:
        """Of all that are in memory, at most the budget."""
        return self._kept.size_bytes

    def take(self, name: str, model: Model) -> Lora:
        """Return the LoRA of this name, for a model.

        Raises:
            UnknownLora: There is none.
            BrokenLora: It cannot be loaded, or does not fit the model.
        """
        if name not in self._paths:
            raise UnknownLora(f"没有叫 {name} 的 LoRA")
        path = self._paths[name]
        try:
            stat = path.stat()
        except OSError as error:
            raise broken(path, "没有这个文件") from error
        key = (name, model.folder.path, stat.st_mtime_ns, stat.st_size)
        lora = self._kept.find(key)
        if lora is None:
            lora = _load(name, path, model)
            self._kept.keep(key, lora, lora.size_bytes)
        return lora


def _load(name: str, path: Path, model: Model) -> Lora:
    lora = load(path, model.folder)
    # the weights of a folder may hold more than the network that is made of them
    real = {"unet": layers(model.unet), "text_encoder": layers(model.text.encoder)}
    strange = [layer for part, layer in lora.layers if layer not in real[part]]
    if strange:
        raise broken(path, f"有 {len(strange)} 层装不到模型 {model.folder.path.name} 上")
    log.info(
        "LoRA %s: %d layers of the UNet and %d of the text encoder, rank %s",
        name,
        *(lora.matched[part] for part in PARTS),
        ", ".join(map(str, lora.ranks)),
    )
    return lora
