"""Noise that is put on latents, what the network should see in it, and how much that counts."""

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor

from generation.zoo.noising import Noising


class Noise:
    """The clock of one model, on a device."""

    def __init__(self, noising: Noising, *, gamma: float, device: torch.device) -> None:
        """Begin.

        Args:
            noising: Of the model.
            gamma: Largest signal-to-noise ratio that counts in full; 0: all levels count alike.
            device: Where latents are.
        """
        scheduler = DDPMScheduler(
            num_train_timesteps=noising.num_train_timesteps,
            beta_start=noising.beta_start,
            beta_end=noising.beta_end,
            beta_schedule=noising.beta_schedule,
            rescale_betas_zero_snr=noising.rescale_betas_zero_snr,
        )
        kept: Tensor = scheduler.alphas_cumprod.to(device)  # (T,)
        self.ticks = len(kept)
        self._velocity = noising.prediction_type == "v_prediction"
        self._signal, self._spread = kept.sqrt(), (1 - kept).sqrt()
        self.weights = _weights(kept / (1 - kept), gamma, velocity=self._velocity)
        """Of each tick, (T,)."""

    def put(self, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return noisy latents (B, C, H, W) of clean ones, at ticks (B,)."""
        return _wide(self._signal[t]) * clean + _wide(self._spread[t]) * noise

    def wanted(self, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return what the network should answer, (B, C, H, W): the noise, or the velocity."""
        if not self._velocity:
            return noise
        return _wide(self._signal[t]) * noise - _wide(self._spread[t]) * clean

    def loss(self, guess: Tensor, wanted: Tensor, t: Tensor) -> Tensor:
        """Return the mean over a batch of the weighted square errors."""
        off = (guess.float() - wanted).square().mean(dim=(1, 2, 3))  # (B,)
        return (self.weights[t] * off).mean()


def _weights(snr: Tensor, gamma: float, *, velocity: bool) -> Tensor:
    """Return how much each tick counts. Source: Hang et al. 2023, arXiv:2303.09556, section 3.4.

    A velocity's error is that of the clean latent times snr + 1, a noise's that times snr.
    """
    if not gamma:
        return torch.ones_like(snr)
    capped = snr.clamp(max=gamma)
    return capped / (snr + 1) if velocity else capped / snr


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None]
