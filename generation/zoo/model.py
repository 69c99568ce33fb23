"""A model in memory, and how it gets there: local safetensors only, whole, of finite numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors import SafetensorError
from torch import Tensor

from generation.errors import BrokenModel
from generation.zoo.folder import Folder
from generation.zoo.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model, ready to draw."""

    folder: Folder
    text: Text
    unet: UNet2DConditionModel
    vae: AutoencoderKL

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.unet.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.unet.dtype

    def decode(self, latents: Tensor) -> Tensor:
        """Return pictures (B, 3, h, w), about -1 to 1, of latents (B, C, H, W); both float32."""
        scaled = (latents / self.folder.latent_scale).to(self.vae.dtype)
        return self.vae.decode(cast("torch.FloatTensor", scaled), return_dict=False)[0].float()


def load(folder: Folder, device: torch.device, dtype: torch.dtype) -> Model:
    """Return the model of a folder.

    Raises:
        BrokenModel: Weights are missing, do not fit the configuration, or are not numbers.
    """
    encoder, tokenizer = _text_classes(folder)
    options: dict[str, Any] = {"use_safetensors": True, "local_files_only": True}
    words = tokenizer.from_pretrained(folder.path / "tokenizer", local_files_only=True)
    plain = {} if folder.text_encoder == "CLIPTextModel" else {"add_pooling_layer": False}
    parts = {
        name: _whole(kind, folder.path / name, {**options, **extra, "dtype": dtype})
        for name, kind, extra in (
            ("text_encoder", encoder, plain),
            ("unet", UNet2DConditionModel, {}),
            ("vae", AutoencoderKL, {}),
        )
    }
    parts = {name: part.to(device).eval() for name, part in parts.items()}
    text = Text(words, parts.pop("text_encoder"), tokens=folder.tokens)
    return Model(folder=folder, text=text, **parts)


def _text_classes(folder: Folder) -> tuple[Any, Any]:
    # transformers imports the module of a class when the class is first asked for
    if folder.text_encoder == "BertModel":
        from transformers import BertModel as Encoder
    else:
        from transformers import CLIPTextModel as Encoder
    if folder.tokenizer == "BertTokenizer":
        from transformers import BertTokenizer as Tokenizer
    else:
        from transformers import CLIPTokenizer as Tokenizer
    return Encoder, Tokenizer


def _whole(kind: Any, path: Path, options: dict[str, Any]) -> Any:
    """Return a part with all its weights, or name what is wrong with them."""
    name = f"模型 {path.parent.name} 的 {path.name}"
    try:
        part, report = kind.from_pretrained(path, output_loading_info=True, **options)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise BrokenModel(f"{name} 读不出来：{_first_line(error)}") from error
    if missing := sorted(report["missing_keys"]):
        raise BrokenModel(f"{name} 缺 {len(missing)} 组权重，例如 {missing[0]}")
    if odd := [key for key, value in part.named_parameters() if not value.isfinite().all()]:
        raise BrokenModel(f"{name} 有 {len(odd)} 组权重不是数，例如 {odd[0]}")
    return part


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
