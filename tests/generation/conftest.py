"""Models that all tests of the engine share."""

from pathlib import Path
from typing import Any

import pytest

MODELS: dict[str, dict[str, Any]] = {
    # levels up to 3 and not 15: random noise predictions leave latents as large as their first
    # noise, and 1e-4 of 50 is finer than float32 can promise
    "eps": {"beta_end": 0.004},
    "v": {"prediction": "v_prediction", "encoder": "BertModel"},
    "zero": {
        "prediction": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    },
    "english": {"tokenizer": "CLIPTokenizer"},
    "inpaint": {"inpaint": True, "beta_end": 0.004},
}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models by name."""
    import torch

    from tests.generation.factory import tiny

    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("models")
    return {name: tiny(root / name, **options) for name, options in MODELS.items()}


@pytest.fixture(scope="session")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MarianMT model that has learned a few words."""
    from tests.generation.language_factory import marian

    return marian(tmp_path_factory.mktemp("language") / "zh-en", taught=True)


@pytest.fixture(scope="session")
def polisher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bloom that has learned to polish two prompts."""
    from tests.generation.language_factory import causal

    return causal(tmp_path_factory.mktemp("language") / "bloom", taught=True)
