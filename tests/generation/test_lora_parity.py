"""Our LoRAs are those of diffusers and peft."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils.save_and_load import get_peft_model_state_dict
from torch import Tensor

from generation.lora.adapter import Lora, load
from generation.lora.slots import Slots, stack
from generation.zoo.folder import Folder, read
from generation.zoo.model import Model
from generation.zoo.model import load as load_model
from tests.generation.factory import SIDE, TOKENS, WIDTH
from tests.generation.lora_factory import (
    ATTENTION,
    CONVOLUTIONS,
    DENSE,
    READING,
    kohya,
    pairs,
    peft,
    processors,
    write,
)


@pytest.fixture
def folder(models: dict[str, Path]) -> Folder:
    return read(models["eps"])


@pytest.fixture
def model(folder: Folder) -> Model:
    return load_model(folder, torch.device("cpu"), torch.float32)


@pytest.fixture
def pipe(folder: Folder) -> Any:
    return StableDiffusionPipeline.from_pretrained(folder.path, local_files_only=True)


@torch.inference_mode()
def say(unet: Any) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, SIDE // 8, SIDE // 8, generator=generator)
    context = torch.randn(2, TOKENS, WIDTH, generator=generator)
    return unet(x, torch.tensor([700.0, 30.0]), context, return_dict=False)[0]


def dressed(model: Model, worn: Sequence[tuple[Lora, float]]) -> Tensor:
    Slots(model.unet).wear([stack(worn, "unet")] * 2)
    return say(model.unet)


def test_attention_processors_of_2023(model: Model, pipe: Any, tmp_path: Path) -> None:
    named = processors(pairs(model.folder.path, ATTENTION, rank=8), prefix=False)
    path = write(tmp_path / "pytorch_lora_weights.safetensors", named)
    pipe.unet.load_lora_adapter(tmp_path, prefix=None, adapter_name="poem", use_safetensors=True)
    pipe.unet.set_adapters("poem", 0.4)
    lora = load(path, model.folder)
    assert torch.allclose(dressed(model, [(lora, 0.4)]), say(pipe.unet), rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_several_with_weights_of_their_own(model: Model, pipe: Any, tmp_path: Path) -> None:
    everywhere = pairs(model.folder.path, (*ATTENTION, *CONVOLUTIONS, *DENSE), rank=4, seed=1)
    attention = pairs(model.folder.path, rank=2, seed=2)
    named = {"ink": peft(everywhere), "cut": kohya(attention, alpha=1.0)}
    loras: list[Lora] = []
    for name, tensors in named.items():
        path = write(tmp_path / f"{name}.safetensors", tensors)
        pipe.load_lora_weights(tmp_path, weight_name=path.name, adapter_name=name)
        loras.append(load(path, model.folder))
    pipe.set_adapters(["ink", "cut"], [0.8, -0.5])
    ours = dressed(model, list(zip(loras, (0.8, -0.5), strict=True)))
    assert torch.allclose(ours, say(pipe.unet), rtol=0, atol=1e-5)


def test_what_peft_trains_and_diffusers_saves(model: Model, pipe: Any, tmp_path: Path) -> None:
    torch.manual_seed(3)
    pipe.unet.add_adapter(
        LoraConfig(
            r=4,
            lora_alpha=8,
            target_modules=["to_q", "to_v", "conv1"],
            rank_pattern={"to_v": 2},
            alpha_pattern={"to_q": 3},
            use_rslora=True,
            init_lora_weights=False,
        )
    )
    pipe.unet.save_lora_adapter(tmp_path)
    lora = load(tmp_path / "pytorch_lora_weights.safetensors", model.folder)
    assert lora.matched["unet"] == len(get_peft_model_state_dict(pipe.unet)) / 2
    assert torch.allclose(dressed(model, [(lora, 1.0)]), say(pipe.unet), rtol=0, atol=1e-5)


def test_the_text_encoder_reads_in_its_style(model: Model, pipe: Any, tmp_path: Path) -> None:
    reading = peft(pairs(model.folder.path, READING, part="text_encoder", rank=4))
    path = write(tmp_path / "ink.safetensors", reading)
    pipe.load_lora_weights(tmp_path, weight_name=path.name, adapter_name="ink")
    pipe.set_adapters("ink", 0.7)
    with torch.inference_mode():
        prompt, avoid = pipe.encode_prompt(
            "一只猫", "cpu", 1, do_classifier_free_guidance=True, negative_prompt="雨"
        )
    ours = model.text.encode_pair("一只猫", "雨", [(load(path, model.folder), 0.7)])
    for mine, theirs in zip(ours, (prompt, avoid), strict=True):
        assert torch.allclose(mine, theirs[0], rtol=0, atol=1e-5)
    plain = model.text.encode_pair("一只猫", "雨")
    assert not torch.allclose(ours[0], plain[0], atol=1e-3)
