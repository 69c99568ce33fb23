"""What this machine can do, measured for its operator: danqing bench."""

import os
import sys
from pathlib import Path
from typing import TypedDict

import msgspec

from adapters.config import load
from adapters.locale import said
from generation import server
from generation.config import EngineConfig

BUDGET_S = 20.0
"""For the sizes of batches; the engine takes less when it finds nothing measured."""


class Row(TypedDict):
    """One size of a batch."""

    rows: int
    ms: float
    ms_per_row: float


class Found(TypedDict):
    """What was measured, as JSON has it."""

    model: str
    device: str
    dtype: str
    threads: int
    latent: list[int]
    times: list[Row]
    knee: int
    file: str


def knee(data: Path | None, model: str | None, *, json: bool) -> int:
    """Measure how many rows of a batch pay, print it, and keep it for the engine."""
    config = load(data)
    file = config.engine.knee_file or config.data_dir / "knee.json"
    found = _measure(config.engine, model or next(iter(config.engine.models)), file)
    if json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        _show(found)
    return 0


def _measure(config: EngineConfig, name: str, file: Path) -> Found:
    os.environ.update(server.SURROUNDINGS | server.waiting(config, os.getloadavg()[0]))

    import torch

    from generation.knee import Knees, device_name
    from generation.knee import knee as knee_of
    from generation.zoo.shelf import Shelf

    device = server.device_of(config.device)
    dtype = server.dtype_of(config, device)
    if config.threads:
        torch.set_num_threads(config.threads)
    model = Shelf(config.models, room=1, device=device, dtype=dtype).take(name)
    side = model.folder.native_px // model.folder.latent_px
    times = Knees(file, budget_s=BUDGET_S).measure(model, (side, side, model.folder.tokens))
    return {
        "model": name,
        "device": device_name(device),
        "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "latent": [side, side],
        "times": [
            {
                "rows": rows,
                "ms": round(taken_s * 1000, 3),
                "ms_per_row": round(taken_s * 1000 / rows, 3),
            }
            for rows, taken_s in times
        ],
        "knee": knee_of(times),
        "file": str(file),
    }


def _show(found: Found) -> None:
    from rich.console import Console
    from rich.table import Table

    size = "×".join(map(str, found["latent"]))
    title = f"{found['model']} {size} · {found['dtype']} · {found['device']}"
    table = Table("", title=title, box=None, header_style="bold", title_justify="left")
    for heading in (said("rows", "行"), said("ms", "毫秒"), said("ms a row", "每行毫秒")):
        table.add_column(heading, justify="right")
    for row in found["times"]:
        best = row["rows"] == found["knee"]
        cells = (f"{row['rows']}", f"{row['ms']:.1f}", f"{row['ms_per_row']:.2f}")
        table.add_row("→" if best else "", *cells, style="bold" if best else None)
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(
        said(
            f"{found['knee']} rows step together; kept in {found['file']}",
            f"每批 {found['knee']} 行；已记在 {found['file']}",
        ),
        highlight=False,
    )
