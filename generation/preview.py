"""What pictures in the making look like, for little: no call of the UNet, none of the VAE."""

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from generation.recipe import Preview
from generation.zoo.model import Model, load_tiny

LARGEST_PX = 128
"""Longest side of a preview; a latent with a longer one is shown a pixel for each position."""
BLOCK = 4
"""Most pixels on a side that a map makes of one position of a latent; a power of 2."""
SAMPLES = 16
"""How many latents of each kind a map is fitted on."""
SIDE = 8
"""Of those latents."""
DISCS = 5
"""On each picture that a map is fitted on."""
RIDGE = 0.01
"""Of the mean square of the features: neighbours are too alike to be told apart without."""


class Previewer:
    """Shows denoised latents through a linear map fitted to their VAE, or a tiny autoencoder."""

    def __init__(self, tiny: Path | None = None) -> None:
        """Make a previewer.

        Args:
            tiny: Folder of an AutoencoderTiny, for models whose latents have as many channels.

        Raises:
            BrokenModel: It cannot be loaded.
        """
        self._tiny = None if tiny is None else load_tiny(tiny)
        self._maps: dict[Path, Tensor] = {}

    def learn(self, model: Model) -> None:
        """Fit the map for a model, where one is needed, so that the first preview is as quick."""
        key = model.folder.path
        if key not in self._maps and not self._is_tiny_for(model):
            self._maps[key] = fit(model)

    @torch.inference_mode()
    def show(self, model: Model, denoised: Tensor) -> list[Preview]:
        """Return a preview of each of some latents of one model.

        Args:
            model: Whose they are.
            denoised: (B, C, H, W), float32 on the model's device, in the UNet's scale.
        """
        if self._is_tiny_for(model):
            # diffusers hides the type of its own `to`
            tiny = cast("Any", self._tiny).to(model.device, model.dtype)
            images = tiny.decode(denoised.to(model.dtype), return_dict=False)[0].float()
            most = max(LARGEST_PX, *denoised.shape[2:])
            images = functional.avg_pool2d(images, -(-max(images.shape[2:]) // most))
        else:
            self.learn(model)
            images = apply(self._maps[model.folder.path], denoised)
        levels = images.add(1).mul_(127.5).clamp_(0, 255).round_().to(torch.uint8)
        height, width = levels.shape[2:]
        return [
            Preview(width=width, height=height, rgb=rgb.tobytes())
            for rgb in levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        ]

    def _is_tiny_for(self, model: Model) -> bool:
        known = 0 if self._tiny is None else self._tiny.config["latent_channels"]
        return known == model.folder.latent_channels


def apply(weights: Tensor, latents: Tensor) -> Tensor:
    """Return about the pictures (B, 3, h, w), -1 to 1, of latents (B, C, H, W).

    Args:
        weights: Of a map.
        latents: In the UNet's scale.
    """
    channels, longest = latents.shape[1], max(latents.shape[2:])
    most = weights.shape[1]
    block = most
    while block > 1 and block * longest > LARGEST_PX:
        block //= 2
    part = most // block
    # least squares commute with means: the map to larger pixels is the mean of the maps to small
    coarse = weights.view(3, block, part, block, part, -1).mean(dim=(2, 4)).flatten(0, 2)
    kernel = coarse[:, :-1].reshape(-1, channels, 3, 3)
    padded = functional.pad(latents, (1, 1, 1, 1), mode="replicate")
    return functional.pixel_shuffle(functional.conv2d(padded, kernel, coarse[:, -1]), block)


@torch.inference_mode()
def fit(model: Model) -> Tensor:
    """Return the linear map from latents to pictures that is nearest to the VAE.

    Each position and its eight neighbours give a block of pixels. Fitted by ridge regression on
    smooth noise and on pictures of gradients and discs: either alone leaves over a quarter more
    squared error on pictures of the embedded model.

    Returns:
        (3, b, b, C · 9 + 1), on the model's device; b is BLOCK, or the pixels on a side of a
        latent where that is less. The last of each row is what is added.
    """
    generator = torch.Generator("cpu").manual_seed(0)
    latents = torch.cat(
        [
            _noise(model.folder.latent_channels, generator).to(model.device),
            model.encode(_pictures(SIDE * model.folder.latent_px, generator), generator),
        ]
    )
    block = min(BLOCK, model.folder.latent_px)
    small = functional.avg_pool2d(model.decode(latents), model.folder.latent_px // block)
    wanted = functional.pixel_unshuffle(small, block).transpose(0, 1).flatten(1)  # (3 · b · b, P)
    padded = functional.pad(latents, (1, 1, 1, 1), mode="replicate")
    around = functional.unfold(padded, 3).transpose(0, 1).flatten(1)  # (C · 9, P)
    # float64, on the CPU: not every device has it
    wanted, around = wanted.cpu().double(), around.cpu().double()
    features = torch.cat([around, torch.ones_like(around[:1])])
    penalty = RIDGE * around.square().mean() * features.shape[1] * torch.eye(len(features))
    penalty[-1, -1] = 0  # what is added is not held small
    weights = torch.linalg.solve(features @ features.T + penalty, features @ wanted.T).T
    return weights.float().view(3, block, block, -1).to(model.device)


def _noise(channels: int, generator: torch.Generator) -> Tensor:
    """Return random latents (SAMPLES, C, SIDE, SIDE), a quarter each 1, 2, 4 and 8 times finer."""
    size = (SIDE, SIDE)
    each = (SAMPLES // 4, channels)
    coarse = [torch.randn(*each, n, n, generator=generator) for n in (1, 2, 4, SIDE)]
    return torch.cat([functional.interpolate(noise, size=size, mode="bicubic") for noise in coarse])


def _pictures(side_px: int, generator: torch.Generator) -> Tensor:
    """Return pictures (SAMPLES, 3, side_px, side_px), -1 to 1: discs on gradients."""

    def drawn(*shape: int) -> Tensor:
        return torch.rand(SAMPLES, *shape, 1, 1, generator=generator) * 2 - 1

    line = torch.linspace(-1, 1, side_px)
    x, y = line.view(1, 1, 1, -1), line.view(1, 1, -1, 1)
    share = (x * drawn(1) + y * drawn(1)) / 2  # -1 to 1
    pictures = drawn(3) * (1 - share) / 2 + drawn(3) * (1 + share) / 2
    for _ in range(DISCS):
        inside = (x - drawn(1)) ** 2 + (y - drawn(1)) ** 2 < (0.35 + drawn(1) / 4) ** 2
        pictures = torch.where(inside, drawn(3), pictures)
    return pictures
