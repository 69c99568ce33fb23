"""Full fine-tuning and DreamBooth make a model of their own, which diffusers and engine load."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file

from generation.training.progress import Preparing, Word
from generation.zoo.folder import read
from generation.zoo.model import load
from tests.generation.training_factory import pictures, run

CPU = torch.device("cpu")
UNET = "unet/diffusion_pytorch_model.safetensors"
READER = "text_encoder/model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return pictures(tmp_path / "data", 3)


@pytest.mark.parametrize("name", ["eps", "v", "zero", "english"])
def test_all_of_the_unet_learns_and_the_rest_is_as_it_was(
    data: Path, models: dict[str, Path], tmp_path: Path, name: str
) -> None:
    result = run(data, models[name], tmp_path / "out", method="full", learning_rate=1e-4)
    base, made = models[name], tmp_path / "out/model"
    assert result.path == made
    before, after = load_file(base / UNET), load_file(made / UNET)
    assert before.keys() == after.keys()
    assert all(not torch.equal(before[key], after[key]) for key in before if "norm" not in key)
    for file in (READER, VAE, "scheduler/scheduler_config.json", "unet/config.json"):
        assert (made / file).read_bytes() == (base / file).read_bytes()
    assert load(read(made), CPU, torch.float32).folder.noising == read(base).noising
    pipe: Any = StableDiffusionPipeline.from_pretrained(made, local_files_only=True)
    assert torch.equal(pipe.unet.conv_in.weight, after["conv_in.weight"])
    suffixes = {path.suffix for path in made.rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".txt", ".safetensors"}
    with safe_open(made / UNET, "pt") as file:
        assert file.metadata()["danqing.method"] == "full"


def test_the_average_is_what_is_saved(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    asked: dict[str, Any] = {"method": "full", "learning_rate": 1e-3, "max_train_steps": 2}
    last = run(data, models["eps"], tmp_path / "last", **asked, lr_scheduler="constant")
    mean = run(data, models["eps"], tmp_path / "mean", **asked, lr_scheduler="constant",
               use_ema=True)  # fmt: skip
    asked["max_train_steps"] = 1
    first = run(data, models["eps"], tmp_path / "first", **asked, lr_scheduler="constant")
    assert first.path
    assert last.path
    assert mean.path
    start, one, two, average = (load_file(folder / UNET) for folder in
                                (models["eps"], first.path, last.path, mean.path))  # fmt: skip
    for key, value in start.items():
        # 2/11 of the start stays at the first step, 3/12 of that at the second
        after_one = value * (2 / 11) + one[key] * (9 / 11)
        expected = after_one * (3 / 12) + two[key] * (9 / 12)
        assert torch.allclose(average[key], expected, rtol=1e-5, atol=1e-6)


def test_a_second_result_takes_the_place_of_the_first(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    first = run(data, models["eps"], tmp_path / "out", method="full", max_train_steps=1)
    assert first.path is not None
    before = load_file(first.path / UNET)["conv_in.weight"]
    again = run(data, models["eps"], tmp_path / "out", method="full", max_train_steps=3)
    assert again.path is not None
    assert not torch.equal(load_file(again.path / UNET)["conv_in.weight"], before)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    kept = {"checkpoint-2.pt", "checkpoint-3.pt"}
    assert left == {"model", "cache", "training.json", ".lock", *kept}


ASKED: dict[str, Any] = {
    "method": "dreambooth",
    "instance_prompt": "一只红猫",
    "class_prompt": "一只猫",
    "with_prior_preservation": True,
    "num_class_images": 3,
    "learning_rate": 1e-3,
}


def test_pictures_of_the_kind_are_drawn_once_and_only_those_that_are_missing(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    kind = pictures(tmp_path / "kind", 1, captions=False)
    drawn: list[str] = []

    def hear(word: Word) -> None:
        if isinstance(word, Preparing) and word.what == "class":
            drawn.append(f"{word.done}/{word.total}")

    asked: dict[str, Any] = {**ASKED, "class_data_dir": kind}
    run(data, models["eps"], tmp_path / "out", tell=hear, **asked)
    assert drawn == ["2/3", "3/3"]
    assert len(list(kind.glob("*.png"))) == 3
    times = {path: path.stat().st_mtime_ns for path in kind.glob("*.png")}
    run(data, models["eps"], tmp_path / "more", tell=hear, **asked)
    assert drawn == ["2/3", "3/3"]
    assert {path: path.stat().st_mtime_ns for path in kind.glob("*.png")} == times


def test_the_kind_counts_as_much_as_it_is_told_to(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    def first_loss(out: str, **changes: Any) -> float:
        asked: dict[str, Any] = {**ASKED, "class_data_dir": tmp_path / "kind", "max_train_steps": 1}
        result = run(data, models["eps"], tmp_path / out, **{**asked, **changes})
        assert result.loss is not None
        return result.loss

    one, two = (first_loss(f"{weight}", prior_loss_weight=weight) for weight in (1.0, 2.0))
    none = first_loss("none", with_prior_preservation=False)
    assert one > none
    assert two - none == pytest.approx(2 * (one - none), rel=1e-4)


def test_the_text_encoder_of_a_dreambooth_learns(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    result = run(data, models["v"], tmp_path / "out", **ASKED, train_text_encoder=True,
                 gradient_checkpointing=True)  # fmt: skip
    assert result.path is not None
    before = load(read(models["v"]), CPU, torch.float32).text.encoder.state_dict()
    after = load(read(result.path), CPU, torch.float32).text.encoder.state_dict()
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[key], after[key]) for key in before)
    StableDiffusionPipeline.from_pretrained(result.path, local_files_only=True)
