"""LoRAs by name: loaded once, told once, bounded in bytes."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from generation.errors import BrokenLora, UnknownLora
from generation.kept import Kept
from generation.lora.adapter import Lora, load
from generation.lora.shelf import LoraShelf
from generation.zoo.folder import read
from generation.zoo.model import Model
from generation.zoo.model import load as load_model
from tests.generation.lora_factory import ATTENTION, pairs, peft, scaled, write


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Model:
    return load_model(read(models["eps"]), torch.device("cpu"), torch.float32)


@pytest.fixture
def files(model: Model, tmp_path: Path) -> dict[str, Path]:
    """Three LoRAs of one size."""
    return {
        name: write(
            tmp_path / f"{name}.safetensors",
            peft(pairs(model.folder.path, ATTENTION, rank=8, seed=seed)),
        )
        for seed, name in enumerate(("墨", "剪纸", "年画"))
    }


def shelf(files: dict[str, Path], budget_bytes: int = 1 << 30) -> LoraShelf:
    return LoraShelf(files, budget_bytes=budget_bytes)


def test_it_is_loaded_once_and_told(
    files: dict[str, Path], model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    loras = shelf(files)
    with caplog.at_level(logging.INFO):
        assert loras.take("墨", model) is loras.take("墨", model)
    layers = loras.take("墨", model).matched["unet"]
    told = f"LoRA 墨: {layers} layers of the UNet and 0 of the text encoder, rank 8"
    assert caplog.messages == [told]


def test_a_lora_nobody_has_is_unknown(files: dict[str, Path], model: Model) -> None:
    with pytest.raises(UnknownLora, match="没有叫 油画 的 LoRA"):
        shelf(files).take("油画", model)


def test_a_file_that_is_gone_is_named(files: dict[str, Path], model: Model) -> None:
    loras = shelf(files)
    files["墨"].unlink()
    with pytest.raises(BrokenLora, match="没有这个文件"):
        loras.take("墨", model)


def test_the_least_used_leaves_when_there_are_too_many_bytes(
    files: dict[str, Path], model: Model
) -> None:
    size = load(files["墨"], model.folder).size_bytes
    loras = shelf(files, budget_bytes=size * 2)
    ink, cut = loras.take("墨", model), loras.take("剪纸", model)
    assert loras.take("墨", model) is ink
    loras.take("年画", model)
    assert loras.size_bytes == 2 * size
    assert loras.take("墨", model) is ink
    assert loras.take("剪纸", model) is not cut


def test_one_that_is_larger_than_the_budget_is_used_and_not_kept(
    files: dict[str, Path], model: Model
) -> None:
    loras = shelf(files, budget_bytes=100)
    assert loras.take("墨", model) is not loras.take("墨", model)
    assert loras.size_bytes == 0


def test_a_file_that_changes_is_read_again(files: dict[str, Path], model: Model) -> None:
    loras = shelf(files)
    before = loras.take("墨", model)
    write(files["墨"], peft(scaled(pairs(model.folder.path, ATTENTION, rank=8), 2)))
    os.utime(files["墨"], ns=(1, 1))
    after = loras.take("墨", model)
    assert after.digest != before.digest
    place = next(iter(before.layers))
    assert torch.allclose(after.layers[place].up, 2 * before.layers[place].up)


def test_each_model_gets_its_own(
    files: dict[str, Path], models: dict[str, Path], model: Model
) -> None:
    loras = shelf(files)
    other = load_model(read(models["v"]), torch.device("cpu"), torch.float32)
    assert loras.take("墨", model) is not loras.take("墨", other)


def test_weights_that_the_network_does_not_use_are_no_layers(
    files: dict[str, Path], model: Model
) -> None:
    bare = replace(model, unet=nn.ModuleDict({"conv_in": nn.Conv2d(4, 16, 3)}))
    with pytest.raises(BrokenLora, match="层装不到模型 eps 上"):
        shelf(files).take("墨", bare)


def test_kept_things_leave_by_bytes() -> None:
    kept: Kept[str] = Kept(10)
    for name, size in (("a", 4), ("b", 4), ("c", 11)):
        kept.keep(name, name.upper(), size)
    assert (kept.find("a"), kept.find("c"), kept.size_bytes) == ("A", None, 8)
    kept.keep("d", "D", 3)  # b was used least
    assert [kept.find(name) for name in "abd"] == ["A", None, "D"]
    assert (len(kept), kept.size_bytes) == (2, 7)


def test_a_lora_knows_its_size(files: dict[str, Path], model: Model) -> None:
    lora: Lora = load(files["墨"], model.folder)
    numbers = sum(t.numel() for pair in lora.layers.values() for t in pair)
    assert lora.size_bytes == 4 * numbers
