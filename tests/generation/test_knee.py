"""How many rows of a batch pay, and where that is remembered."""

import json
from collections.abc import Iterator
from itertools import count
from math import log2
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adapters.cli import main
from generation import server
from generation.errors import UnknownModel
from generation.knee import SIZES, Knees, knee, measure
from generation.zoo.model import Model
from generation.zoo.shelf import Shelf

SHAPE = (8, 8, 12)


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Model:
    return taken("eps", models)


def taken(name: str, models: dict[str, Path]) -> Model:
    return Shelf(models, room=1, device=torch.device("cpu"), dtype=torch.float32).take(name)


@pytest.mark.parametrize(
    ("times", "rows"),
    [
        # as measured: milliseconds of a row fall to 17.9, 13.3, 11.6 and then to 10.6 only
        ([(1, 23.3), (2, 35.8), (4, 53.2), (8, 92.8), (16, 169.6)], 8),
        ([(1, 10.0), (2, 10.0), (4, 10.0)], 4),
        ([(1, 10.0), (2, 18.0), (4, 36.0)], 2),
        ([(1, 10.0), (2, 18.1)], 1),
        # something else disturbed the second: the third pays for both doublings
        ([(1, 10.0), (2, 20.0), (4, 32.0)], 4),
        ([(1, 10.0), (2, 20.0), (4, 33.0)], 1),
        ([(1, 3000.0)], 1),
        ([], 1),
    ],
)
def test_the_knee_is_the_last_size_that_saves_a_tenth_of_each_row(
    times: list[tuple[int, float]], rows: int
) -> None:
    assert knee(times) == rows


@given(st.lists(st.floats(1e-6, 1e3), max_size=6))
def test_no_larger_size_saves_a_tenth_for_each_doubling_and_the_knee_does(
    seconds: list[float],
) -> None:
    each = {rows: taken_s / rows for rows, taken_s in zip(SIZES, seconds, strict=False)}
    found = knee(list(zip(SIZES, seconds, strict=False)))
    for rows, row_s in each.items():
        pays = row_s <= each[found] * 0.9 ** log2(rows / found)
        assert rows <= found or not pays
    assert found == 1 or each[found] < each[1]


def test_all_sizes_are_measured_when_there_is_time(model: Model) -> None:
    times = measure(model, *SHAPE, budget_s=60)
    assert tuple(rows for rows, _ in times) == SIZES
    assert all(seconds > 0 for _, seconds in times)


def test_it_stops_when_the_next_size_would_be_out_of_the_budget(model: Model) -> None:
    def ticking() -> Iterator[float]:  # whoever looks at it finds a second gone
        yield from map(float, count())

    ticks = ticking()
    times = measure(model, *SHAPE, budget_s=20, clock=lambda: next(ticks))
    assert [rows for rows, _ in times] == [1, 2]
    assert [rows for rows, _ in measure(model, *SHAPE, budget_s=0)] == [1]


def test_a_size_that_does_not_fit_ends_it(model: Model) -> None:
    def full(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > 4:
            raise torch.OutOfMemoryError("full")

    handle = model.unet.conv_in.register_forward_pre_hook(full)
    try:
        times = measure(model, *SHAPE, budget_s=60)
    finally:
        handle.remove()
    assert [rows for rows, _ in times] == [1, 2, 4]


def test_a_model_for_inpainting_is_measured_with_all_its_channels(models: dict[str, Path]) -> None:
    assert measure(taken("inpaint", models), *SHAPE, budget_s=0)


def test_what_is_measured_once_is_remembered(model: Model, tmp_path: Path) -> None:
    file = tmp_path / "data" / "knee.json"
    rows = Knees(file).cap(model, SHAPE)
    ((name, times),) = json.loads(file.read_bytes()).items()
    threads, size = torch.get_num_threads(), model.folder.size_bytes
    assert name.endswith(f" · {threads} threads · float32 · models0/eps, {size} bytes · 8×8")
    assert knee([(n, s) for n, s in times]) == rows
    file.write_text(json.dumps({name: [[1, 1.0], [2, 1.0], [4, 4.0]]}))
    assert Knees(file).cap(model, SHAPE) == 2
    assert [path.name for path in file.parent.iterdir()] == ["knee.json"]


def test_sizes_are_remembered_apart_and_none_forgets_another(model: Model, tmp_path: Path) -> None:
    file = tmp_path / "knee.json"
    one, other = Knees(file, budget_s=0), Knees(file, budget_s=0)
    one.cap(model, SHAPE)
    other.cap(model, (16, 8, 12))
    assert len(json.loads(file.read_bytes())) == 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"x": []}', b'{"x": [[0, 1]]}', b'{"x": [[1, 0]]}']
)
def test_a_broken_file_is_no_error_and_is_written_anew(
    model: Model, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "knee.json"
    file.write_bytes(content)
    assert Knees(file, budget_s=0).cap(model, SHAPE) == 1
    assert len(json.loads(file.read_bytes())) == 1


def test_a_file_that_cannot_be_written_is_no_error(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Knees(tmp_path / "file" / "knee.json", budget_s=0).cap(model, SHAPE) == 1
    assert Knees(None, budget_s=0).cap(model, SHAPE) == 1


@pytest.fixture
def operator(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's data folder, with tiny models in the config."""
    folders = json.dumps({"mini": str(models["eps"]), "v": str(models["v"])})
    for name, value in {
        **server.SURROUNDINGS,
        **server.WAITING["sleep"],
        "LC_ALL": "C",
        "DANQING_ENGINE__MODELS": folders,
        "DANQING_ENGINE__DEVICE": "cpu",
        "DANQING_ENGINE__DTYPE": "fp32",
        "DANQING_ENGINE__WAITING": "sleep",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def test_the_operator_sees_the_times_and_the_engine_finds_them(
    operator: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "knee", "--model", "v", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["latent"], found["dtype"]) == ("v", [8, 8], "float32")
    assert [row["rows"] for row in found["times"]] == list(SIZES)
    assert found["knee"] in SIZES
    assert found["file"] == str(Path("data") / "knee.json")
    assert len(json.loads((operator / "knee.json").read_bytes())) == 1

    assert main(["bench", "knee"]) == 0
    said = capsys.readouterr().out
    assert "ms a row" in said
    assert "rows step together; kept in data/knee.json" in said
    assert len(json.loads((operator / "knee.json").read_bytes())) == 2


def test_a_model_that_there_is_not_is_named(
    operator: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "knee", "--model", "gone"]) == 1
    assert str(UnknownModel("没有叫 gone 的模型")) in capsys.readouterr().err
    assert not operator.exists()
