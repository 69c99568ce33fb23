"""danqing eval mini: how well the embedded model listens, as one table and as JSON."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from adapters.config import load
from adapters.locale import said

if TYPE_CHECKING:
    from generation.mini.evaluation import Share

WHOLE, QUICK = 1000, 60
"""Prompts."""


def evaluate(data: Path | None, *, model: Path | None, quick: bool, file: Path | None) -> int:
    """Draw held-out prompts, let the judge look, and print the figures; 1 if one is missed."""
    import torch

    from generation.mini import FOLDER, styles
    from generation.mini.evaluation import Painter, drawings, measure
    from generation.mini.judge import load as load_judge
    from generation.server import device_of, dtype_of

    config = load(data).engine
    if config.threads:
        torch.set_num_threads(config.threads)
    device = device_of(config.device)
    painter = Painter(model or FOLDER, styles(), dtype=dtype_of(config, device), device=device)
    count = QUICK if quick else WHOLE
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(said("drawing", "在画"), total=drawings(count))
        found = list(
            measure(painter, load_judge(), count=count, tell=lambda n: progress.advance(task, n))
        )
    _print(found)
    if file is not None:
        file.write_text(json.dumps(_as_json(found), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0 if all(share.ok for share in found) else 1


def _print(found: "list[Share]") -> None:
    table = Table(
        said("asked", "问的"),
        said("drawn right", "画对"),
        said("renders judged right", "判对真图"),
        said("bar", "要求"),
        said("of", "张数"),
        "",
    )
    for share in found:
        sign = "≥" if share.at_least else "≤"
        table.add_row(
            share.words,
            f"{share.value:.1f} {share.unit}",
            "" if share.renders is None or math.isnan(share.renders) else f"{share.renders:.1f} %",
            "" if share.bar is None else f"{sign} {share.bar:g} {share.unit}",
            str(share.of),
            ""
            if share.bar is None
            else said("yes", "达到")
            if share.ok
            else said("MISSED", "没到"),
        )
    Console().print(table)


def _as_json(found: "list[Share]") -> dict[str, object]:
    return {
        "figures": {
            share.name: {
                "value": share.value,
                "bar": share.bar,
                "unit": share.unit,
                "ok": share.ok,
            }
            for share in found
            if share.bar is not None
        },
        "also": {
            share.name: {"value": share.value, "unit": share.unit, "renders": share.renders}
            for share in found
        },
    }
