"""`danqing style samples`: each style's picture, drawn by the studio's own engine."""

from pathlib import Path

import pytest
import torch

from adapters.cli import main
from adapters.config import load
from bot.label import packet_of
from bot.store.samples import MAX_BYTES, Samples
from bot.style import Style, Styles
from tests.generation.factory import tiny
from tests.generation.lora_factory import pairs, peft, write

STYLES = """[[style]]
name = "墨味"
model = "eps"
steps = 2
phrase = "{prompt}，墨味"

[[style]]
name = "远方"
model = "nowhere"
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a small model and two styles, one of a model that is not there."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    model = tiny(tmp_path / "eps", beta_end=0.004)
    write(tmp_path / "ink.safetensors", peft(pairs(model, size=0.5)))
    config = f'[engine]\nthreads = 1\n[engine.models]\neps = "{tmp_path / "eps"}"\n'
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/styles.toml").write_text(STYLES, encoding="utf-8")
    return tmp_path / "data"


def style(name: str) -> Style:
    return Styles.load(own=load().own_styles).find(name)


def test_a_sample_is_drawn_and_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", "samples", "墨味"]) == 0
    path = Samples(data).find(style("墨味"))
    assert path is not None
    assert str(path.name) in capsys.readouterr().out
    assert path.stat().st_size <= MAX_BYTES
    assert "TC260" in packet_of(path.read_bytes())


def test_the_same_style_gives_the_same_sample(data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert main(["style", "samples", "墨味", "--to", str(tmp_path / "to")]) == 0
    (path,) = (tmp_path / "to").iterdir()
    before = path.read_bytes()
    main(["style", "samples", "墨味", "--to", str(tmp_path / "to")])
    assert path.read_bytes() == before
    assert Samples(data).find(style("墨味")) is None, "it is in another folder"


@pytest.mark.usefixtures("data")
def test_a_style_whose_model_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", "samples", "远方"]) == 1
    assert "远方：engine.models 里没有它的模型 nowhere" in capsys.readouterr().out
    assert main(["style", "samples", "近处"]) != 0
    assert "没有“近处”这种画风" in capsys.readouterr().err


def test_a_style_of_ones_own_has_its_sample_from_the_start(data: Path) -> None:
    lora = str(data.parent / "ink.safetensors")
    assert main(["style", "add", lora, "--model", "eps", "--steps", "2", "--name", "新墨"]) == 0
    assert Samples(data).find(style("新墨")) is not None
    assert main(["style", "remove", "新墨"]) == 0
    assert not list((data / "samples").glob("新墨-*"))
