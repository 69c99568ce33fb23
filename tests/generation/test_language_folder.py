"""What is wrong with the folder of a text model is known without loading it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from generation.config import Task
from generation.errors import BrokenWriter
from generation.language.folder import faults, read
from tests.generation.language_factory import causal, marian, t5

ROOT = Path(__file__).parents[2]


@pytest.fixture
def zh_en(tmp_path: Path) -> Path:
    return marian(tmp_path / "zh-en")


@pytest.fixture
def bloom(tmp_path: Path) -> Path:
    return causal(tmp_path / "bloom")


def test_what_is_whole_has_no_fault(tmp_path: Path, zh_en: Path, bloom: Path) -> None:
    assert faults(zh_en, "translate") == []
    assert faults(bloom, "polish") == []
    assert faults(t5(tmp_path / "t5"), "polish") == []
    assert read(zh_en, "translate").seq2seq
    assert not read(bloom, "polish").seq2seq


def test_no_folder_is_no_model(tmp_path: Path) -> None:
    assert faults(tmp_path / "none", "translate") == ["没有这个文件夹"]


@pytest.mark.parametrize("task", ["translate", "polish"])
def test_pickles_are_not_opened(tmp_path: Path, zh_en: Path, bloom: Path, task: Task) -> None:
    path = Path(shutil.copytree(zh_en if task == "translate" else bloom, tmp_path / "old"))
    (path / "model.safetensors").rename(path / "pytorch_model.bin")
    (fault,) = faults(path, task)
    assert "danqing model convert" in fault
    with pytest.raises(BrokenWriter, match="old"):
        read(path, task)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", "{", "不是完整的 JSON"),
        ("config.json", "{}", "不支持的内容"),
        ("config.json", '{"model_type": "t5", "is_encoder_decoder": true}', "model_type 是 t5"),
        ("config.json", '{"model_type": "evil", "auto_map": {"AutoModel": "a.B"}}', "evil"),
        ("model.safetensors", "", "safetensors"),
        ("config.json", None, "config.json 缺失"),
        ("model.safetensors", None, "model.safetensors 缺失"),
        ("source.spm", None, "source.spm"),
    ],
)
def test_a_fault_is_named(zh_en: Path, name: str, content: str | None, words: str) -> None:
    (zh_en / name).unlink()
    if content is not None:
        (zh_en / name).write_text(content, "utf-8")
    (fault,) = faults(zh_en, "translate")
    assert words in fault


def test_a_polisher_needs_a_tokenizer_json(bloom: Path) -> None:
    (bloom / "tokenizer.json").unlink()
    assert faults(bloom, "polish") == ["tokenizer.json 缺失"]


def test_shards_are_looked_at_each(tmp_path: Path, bloom: Path) -> None:
    path = tmp_path / "shards"
    model = AutoModelForCausalLM.from_pretrained(bloom, local_files_only=True)
    model.save_pretrained(path, max_shard_size="20KB")
    shutil.copy(bloom / "tokenizer.json", path)
    shards = sorted(path.glob("model-*.safetensors"))
    assert len(shards) > 1
    assert faults(path, "polish") == []
    assert read(path, "polish").numbers == sum(of.numel() for of in model.parameters())
    shards[0].unlink()
    assert faults(path, "polish") == [f"{shards[0].name} 缺失"]
    (path / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../bloom/model.safetensors"}}), "utf-8"
    )
    (fault,) = faults(path, "polish")
    assert "不是这个文件夹里的" in fault


def test_check_names_what_is_wrong_with_a_text_model(tmp_path: Path, zh_en: Path) -> None:
    lines = [
        *("[engine.translators]", f"zh-en = {json.dumps(str(zh_en))}"),
        *("[engine.polishers]", 'bloom = "none"'),
        *("[engine.cards.mini]", 'translator = "zh-en"', 'polisher = "bloom"'),
    ]
    (tmp_path / "config.toml").write_text("\n".join(lines), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "adapters.cli", "check"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "polisher bloom: 没有这个文件夹" in done.stdout
    assert "zh-en" not in done.stdout
