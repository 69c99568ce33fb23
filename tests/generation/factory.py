"""Tiny models with random weights, in the layout of StableDiffusionPipeline."""

import json
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers import BertConfig, BertModel, BertTokenizer
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

WORDS = "一只猫在月下江南烟雨山水画红灯笼"
WIDTH = 16
TOKENS = 12


def tiny(
    path: Path,
    *,
    encoder: str = "clip",
    words: str = "bert",
    prediction: str = "epsilon",
    scheduler: dict[str, object] | None = None,
) -> Path:
    """Write a model of 64 × 64 pixels and return its folder.

    Args:
        path: Folder to make.
        encoder: "clip" or "bert".
        words: Tokenizer, "clip" or "bert".
        prediction: Of the UNet: "epsilon" or "v_prediction".
        scheduler: What scheduler_config.json says beside SD 1.x.
    """
    torch.manual_seed(0)
    vocabulary = (_bert_words if words == "bert" else _clip_words)(path / "tokenizer")
    _text_encoder(encoder, vocabulary).save_pretrained(path / "text_encoder")
    UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
    ).save_pretrained(path / "unet")
    AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=4,
        sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    ).save_pretrained(path / "vae")
    _write(
        path / "scheduler/scheduler_config.json",
        {
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
            **(scheduler or {}),
        },
    )
    _write(
        path / "model_index.json",
        {
            "_class_name": "StableDiffusionPipeline",
            "_diffusers_version": "0.42.1",
            "tokenizer": ["transformers", "BertTokenizer" if words == "bert" else "CLIPTokenizer"],
            "text_encoder": ["transformers", "CLIPTextModel" if encoder == "clip" else "BertModel"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
            "scheduler": ["diffusers", "PNDMScheduler"],
            "requires_safety_checker": False,
            "safety_checker": [None, None],
            "feature_extractor": [None, None],
        },
    )
    return path


def _write(path: Path, value: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _bert_words(folder: Path) -> int:
    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(WORDS))]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=TOKENS).save_pretrained(folder)
    return len(vocabulary)


def _clip_words(folder: Path) -> int:
    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    entries = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    _write(folder / "vocab.json", {entry: i for i, entry in enumerate(entries)})
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    CLIPTokenizer.from_pretrained(folder, model_max_length=TOKENS).save_pretrained(folder)
    return len(entries)


def _text_encoder(kind: str, vocabulary: int) -> CLIPTextModel | BertModel:
    if kind == "bert":
        return BertModel(
            BertConfig(
                vocab_size=vocabulary,
                hidden_size=WIDTH,
                intermediate_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=TOKENS,
            )
        )
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=WIDTH,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            eos_token_id=vocabulary - 1,
        )
    )
