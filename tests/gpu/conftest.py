"""The tiny models of the engine's tests."""

from tests.generation.conftest import models

__all__ = ["models"]
