"""LoRAs with random weights for the tiny models, in every way that their files are written."""

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from generation.lora.adapter import Lora
from generation.lora.format import Part

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
CONVOLUTIONS = ("conv1", "downsamplers.0.conv", "conv_shortcut", "proj_in", "conv_in")
"""Of kernels 3×3 with stride 1 and 2, and 1×1."""
DENSE = ("ff.net.0.proj", "time_emb_proj", "linear_1")
READING = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "query", "value")

Pairs = dict[tuple[Part, str], tuple[Tensor, Tensor]]
"""down and up of each layer; convolutions have all their dimensions."""

WEIGHTS = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}
_OLD = {"to_q": "to_q_lora", "to_k": "to_k_lora", "to_v": "to_v_lora", "to_out.0": "to_out_lora"}


def pairs(
    model: Path,
    names: Sequence[str] = ATTENTION,
    *,
    part: Part = "unet",
    rank: int = 4,
    seed: int = 0,
    size: float = 0.1,
) -> Pairs:
    """Return random factors for the layers of a model whose names end so."""
    generator = torch.Generator().manual_seed(seed)
    found: Pairs = {}
    for name, weight in sorted(load_file(model / WEIGHTS[part]).items()):
        layer = name.removesuffix(".weight").removeprefix("text_model.")
        if name.endswith(".weight") and layer.endswith(tuple(names)) and weight.ndim > 1:
            ones = [1] * (weight.ndim - 2)
            down = torch.randn(rank, *weight.shape[1:], generator=generator)
            up = torch.randn(weight.shape[0], rank, *ones, generator=generator)
            found[part, layer] = (down * size, up * size)
    return found


def scaled(given: Pairs, factor: float) -> Pairs:
    """Return the same with every up multiplied."""
    return {place: (down, up * factor) for place, (down, up) in given.items()}


def peft(
    given: Pairs, *, prefix: bool = True, before: str = "", adapter: str = ""
) -> dict[str, Tensor]:
    """Return tensors as peft names them."""
    found: dict[str, Tensor] = {}
    for (part, layer), (down, up) in given.items():
        start = f"{part}.{before}{layer}" if prefix else before + layer
        found[f"{start}.lora_A{adapter}.weight"] = down
        found[f"{start}.lora_B{adapter}.weight"] = up
    return found


def diffusers(given: Pairs) -> dict[str, Tensor]:
    """Return tensors as diffusers named them before peft, with text_model."""
    found: dict[str, Tensor] = {}
    for (part, layer), (down, up) in given.items():
        start = f"unet.{layer}.lora" if part == "unet" else _reading(layer) + ".lora_linear_layer"
        found |= {f"{start}.down.weight": down, f"{start}.up.weight": up}
    return found


def processors(given: Pairs, *, prefix: bool = True) -> dict[str, Tensor]:
    """Return tensors as diffusers named them in early 2023; of attention only."""
    found: dict[str, Tensor] = {}
    for (part, layer), (down, up) in given.items():
        assert part == "unet"
        start = "unet." * prefix
        for new, old in _OLD.items():
            if layer.endswith(new):
                start += layer.removesuffix(new) + "processor." + old
        found |= {f"{start}.down.weight": down, f"{start}.up.weight": up}
    return found


def kohya(given: Pairs, *, alpha: float | None = None) -> dict[str, Tensor]:
    """Return tensors as kohya's trainer names them."""
    found: dict[str, Tensor] = {}
    for (part, layer), (down, up) in given.items():
        words = layer if part == "unet" else f"text_model.{layer}"
        start = f"lora_{'unet' if part == 'unet' else 'te'}_{words.replace('.', '_')}"
        found |= {f"{start}.lora_down.weight": down, f"{start}.lora_up.weight": up}
        if alpha is not None:
            found[f"{start}.alpha"] = torch.tensor(alpha)
    return found


def write(path: Path, tensors: Mapping[str, Tensor], **config: object) -> Path:
    """Write a file; config is what diffusers would write of peft's LoraConfig."""
    kept = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    told = {"lora_adapter_metadata": json.dumps(config)} if config else {}
    save_file(kept, path, {"format": "pt", **told})
    return path


def merged(module: nn.Module, part: Part, loras: Iterable[tuple[Lora, float]]) -> Any:
    """Return a copy of a network with LoRAs added to its weights."""
    found = copy.deepcopy(module)
    for lora, weight in loras:
        for (of, layer), (down, up) in lora.layers.items():
            if of == part:
                base = found.get_submodule(layer).weight
                assert isinstance(base, nn.Parameter)
                base.data += (weight * up @ down).view_as(base).to(base.dtype)
    return found


def _reading(layer: str) -> str:
    return f"text_encoder.text_model.{layer}"
