"""Tiny models with random weights, in the layout of StableDiffusionPipeline."""

import json
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from PIL import Image, ImageDraw, ImageFilter
from torch.nn import functional
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
)

from generation.recipe import Recipe

WORDS = "一只猫在月下江南烟雨山水画红灯笼"
SIDE = 64
"""Pixels of a picture's side."""
WIDTH = 16
TOKENS = 12


def tiny(
    path: Path,
    *,
    encoder: str = "CLIPTextModel",
    tokenizer: str = "BertTokenizer",
    prediction: str = "epsilon",
    inpaint: bool = False,
    **scheduler: object,
) -> Path:
    """Write a model and return its folder.

    Args:
        path: Folder to make.
        encoder: CLIPTextModel or BertModel.
        tokenizer: BertTokenizer or CLIPTokenizer.
        prediction: Of the UNet: epsilon or v_prediction.
        inpaint: Let the UNet see a mask and what is under it: 9 channels for 4.
        scheduler: What scheduler_config.json says otherwise than Stable Diffusion 1.x.
    """
    torch.manual_seed(0)
    words = _bert_words if tokenizer == "BertTokenizer" else _clip_words
    _text_encoder(encoder, words(path / "tokenizer")).save_pretrained(path / "text_encoder")
    UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=9 if inpaint else 4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
    ).save_pretrained(path / "unet")
    autoencoder: dict[str, Any] = {  # its annotations allow for one block only
        "block_out_channels": (8, 8, 8, 8),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
    }
    AutoencoderKL(**autoencoder, norm_num_groups=4, sample_size=SIDE).save_pretrained(path / "vae")
    noise = {
        "_class_name": "PNDMScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "clip_sample": False,
        "trained_betas": None,
        "prediction_type": prediction,
    }
    _write(path / "scheduler/scheduler_config.json", {**noise, **scheduler})
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        "tokenizer": ["transformers", tokenizer],
        "text_encoder": ["transformers", encoder],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    _write(path / "model_index.json", index)
    return path


def recipe(**changes: Any) -> Recipe:
    """Return a recipe for a tiny model."""
    usual: dict[str, Any] = {
        "model": "tiny",
        "prompt": "一只猫在月下",
        "avoid": "雨",
        "width": SIDE,
        "height": SIDE,
        "steps": 4,
        "guidance": 5.0,
        "sampler": "euler",
        "seed": 7,
    }
    return Recipe(**{**usual, **changes})


def picture(seed: int, side: int = SIDE) -> tuple[str, bytes]:
    """Return a square picture: the SHA-256 of its file, and the file, a PNG."""
    coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    smooth = functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)
    return _named(Image.fromarray((smooth[0] * 255).byte().permute(1, 2, 0).numpy()))


def mask(side: int = SIDE) -> tuple[str, bytes]:
    """Return a square mask with soft edges that lie between latents; as picture does."""
    drawn = Image.new("L", (side, side))
    ImageDraw.Draw(drawn).ellipse([side * part for part in (0.2, 0.08, 0.78, 0.67)], fill=255)
    return _named(drawn.filter(ImageFilter.GaussianBlur(side / 20)))


def _named(image: Image.Image) -> tuple[str, bytes]:
    file = BytesIO()
    image.save(file, "PNG")
    return sha256(file.getvalue()).hexdigest(), file.getvalue()


def _write(path: Path, value: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _bert_words(folder: Path) -> int:
    folder.mkdir(parents=True)
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(WORDS))]
    (folder / "vocab.txt").write_text("\n".join(entries), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=TOKENS).save_pretrained(folder)
    return len(entries)


def _clip_words(folder: Path) -> int:
    letters = "abcdefghijklmnopqrstuvwxyz"
    entries = [*letters, *(f"{a}</w>" for a in letters), "<|startoftext|>", "<|endoftext|>"]
    _write(folder / "vocab.json", {entry: i for i, entry in enumerate(entries)})
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    CLIPTokenizer.from_pretrained(folder, model_max_length=TOKENS).save_pretrained(folder)
    return len(entries)


def _text_encoder(kind: str, entries: int) -> CLIPTextModel | BertModel:
    sizes: dict[str, Any] = {
        "vocab_size": entries,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": TOKENS,
    }
    if kind == "BertModel":
        return BertModel(BertConfig(**sizes))
    return CLIPTextModel(
        CLIPTextConfig(**sizes, bos_token_id=entries - 2, eos_token_id=entries - 1)
    )
