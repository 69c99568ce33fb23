"""Pixels of what a VAE gives."""

import torch
from torch import Tensor


def pixels(image: Tensor) -> Tensor:
    """Return (h, w, 3) uint8 of (3, h, w) between -1 and 1."""
    levels = ((image / 2 + 0.5).clamp(0, 1) * 255).round()
    return levels.to(torch.uint8).permute(1, 2, 0).contiguous()
