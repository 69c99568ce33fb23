"""danqing train has the words of diffusers' scripts, and ends when it is told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.cli import main
from generation.training.plan import Plan
from tests.generation.training_factory import pictures


def asked(*words: str) -> Plan:
    """Return the plan of a command line."""
    import argparse

    from adapters.train import arrange, plan_of

    parser = argparse.ArgumentParser()
    arrange(parser)
    return plan_of(vars(parser.parse_args(words)))


def test_what_is_not_said_is_as_the_plan_has_it(tmp_path: Path) -> None:
    found = asked("lora", "pictures", "--model", str(tmp_path), "--out", "out")
    assert found == Plan(method="lora", data=Path("pictures"), model=tmp_path, out=Path("out"))


def test_both_spellings_and_the_names_of_diffusers(tmp_path: Path) -> None:
    model = str(tmp_path)
    ours = asked("dreambooth", "pictures", "--model", model, "--out", "out",
                 "--train_batch_size", "8", "--with_prior_preservation",
                 "--learning_rate", "1e-3", "--instance_prompt", "一只sks猫")  # fmt: skip
    theirs = asked("dreambooth", "--instance-data-dir", "pictures",
                   "--pretrained_model_name_or_path", model, "--output_dir", "out",
                   "--train-batch-size", "8", "--with-prior-preservation",
                   "--learning-rate", "0.001", "--instance-prompt", "一只sks猫")  # fmt: skip
    assert ours == theirs
    assert (ours.train_batch_size, ours.with_prior_preservation) == (8, True)
    assert ours.learning_rate == pytest.approx(1e-3)


def test_the_command_of_the_embedded_styles() -> None:
    found = asked("lora", "pictures", "--model", "mini", "--out", "out", "--rank", "8",
                  "--lora_target_modules", "all", "--max_train_steps", "600",
                  "--train_batch_size", "8", "--learning_rate", "1e-3",
                  "--mixed_precision", "no")  # fmt: skip
    assert found.model_name == "mini"
    assert (found.model / "model_index.json").is_file()
    assert found.lora_target_modules == ("all",)
    assert (found.rank, found.max_train_steps, found.mixed_precision) == (8, 600, "no")


def test_layers_are_listed_with_commas() -> None:
    found = asked("lora", "p", "--out", "o", "--lora_target_modules", "to_q,conv_in")
    assert found.lora_target_modules == ("to_q", "conv_in")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lora", "--out", "out"), "DATA"),
        (("lora", "pictures", "--out", "out", "--model", "nobody"), "nobody"),
    ],
)
def test_what_is_missing_is_said(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["train", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_keeps_a_checkpoint_and_the_same_command_goes_on(
    models: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["lora", str(pictures(tmp_path / "data")), "--model", str(models["eps"]),
             "--out", str(out), "--max_train_steps", "400", "--train_batch_size", "1",
             "--checkpointing_steps", "3", "--report_to", "none", "--device", "cpu"]  # fmt: skip
    command = [sys.executable, "-m", "adapters.cli", "train", *words]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "zh_CN.UTF-8"},
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        heard: list[str] = []
        for line in child.stderr:
            heard.append(line)
            if "已存" in line:
                child.send_signal(signal.SIGINT)
                break
        heard += child.stderr.readlines()
        told = child.stdout.read()
    assert child.returncode == 1, heard
    assert any("共 5 张图片" in line for line in heard)
    assert "接着训练" in told
    last = max(int(path.stem.split("-")[1]) for path in out.glob("checkpoint-*.pt"))
    assert 3 <= last < 400
    assert f"停在第 {last} 步" in told
