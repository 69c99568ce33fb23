"""Previews: like the picture, small, cheap, and from a tiny autoencoder where one is given."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor
from torch.nn import functional

from generation.errors import BrokenModel
from generation.mini import FOLDER
from generation.preview import Previewer, apply, fit
from generation.recipe import Preview
from generation.zoo.folder import read
from generation.zoo.model import Model, load

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def mini() -> Model:
    return load(read(FOLDER), CPU, torch.float32)


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Model:
    return load(read(models["v"]), CPU, torch.float32)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny")
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8)
    ).save_pretrained(path)
    return path


def stripes(side_px: int) -> Tensor:
    """Return a picture that no map was fitted on, (1, 3, side_px, side_px)."""
    line = torch.linspace(0, 1, side_px)
    x, y = line.view(1, 1, -1), line.view(1, -1, 1)
    waves = torch.cat([(9 * x + 5 * y).sin(), (4 * x * y).cos(), (7 * y - 3 * x).sin()])
    return waves[None] * 0.8


def levels(preview: Preview) -> Tensor:
    rgb = np.frombuffer(preview.rgb, np.uint8).reshape(preview.height, preview.width, 3)
    return torch.from_numpy(rgb.copy())


def decibels(one: Tensor, other: Tensor) -> float:
    return float(-10 * torch.log10((one - other).clamp(-2, 2).square().mean() / 4))


@torch.inference_mode()
def test_a_preview_is_nearer_to_the_picture_than_any_map_to_single_colours(mini: Model) -> None:
    latents = mini.encode(stripes(128), torch.Generator().manual_seed(0))
    picture = functional.avg_pool2d(mini.decode(latents), 2)
    guess = apply(fit(mini), latents)
    assert guess.shape == picture.shape == (1, 3, 64, 64)
    # a colour for each position, by the map that is best for this very picture
    columns = torch.cat([latents[0], torch.ones(1, 16, 16)]).flatten(1)
    wanted = functional.avg_pool2d(picture, 4)[0].flatten(1)
    best = torch.linalg.lstsq(columns.T, wanted.T).solution
    single = functional.interpolate((columns.T @ best).T.view(1, 3, 16, 16), scale_factor=4)
    assert decibels(guess, picture) > decibels(single, picture)


@torch.inference_mode()
def test_coarse_pixels_are_means_of_fine_ones(mini: Model) -> None:
    latents = torch.randn(2, 4, 8, 40, generator=torch.Generator().manual_seed(0))
    weights = fit(mini)
    assert apply(weights, latents).shape == (2, 3, 16, 80)
    for start in (0, 16):  # a piece that is small enough for fine pixels
        part = latents[..., start : start + 24]
        fine = functional.avg_pool2d(apply(weights, part), 2)
        coarse = apply(weights, latents)[..., 2 * start : 2 * start + 48]
        inside = slice(2, -2)  # what lies beyond a piece is not known in it
        assert torch.allclose(fine[..., inside], coarse[..., inside], atol=1e-5)


@pytest.mark.parametrize(
    ("latent", "size"),
    [
        ((16, 16), (64, 64)),
        ((32, 24), (96, 128)),
        ((40, 48), (96, 80)),
        ((64, 64), (128, 128)),
        ((96, 64), (64, 96)),
        ((8, 200), (200, 8)),
        ((1, 1), (4, 4)),
    ],
    ids=str,
)
def test_the_larger_the_picture_the_coarser_its_preview(
    model: Model, latent: tuple[int, int], size: tuple[int, int]
) -> None:
    (preview,) = Previewer().show(model, torch.zeros(1, 4, *latent))
    assert (preview.width, preview.height) == size
    assert len(preview.rgb) == size[0] * size[1] * 3


def test_many_are_shown_as_each_alone(model: Model) -> None:
    latents = torch.randn(5, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    previewer = Previewer()
    together = previewer.show(model, latents)
    for preview, latent in zip(together, latents, strict=True):
        (alone,) = previewer.show(model, latent[None])
        assert (levels(preview).int() - levels(alone).int()).abs().max() <= 1


def test_a_map_is_fitted_once_and_always_the_same(model: Model) -> None:
    assert torch.equal(fit(model), fit(model))


def test_neither_network_is_called_once_the_map_is_there(model: Model) -> None:
    previewer = Previewer()
    previewer.learn(model)
    calls: list[object] = []
    hooks = [
        part.register_forward_pre_hook(lambda part, _: calls.append(part))
        for whole in (model.unet, model.vae)
        for part in whole.modules()
    ]
    previewer.show(model, torch.zeros(1, 4, 8, 8))
    for hook in hooks:
        hook.remove()
    assert calls == []


@torch.inference_mode()
def test_a_tiny_autoencoder_shows_what_it_decodes(model: Model, tiny: Path) -> None:
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    preview, _ = Previewer(tiny).show(model, latents)
    image = AutoencoderTiny.from_pretrained(tiny).decode(latents).sample[0]  # pyright: ignore[reportAttributeAccessIssue]
    wanted = ((image / 2 + 0.5).clamp(0, 1) * 255).round().permute(1, 2, 0)
    assert (levels(preview) - wanted).abs().max() <= 1


def test_what_a_tiny_autoencoder_shows_is_no_larger(model: Model, tiny: Path) -> None:
    (preview,) = Previewer(tiny).show(model, torch.zeros(1, 4, 24, 32))
    assert (preview.width, preview.height) == (128, 96)


def test_latents_of_other_channels_are_not_for_the_tiny_one(model: Model, tmp_path: Path) -> None:
    widths = (8, 8, 8, 8)
    AutoencoderTiny(
        latent_channels=16, encoder_block_out_channels=widths, decoder_block_out_channels=widths
    ).save_pretrained(tmp_path)
    latents = torch.zeros(1, 4, 8, 8)
    assert Previewer(tmp_path).show(model, latents) == Previewer().show(model, latents)


def test_a_tiny_autoencoder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenModel, match="none"):
        Previewer(tmp_path / "none")
