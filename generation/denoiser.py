"""A UNet as what samplers ask for: clean latents of noisy ones.

The network wants latents of variance 1 and answers with the noise or with the velocity; samplers
work in the variance-exploding frame. Source: Karras et al. 2022, arXiv:2206.00364, Table 1, column
VP; velocity: Salimans and Ho 2022, arXiv:2202.00512, appendix D.
"""

from torch import Tensor

from generation.zoo.model import Model
from generation.zoo.noising import Noising


def ask(model: Model, x: Tensor, sigma: Tensor, timestep: Tensor, context: Tensor) -> Tensor:
    """Return what the network says of noisy latents, each row at its own level.

    Args:
        model: Whose UNet is asked.
        x: Noisy latents, (R, C, H, W), float32 on the model's device.
        sigma: Standard deviation of their noise, (R,).
        timestep: The same on the model's clock, (R,).
        context: Encoded prompts, (R, N, D).

    Returns:
        Noise or velocity, (R, C, H, W), float32.
    """
    scaled = x / _length(sigma)
    return model.unet(
        scaled.to(model.dtype),
        timestep,
        encoder_hidden_states=context.to(model.dtype),
        return_dict=False,
    )[0].float()


def clean(noising: Noising, x: Tensor, sigma: Tensor, answer: Tensor) -> Tensor:
    """Return the expected clean latents (B, C, H, W) by the network's answer.

    Args:
        noising: Of the model.
        x: Noisy latents, (B, C, H, W).
        sigma: Standard deviation of their noise, (B,).
        answer: Noise or velocity, (B, C, H, W).
    """
    level = sigma.view(-1, 1, 1, 1)  # (B, 1, 1, 1)
    if noising.prediction_type == "v_prediction":
        return answer * (-level / _length(sigma)) + x / (level**2 + 1)
    return x - level * answer


def _length(sigma: Tensor) -> Tensor:
    """Return the standard deviation of a noisy latent whose clean one has 1, (B, 1, 1, 1)."""
    return ((sigma**2 + 1) ** 0.5).view(-1, 1, 1, 1)
