"""Pictures equal those of diffusers: the same weights, seed, sampler and steps, float32, CPU.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.parity [--quick] [--json FILE]

Both sides run in turn in this process, on the embedded model and on tiny ones with random weights
that predict noise and velocity. A row is the largest difference of any latent, over all steps
tried, and the seconds that each side took for all of them. Bars: 1e-4.
"""

import argparse
import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import diffusers
import torch
import transformers
from rich.console import Console
from rich.table import Table

from generation.mini import FOLDER
from generation.recipe import Recipe
from generation.zoo.folder import faults, read
from tests.generation.conftest import MODELS
from tests.generation.factory import recipe, tiny
from tests.generation.reference import VARIANTS, Reference, draw, engine

BAR = 1e-4
"""Largest difference of two latents, whose standard deviation is about 1."""
STEPS = (1, 2, 7, 20)


@dataclass(frozen=True)
class Row:
    """One sampler on one model."""

    model: str
    sampler: str
    levels: str
    apart: float
    ours_s: float
    theirs_s: float


def compare(name: str, folder: Path, usual: Recipe, *, steps: tuple[int, ...]) -> Iterator[Row]:
    """Draw a recipe with each sampler, here and there."""
    studio, reference = engine({usual.model: folder}), Reference(folder)
    draw(studio, replace(usual, steps=1))
    reference.latent(replace(usual, steps=1))
    for sampler, levels in VARIANTS:
        apart = ours_s = theirs_s = 0.0
        for count in steps:
            asked = replace(usual, sampler=sampler, levels=levels, steps=count)
            before = perf_counter()
            (canvas,) = draw(studio, asked)
            between = perf_counter()
            latent = reference.latent(asked)
            reference.decode(latent)
            after = perf_counter()
            assert canvas.latent is not None, canvas.error
            apart = max(apart, (canvas.latent - latent).abs().max().item())
            ours_s += between - before
            theirs_s += after - between
        yield Row(name, sampler, levels, apart, ours_s, theirs_s)


def measure(root: Path, *, quick: bool) -> Iterator[Row]:
    """Compare on all models."""
    for name in ("eps", "v"):
        folder = tiny(root / name, **MODELS[name])  # pyright: ignore[reportArgumentType]
        yield from compare(f"tiny {name}", folder, recipe(), steps=STEPS[: 3 if quick else 4])
    if faults(FOLDER):
        return
    side = read(FOLDER).native_px
    usual = recipe(prompt="一只猫在月下", width=side, height=side)
    yield from compare("mini v", FOLDER, usual, steps=STEPS[3:] if quick else STEPS)


def show(rows: list[Row]) -> Table:
    """Return the table."""
    table = Table(title=f"largest difference of a latent to diffusers {diffusers.__version__}")
    for column in ("model", "sampler", "levels", "difference", "ours, s", "diffusers, s"):
        table.add_column(column, justify="right" if "," in column or "d" in column[:1] else "left")
    for row in rows:
        table.add_row(
            row.model,
            row.sampler,
            row.levels,
            f"[{'green' if row.apart <= BAR else 'red'}]{row.apart:.1e}",
            f"{row.ours_s:.2f}",
            f"{row.theirs_s:.2f}",
        )
    return table


def figures(rows: list[Row]) -> dict[str, dict[str, object]]:
    """Return the worst difference of each sampler."""
    worst: dict[str, float] = {}
    for row in rows:
        worst[row.sampler] = max(row.apart, worst.get(row.sampler, 0.0))
    return {
        f"parity_{sampler}": {"value": apart, "bar": BAR, "unit": "latent", "ok": apart <= BAR}
        for sampler, apart in worst.items()
    }


def main() -> None:
    """Measure, print, and fail if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, help="where the figures go")
    given = parser.parse_args()
    for library in (diffusers, transformers):
        library.logging.set_verbosity_error()
        library.logging.disable_progress_bar()
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    torch.set_num_threads(min(2, torch.get_num_threads()))
    with tempfile.TemporaryDirectory() as root:
        rows = list(measure(Path(root), quick=given.quick))
    Console().print(show(rows))
    found = figures(rows)
    if given.json:
        given.json.write_text(json.dumps({"figures": found}, indent=2), encoding="utf-8")
    if not all(figure["ok"] for figure in found.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
