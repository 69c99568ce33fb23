"""A trained model as a diffusers folder: half precision, safetensors, put in place whole.

Run: python -m generation.mini.export --work FOLDER --to generation/mini/weights
"""

import argparse
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel

from generation.mini.latent import trained_autoencoder
from generation.mini.network import SCHEDULER, new_denoiser, new_text_encoder, write_tokenizer
from generation.training.checkpoint import load_state

_PARTS: dict[str, list[str | None]] = {
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "BertTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def export(
    folder: Path,
    text_encoder: CLIPTextModel,
    denoiser: UNet2DConditionModel,
    autoencoder: AutoencoderKL,
) -> None:
    """Write the StableDiffusionPipeline folder beside `folder`, then swap the two."""
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    write_tokenizer(beside / "tokenizer")
    for name, network in (("text_encoder", text_encoder), ("unet", denoiser), ("vae", autoencoder)):
        network.half().save_pretrained(beside / name, safe_serialization=True)
    index: dict[str, Any] = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": diffusers.__version__,
        "requires_safety_checker": False,
        **_PARTS,
    }
    _write_json(beside / "model_index.json", index)
    _write_json(beside / "scheduler" / "scheduler_config.json", SCHEDULER)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def averaged(
    state: Mapping[str, Tensor],
) -> tuple[CLIPTextModel, UNet2DConditionModel]:
    """Make the two trained networks from a training's averaged weights."""
    text_encoder, denoiser = new_text_encoder(), new_denoiser()
    for name, network in (("text_encoder.", text_encoder), ("denoiser.", denoiser)):
        own = {
            key.removeprefix(name): value for key, value in state.items() if key.startswith(name)
        }
        network.load_state_dict(own)
    return text_encoder.eval(), denoiser.eval()


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line and export the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()
    state = load_state(given.work / "diffusion.pt")
    if state is None:
        raise SystemExit(f"no checkpoint in {given.work}")
    export(given.to, *averaged(state["averaged"]), trained_autoencoder(given.work))


if __name__ == "__main__":
    with torch.inference_mode():
        main()
