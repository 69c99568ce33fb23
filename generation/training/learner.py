"""What a method of training is: tensors that learn, and a result that is made of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from generation.training.output import Output
from generation.zoo.model import Model


class Learner(Protocol):
    """One method, laid over one model."""

    weights: Mapping[str, nn.Parameter]
    """All that learns, by name."""
    reader: nn.Module | None
    """The text encoder, if it learns."""

    def caption(self, told: str, draw: int) -> str:
        """Return what a picture is learned with.

        Args:
            told: Its own caption.
            draw: A random number, for methods that choose among several.
        """
        ...

    def save(self, output: Output, weights: Mapping[str, Tensor], about: Mapping[str, str]) -> Path:
        """Write the result and return where it is.

        Args:
            output: The folder.
            weights: As self.weights, or their average; float32 on the CPU.
            about: Metadata for the head of its file.

        Raises:
            NotSaved: The disk is full, or cannot be written.
        """
        ...


def freeze(model: Model) -> None:
    """Let nothing of a model learn."""
    for part in (model.unet, model.vae, model.text.encoder):
        part.requires_grad_(requires_grad=False)
