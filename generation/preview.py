"""What a picture in the making looks like, for little."""

from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional

from generation.recipe import Preview
from generation.runner import decode, pixels
from generation.zoo.model import Model

DEAR_S = 0.03
"""Seconds that a preview may cost; what costs more is guessed by a linear map."""
SMALL = 32
"""Side of the largest latent that the VAE is tried on for a preview."""
SAMPLES = 8
"""How many smooth random latents, 16 × 16, the map is fitted on."""


class Previewer:
    """Shows denoised latents by the VAE where that is cheap, else by a map fitted to it."""

    def __init__(self) -> None:
        self._maps: dict[Path, Tensor] = {}
        self._dear: set[tuple[Path, torch.Size]] = set()
        """Models, and sizes of latents, that the VAE takes too long for."""

    def show(self, model: Model, denoised: Tensor) -> Preview:
        """Return a preview of a denoised latent, (C, H, W)."""
        key = (model.folder.path, denoised.shape)
        if max(denoised.shape[1:]) <= SMALL and key not in self._dear:
            before = perf_counter()
            image = decode(model, denoised)
            if perf_counter() - before > DEAR_S:
                self._dear.add(key)
        else:
            image = pixels(self._guess(model, denoised))
        return Preview(width=image.shape[1], height=image.shape[0], rgb=image.numpy().tobytes())

    def _guess(self, model: Model, latent: Tensor) -> Tensor:
        """Return about (3, H, W) between -1 and 1: a pixel for each latent."""
        if model.folder.path not in self._maps:
            self._maps[model.folder.path] = fit(model)
        return torch.einsum("chw,ck->khw", _with_one(latent), self._maps[model.folder.path])


def fit(model: Model) -> Tensor:
    """Return the linear map from latents to colours that is nearest to the VAE, (C + 1, 3).

    Fitted by least squares on smooth noise, so that neighbours agree as they do in pictures. The
    last row is what is added.
    """
    channels = model.folder.latent_channels
    generator = torch.Generator("cpu").manual_seed(0)
    coarse = torch.randn(SAMPLES, channels, 4, 4, generator=generator)
    smooth = functional.interpolate(coarse, scale_factor=4, mode="bilinear").to(model.device)
    colours = functional.avg_pool2d(model.decode(smooth), model.folder.latent_px)  # (S, 3, H, W)
    columns = torch.cat([_with_one(latent).flatten(1) for latent in smooth], dim=1)  # (C + 1, P)
    wanted = colours.transpose(0, 1).flatten(1)  # (3, P)
    return torch.linalg.lstsq(columns.T, wanted.T).solution


def _with_one(latent: Tensor) -> Tensor:
    return torch.cat([latent, torch.ones_like(latent[:1])])  # (C + 1, H, W)
