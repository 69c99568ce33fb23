"""A LoRA that was trained here is the same to the training, to the engine and to diffusers."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from generation.lora.adapter import load
from generation.lora.file import inspect
from generation.lora.slots import Slots, layers, stack
from generation.training.lora import targets
from generation.zoo.folder import read
from generation.zoo.model import load as load_model
from tests.generation.factory import SIDE, TOKENS, WIDTH
from tests.generation.lora_factory import merged
from tests.generation.training_factory import pictures, run

CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return pictures(tmp_path / "data")


@torch.inference_mode()
def say(unet: Any) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, SIDE // 8, SIDE // 8, generator=generator)
    context = torch.randn(2, TOKENS, WIDTH, generator=generator)
    return unet(x, torch.tensor([700.0, 30.0]), context, return_dict=False)[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"rank": 4},
        {"rank": 4, "lora_alpha": 10.0},
        {"rank": 2, "lora_alpha": 1.0, "lora_target_modules": ("all",)},
    ],
)
def test_engine_and_diffusers_see_the_same_change(
    data: Path, models: dict[str, Path], tmp_path: Path, changes: dict[str, Any]
) -> None:
    result = run(data, models["eps"], tmp_path / "out", **changes)
    made = tmp_path / "out/pytorch_lora_weights.safetensors"
    assert result.path == made
    model = load_model(read(models["eps"]), CPU, torch.float32)
    before = say(model.unet)
    lora = load(made, model.folder)
    folded = say(merged(model.unet, "unet", [(lora, 1.0)]))
    Slots(model.unet).wear([stack([(lora, 1.0)], "unet")] * 2)
    worn = say(model.unet)
    pipe: Any = StableDiffusionPipeline.from_pretrained(models["eps"], local_files_only=True)
    pipe.load_lora_weights(tmp_path / "out")
    theirs = say(pipe.unet)
    assert (worn - before).abs().max() > 1e-3
    assert torch.allclose(worn, folded, rtol=0, atol=1e-5)
    assert torch.allclose(worn, theirs, rtol=0, atol=1e-5)


def test_the_scale_of_the_file_is_that_of_the_training(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    # AdamW moves each number by the rate at its first step, whatever the scale: so after one step
    # the raw factors are the same, and only what they are multiplied by differs
    files: list[dict[str, Tensor]] = []
    for alpha in (2.0, 6.0):
        result = run(data, models["eps"], tmp_path / f"{alpha}", rank=2, lora_alpha=alpha,
                     max_train_steps=1, lr_scheduler="constant", adam_epsilon=1e-30,
                     max_grad_norm=0.0)  # fmt: skip
        assert result.path is not None
        files.append(load_file(result.path))
    one, three = files
    for name, value in one.items():
        moved = value.abs() > 0  # a gradient of 0 moves nothing
        factor = 3.0 if ".lora_B." in name else 1.0
        assert torch.allclose(three[name][moved], value[moved] * factor, rtol=1e-3), name


def test_all_layers_are_those_that_the_engine_can_wear(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    result = run(
        data, models["eps"], tmp_path / "out", lora_target_modules=("all",), max_train_steps=1
    )
    assert result.path is not None
    folder = read(models["eps"])
    fit = inspect(result.path, folder)
    unet = load_model(folder, CPU, torch.float32).unet
    assert {pair.layer for pair in fit.pairs} == set(layers(unet))
    assert fit.form == "peft"
    assert fit.ranks == (4,)


def test_names_are_those_of_peft(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    result = run(data, models["eps"], tmp_path / "out", max_train_steps=1)
    assert result.path is not None
    names = set(load_file(result.path))
    assert (
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight" in names
    )
    ends = {name.split(".attn")[1][2:] for name in names}
    assert ends == {f"{layer}.lora_{side}.weight"
                    for layer in ("to_q", "to_k", "to_v", "to_out.0") for side in "AB"}  # fmt: skip


def test_words_choose_layers_by_the_ends_of_their_names(models: dict[str, Path]) -> None:
    unet = load_model(read(models["eps"]), CPU, torch.float32).unet
    chosen = targets(unet, ["to_q", "conv_in"])
    assert "conv_in" in chosen
    assert {name.rpartition(".")[2] for name in chosen} == {"to_q", "conv_in"}


@pytest.mark.parametrize("name", ["eps", "english", "v"])
def test_the_text_encoder_learns_too(
    data: Path, models: dict[str, Path], tmp_path: Path, name: str
) -> None:
    if name == "english":
        for caption in data.glob("*.txt"):
            caption.write_text("a cat")
    result = run(data, models[name], tmp_path / "out", train_text_encoder=True)
    assert result.path is not None
    folder = read(models[name])
    fit = inspect(result.path, folder)
    assert fit.matched["text_encoder"] == {"CLIPTextModel": 8, "BertModel": 6}[folder.text_encoder]
    changes = {key: value for key, value in load_file(result.path).items() if "lora_B" in key}
    assert all(value.abs().max() > 0 for key, value in changes.items() if "text_encoder" in key)
    if folder.text_encoder == "BertModel":
        return  # diffusers loads LoRAs of CLIP only
    model = load_model(folder, CPU, torch.float32)
    ours = model.text.encode("a cat", 1, [(load(result.path, folder), 1.0)])
    pipe: Any = StableDiffusionPipeline.from_pretrained(models[name], local_files_only=True)
    plain = pipe.encode_prompt("a cat", CPU, 1, do_classifier_free_guidance=False)[0][0]
    pipe.load_lora_weights(tmp_path / "out")
    theirs = pipe.encode_prompt("a cat", CPU, 1, do_classifier_free_guidance=False)[0][0]
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-5)
    assert not torch.allclose(ours, plain, rtol=0, atol=1e-3)


def test_it_learns(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    losses: list[float] = []
    run(
        pictures(tmp_path / "one", 1),
        models["eps"],
        tmp_path / "out",
        tell=lambda word: losses.append(getattr(word, "loss", 1.0)),
        rank=8,
        lora_target_modules=("all",),
        max_train_steps=60,
        train_batch_size=1,
        checkpointing_steps=1000,
        snr_gamma=0.0,
    )
    assert sum(losses[-15:]) < 0.7 * sum(losses[8:23])


def test_the_head_of_the_file_tells_how_it_was_made(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    result = run(data, models["v"], tmp_path / "水墨", rank=2, lora_alpha=1.0, seed=5)
    assert result.path is not None
    with safe_open(result.path, "pt") as file:
        told = file.metadata()
    assert told["format"] == "pt"
    expected = {"method": "lora", "base_model": "v", "pictures": "5", "steps": "6", "seed": "5",
                "resolution": "64", "rank": "2", "alpha": "1"}  # fmt: skip
    assert {key: told[f"danqing.{key}"] for key in expected} == expected
    assert told["modelspec.title"] == told["ss_output_name"] == "水墨"
    assert told["modelspec.prediction_type"] == "v"
    assert (told["ss_network_dim"], told["ss_network_alpha"]) == ("2", "2")
    record = json.loads((tmp_path / "水墨/training.json").read_text(encoding="utf-8"))
    assert told["danqing.data_digest"] == record["图片或描述"]
    assert told["danqing.base_digest"] == record["底模"]


@pytest.mark.parametrize("saving", ["fp16", "bf16"])
def test_it_can_be_saved_in_half(
    data: Path, models: dict[str, Path], tmp_path: Path, saving: str
) -> None:
    result = run(data, models["eps"], tmp_path / "out", save_precision=saving, max_train_steps=1)
    assert result.path is not None
    dtypes = {value.dtype for value in load_file(result.path).values()}
    assert dtypes == {{"fp16": torch.float16, "bf16": torch.bfloat16}[saving]}
    assert inspect(result.path, read(models["eps"])).pairs
