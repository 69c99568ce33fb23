"""Training of the autoencoder: pictures to latents of an eighth of their size, and back.

Run: python -m generation.training.autoencoder --work FOLDER --minutes 8
"""

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from generation.training.checkpoint import load_state, save_state
from generation.training.picture import render
from generation.training.scene import compose
from generation.training.shared import Shares

CROP = 64
"""Side of the training crops in pixels."""

_SEED = 1
"""Data seed of the autoencoder's scenes."""


def new_autoencoder() -> AutoencoderKL:
    """Make the untrained autoencoder; four latent channels, eight pixels to a latent."""
    return AutoencoderKL(
        block_out_channels=(16, 32, 64, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
        sample_size=128,
        mid_block_add_attention=False,
    )


def pixels(picture: object) -> Tensor:
    """Turn a picture into (3, height, width) float32 from -1 to 1."""
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 127.5 - 1.0).permute(2, 0, 1)


def crops(number: int, batch: int) -> Tensor:
    """Cut one crop (3, CROP, CROP) out of each of `batch` scenes from `number` on."""
    cut: list[Tensor] = []
    for n in range(number, number + batch):
        scene = compose(_SEED, n)
        rng = np.random.default_rng([_SEED, n, 1])
        x, y = rng.integers(0, scene.width - CROP + 1), rng.integers(0, scene.height - CROP + 1)
        cut.append(pixels(render(scene).crop((x, y, x + CROP, y + CROP))))
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
        network.encode(crops(n, 32)).latent_dist.mean.transpose(0, 1).flatten(1)
        for n in range(0, scenes, 32)
    ]
    values = torch.cat(parts, dim=1)  # (4, N)
    mean, spread = values.mean(dim=1), values.std(dim=1)
    into, out = network.quant_conv, network.post_quant_conv
    weight, bias = into.weight, into.bias
    weight[:4] /= spread[:, None, None, None]
    bias[:4] = (bias[:4] - mean) / spread
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight *= spread[None, :, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the autoencoder is trained."""

    work: Path
    """Folder of the checkpoint and the losses."""
    minutes: float
    batch: int = 16
    rate: float = 2e-3
    shake: float = 0.05
    """Deviation of the noise put on latents."""
    tidy: float = 1e-3
    """Weight of the latents' mean square."""
    decoder_only: bool = False
    """Leave the encoder, and so the meaning of latents, as it is."""
    save_s: float = 60.0
    threads: int = 2


def train(plan: Plan) -> None:
    """Train for a time, from the last checkpoint if there is one."""
    torch.manual_seed(_SEED)
    network = new_autoencoder()
    path = plan.work / "autoencoder.pt"
    state = load_state(path)
    number = 0
    if state is not None:
        network.load_state_dict(state["network"])
        number = int(state["number"])
    if not plan.decoder_only:
        even_out(network)
    if plan.decoder_only:
        network.encoder.requires_grad_(False)
        network.quant_conv.requires_grad_(False)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=plan.rate, betas=(0.9, 0.99), fused=True)
    if state is not None and state["decoder_only"] == plan.decoder_only and False:
        optimizer.load_state_dict(state["optimizer"])
    start = saved = time.monotonic()
    step = 0
    shares = Shares(plan.threads)
    losses: list[float] = []
    while True:
        gone = (time.monotonic() - start) / (60 * plan.minutes)
        rate = plan.rate * min(1.0, (step + 1) / 100) * min(1.0, max(0.0, (1 - gone) / 0.4))
        for group in optimizer.param_groups:
            group["lr"] = rate
        first = number

        def share(index: int, first: int = first) -> tuple[Tensor, float]:
            return _loss(network, plan, first + index * plan.batch)

        losses.append(shares.learn(trained, share))
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        number += plan.batch * shares.workers
        step += 1
        done = gone >= 1.0
        if done and not plan.decoder_only:
            even_out(network)
        if done or time.monotonic() - saved > plan.save_s:
            saved = time.monotonic()
            save_state(
                path,
                {
                    "network": network.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "number": number,
                    "decoder_only": plan.decoder_only,
                },
            )
            _note(plan.work / "autoencoder.csv", number, sum(losses) / len(losses), rate)
            losses.clear()
        if done:
            return


def _loss(network: AutoencoderKL, plan: Plan, number: int) -> tuple[Tensor, float]:
    """Loss of `plan.batch` crops from scene `number` on.

    The latents get a fixed little noise, as a KL term strong enough to keep them tidy lets a
    channel die in so short a training; their size is held by a weight on their square.
    """
    wanted = crops(number, plan.batch)
    shake = torch.Generator().manual_seed(number)
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        mean = network.encode(wanted).latent_dist.mean.float()
        noise = torch.randn(mean.shape, generator=shake)
        rebuilt = network.decode(mean + plan.shake * noise).sample
    loss = rebuilding_loss(rebuilt.float(), wanted)
    told = float(loss.detach())
    return loss + plan.tidy * (mean**2).mean(), told


def _note(path: Path, number: int, loss: float, rate: float) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow((number, f"{loss:.5f}", f"{rate:.2e}"))


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
