"""One forward pass for many canvases, and the pixels of those that end."""

from collections.abc import Sequence

import torch
from torch import Tensor

from generation.canvas import Canvas
from generation.denoiser import ask, clean
from generation.guidance import guide
from generation.zoo.model import Model


def denoise(model: Model, batch: Sequence[Canvas]) -> list[Tensor]:
    """Return the answer to the query of each canvas, (C, H, W); each has its own level.

    Args:
        model: Of all of them.
        batch: Canvases of one shape, each with a query.
    """
    asked = [(canvas, canvas.query) for canvas in batch if canvas.query is not None]
    counts = [canvas.rows for canvas, _ in asked]
    x = torch.stack([query.x for _, query in asked])  # (B, C, H, W)
    sigma = torch.tensor([query.sigma for _, query in asked], device=model.device)
    clock = torch.tensor([canvas.timestep for canvas, _ in asked], device=model.device)
    context = torch.stack([row for canvas, _ in asked for row in canvas.contexts])
    each = torch.tensor(counts, device=model.device)
    x_rows, sigma_rows, clock_rows = (
        value.repeat_interleave(each, dim=0, output_size=sum(counts)) for value in (x, sigma, clock)
    )  # (R, C, H, W), (R,), (R,)
    answers = ask(model, x_rows, sigma_rows, clock_rows, context).split(counts)
    guided = torch.stack(
        [
            guide(rows, canvas.recipe.guidance)
            for rows, (canvas, _) in zip(answers, asked, strict=True)
        ]
    )
    return list(clean(model.folder.noising, x, sigma, guided))


def decode(model: Model, latent: Tensor) -> Tensor:
    """Return the picture of a latent.

    Args:
        model: Whose VAE decodes it.
        latent: (C, H, W), float32.

    Returns:
        (height, width, 3), uint8 on the CPU.
    """
    return pixels(model.decode(latent[None])[0])


def pixels(image: Tensor) -> Tensor:
    """Return (h, w, 3) uint8 on the CPU of (3, h, w) between -1 and 1."""
    levels = ((image / 2 + 0.5).clamp(0, 1) * 255).round()
    return levels.to(torch.uint8).permute(1, 2, 0).contiguous().cpu()
