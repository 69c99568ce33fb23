"""A model in memory, and how it gets there: local safetensors only, whole, of finite numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors import SafetensorError
from torch import Tensor

from generation.errors import BrokenModel
from generation.lora.slots import Slots
from generation.network import Network
from generation.zoo.embedding import Embeddings
from generation.zoo.folder import Folder
from generation.zoo.text import BUDGET_BYTES, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model, ready to draw."""

    folder: Folder
    text: Text
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    network: Network
    """Asks the UNet."""
    slots: Slots
    """What each row of the UNet's batches wears."""

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

    def encode(
        self, images: Tensor, generators: torch.Generator | Sequence[torch.Generator]
    ) -> Tensor:
        """Return latents (B, C, H, W) of pictures, in the UNet's scale, float32.

        They are drawn from what the VAE says of each picture, as diffusers' pipelines do.

        Args:
            images: (B, 3, h, w), float32, -1 to 1.
            generators: On the CPU, so that a seed gives the same on each device: one for each
                picture, or one that draws for all in turn.
        """
        given = images.to(self.device, self.vae.dtype)
        told = self.vae.encode(cast("torch.FloatTensor", given), return_dict=False)[0]
        posterior = DiagonalGaussianDistribution(told.parameters.float())
        each = generators if isinstance(generators, torch.Generator) else list(generators)
        latents = posterior.sample(cast("torch.Generator", each))  # annotated for one only
        return latents * self.folder.latent_scale


def load(
    folder: Folder,
    device: torch.device,
    dtype: torch.dtype,
    *,
    prompt_bytes: int = BUDGET_BYTES,
    embeddings: Embeddings | None = None,
) -> Model:
    """Return the model of a folder.

    Args:
        folder: What it holds.
        device: Where it is to compute.
        dtype: What it is to compute in.
        prompt_bytes: Of the encoded prompts that are remembered.
        embeddings: Words that prompts may use beside those of its tokenizer.

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
    # for tensor cores; on the CPU oneDNN chooses a layout of its own
    layout: dict[str, Any] = {"memory_format": torch.channels_last} if device.type == "cuda" else {}
    parts = {name: part.to(device, **layout).eval() for name, part in parts.items()}
    text = Text(
        words,
        parts.pop("text_encoder"),
        tokens=folder.tokens,
        budget_bytes=prompt_bytes,
        embeddings=embeddings,
    )
    unet = parts["unet"]
    network, side = Network(unet), folder.native_px // folder.latent_px
    network.learn(side, side, folder.tokens)
    return Model(folder=folder, text=text, network=network, slots=Slots(unet), **parts)


def load_tiny(path: Path) -> AutoencoderTiny:
    """Return a tiny autoencoder, on the CPU.

    Raises:
        BrokenModel: Weights are missing, do not fit the configuration, or are not numbers.
    """
    options = {"use_safetensors": True, "local_files_only": True}
    return _whole(AutoencoderTiny, path, options).eval()


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
