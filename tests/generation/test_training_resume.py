"""A training that is killed, stopped or out of disk goes on as if nothing had been."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from generation.training.checkpoint import load_state
from tests.generation.training_factory import pictures, run

STEPS = 9
KILLED = """
import os, resource, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
import torch
torch.set_num_threads(1)
from generation.training.errors import NotSaved
from generation.training.progress import Saved, Stepped
from tests.generation.training_factory import run

def tell(word):
    {when}

try:
    run(Path({data!r}), Path({model!r}), Path({out!r}), tell=tell, **{asked!r})
except NotSaved as error:
    print(error)
"""
ASKED: dict[str, Any] = {
    "max_train_steps": STEPS,
    "use_ema": True,
    "random_flip": True,
    "gradient_accumulation_steps": 2,
    "train_text_encoder": True,
    "lora_target_modules": ("all",),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return pictures(tmp_path / "data")


@pytest.fixture
def model(models: dict[str, Path]) -> Path:
    return models["eps"]


def child(data: Path, model: Path, out: Path, when: str) -> subprocess.CompletedProcess[str]:
    """Run a training in a process of its own, with a line of code at each word that it tells."""
    code = KILLED.format(
        path=sys.path, data=str(data), model=str(model), out=str(out), asked=ASKED, when=when
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


def state(path: Path) -> dict[str, Any]:
    found = load_state(path)
    assert found is not None
    del found["arguments"]  # they name the folder
    return found


def same(one: object, other: object) -> bool:
    """Tell whether two states are equal to the bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.slow
def test_killed_between_checkpoints_and_resumed_is_bit_equal_to_never_stopped(
    data: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed/out"
    done = child(
        data,
        model,
        out,
        "isinstance(word, Stepped) and word.step == 7 and os.kill(os.getpid(), signal.SIGKILL)",
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    # the first checkpoints were at 2, 4 and 6; the seventh step is lost
    assert "checkpoint-6.pt" in names(out)
    assert "pytorch_lora_weights.safetensors" not in names(out)
    resumed = run(data, model, out, **ASKED)
    straight = run(data, model, tmp_path / "straight/out", **ASKED)
    assert resumed.path is not None
    assert straight.path is not None
    assert resumed.path.read_bytes() == straight.path.read_bytes()
    ends = [state(folder / f"checkpoint-{STEPS}.pt") for folder in (out, straight.path.parent)]
    assert same(*ends)


@pytest.mark.slow
def test_killed_while_it_writes_a_checkpoint_leaves_the_last_one(
    data: Path, model: Path, tmp_path: Path
) -> None:
    # a file may grow to so many bytes and no further, and the signal for that kills
    when = (
        "isinstance(word, Saved) and word.step == 4 and ("
        "signal.signal(signal.SIGXFSZ, signal.SIG_DFL), "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)))"
    )
    out = tmp_path / "out"
    done = child(data, model, out, when)
    assert done.returncode == -signal.SIGXFSZ, done.stderr
    assert any(name.startswith(".checkpoint-6.pt.") for name in names(out))
    assert state(out / "checkpoint-4.pt")["step"] == 4
    run(data, model, out, **ASKED)
    assert not [name for name in names(out) if name.startswith(".checkpoint")]
    assert "pytorch_lora_weights.safetensors" in names(out)


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_checkpoint_and_says_so(
    data: Path, model: Path, tmp_path: Path
) -> None:
    when = (
        "isinstance(word, Saved) and word.step == 4 and "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    )
    out = tmp_path / "full/out"
    done = child(data, model, out, when)
    assert done.returncode == 0, done.stderr
    assert "检查点" in done.stdout
    assert "checkpoint-6.pt 写不下去" in done.stdout
    assert "上一个检查点 checkpoint-4.pt 完好" in done.stdout
    assert [name for name in names(out) if "checkpoint" in name] == [
        "checkpoint-2.pt",
        "checkpoint-4.pt",
    ]
    resumed = run(data, model, out, **ASKED)
    straight = run(data, model, tmp_path / "straight/out", **ASKED)
    assert resumed.path is not None
    assert straight.path is not None
    assert resumed.path.read_bytes() == straight.path.read_bytes()
