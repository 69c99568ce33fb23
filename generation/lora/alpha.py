"""What diffusers writes beside the tensors of peft: by how much each layer is scaled."""

import math
from collections.abc import Mapping

import msgspec

from generation.lora.format import PARTS, Part, bare, is_plain
from generation.zoo.header import Unfit

KEY = "lora_adapter_metadata"
"""Of the metadata: a LoraConfig of peft as JSON, the name of the part before each of its keys."""


class _Config(msgspec.Struct):
    lora_alpha: float | None = None
    alpha_pattern: dict[str, float] | None = None
    """Alphas of single layers, by the end of their names, or after ^ by the whole."""
    use_rslora: bool = False
    use_dora: bool = False


class Alphas:
    """How much a layer of a LoRA without an alpha tensor is scaled; by 1 where nothing is said."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        """Read the metadata of a file.

        Raises:
            Unfit: They cannot be read, or speak of what is not loaded.
        """
        self._configs: dict[Part, _Config] = {}
        if KEY not in metadata:
            return
        try:
            told = msgspec.json.decode(metadata[KEY], type=dict[str, msgspec.Raw])
            for part in PARTS:
                named = {key: told[f"{part}.{key}"] for key in _FIELDS if f"{part}.{key}" in told}
                own = named or {key: told[key] for key in _FIELDS if key in told}
                self._configs[part] = msgspec.json.decode(msgspec.json.encode(own), type=_Config)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise Unfit(f"元数据 {KEY} 读不懂") from error
        for config in self._configs.values():
            if config.use_dora:
                raise Unfit("LyCORIS/DoRA 还不支持")
            if not all(is_plain(name.removeprefix("^")) for name in config.alpha_pattern or ()):
                raise Unfit("元数据里的 alpha_pattern 不是层的名字")

    def scale(self, part: Part, layer: str, rank: int) -> float:
        """Return what up times down is multiplied by."""
        config = self._configs.get(part)
        if config is None:
            return 1.0
        alpha = config.lora_alpha
        for pattern, value in (config.alpha_pattern or {}).items():
            if _names(part, pattern, layer):
                alpha = value
                break
        if alpha is None:
            return 1.0
        return alpha / math.sqrt(rank) if config.use_rslora else alpha / rank


_FIELDS = tuple(field.name for field in msgspec.structs.fields(_Config))


def _names(part: Part, pattern: str, layer: str) -> bool:
    if pattern.startswith("^"):
        return layer == bare(part, pattern[1:])
    return layer == bare(part, pattern) or layer.endswith("." + pattern)
