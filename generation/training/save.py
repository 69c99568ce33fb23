"""Results as safetensors, with the story of their making in the head of the file."""

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from generation.training.output import Output
from generation.training.plan import Plan, Saving
from generation.zoo.folder import Folder
from generation.zoo.header import START

DTYPES: Mapping[Saving, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}


def write_tensors(
    output: Output,
    path: Path,
    tensors: Mapping[str, Tensor],
    about: Mapping[str, str],
    saving: Saving,
) -> None:
    """Write one safetensors file whole.

    Raises:
        NotSaved: The disk is full, or cannot be written.
    """
    kept = {name: value.detach().to("cpu", DTYPES[saving]).contiguous()
            for name, value in tensors.items()}  # fmt: skip
    output.write(path, lambda beside: write_file(kept, beside, about), what="结果")


def write_file(tensors: Mapping[str, Tensor], path: Path, about: Mapping[str, str]) -> None:
    """Write one safetensors file, the same bytes for the same content."""
    save_file(dict(tensors), path, {"format": "pt", **about})
    # safetensors writes metadata in an order that changes from one time to the next
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(START), "little")
        head: dict[str, Any] = json.loads(file.read(length))
        head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
        words = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
        if len(words) <= length:
            file.seek(START)
            file.write(words.ljust(length))


def about(
    plan: Plan,
    folder: Folder,
    *,
    base_digest: str,
    data_digest: str,
    pictures: int,
    steps: int,
    resolution: int,
) -> dict[str, str]:
    """Return how a result was made, as the head of a safetensors file has it.

    Keys of our own; modelspec.* (Stability's model metadata) and ss_* (kohya's) are what WebUIs
    show. There is no date, so that the same training gives the same file.
    """
    trigger = plan.placeholder_token or plan.instance_prompt
    found = {
        "danqing.version": _version(),
        "danqing.method": plan.method,
        "danqing.base_model": plan.model_name,
        "danqing.base_digest": base_digest,
        "danqing.data_digest": data_digest,
        "danqing.pictures": str(pictures),
        "danqing.steps": str(steps),
        "danqing.seed": str(plan.seed),
        "danqing.resolution": str(resolution),
        "danqing.learning_rate": f"{plan.rate:g}",
        "danqing.trigger": trigger,
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.title": plan.out.name,
        "modelspec.implementation": "diffusers",
        "modelspec.resolution": f"{resolution}x{resolution}",
        "modelspec.prediction_type": {"epsilon": "epsilon", "v_prediction": "v"}[
            folder.noising.prediction_type
        ],
        "modelspec.trigger_phrase": trigger,
        "ss_output_name": plan.out.name,
        "ss_sd_model_name": plan.model_name,
        "ss_num_train_images": str(pictures),
        "ss_steps": str(steps),
        "ss_seed": str(plan.seed),
        "ss_resolution": f"({resolution}, {resolution})",
        "ss_learning_rate": f"{plan.rate:g}",
        "ss_batch_size_per_device": str(plan.train_batch_size),
    }
    if plan.method == "lora":
        # the scale is in the tensors, so that alpha is the rank, whatever it was in training
        rank = str(plan.rank)
        found |= {
            "danqing.rank": rank,
            "danqing.alpha": f"{plan.alpha:g}",
            "ss_network_module": "networks.lora",
            "ss_network_dim": rank,
            "ss_network_alpha": rank,
        }
    return {key: value for key, value in found.items() if value}


def _version() -> str:
    try:
        return version("danqing")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return ""
