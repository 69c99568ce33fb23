"""Pictures that a model draws with what it has learned so far."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from generation.decode import pixels
from generation.samplers import start
from generation.samplers.levels import levels
from generation.samplers.query import run
from generation.training.feed import generator
from generation.training.reading import Reading
from generation.zoo.model import Model

SAMPLER, STEPS, GUIDANCE = "dpmpp_2m", 20, 5.0


class Drawing:
    """Draws with a model whose weights may be those of a training."""

    def __init__(self, model: Model, reading: Reading, side_px: int) -> None:
        """Begin.

        Args:
            model: In whatever state it is.
            reading: Of prompts, by its text encoder.
            side_px: Of the pictures, which are square.
        """
        self._model, self._reading = model, reading
        self._side = side_px // model.folder.latent_px

    @torch.no_grad()
    def draw(self, prompt: str, seeds: Sequence[int]) -> Iterator[Image.Image]:
        """Yield a picture of a prompt for each seed, one at a time."""
        context = self._reading.states(["", prompt])  # (2, N, D)
        noising = self._model.folder.noising
        way = levels(SAMPLER, noising, STEPS, karras=False)
        clock = dict(zip(way.sigmas, way.timesteps, strict=False))

        def denoise(x: Tensor, sigma: float) -> Tensor:
            return self._denoise(x, sigma, clock[sigma], context)

        for seed in seeds:
            shape = (self._model.folder.latent_channels, self._side, self._side)
            noise = torch.randn(shape, generator=generator(seed, "picture", 0))
            noise = noise.to(self._model.device) * way.first
            latent = run(start(SAMPLER, noise, way.sigmas, noise.clone), denoise) * way.last
            picture = pixels(self._model.decode(latent[None])[0])
            yield Image.fromarray(picture.cpu().numpy())

    def _denoise(self, x: Tensor, sigma: float, tick: float, context: Tensor) -> Tensor:
        """Return the clean latent that is expected, with guidance, (C, H, W)."""
        length = (1 + sigma**2) ** 0.5
        unet: Any = self._model.unet
        rows = (x / length).expand(2, *x.shape).to(unet.dtype)
        ticks = torch.full((2,), tick, device=x.device)
        avoid, prompt = unet(rows, ticks, context.to(unet.dtype), return_dict=False)[0].float()
        guess = avoid + GUIDANCE * (prompt - avoid)
        if self._model.folder.noising.prediction_type == "v_prediction":
            return x / length**2 - guess * sigma / length
        return x - sigma * guess
