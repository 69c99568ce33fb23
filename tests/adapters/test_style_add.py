"""`danqing style add`: a LoRA becomes a style, or nothing is changed and a sentence says why."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file  # pyright: ignore[reportUnknownVariableType]

from adapters.cli import main
from adapters.config import load
from bot.label import check, recipe_of
from bot.style import Styles
from tests.generation.factory import tiny
from tests.generation.lora_factory import pairs, peft, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, and LoRAs for one of them."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("world")
    model = tiny(root / "eps", beta_end=0.004)
    ink = write(root / "ink.safetensors", peft(pairs(model, size=0.5)))
    write(root / "other.safetensors", peft(pairs(model, size=0.4, seed=1)))
    write(root / "zero.safetensors", peft(pairs(model, size=0.0)))
    tensors = load_file(ink)
    save_file({name.replace("attn", "attention"): t for name, t in tensors.items()},
              root / "strange.safetensors")  # fmt: skip
    next(iter(tensors.values())).view(-1)[0] = torch.nan
    save_file(tensors, root / "nan.safetensors")
    save_file({name: torch.cat([t, t], -1) if "lora_A" in name else t
               for name, t in load_file(ink).items()}, root / "wide.safetensors")  # fmt: skip
    return root


@pytest.fixture
def data(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(
        f'[engine]\nthreads = 1\n[engine.models]\neps = "{world / "eps"}"\n'
        f'[engine.loras]\nconfigured = "{world / "ink.safetensors"}"\n',
        encoding="utf-8",
    )
    return tmp_path / "data"


def add(world: Path, file: str, *said: str) -> int:
    return main(["style", "add", str(world / file), "--model", "eps", "--steps", "2", *said])


def files(folder: Path) -> Mapping[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_a_lora_becomes_a_style(
    world: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("--name", "墨味", "--alias", "墨香，墨意", "--weight", "0.8")
    assert add(world, "ink.safetensors", *said, "--phrase", "{prompt}，墨味") == 0
    told = capsys.readouterr().out
    picture = (data / "loras/墨味.png").read_bytes()
    for place in ("styles.toml", "loras/墨味.safetensors", "loras/墨味.png"):
        assert str(Path("data") / place) in told
    assert (data / "loras/墨味.safetensors").read_bytes() == (
        world / "ink.safetensors"
    ).read_bytes()
    check(picture)
    assert recipe_of(picture).loras == {"墨味": 0.8}

    config = load()
    style = Styles.load(own=config.own_styles).find("墨意")
    assert (style.name, style.model, style.steps) == ("墨味", "eps", 2)
    assert style.loras == {"墨味": 0.8}
    assert config.engine.loras["墨味"] == (data / "loras/墨味.safetensors").absolute()
    main(["style", "list", "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows if row["own"]] == ["墨味"]
    main(["parse", "画一只猫，墨香风"])
    assert json.loads(capsys.readouterr().out)["styles"] == ["墨味"]

    before = files(data)
    assert add(world, "other.safetensors", *said) == 1
    assert "要换掉它请加 --replace" in capsys.readouterr().err
    assert files(data) == before
    assert add(world, "other.safetensors", *said, "--replace") == 0
    assert (data / "loras/墨味.safetensors").read_bytes() == (
        world / "other.safetensors"
    ).read_bytes()
    assert len([s for s in Styles.load(own=config.own_styles) if s.name == "墨味"]) == 1

    assert main(["style", "remove", "墨香", "--delete"]) == 0
    assert files(data) == {"styles.toml": b""}


def test_one_may_stand_in_for_a_style_of_the_program(
    world: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("--name", "水墨", "--alias", "国风,墨韵")
    assert add(world, "ink.safetensors", *said) == 1
    assert "“水墨”已经是画风“水墨”的名字，要换掉它请加 --replace" in capsys.readouterr().err
    assert add(world, "ink.safetensors", *said, "--replace") == 0
    assert Styles.load(own=load().own_styles).find("国风").model == "eps"
    assert main(["style", "remove", "水墨"]) == 0
    assert "它的 LoRA 还在：data/loras/水墨.safetensors" in capsys.readouterr().out
    assert Styles.load(own=load().own_styles).find("国风").model == "mini"
    assert main(["style", "remove", "水墨"]) == 1
    assert "“水墨”是随程序来的画风，不能删" in capsys.readouterr().err
    assert main(["style", "remove", "没有的"]) == 1
    assert "没有“没有的”这种自己的画风" in capsys.readouterr().err


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "gone": ("none.safetensors", {}, "none.safetensors：没有这个文件"),
    "no numbers": ("nan.safetensors", {}, "不是数的值"),
    "no layer": ("strange.safetensors", {}, "没有一层对得上模型 eps"),
    "another base": ("wide.safetensors", {}, "多半是给别的底模训练的"),
    "without effect": ("zero.safetensors", {}, "画出来和不用它一样"),
    "no LoRA": ("eps/unet/diffusion_pytorch_model.safetensors", {}, "没有 LoRA 的张量"),
    "an unknown model": ("ink.safetensors", {"model": "m"}, "没有叫 m 的模型，有：mini、eps"),
    "the wrong model": ("ink.safetensors", {"model": "mini"}, "模型 weights"),
    "a path for a name": ("ink.safetensors", {"name": "../墨"}, "style.1.name"),
    "an alias that is taken": ("ink.safetensors", {"alias": "油彩"}, "“油彩”已经是画风“油画”"),
    "no alias": ("ink.safetensors", {"alias": "a/b"}, "style.1.aliases"),
    "no weight": ("ink.safetensors", {"weight": "nan"}, "权重 nan 不行"),
    "no steps": ("ink.safetensors", {"steps": "0"}, "style.1.steps"),
    "no prompt in the phrase": ("ink.safetensors", {"phrase": "水墨"}, "style.1.phrase"),
    "no sampler": ("ink.safetensors", {"sampler": "best"}, "style.1.sampler"),
    "a name in config.toml": ("ink.safetensors", {"name": "configured"}, "已经有叫 configured 的"),
}


@pytest.mark.parametrize(("file", "said", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_and_nothing_changed(
    world: Path, data: Path, capsys: pytest.CaptureFixture[str],
    file: str, said: dict[str, Any], words: str,
) -> None:  # fmt: skip
    data.mkdir()
    (data / "styles.toml").write_text("# mine\n", encoding="utf-8")
    flags = {"name": "墨味", **said}
    assert add(world, file, *(part for k, v in flags.items() for part in (f"--{k}", v))) == 1
    told = capsys.readouterr().err
    assert words in told
    assert files(data) == {"styles.toml": b"# mine\n"}


def test_a_disk_that_cannot_be_written_leaves_all_as_it_was(
    world: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "styles.toml").mkdir(parents=True)
    assert add(world, "ink.safetensors", "--name", "墨味") == 1
    assert "styles.toml" in capsys.readouterr().err
    assert files(data) == {}


def test_a_lora_that_lies_there_already_is_not_lost(
    world: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "loras").mkdir(parents=True)
    mine = data / "loras/墨味.safetensors"
    mine.write_bytes((world / "other.safetensors").read_bytes())
    assert add(world, "ink.safetensors", "--name", "墨味") == 1
    assert "已经有另一个" in capsys.readouterr().err
    assert (
        main(["style", "add", str(mine), "--name", "墨味", "--model", "eps", "--steps", "1"]) == 0
    )
    assert mine.read_bytes() == (world / "other.safetensors").read_bytes()


def test_words_that_no_model_can_read_are_faults(
    world: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "embeddings").mkdir(parents=True)
    save_file({"<小奶猫>": torch.ones(2, 999)}, data / "embeddings/小奶猫.safetensors")
    (data / "embeddings/坏.safetensors").write_bytes(b"no")
    save_file({"<好>": torch.ones(2, 16)}, data / "embeddings/好.safetensors")
    assert set(load().engine.embeddings) == {"小奶猫", "坏", "好"}
    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert "词向量 小奶猫：<小奶猫> 宽 999，模型的是 16" in told
    assert "词向量 坏.safetensors 不能用" in told
    assert "好.safetensors" not in told
