"""Folders that cannot be loaded say why, and cost nobody else anything."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from generation.errors import BrokenModel
from generation.zoo.folder import faults, read
from generation.zoo.model import load
from tests.generation.factory import SIDE, TOKENS

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(models: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(models["eps"], tmp_path / "eps"))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_a_whole_folder_says_what_it_is(folder: Path) -> None:
    found = read(folder)
    assert faults(folder) == []
    assert (found.native_px, found.multiple_px, found.latent_px) == (SIDE, 16, 8)
    assert (found.text_encoder, found.tokenizer) == ("CLIPTextModel", "BertTokenizer")
    assert found.tokens == TOKENS
    assert found.noising.prediction_type == "epsilon"
    assert found.size_bytes > 100_000
    assert (found.latent_channels, found.inpaint) == (4, False)


def test_a_model_for_inpainting_says_so(models: dict[str, Path]) -> None:
    found = read(models["inpaint"])
    assert (found.latent_channels, found.inpaint) == (4, True)


def _pickled(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet/diffusion_pytorch_model.bin")


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (shutil.rmtree, "没有这个文件夹"),
    "no index": (lambda f: (f / "model_index.json").unlink(), "model_index.json 缺失"),
    "half an index": (lambda f: cut(f / "model_index.json"), "model_index.json 不是完整的 JSON"),
    "another pipeline": (
        lambda f: change(f / "model_index.json", unet=["diffusers", "FluxTransformer2DModel"]),
        "model_index.json 里有不支持的内容",
    ),
    "foreign code": (
        lambda f: change(f / "model_index.json", text_encoder=["evil", "CLIPTextModel"]),
        "model_index.json 里有不支持的内容",
    ),
    "a schedule we have not": (
        lambda f: change(f / "scheduler/scheduler_config.json", beta_schedule="sigmoid"),
        "scheduler/scheduler_config.json 里有不支持的内容",
    ),
    "channels of another task": (
        lambda f: change(f / "unet/config.json", in_channels=8),
        "in_channels 是 8，配这个 vae 要 4 或 9",
    ),
    "latents of another kind": (
        lambda f: change(f / "vae/config.json", latent_channels=16),
        "in_channels 是 4，配这个 vae 要 16 或 33",
    ),
    "answers of another kind": (
        lambda f: change(f / "unet/config.json", out_channels=8),
        "out_channels 是 8，配这个 vae 要 4",
    ),
    "no weights": (lambda f: (f / UNET).unlink(), f"{UNET} 缺失"),
    "only a pickle": (_pickled, "只有 .bin 权重"),
    "half of the weights": (lambda f: cut(f / UNET), "可能没有下载完"),
    "empty weights": (lambda f: (f / UNET).write_bytes(b""), "不是完整的 safetensors"),
    "a pickle in disguise": (
        lambda f: (f / UNET).write_bytes(b"\x80\x04K\x01." * 99),
        "不是完整的 safetensors",
    ),
    "a page in disguise": (
        lambda f: (f / UNET).write_bytes((99).to_bytes(8, "little") + b"<html>" * 99),
        "文件头读不懂",
    ),
    "no words": (lambda f: shutil.rmtree(f / "tokenizer"), "tokenizer 里没有词表"),
}


@pytest.mark.parametrize(("breaks", "words"), BREAKS.values(), ids=BREAKS)
def test_a_fault_is_named(folder: Path, breaks: Callable[[Path], object], words: str) -> None:
    breaks(folder)
    assert any(words in fault for fault in faults(folder)), faults(folder)
    with pytest.raises(BrokenModel, match=folder.name):
        read(folder)


def test_all_faults_are_named_at_once(folder: Path) -> None:
    cut(folder / UNET)
    (folder / "vae/config.json").unlink()
    assert len(faults(folder)) == 2


def edit(file: Path, work: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = load_file(file)
    work(weights)
    save_file(weights, file)


LATE_BREAKS: dict[str, tuple[Callable[[dict[str, torch.Tensor]], object], str]] = {
    "a missing weight": (lambda w: w.pop("conv_in.weight"), "conv_in.weight"),
    "a weight of another shape": (
        lambda w: w.update({"conv_in.weight": torch.zeros(3)}),
        "conv_in.weight",
    ),
    "a weight that is no number": (
        lambda w: w["conv_in.weight"].view(-1)[:1].fill_(torch.nan),
        "不是数",
    ),
}


@pytest.mark.parametrize(("work", "words"), LATE_BREAKS.values(), ids=LATE_BREAKS)
def test_what_only_loading_shows_is_named_too(
    folder: Path, work: Callable[[dict[str, torch.Tensor]], object], words: str
) -> None:
    edit(folder / UNET, work)
    with pytest.raises(BrokenModel, match=words):
        load(read(folder), torch.device("cpu"), torch.float32)
