"""What requests are made of: a model, LoRAs with random weights, pictures and masks."""

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from safetensors import safe_open
from safetensors.numpy import save_file

from generation.mini import FOLDER

RANK = 16
SIZE = 0.05
"""Standard deviation of both factors of a LoRA; what it adds is a tenth of what was there."""
ATTENTION = ("to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight")


def model(folder: Path, size: str) -> Path:
    """Return the folder of a model.

    Args:
        folder: Where one may be made.
        size: mini: the embedded model; sd15: as large as Stable Diffusion 1.5, random weights.
    """
    return FOLDER if size == "mini" else _sd15(folder / size)


def loras(folder: Path, base: Path, count: int) -> dict[str, Path]:
    """Write LoRAs for the attention of a model, of random weights, and return them by name."""
    with safe_open(base / "unet/diffusion_pytorch_model.safetensors", framework="np") as weights:
        shapes = {
            name: tuple(weights.get_slice(name).get_shape())
            for name in sorted(weights.keys())
            if name.endswith(ATTENTION)
        }
    found: dict[str, Path] = {}
    for number in range(count):
        chance = np.random.default_rng(number)
        tensors: dict[str, np.ndarray[Any, Any]] = {}
        for name, (outputs, inputs) in shapes.items():
            layer = f"unet.{name.removesuffix('.weight')}"
            for factor, shape in (("A", (RANK, inputs)), ("B", (outputs, RANK))):
                values = chance.standard_normal(shape, dtype=np.float32) * SIZE
                tensors[f"{layer}.lora_{factor}.weight"] = values
        path = found[f"style{number}"] = folder / f"style{number}.safetensors"
        save_file(tensors, path)
    return found


def pictures(side: int, count: int) -> dict[str, bytes]:
    """Return picture files of coloured discs, by SHA-256."""
    return _files(_disc(side, number, "RGB", (250, 240, 220)) for number in range(count))


def masks(side: int, count: int) -> dict[str, bytes]:
    """Return mask files, of which about a third is white, by SHA-256."""
    return _files(_disc(side, number, "L", 0) for number in range(count))


def _files(images: Any) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for image in images:
        file = io.BytesIO()
        image.save(file, "PNG")
        found[hashlib.sha256(file.getvalue()).hexdigest()] = file.getvalue()
    return found


def _disc(side: int, number: int, mode: str, ground: int | tuple[int, int, int]) -> Image.Image:
    image = Image.new(mode, (side, side), ground)
    shift = side * (number % 5 - 2) // 20
    box = [side // 5 + shift, side // 5, side * 4 // 5 + shift, side * 4 // 5]
    colour = 255 if mode == "L" else (40 + 50 * (number % 4), 90, 200 - 40 * (number % 4))
    ImageDraw.Draw(image).ellipse(box, fill=colour)
    return image


def _sd15(path: Path) -> Path:
    """Write a model of the sizes of Stable Diffusion 1.5, with the embedded one's tokenizer."""
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    width, words = 768, len((FOLDER / "tokenizer/vocab.txt").read_text("utf-8").splitlines())
    unet = UNet2DConditionModel(
        sample_size=64, cross_attention_dim=width, attention_head_dim=8
    )  # the rest by default is that of Stable Diffusion 1.x
    unet.half().save_pretrained(path / "unet")
    blocks: dict[str, Any] = {  # its annotations allow for one block only
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
    }
    vae = AutoencoderKL(**blocks, layers_per_block=2, sample_size=512)
    vae.half().save_pretrained(path / "vae")
    reading = CLIPTextConfig(
        vocab_size=words,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=77,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    CLIPTextModel(reading).half().save_pretrained(path / "text_encoder")
    shutil.copytree(FOLDER / "tokenizer", path / "tokenizer")
    shutil.copytree(FOLDER / "scheduler", path / "scheduler")
    shutil.copy(FOLDER / "model_index.json", path / "model_index.json")
    _change(path / "tokenizer/tokenizer_config.json", model_max_length=77)
    _change(path / "scheduler/scheduler_config.json", prediction_type="epsilon")
    return path


def _change(path: Path, **changes: object) -> None:
    told = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(told | changes), "utf-8")
