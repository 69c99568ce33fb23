"""What an operator sees of LoRAs, without a thing being loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path

from generation.mini import FOLDER, styles
from tests.generation.lora_factory import pairs, peft, processors, write

ROOT = Path(__file__).parents[2]


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "adapters.cli", *arguments],
        cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def configured(folder: Path, **loras: Path) -> Path:
    lines = [f"{name} = {json.dumps(str(path))}" for name, path in loras.items()]
    (folder / "config.toml").write_text("\n".join(["[engine.loras]", *lines]), encoding="utf-8")
    return folder


def test_a_lora_that_fits_is_listed_and_no_fault(tmp_path: Path) -> None:
    poem = write(tmp_path / "poem.safetensors", processors(pairs(FOLDER, rank=16), prefix=False))
    folder = configured(tmp_path, poem=poem)
    done = run(folder, "loras", "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row for row in rows if not row["name"].startswith("mini-")] == [
        {
            "name": "poem",
            "file": str(poem),
            "format": "diffusers 2023",
            "rank": [16],
            "layers": "56 + 0",
            "megabytes": round(poem.stat().st_size / 1e6, 1),
            "models": ["mini"],
            "faults": [],
        }
    ]
    assert "56 + 0" in run(folder, "loras").stdout
    assert run(folder, "check").returncode == 0


def test_one_that_fits_nothing_is_a_fault(models: dict[str, Path], tmp_path: Path) -> None:
    path = write(tmp_path / "other.safetensors", peft(pairs(models["eps"])))
    folder = configured(tmp_path, other=path, gone=tmp_path / "gone")
    for command in ("loras", "check"):
        done = run(folder, command)
        assert done.returncode == 1, done.stderr
        assert "other.safetensors" in done.stdout
        assert "没有这个文件" in done.stdout


def test_without_others_there_are_those_of_the_embedded_model(tmp_path: Path) -> None:
    done = run(tmp_path, "loras", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0
    assert [row["name"] for row in rows] == [f"mini-{name}" for name in styles()]
