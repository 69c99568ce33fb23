"""LoRAs: small factors beside the layers of a frozen model. Source: Hu et al., arXiv:2106.09685."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from peft import LoraConfig
from torch import Tensor, nn

from generation.lora.slots import layers
from generation.training.errors import BadPlan
from generation.training.learner import freeze
from generation.training.output import Output
from generation.training.plan import ALL, Plan
from generation.training.save import write_tensors
from generation.zoo.model import Model

FILE = "pytorch_lora_weights.safetensors"
"""As diffusers' scripts name it."""
READING = {
    "CLIPTextModel": ("q_proj", "k_proj", "v_proj", "out_proj"),
    "BertModel": ("query", "key", "value"),
}
"""Layers of text encoders that learn."""


class Lora:
    """Learns factors for a UNet, and for the text encoder if that is asked for."""

    def __init__(self, model: Model, plan: Plan) -> None:
        """Lay fresh factors beside the layers; they change nothing yet.

        Raises:
            BadPlan: The model has no layer of such a name.
        """
        freeze(model)
        self._plan = plan
        self.targets = targets(model.unet, plan.lora_target_modules)
        """Names of the UNet's layers."""
        _lay(model.unet, plan, self.targets)
        parts: dict[str, nn.Module] = {"unet": model.unet}
        self.reader: nn.Module | None = None
        if plan.train_text_encoder:
            kind = model.folder.text_encoder
            _lay(model.text.encoder, plan, READING[kind])
            # transformers drops text_model from the names, older files and loaders have it
            prefix = "text_encoder.text_model" if kind == "CLIPTextModel" else "text_encoder"
            parts[prefix] = self.reader = model.text.encoder
        self.weights: Mapping[str, nn.Parameter] = {
            f"{prefix}.{name}".replace(".default.", "."): parameter
            for prefix, part in parts.items()
            for name, parameter in part.named_parameters()
            if parameter.requires_grad
        }
        for parameter in self.weights.values():
            parameter.data = parameter.data.float()

    def caption(self, told: str, draw: int) -> str:
        """Return a picture's own caption."""
        return told

    def save(self, output: Output, weights: Mapping[str, Tensor], about: Mapping[str, str]) -> Path:
        """Write the file that diffusers' load_lora_weights and the engine read.

        alpha / rank is multiplied in: whoever finds no alpha takes it for the rank.
        """
        scale = self._plan.alpha / self._plan.rank
        path = output.path / FILE
        scaled = {name: value * scale if ".lora_B." in name else value
                  for name, value in weights.items()}  # fmt: skip
        write_tensors(output, path, scaled, about, self._plan.save_precision)
        return path


def targets(unet: nn.Module, words: Sequence[str]) -> list[str]:
    """Return the names of the layers that end in one of these words.

    Raises:
        BadPlan: No layer does so for one of them.
    """
    names = list(layers(unet))
    if ALL in words:
        return names
    found: dict[str, None] = {}
    for word in words:
        own = [name for name in names if name == word or name.endswith(f".{word}")]
        if not own:
            raise BadPlan(f"--lora_target_modules：模型里没有叫 {word} 的层，例如有 {names[-1]}")
        found |= dict.fromkeys(own)
    return list(found)


def _lay(network: Any, plan: Plan, names: Sequence[str]) -> None:
    config = LoraConfig(
        r=plan.rank,
        lora_alpha=cast("int", plan.alpha),  # a float does as well
        target_modules=list(names),
        init_lora_weights="gaussian",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of peft's own imports
        network.add_adapter(config)
