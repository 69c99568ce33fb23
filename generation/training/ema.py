"""The moving average of what is learned, which draws better than the last step."""

from collections.abc import Mapping

import torch
from torch import Tensor

MOST = 0.9999
"""Share of the old average that stays at each step, late in a training."""


class Average:
    """Follows tensors; in float32, on their device."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = {name: value.detach().float().clone() for name, value in weights.items()}

    @torch.no_grad()
    def follow(self, weights: Mapping[str, Tensor], step: int) -> None:
        """Take in the weights after a step, counted from 1.

        Source: diffusers' EMAModel without its power: min(0.9999, (1 + n) / (10 + n)).
        """
        keep = min(MOST, (1 + step) / (10 + step))
        torch._foreach_lerp_(  # pyright: ignore[reportPrivateUsage]
            [self.weights[name] for name in weights],
            [value.detach().float() for value in weights.values()],
            1.0 - keep,
        )

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Become an average that was kept."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
