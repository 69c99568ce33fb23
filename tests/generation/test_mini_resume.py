"""A training that is killed goes on from its checkpoint as if it had never stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.mini.latent import Shelf, Shelves
from generation.mini.loop import Plan, Training, train
from generation.mini.network import TOKENS
from generation.training.checkpoint import load_state, save_state, write_whole

_STEPS = 14


def make(work: Path) -> tuple[Training, Plan]:
    """Make a tiny training of fourteen steps that saves after each one."""
    work.mkdir(exist_ok=True)
    source = torch.Generator().manual_seed(0)
    latents = torch.randn(40, 4, 8, 8, generator=source).half()
    tokens = torch.randint(5, 3000, (40, TOKENS), generator=source).to(torch.int16)
    shelves = Shelves(work)
    shelves.put("64x64", Shelf(latents, tokens, np.arange(10)))
    plan = Plan(work=work, batch=4, channels=(16, 32), steps=_STEPS, save_s=0.0, warm_up=3)
    return Training(plan, shelves, 1.0, torch.zeros(1, TOKENS, dtype=torch.int64)), plan


def run(work: Path) -> Training:
    training, plan = make(work)
    train(training, plan, lambda _: None)
    return training


def _same(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def test_killed_and_resumed_is_bit_equal_to_never_stopped(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        f"import importlib.util as u; s = u.spec_from_file_location('resume', {__file__!r})\n"
        "m = u.module_from_spec(s); s.loader.exec_module(m)\n"
        f"from pathlib import Path; m.run(Path({str(tmp_path / 'killed')!r}))\n"
    )
    path = tmp_path / "killed" / "diffusion.pt"
    child = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."})
    try:
        seen: set[int] = set()
        while len(seen) < 4:  # it is in its fifth step, or writing the state after it
            assert child.poll() is None
            if path.exists():
                seen.add(path.stat().st_mtime_ns)
            time.sleep(0.001)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    state = load_state(path)
    assert state is not None
    assert 4 <= state["step"] < _STEPS
    resumed = run(tmp_path / "killed").state()
    straight = run(tmp_path / "straight").state()
    del resumed["elapsed_s"], straight["elapsed_s"]
    assert straight["step"] == _STEPS
    assert _same(resumed, straight)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_state(path, {"step": 1})

    def fail(beside: Path) -> None:
        beside.write_bytes(b"half of it")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert load_state(path) == {"step": 1}
    assert load_state(tmp_path / "none.pt") is None


def test_averaged_weights_follow_the_trained_ones(tmp_path: Path) -> None:
    training, _ = make(tmp_path)
    before = {name: value.clone() for name, value in training.averaged.items()}
    for _ in range(3):
        training.step()
    name = "denoiser.conv_in.weight"
    now = training.networks.state_dict()[name]
    assert not torch.equal(training.averaged[name], before[name])
    assert (training.averaged[name] - before[name]).norm() < (now - before[name]).norm()


def test_characters_that_no_caption_holds_keep_meaning_nothing(tmp_path: Path) -> None:
    training, _ = make(tmp_path)
    weight = training.networks.state_dict()["text_encoder.embeddings.token_embedding.weight"]
    assert (weight.abs().sum(dim=1) == 0).sum() > 3000
