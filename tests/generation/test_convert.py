"""Pickles become safetensors behind fences, or say why not; nothing in them is run."""

import os
import pickle
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from adapters.modelling import to_safetensors
from generation.errors import BrokenModel
from generation.lora.file import inspect
from generation.zoo import unpickle
from generation.zoo.convert import CHILD, MOST_BYTES, convert, new_name, pickles
from generation.zoo.folder import faults, read
from generation.zoo.model import load
from tests.generation.lora_factory import pairs, processors

PARTS = {
    "unet": "diffusion_pytorch_model.bin",
    "vae": "diffusion_pytorch_model.bin",
    "text_encoder": "pytorch_model.bin",
}
FENCED = sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}


def saved(path: Path, value: object, **how: Any) -> Path:
    torch.save(value, path, **how)
    return path


@pytest.fixture
def old(models: dict[str, Path], tmp_path: Path) -> Path:
    """A model as it was published in 2023: pickles, and an encoder named the old way."""
    folder = Path(shutil.copytree(models["eps"], tmp_path / "old"))
    for part, name in PARTS.items():
        (weights,) = (folder / part).glob("*.safetensors")
        before = "text_model." if part == "text_encoder" else ""
        tensors = {before + key: value for key, value in load_file(weights).items()}
        saved(folder / part / name, tensors)
        weights.unlink()
    return folder


def test_an_old_model_is_made_new_and_loads(
    models: dict[str, Path], old: Path, tmp_path: Path
) -> None:
    assert any("model convert" in fault for fault in faults(old))
    new = tmp_path / "new"
    assert to_safetensors(old, new, None, delete=False) == 0
    assert faults(new) == []
    assert (len(pickles(old)), pickles(new)) == (3, [])
    one, two = (
        load(read(path), torch.device("cpu"), torch.float32) for path in (new, models["eps"])
    )
    assert torch.equal(one.text.encode("一只猫", 1), two.text.encode("一只猫", 1))
    for name, value in two.unet.state_dict().items():
        assert torch.equal(one.unet.state_dict()[name], value), name


def test_pickles_go_when_all_is_whole_and_not_before(
    models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Path(shutil.copytree(models["eps"], tmp_path / "old"))
    encoder = old / "text_encoder/pytorch_model.bin"
    weights = encoder.with_name("model.safetensors")
    saved(encoder, load_file(weights))
    weights.unlink()
    whole = encoder.read_bytes()
    encoder.write_bytes(whole[:-2000])
    assert to_safetensors(old, None, None, delete=True) == 1
    told = capsys.readouterr().err
    assert "text_encoder/pytorch_model.bin 没有转换：不是完整的权重文件" in told
    assert "text_encoder 只有 .bin 权重" in told
    assert pickles(old) == [encoder]
    encoder.write_bytes(whole)
    assert to_safetensors(old, None, "fp16", delete=True) == 0
    assert pickles(old) == []
    assert faults(old) == []
    assert {value.dtype for value in load_file(weights).values()} == {torch.float16}


def test_a_published_lora_keeps_its_keys(models: dict[str, Path], tmp_path: Path) -> None:
    tensors = processors(pairs(models["eps"]), prefix=False)
    path = saved(tmp_path / "pytorch_lora_weights.bin", tensors)
    assert to_safetensors(tmp_path, None, None, delete=False) == 0
    made = path.with_suffix(".safetensors")
    assert load_file(made).keys() == tensors.keys()
    assert inspect(made, read(models["eps"])).form == "diffusers 2023"


@pytest.mark.parametrize("legacy", [False, True])
def test_every_number_is_kept_whatever_lies_behind_it(tmp_path: Path, *, legacy: bool) -> None:
    base = torch.randn(6, 5)
    tensors = {
        "tied": base, "to it": base, "turned": base.T, "cut": base[1:3], "one": torch.tensor(3.5),
        "none": torch.empty(0, 4), "half": base.half(), "brain": base.bfloat16(),
        "whole": torch.arange(7), "yes": torch.tensor([True, False, True]), "八": base.double(),
    }  # fmt: skip
    source = saved(tmp_path / "a.bin", tensors, _use_new_zipfile_serialization=not legacy)
    made = convert(source, tmp_path / "a.safetensors")
    found = load_file(made.path)
    assert made.tensors == len(tensors)
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value), name
    assert not FENCED or {"memory", "calls"} <= set(made.fences)


def test_the_weights_of_a_checkpoint_are_found(tmp_path: Path) -> None:
    source = saved(tmp_path / "sd.ckpt", {"state_dict": {"a": torch.ones(2)}, "epoch": 3})
    assert set(unpickle.read(str(source))) == {"a"}


def test_numbers_that_do_not_fit_are_named(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.bin", {"a": torch.tensor([1e6, 1.0])})
    with pytest.raises(BrokenModel, match="a 里有 float16 放不下的数"):
        convert(source, tmp_path / "a.safetensors", dtype="fp16")
    assert not list(tmp_path.glob("*safetensors*")) + list(tmp_path.glob(".*"))


class Evil:
    """Runs a command when it is unpickled by whoever trusts it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.mark}",)  # pyright: ignore[reportDeprecated]


def _evil(path: Path) -> None:
    saved(path, {"a": torch.ones(2), "b": Evil(path.with_name("owned"))})


def _evil_old(path: Path) -> None:
    saved(path, {"b": Evil(path.with_name("owned"))}, _use_new_zipfile_serialization=False)


def _evil_plain(path: Path) -> None:
    path.write_bytes(pickle.dumps(Evil(path.with_name("owned"))))


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)


def _cut(path: Path) -> None:
    saved(path, {"a": torch.ones(4000)})
    path.write_bytes(path.read_bytes()[:-3000])


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (_evil, "除了权重还有 posix.system，打开它可能会执行代码，所以没有打开"),
    "code, the old way": (_evil_old, "除了权重还有 posix.system"),
    "only code": (_evil_plain, "不是完整的权重文件，或里面有权重以外的东西"),
    "cut": (_cut, "不是完整的权重文件"),
    "nothing": (lambda p: p.write_bytes(b""), "不是完整的权重文件"),
    "too large": (_huge, "文件超过 16 GB"),
    "gone": (Path.mkdir, "不是文件"),
}


@pytest.mark.parametrize(("breaks", "words"), BREAKS.values(), ids=BREAKS)
def test_a_bad_pickle_is_named_and_nothing_of_it_is_run(
    tmp_path: Path, breaks: Callable[[Path], object], words: str
) -> None:
    source = tmp_path / "a.bin"
    breaks(source)
    with pytest.raises(BrokenModel, match=r"a\.bin 没有转换：") as caught:
        convert(source, tmp_path / "a.safetensors")
    assert words in str(caught.value)
    assert os.listdir(tmp_path) == ["a.bin"]  # noqa: PTH208  hidden files too


ODD: dict[str, tuple[object, str]] = {
    "a bomb": ({"a": torch.zeros(1).expand(1 << 30)}, "对不上"),
    "a list": ([torch.ones(1)], "没有按名字存放的权重"),
    "words": ({"a": "b"}, "'a' 不是权重"),
    "no name": ({3: torch.ones(1)}, "'3' 不是权重"),
    "sparse": ({"a": torch.eye(3).to_sparse()}, "不支持"),
    "complex": ({"a": torch.ones(1, dtype=torch.complex64)}, "不支持"),
}


@pytest.mark.parametrize(("value", "words"), ODD.values(), ids=ODD)
def test_what_is_no_set_of_weights_is_named(tmp_path: Path, value: object, words: str) -> None:
    with pytest.raises(unpickle.Refused, match=words):
        unpickle.read(str(saved(tmp_path / "a.bin", value)))


def test_the_evil_pickle_would_have_done_it(tmp_path: Path) -> None:
    _evil_plain(tmp_path / "a.bin")
    pickle.loads((tmp_path / "a.bin").read_bytes())  # noqa: S301  ours
    assert (tmp_path / "owned").exists()


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.bin", {"a": torch.ones(1)})
    (tmp_path / "a.safetensors").write_bytes(b"mine")
    with pytest.raises(BrokenModel, match=r"已经有 a\.safetensors 了"):
        convert(source, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == b"mine"


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "没有这个文件夹"), (tmp_path, "没有 .bin 权重")):
        with pytest.raises(BrokenModel, match=words):
            to_safetensors(path, None, None, delete=False)


def test_names_are_those_that_are_looked_for() -> None:
    names = {
        "pytorch_model.bin": "model.safetensors",
        "pytorch_model.fp16.bin": "model.fp16.safetensors",
        "diffusion_pytorch_model.bin": "diffusion_pytorch_model.safetensors",
        "pytorch_lora_weights.bin": "pytorch_lora_weights.safetensors",
    }
    assert {name: new_name(Path(name)) for name in names} == names


ATTEMPTS = {
    "a socket": "import socket; socket.socket()",
    "a program": "os.execv('/bin/true', ['true'])",
    "a process": "os.fork()",
    "a file": "open('made', 'w')",
    "a change": "open('here', 'r+')",
    "an end": "os.unlink('here')",
    "another name": "os.rename('here', 'there')",
    "a folder": "os.mkdir('made')",
    "a thread": "import _thread; _thread.start_new_thread(print, ())",
}


@pytest.mark.skipif(not FENCED, reason="no seccomp filter for this machine")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_fences_hold_even_if_code_ran(tmp_path: Path, attempt: str) -> None:
    (tmp_path / "here").write_text("mine", encoding="utf-8")
    program = (
        "import os, runpy, socket, _thread\n"
        f"child = runpy.run_path({str(CHILD)!r})\n"
        "assert child['give_up_calls']()\n"
        "assert open('here').read() == 'mine'\n"
        "try:\n"
        f"    {ATTEMPTS[attempt]}\n"
        "except (PermissionError, RuntimeError): print('refused')\n"
        "else: print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "refused\n", done.stderr
    assert os.listdir(tmp_path) == ["here"]  # noqa: PTH208
    assert (tmp_path / "here").read_text(encoding="utf-8") == "mine"
