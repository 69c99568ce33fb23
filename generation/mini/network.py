"""The embedded model's parts, untrained: tokenizer, text encoder, denoiser, noise schedule."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from transformers import BertTokenizer, CLIPTextConfig, CLIPTextModel

from generation.mini.autoencoder import LATENT
from generation.mini.caption import words_besides_nouns
from generation.mini.noun import NOUNS

WIDTH = 192
"""Features of one token."""

TOKENS = 32
"""Length of every caption in tokens, its [CLS], [SEP] and [PAD] included."""

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

SCHEDULER: dict[str, Any] = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "timestep_spacing": "leading",
}
"""scheduler_config.json of the model."""


def vocabulary() -> list[str]:
    """List the tokens in order: special ones, ASCII, marks, the 3755 characters of GB 2312-1."""
    printable = [chr(code) for code in range(0x21, 0x7F) if not chr(code).isupper()]
    pieces = [f"##{sign}" for sign in printable if sign.isalnum()]
    marks = list("，。、！？：；“”‘’（）《》【】…—～·")
    rows = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    common = [row.decode("gb2312", errors="ignore") for row in rows]
    tokens = [*_SPECIAL, *printable, *pieces, *marks, *common, *sorted(spoken())]
    return list(dict.fromkeys(token for token in tokens if token))


def spoken() -> set[str]:
    """Collect every character that a caption can hold."""
    nouns = ("".join((noun.measures, *noun.names)) for noun in NOUNS.values())
    return set("".join((*nouns, *words_besides_nouns())))


def write_tokenizer(folder: Path) -> None:
    """Write a BertTokenizer of one token per Chinese character."""
    folder.mkdir(parents=True, exist_ok=True)
    named = dict(
        zip(
            ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"),
            _SPECIAL,
            strict=True,
        )
    )
    config = {
        **named,
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "tokenize_chinese_chars": True,
        "strip_accents": None,
        "model_max_length": TOKENS,
    }
    (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    for name, value in (("tokenizer_config", config), ("special_tokens_map", named)):
        (folder / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def token_ids(tokenizer: BertTokenizer, captions: list[str]) -> torch.Tensor:
    """Tokenize captions to (B, TOKENS) int64, as a StableDiffusionPipeline does."""
    return tokenizer(
        captions, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids


def new_text_encoder() -> CLIPTextModel:
    """Make the untrained text encoder; characters that no caption holds mean nothing."""
    tokens = vocabulary()
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokens),
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            hidden_act="gelu",
            pad_token_id=tokens.index("[PAD]"),
            bos_token_id=tokens.index("[CLS]"),
            eos_token_id=tokens.index("[SEP]"),
        )
    )
    said = {*_SPECIAL, *spoken()}
    silent = [i for i, token in enumerate(tokens) if token not in said]
    with torch.no_grad():
        meanings = model.get_parameter("embeddings.token_embedding.weight")
        meanings[silent] = 0.0
    return model


def new_denoiser(channels: tuple[int, ...] = (32, 64, 128, 160)) -> UNet2DConditionModel:
    """Make the untrained denoiser.

    It reads the caption twice: by cross attention, and pooled into the time embedding, which
    scales and shifts every block; so what a picture is of is learned as fast as a class label.
    """
    attended = min(2, len(channels) - 1)
    plain = len(channels) - attended
    shape: dict[str, Any] = {
        "sample_size": 32,
        "in_channels": LATENT,
        "out_channels": LATENT,
        "block_out_channels": channels,
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",) * attended,
        "up_block_types": ("CrossAttnUpBlock2D",) * attended + ("UpBlock2D",) * plain,
        "cross_attention_dim": WIDTH,
        "attention_head_dim": tuple(max(1, width // 32) for width in channels),
        "norm_num_groups": 16,
        "resnet_time_scale_shift": "scale_shift",
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": 4,
    }
    return UNet2DConditionModel(**shape)
