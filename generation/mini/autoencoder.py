"""Training of the autoencoder: pictures to latents of an eighth of their size, and back.

Run: python -m generation.mini.autoencoder --work FOLDER --minutes 8
"""

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from generation.mini.caption import TREATMENTS
from generation.mini.draw import chance, pick
from generation.mini.picture import render
from generation.mini.scene import compose
from generation.mini.shared import Shares
from generation.training.checkpoint import load_state, save_state

CROP = 96
"""Side of the training crops in pixels."""

LATENT = 4
"""Channels of the latents."""

_STYLED = 0.4
"""Share of the pictures that a style has treated."""

_SEED = 1
"""Data seed of the autoencoder's scenes."""


def new_autoencoder() -> AutoencoderKL:
    """Make the untrained autoencoder; LATENT channels, eight pixels to a latent."""
    shape: dict[str, Any] = {
        "block_out_channels": (16, 32, 64, 64),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "latent_channels": LATENT,
        "sample_size": 256,
        "mid_block_add_attention": False,
    }
    return AutoencoderKL(**shape)


def pixels(picture: object) -> Tensor:
    """Turn a picture into (3, height, width) float32 from -1 to 1."""
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 127.5 - 1.0).permute(2, 0, 1)


def crops(number: int, batch: int) -> Tensor:
    """Cut one crop (3, CROP, CROP) out of each of `batch` scenes from `number` on."""
    cut: list[Tensor] = []
    for n in range(number, number + batch):
        scene = compose(_SEED, n)
        rng = np.random.default_rng([_SEED, n, 1])
        style = pick(rng, tuple(TREATMENTS)) if chance(rng, _STYLED) else None
        x = int(rng.integers(0, scene.width - CROP + 1))
        y = int(rng.integers(0, scene.height - CROP + 1))
        cut.append(pixels(render(scene, style).crop((x, y, x + CROP, y + CROP))))
    return torch.stack(cut)


def rebuilding_loss(rebuilt: Tensor, wanted: Tensor) -> Tensor:
    """Compare pictures (B, 3, H, W): pixels, their slopes, and both at half and quarter size."""
    loss = torch.zeros(())
    for _ in range(3):
        off = rebuilt - wanted
        across, down = off[..., 1:] - off[..., :-1], off[..., 1:, :] - off[..., :-1, :]
        loss = loss + off.abs().mean() + across.abs().mean() + down.abs().mean()
        rebuilt, wanted = functional.avg_pool2d(rebuilt, 2), functional.avg_pool2d(wanted, 2)
    return loss


@torch.no_grad()
def even_out(network: AutoencoderKL, scenes: int = 256) -> None:
    """Give every latent channel mean zero and deviation one; pictures stay as they are.

    The two 1x1 convolutions at the latents take the change in opposite directions.
    """
    parts = [
        network.encode(crops(n, 32), return_dict=False)[0].mean.transpose(0, 1).flatten(1)
        for n in range(0, scenes, 32)
    ]
    values = torch.cat(parts, dim=1)  # (LATENT, N)
    mean, spread = values.mean(dim=1), values.std(dim=1)
    into: Any = network.quant_conv
    out: Any = network.post_quant_conv
    weight, bias = into.weight, into.bias
    weight[:LATENT] /= spread[:, None, None, None]
    bias[:LATENT] = (bias[:LATENT] - mean) / spread
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight *= spread[None, :, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the autoencoder is trained."""

    work: Path
    """Folder of the checkpoint and the losses."""
    minutes: float
    batch: int = 8
    rate: float = 2e-3
    shake: float = 0.05
    """Deviation of the noise put on latents."""
    tidy: float = 1e-3
    """Weight of the latents' mean square."""
    decoder_only: bool = False
    """Leave the encoder, and so the meaning of latents, as it is."""
    save_s: float = 60.0
    threads: int = 2


class Training:
    """One training of the autoencoder; its rate falls to zero over the last two fifths."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(_SEED)
        self._plan = plan
        self._shares = Shares(plan.threads)
        self._network = new_autoencoder()
        self._number = 0
        self._step = 0
        self._losses: list[float] = []
        self._rate = 0.0
        state = load_state(plan.work / "autoencoder.pt")
        if state is not None:
            self._network.load_state_dict(state["network"])
            self._number = int(state["number"])
        if plan.decoder_only:
            for part in ("encoder", "quant_conv"):
                self._network.get_submodule(part).requires_grad_(requires_grad=False)
        else:
            even_out(self._network)
        self._trained = [p for p in self._network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._trained, lr=plan.rate, betas=(0.9, 0.99), fused=True
        )

    def step(self, gone: float) -> None:
        """Learn from one batch, when `gone` (0 to 1) of the time is over."""
        plan = self._plan
        left = min(1.0, max(0.0, (1.0 - gone) / 0.4))
        self._rate = plan.rate * left * min(1.0, (self._step + 1) / 100)
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate
        first = self._number
        loss = self._shares.learn(
            self._trained, lambda i: _loss(self._network, plan, first + i * plan.batch)
        )
        self._losses.append(loss)
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._number += plan.batch * self._shares.workers
        self._step += 1

    def save(self) -> None:
        """Keep the network and note the loss since the last time."""
        state = {"network": self._network.state_dict(), "number": self._number}
        save_state(self._plan.work / "autoencoder.pt", state)
        mean = sum(self._losses) / max(1, len(self._losses))
        self._losses.clear()
        with (self._plan.work / "autoencoder.csv").open("a", newline="") as file:
            csv.writer(file).writerow((self._number, f"{mean:.5f}", f"{self._rate:.2e}"))

    def finish(self) -> None:
        """Even out the latents, if they may change, and save."""
        if not self._plan.decoder_only:
            even_out(self._network)
        self.save()


def train(plan: Plan) -> None:
    """Train for a time, from the last checkpoint if there is one."""
    training = Training(plan)
    start = saved = now = time.monotonic()
    while now < start + 60.0 * plan.minutes:
        training.step((now - start) / (60.0 * plan.minutes))
        now = time.monotonic()
        if now - saved > plan.save_s:
            training.save()
            saved = now
    training.finish()


def _loss(network: Any, plan: Plan, number: int) -> tuple[Tensor, float]:
    """Loss of `plan.batch` crops from scene `number` on.

    The latents get a fixed little noise, as a KL term strong enough to keep them tidy lets a
    channel die in so short a training; their size is held by a weight on their square.
    """
    wanted = crops(number, plan.batch)
    shake = torch.Generator().manual_seed(number)
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        mean = network.encode(wanted, return_dict=False)[0].mean.float()
        noise = torch.randn(mean.shape, generator=shake)
        rebuilt = network.decode(mean + plan.shake * noise, return_dict=False)[0]
    loss = rebuilding_loss(rebuilt.float(), wanted)
    told = float(loss.detach())
    return loss + plan.tidy * (mean**2).mean(), told


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--decoder-only", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    train(Plan(work=given.work, minutes=given.minutes, decoder_only=given.decoder_only))


if __name__ == "__main__":
    main()
