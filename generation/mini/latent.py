"""The training set as latents: encoded once, kept in shards that may grow while training runs.

Run: python -m generation.mini.latent --work FOLDER --scenes 60000
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.random import Generator
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import BertTokenizer

from generation.mini.autoencoder import new_autoencoder, pixels
from generation.mini.network import token_ids, write_tokenizer
from generation.mini.picture import render
from generation.mini.scene import SIZES, Scene, compose
from generation.training.checkpoint import load_state, write_whole

SHARD = 1000
"""Scenes in one file."""

DATA_SEED = 2
"""Data seed of the scenes that the denoiser learns from."""

_BATCH = 25


def trained_autoencoder(work: Path) -> AutoencoderKL:
    """Load the autoencoder of the work folder, with the scale of its latents if it is known."""
    network = new_autoencoder()
    state = load_state(work / "autoencoder.pt")
    if state is not None:
        network.load_state_dict(state["network"])
    scale = work / "scale.json"
    if scale.exists():
        network.register_to_config(scaling_factor=json.loads(scale.read_text())["scale"])
    return network.eval().requires_grad_(requires_grad=False)


@torch.inference_mode()
def encode(network: AutoencoderKL, scenes: list[Scene]) -> Tensor:
    """Encode scenes of one size to latents (B, C, H, W) float32, not yet scaled."""
    wanted = torch.stack([pixels(render(scene)) for scene in scenes])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return network.encode(wanted, return_dict=False)[0].mean.float()


def write_shard(work: Path, index: int, network: AutoencoderKL, tokenizer: BertTokenizer) -> None:
    """Encode scenes `index * SHARD` and on, and put their file in place."""
    scenes = [compose(DATA_SEED, n) for n in range(index * SHARD, (index + 1) * SHARD)]
    tensors: dict[str, Tensor] = {}
    for width, height in SIZES:
        alike = [scene for scene in scenes if (scene.width, scene.height) == (width, height)]
        name = f"{width}x{height}"
        parts = [encode(network, alike[i : i + _BATCH]) for i in range(0, len(alike), _BATCH)]
        tensors[f"latents.{name}"] = torch.cat(parts).half()
        ids = token_ids(tokenizer, [scene.caption for scene in alike])
        tensors[f"tokens.{name}"] = ids.to(torch.int16)
        tensors[f"easy.{name}"] = torch.tensor([scene.easy for scene in alike])
    path = work / "latents" / f"{index:05d}.safetensors"
    write_whole(path, lambda beside: save_file(tensors, beside))


@dataclass(slots=True)
class Shelf:
    """All encoded scenes of one size."""

    latents: Tensor
    """(N, C, H, W) float16, not scaled."""
    tokens: Tensor
    """(N, TOKENS) int16."""
    easy: np.ndarray
    """Indices of the scenes that show one thing in the middle."""

    def pick(self, rng: Generator, batch: int, easy_share: float) -> tuple[Tensor, Tensor]:
        """Draw latents (B, C, H, W) float32 and tokens (B, TOKENS) int64, with replacement."""
        any_one = rng.integers(len(self.latents), size=batch)
        simple = self.easy[rng.integers(len(self.easy), size=batch)]
        chosen = torch.from_numpy(np.where(rng.random(batch) < easy_share, simple, any_one))
        return self.latents[chosen].float(), self.tokens[chosen].long()


@dataclass(slots=True)
class Shelves:
    """The training set of a work folder, as far as it is written."""

    work: Path
    _read: set[Path] = field(default_factory=set[Path])
    _shelves: dict[str, Shelf] = field(default_factory=dict[str, Shelf])

    def refresh(self) -> int:
        """Take in the shards written since; return how many scenes there are."""
        for path in sorted((self.work / "latents").glob("[0-9]*.safetensors")):
            if path not in self._read:
                self._read.add(path)
                self._add(load_file(path))
        return sum(len(shelf.latents) for shelf in self._shelves.values())

    def pick(self, rng: Generator, batch: int, easy_share: float) -> tuple[Tensor, Tensor]:
        """Draw a batch of one size; sizes come as often as the set holds them."""
        names = sorted(self._shelves)
        many = np.array([len(self._shelves[name].latents) for name in names], dtype=np.float64)
        name = names[int(rng.choice(len(names), p=many / many.sum()))]
        return self._shelves[name].pick(rng, batch, easy_share)

    def _add(self, tensors: dict[str, Tensor]) -> None:
        for name, latents, tokens, easy in _sizes(tensors):
            self.put(name, Shelf(latents, tokens, easy.nonzero().flatten().numpy()))

    def put(self, name: str, shelf: Shelf) -> None:
        """Add scenes of one size, named like 256x256."""
        old = self._shelves.setdefault(name, shelf)
        if old is not shelf:
            old.easy = np.concatenate((old.easy, shelf.easy + len(old.latents)))
            old.latents = torch.cat((old.latents, shelf.latents))
            old.tokens = torch.cat((old.tokens, shelf.tokens))


def _sizes(tensors: dict[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    for key in sorted(tensors):
        kind, name = key.split(".")
        if kind == "latents":
            yield name, tensors[key], tensors[f"tokens.{name}"], tensors[f"easy.{name}"]


def measure_scale(work: Path) -> float:
    """Find the factor that gives latents a deviation of one, from the first shard; keep it."""
    tensors = load_file(work / "latents" / "00000.safetensors")
    spread = tensors["latents.256x256"].float().std()
    scale = round(1.0 / float(spread), 4)
    text = json.dumps({"scale": scale})
    write_whole(work / "scale.json", lambda beside: beside.write_text(text))
    return scale


def main() -> None:
    """Read the command line and write the shards that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=60_000)
    parser.add_argument("--first", type=int, default=0, help="shard to begin with")
    parser.add_argument("--every", type=int, default=1, help="2 for every second shard")
    given = parser.parse_args()
    torch.set_num_threads(1)
    network = trained_autoencoder(given.work)
    write_tokenizer(given.work / "tokenizer")
    tokenizer = BertTokenizer.from_pretrained(given.work / "tokenizer")
    for index in range(given.first, given.scenes // SHARD, given.every):
        if not (given.work / "latents" / f"{index:05d}.safetensors").exists():
            write_shard(given.work, index, network, tokenizer)
        if index == 0:
            measure_scale(given.work)


if __name__ == "__main__":
    main()
