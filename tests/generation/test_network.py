"""The shallow part of a UNet, and what it takes from the deep one."""

from pathlib import Path

import pytest
import torch

from generation.network import Network
from generation.zoo.folder import read
from generation.zoo.model import Model, load


@pytest.fixture(scope="module", params=["eps", "v"])
def model(models: dict[str, Path], request: pytest.FixtureRequest) -> Model:
    return load(read(models[request.param]), torch.device("cpu"), torch.float32)


def asked(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x, context = (torch.randn(rows, *size, generator=generator) for size in ((4, 8, 8), (12, 16)))
    return x, torch.linspace(10, 900, rows), context


@torch.inference_mode()
def test_with_the_deep_features_of_the_same_step_the_answer_is_the_same(model: Model) -> None:
    network = Network(model.unet)
    answers, deep = network.ask_deep(*asked(3, seed=1))
    assert torch.equal(answers, network.ask(*asked(3, seed=1)))
    torch.testing.assert_close(network.shallow(*asked(3, seed=1), deep), answers)


@torch.inference_mode()
def test_the_deep_features_matter(model: Model) -> None:
    network = Network(model.unet)
    _, other = network.ask_deep(*asked(3, seed=2))
    shallow = network.shallow(*asked(3, seed=1), other)
    assert not torch.allclose(shallow, network.ask(*asked(3, seed=1)))


@torch.inference_mode()
def test_deep_features_have_the_size_that_is_made_room_for(model: Model) -> None:
    network = Network(model.unet)
    _, deep = network.ask_deep(*asked(2, seed=1))
    assert deep.shape == (2, network.deep_channels, 8, 8)
