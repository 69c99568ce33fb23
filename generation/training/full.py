"""Full fine-tuning: every weight of the UNet learns, and the result is a model of its own."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from generation.training.learner import freeze
from generation.training.output import Output, saving
from generation.training.plan import Plan
from generation.training.save import DTYPES, write_file
from generation.zoo.folder import WEIGHTS
from generation.zoo.model import Model

FOLDER = "model"
_KEPT_PARTS = ("tokenizer", "scheduler", "text_encoder", "unet", "vae")
_WORDS = (".json", ".txt", ".model")
"""Files that say how a part is built, and vocabularies."""


class Full:
    """Learns all of a UNet, and of the text encoder if that is asked for."""

    def __init__(self, model: Model, plan: Plan) -> None:
        freeze(model)
        self._model, self._plan = model, plan
        parts: dict[str, nn.Module] = {"unet": model.unet}
        self.reader: nn.Module | None = None
        if plan.train_text_encoder:
            parts["text_encoder"] = self.reader = model.text.encoder
        for part in parts.values():
            part.requires_grad_(requires_grad=True)
        self.weights: Mapping[str, nn.Parameter] = {
            f"{prefix}.{name}": parameter
            for prefix, part in parts.items()
            for name, parameter in part.named_parameters()
        }

    def caption(self, told: str, draw: int) -> str:
        """Return a picture's own caption."""
        return told

    def save(self, output: Output, weights: Mapping[str, Tensor], about: Mapping[str, str]) -> Path:
        """Write a whole model beside the last result, then put it in its place."""
        path = output.path / FOLDER
        beside = path.with_name(f".{FOLDER}.{os.getpid()}")
        old = path.with_name(f".{FOLDER}.old")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            with saving("模型", path, output.last):
                self._write(beside, weights, about)
                shutil.rmtree(old, ignore_errors=True)
                if path.exists():
                    path.rename(old)
                beside.rename(path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        return path

    def _write(self, to: Path, weights: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
        source = self._model.folder.path
        for part in _KEPT_PARTS:
            (to / part).mkdir(parents=True)
            for file in sorted((source / part).iterdir()):
                if file.suffix in _WORDS and file.is_file():
                    shutil.copyfile(file, to / part / file.name)
        (to / "model_index.json").write_text(
            json.dumps(_index(source), indent=2) + "\n", encoding="utf-8"
        )
        dtype = DTYPES[self._plan.save_precision]
        for part, stem in WEIGHTS.items():
            file = to / part / f"{stem}.safetensors"
            learned = {name.removeprefix(f"{part}."): value for name, value in weights.items()
                       if name.startswith(f"{part}.")}  # fmt: skip
            if not learned:
                shutil.copyfile(source / part / file.name, file)
                continue
            network: Any = getattr(self._model, part, None) or self._model.text.encoder
            state = {**network.state_dict(), **learned}
            kept = {name: _saved(value, dtype) for name, value in state.items()}
            write_file(kept, file, about)


def _saved(value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu()
    # a copy: a file of safetensors takes no two names for the same memory
    return value.to(dtype if value.is_floating_point() else value.dtype, copy=True).contiguous()


def _index(source: Path) -> dict[str, Any]:
    """Return what model_index.json says, without the parts that are not taken along."""
    index: dict[str, Any] = json.loads((source / "model_index.json").read_bytes())
    return {
        key: [None, None] if isinstance(value, list) and key not in _KEPT_PARTS else value
        for key, value in index.items()
    } | {"requires_safety_checker": False}
