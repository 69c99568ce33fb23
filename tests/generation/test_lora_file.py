"""Files of LoRAs: every way to write one says the same, and every bad one is named."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from generation.errors import BrokenLora
from generation.lora import file as on_disk
from generation.lora.adapter import Lora, load
from generation.lora.file import inspect
from generation.lora.format import is_plain, read
from generation.zoo import folder
from generation.zoo.folder import Folder
from tests.generation import lora_factory as write_as
from tests.generation.lora_factory import (
    ATTENTION,
    CONVOLUTIONS,
    DENSE,
    READING,
    WEIGHTS,
    Pairs,
    pairs,
    scaled,
    write,
)

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1"


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Folder:
    return folder.read(models["eps"])


@pytest.fixture(scope="module")
def both(model: Folder) -> Pairs:
    """A LoRA of rank 4 on attention and convolutions, and on the text encoder."""
    unet = pairs(model.path, (*ATTENTION, *CONVOLUTIONS, *DENSE))
    return unet | pairs(model.path, READING, part="text_encoder")


def same(one: Lora, other: Lora) -> bool:
    return one.layers.keys() == other.layers.keys() and all(
        torch.allclose(a, b, atol=1e-6)
        for place, factors in one.layers.items()
        for a, b in zip(factors, other.layers[place], strict=True)
    )


WAYS: dict[str, tuple[str, Callable[[Pairs], dict[str, Tensor]], dict[str, object]]] = {
    "peft": ("peft", write_as.peft, {}),
    "peft, named adapter": ("peft", lambda p: write_as.peft(p, adapter=".default"), {}),
    "peft, as its own library saves": (
        "peft",
        lambda p: write_as.peft(p, prefix=False, before="base_model.model."),
        {},
    ),
    "peft, no prefix": ("peft", lambda p: write_as.peft(p, prefix=False), {}),
    "peft, alpha told": (
        "peft",
        lambda p: write_as.peft(scaled(p, 0.5)),
        {"unet.lora_alpha": 8, "text_encoder.lora_alpha": 8, "unet.r": 4},
    ),
    "peft, alpha told for all": (
        "peft",
        lambda p: write_as.peft(scaled(p, 0.5), prefix=False),
        {"lora_alpha": 8.0, "alpha_pattern": {}},
    ),
    "peft, stable rank": (
        "peft",
        lambda p: write_as.peft(scaled(p, 0.25)),
        {f"{part}.{key}": value for part in ("unet", "text_encoder")
         for key, value in (("lora_alpha", 8), ("use_rslora", True))},
    ),
    "peft, an alpha of its own": (
        "peft",
        lambda p: write_as.peft(
            {(part, layer): (down, up * (2 if layer.endswith("conv1") else 1))
             for (part, layer), (down, up) in p.items()}
        ),
        {"unet.lora_alpha": 4, "unet.alpha_pattern": {"conv1": 2}},
    ),
    "diffusers": ("diffusers", write_as.diffusers, {}),
    "kohya": ("kohya", write_as.kohya, {}),
    "kohya, alpha": ("kohya", lambda p: write_as.kohya(scaled(p, 4), alpha=1.0), {}),
}  # fmt: skip


@pytest.mark.parametrize(("form", "named", "config"), WAYS.values(), ids=WAYS)
def test_every_way_to_write_it_is_the_same_lora(
    model: Folder,
    both: Pairs,
    tmp_path: Path,
    form: str,
    named: Callable[[Pairs], dict[str, Tensor]],
    config: dict[str, object],
) -> None:
    path = write(tmp_path / "墨.safetensors", named(both), **config)
    fit = inspect(path, model)
    assert (fit.form, fit.ranks, fit.size_bytes) == (form, (4,), path.stat().st_size)
    assert sum(fit.matched.values()) == len(both)
    assert all(fit.matched.values())
    plain = load(write(tmp_path / "plain.safetensors", write_as.peft(both)), model)
    assert same(load(path, model), plain)


@pytest.mark.parametrize("prefix", [True, False], ids=["unet.", "as published"])
def test_the_published_keys_match(model: Folder, tmp_path: Path, *, prefix: bool) -> None:
    attention = pairs(model.path, rank=3)
    named = write_as.processors(attention, prefix=prefix)
    fit = inspect(write(tmp_path / "poem.safetensors", named), model)
    assert (fit.form, fit.ranks) == ("diffusers 2023", (3,))
    assert fit.matched == {"unet": len(attention), "text_encoder": 0}


def test_a_bert_is_dressed_like_a_clip(models: dict[str, Path], tmp_path: Path) -> None:
    reading = pairs(models["v"], READING, part="text_encoder")
    path = write(tmp_path / "bert.safetensors", write_as.peft(reading))
    assert inspect(path, folder.read(models["v"])).matched == {"unet": 0, "text_encoder": 4}


def test_an_encoder_saved_the_old_way_matches(model: Folder, both: Pairs, tmp_path: Path) -> None:
    old = Path(shutil.copytree(model.path, tmp_path / "old"))
    weights = load_file(old / WEIGHTS["text_encoder"])
    save_file(
        {f"text_model.{name}": w for name, w in weights.items()}, old / WEIGHTS["text_encoder"]
    )
    path = write(tmp_path / "墨.safetensors", write_as.diffusers(both))
    assert inspect(path, folder.read(old)).matched == inspect(path, model).matched


def test_half_precision_is_read(model: Folder, both: Pairs, tmp_path: Path) -> None:
    for dtype in (torch.float16, torch.bfloat16):
        halved = {name: t.to(dtype) for name, t in write_as.peft(both).items()}
        lora = load(write(tmp_path / f"{dtype}.safetensors", halved), model)
        assert {t.dtype for pair in lora.layers.values() for t in pair} == {torch.float32}


def test_a_matrix_for_a_convolution_of_one_pixel_is_taken(model: Folder, tmp_path: Path) -> None:
    kernels = pairs(model.path, ("proj_in",))
    flat: Pairs = {at: (down.flatten(1), up.flatten(1)) for at, (down, up) in kernels.items()}
    lora, other = (
        load(write(tmp_path / f"{i}.safetensors", write_as.peft(p)), model)
        for i, p in enumerate((kernels, flat))
    )
    assert same(lora, other)


Break = Callable[[dict[str, Tensor]], object]


def _no_number(tensors: dict[str, Tensor]) -> None:
    next(iter(tensors.values())).view(-1)[3] = torch.nan


def _another_base(tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if "lora_A" in name:
            tensors[name] = torch.zeros(4, tensor.shape[1] * 2)


def _of_rank(rank: int) -> Break:
    def work(tensors: dict[str, Tensor]) -> None:
        for name, tensor in tensors.items():
            shape = (rank, tensor.shape[1]) if "lora_A" in name else (tensor.shape[0], rank)
            tensors[name] = torch.zeros(shape)

    return work


def _all_renamed(old: str, new: str) -> Break:
    def work(tensors: dict[str, Tensor]) -> None:
        for name in list(tensors):
            tensors[name.replace(old, new)] = tensors.pop(name)

    return work


TO_Q = f"unet.{LAYER}.to_q"

BREAKS: dict[str, tuple[Break, str]] = {
    "LoHa": (
        lambda t: t.update({f"lora_unet_{LAYER}.hada_w1_a": torch.ones(1)}),
        "LyCORIS/DoRA 还",
    ),
    "LoKr": (lambda t: t.update({"lora_unet_a.lokr_w1": torch.ones(1)}), "LyCORIS/DoRA 还不支持"),
    "DoRA": (
        lambda t: t.update({f"{TO_Q}.lora_magnitude_vector": torch.ones(1)}),
        "LyCORIS/DoRA 还不支持",
    ),
    "DoRA of kohya": (lambda t: t.update({"lora_unet_a.dora_scale": torch.ones(1)}), "DoRA 还不"),
    "Tucker": (lambda t: t.update({"lora_unet_a.lora_mid.weight": torch.ones(1)}), "LyCORIS/DoRA"),
    "whole differences": (lambda t: t.update({"lora_unet_a.diff": torch.ones(1)}), "LyCORIS/DoRA"),
    "rank 0": (_of_rank(0), "秩是 0"),
    "rank 4096": (_of_rank(4096), "秩是 4096"),
    "no number": (_no_number, "不是数的值"),
    "larger than life": (lambda t: t[f"{TO_Q}.lora_A.weight"].fill_(1e6), "大得离谱"),
    "larger together": (
        lambda t: [t[f"{TO_Q}.lora_{f}.weight"].fill_(500.0) for f in "AB"],
        "大得离谱",
    ),
    "up without down": (lambda t: t.pop(f"{TO_Q}.lora_A.weight"), "缺 down"),
    "down without up": (lambda t: t.pop(f"{TO_Q}.lora_B.weight"), "缺 up"),
    "twice": (
        lambda t: t.update({f"{TO_Q}.lora_A.other.weight": t[f"{TO_Q}.lora_A.weight"].clone()}),
        "两份 down",
    ),
    "one layer too many": (
        lambda t: t.update({f"unet.nowhere.lora_{f}.weight": torch.zeros(4, 4) for f in "AB"}),
        "9 层里有 1 层在模型 eps 里没有（例如 nowhere）",
    ),
    "no layer at all": (_all_renamed("down_blocks", "double_blocks"), "没有一层对得上模型 eps"),
    "another base": (_another_base, "多半是给别的底模训练的"),
    "a path for a name": (
        lambda t: t.update({"../../x": torch.ones(1)}),
        "不允许的张量名 '../../x'",
    ),
    "a name in Chinese": (lambda t: t.update({"墨": torch.ones(1)}), "不允许的张量名"),
    "a long name": (lambda t: t.update({"a" * 300: torch.ones(1)}), "不允许的张量名"),
    "what is no LoRA": (lambda t: t.update({"conv_in.weight": torch.ones(1)}), "1 个张量不认识"),
    "no LoRA at all": (lambda t: (t.clear(), t.update({"x": torch.ones(1)})), "没有 LoRA 的张量"),
    "nothing": (dict[str, Tensor].clear, "没有 LoRA 的张量"),
    "whole numbers": (
        lambda t: t.update({f"{TO_Q}.lora_A.weight": torch.ones(4, 16, dtype=torch.int32)}),
        "I32",
    ),
    "many alphas": (lambda t: t.update({f"{TO_Q}.alpha": torch.ones(2)}), "alpha 不是一个数"),
    "no alpha": (lambda t: t.update({f"{TO_Q}.alpha": torch.tensor(torch.inf)}), "不是数的值"),
    "too many tensors": (
        lambda t: t.update({f"x{i}": torch.empty(0) for i in range(20_000)}),
        "最多 20000",
    ),
}


@pytest.mark.parametrize(("breaks", "words"), BREAKS.values(), ids=BREAKS)
def test_a_bad_lora_is_named_and_so_is_what_is_wrong(
    model: Folder, tmp_path: Path, breaks: Break, words: str
) -> None:
    tensors = write_as.peft(pairs(model.path, ATTENTION))
    tensors = {name: t for name, t in tensors.items() if name.startswith("unet.down_blocks")}
    breaks(tensors)
    path = write(tmp_path / "墨.safetensors", tensors)
    with pytest.raises(BrokenLora, match=r"LoRA 墨\.safetensors 不能用") as caught:
        load(path, model)
    assert words in str(caught.value)


CONFIGS: dict[str, tuple[dict[str, object], str]] = {
    "DoRA": ({"unet.use_dora": True}, "DoRA 还不支持"),
    "a riddle": ({"unet.alpha_pattern": {"(a+)+b": 2.0}}, "alpha_pattern 不是层的名字"),
    "words for an alpha": ({"unet.lora_alpha": "many"}, "读不懂"),
}


@pytest.mark.parametrize(("config", "words"), CONFIGS.values(), ids=CONFIGS)
def test_metadata_are_read_with_care(
    model: Folder, both: Pairs, tmp_path: Path, config: dict[str, object], words: str
) -> None:
    path = write(tmp_path / "墨.safetensors", write_as.peft(both), **config)
    with pytest.raises(BrokenLora, match=words):
        inspect(path, model)


def _headed(head: bytes, data: bytes = b"") -> bytes:
    return len(head).to_bytes(8, "little") + head + data


TENSOR = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'

FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "不是完整的 safetensors"),
    "a pickle in disguise": (b"\x80\x04K\x01." * 99, "不是完整的 safetensors"),
    "a page in disguise": (_headed(b"<html>" * 99), "文件头读不懂"),
    "a list": (_headed(b"[1,2]"), "文件头读不懂"),
    "a deep hole": (_headed(b'{"a":' + b"[" * 100_000), "文件头读不懂"),
    "no text": (_headed(b'{"\xff":1}'), "文件头读不懂"),
    "named twice": (
        _headed(f'{{"a":{TENSOR},"a":{TENSOR}}}'.encode(), bytes(4)),
        "重复的名字",
    ),
    "cut": (_headed(f'{{"a":{TENSOR}}}'.encode(), bytes(3)), "可能没有下载完"),
    "something behind": (_headed(f'{{"a":{TENSOR}}}'.encode(), bytes(5)), "可能没有下载完"),
    "two in one place": (
        _headed(f'{{"a":{TENSOR},"b":{TENSOR}}}'.encode(), bytes(4)),
        "文件头和内容对不上",
    ),
    "fewer bytes than numbers": (
        _headed(json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}).encode(),
                bytes(4)),
        "文件头和内容对不上",
    ),
    "below nothing": (_headed(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', bytes(4)),
                      "文件头读不懂"),
    "numbers of no kind": (_headed(f'{{"a":{TENSOR.replace("F32", "F33")}}}'.encode(), bytes(4)),
                           "F33"),
    "a long head": (_headed(b"{}" + b" " * (4 << 20)), "文件头有"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), FILES.values(), ids=FILES)
def test_a_bad_file_is_named(model: Folder, tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "墨.safetensors"
    path.write_bytes(data)
    for look in (inspect, load):
        with pytest.raises(BrokenLora, match=words):
            look(path, model)


def test_what_is_no_file_is_named(model: Folder, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(BrokenLora, match="没有这个文件"):
            load(path, model)


def test_a_huge_file_is_not_even_opened(model: Folder, tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(on_disk.MOST_BYTES + 1)
    with pytest.raises(BrokenLora, match="超过 512 MB"):
        load(path, model)


@given(at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
def test_no_damage_is_worse_than_a_broken_lora(
    model: Folder, damaged: Path, at: float, value: int, *, cut: bool
) -> None:
    data = bytearray(damaged.read_bytes())
    place = int(at * len(data))
    data[place] = value
    path = damaged.with_name("hurt.safetensors")
    path.write_bytes(data[:place] if cut else data)
    with suppress(BrokenLora):
        load(path, model)


@pytest.fixture(scope="module")
def damaged(model: Folder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file, to be damaged: nearly all of it is head."""
    small = dict(list(pairs(model.path, rank=1).items())[:2])
    path = tmp_path_factory.mktemp("damaged") / "whole.safetensors"
    return write(path, write_as.peft(small), **{"unet.lora_alpha": 2})


@given(st.text(max_size=300))
def test_any_name_is_read_or_refused(name: str) -> None:
    assert not is_plain(name) or name.isascii()
    read(name)
