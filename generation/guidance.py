"""Classifier-free guidance: how many rows a picture takes, and how they become one answer."""

from torch import Tensor


def rows(guidance: float) -> int:
    """Return how many rows of a batch a picture takes."""
    return 1 if guidance == 1 else 2


def contexts(prompt: Tensor, avoid: Tensor, guidance: float) -> list[Tensor]:
    """Return what each row is drawn after, each (N, D)."""
    return [prompt] if rows(guidance) == 1 else [avoid, prompt]


def guide(answers: Tensor, guidance: float) -> Tensor:
    """Go from what is to be avoided towards the prompt, and beyond it.

    Source: Ho and Salimans 2022, arXiv:2207.12598, equation 6, with guidance = 1 + w.

    Args:
        answers: Of the network, to the rows of one picture, (rows, C, H, W).
        guidance: Weight of the prompt.

    Returns:
        The answer for the picture, (C, H, W).
    """
    if len(answers) == 1:
        return answers[0]
    avoided, wanted = answers
    return avoided + guidance * (wanted - avoided)
