"""Pictures equal those of diffusers: the same weights, seed, sampler and steps; float32, CPU.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.parity [--quick] [--json FILE]

Both sides run in turn in this process, on the embedded model and on tiny ones with random weights
that predict noise and velocity. First the rows: the largest difference of any latent over all
steps tried, and the seconds of each side for all of them, pixels included; then the worst of each
sampler against its bar.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads; as the engine does

import diffusers
import torch
import transformers
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, arguments, report
from generation.mini import FOLDER
from generation.recipe import Recipe
from generation.zoo.folder import faults, read
from tests.generation.conftest import MODELS
from tests.generation.factory import recipe, tiny
from tests.generation.reference import SCHEDULERS, VARIANTS, Reference, draw, engine

BAR = 1e-4
"""Largest difference of two latents, whose standard deviation is about 1."""
STEPS = (1, 2, 7, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sampler on one model."""

    model: str
    sampler: str
    levels: str
    apart: float
    ours_s: float
    theirs_s: float


def compare(name: str, folder: Path, usual: Recipe, steps: tuple[int, ...]) -> Iterator[Row]:
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
        yield Row(
            model=name,
            sampler=sampler,
            levels=levels,
            apart=apart,
            ours_s=ours_s,
            theirs_s=theirs_s,
        )


def measure(root: Path, *, quick: bool) -> Iterator[Row]:
    """Compare on all models."""
    for name in ("eps", "v"):
        folder = tiny(root / name, **MODELS[name])
        yield from compare(f"tiny {name}", folder, recipe(), STEPS[:3] if quick else STEPS)
    if not faults(FOLDER):
        side = read(FOLDER).native_px
        usual = recipe(prompt="一只猫在月下", width=side, height=side)
        yield from compare("mini v", FOLDER, usual, STEPS[3:] if quick else STEPS)


def show(rows: list[Row]) -> None:
    """Print the rows."""
    table = Table("model", "sampler", "levels", "difference", "ours", "diffusers")
    table.title = f"largest difference of a latent to diffusers {diffusers.__version__}"
    for row in rows:
        apart = f"[{'green' if row.apart <= BAR else 'red'}]{row.apart:.1e}"
        seconds = (f"{row.ours_s:.2f} s", f"{row.theirs_s:.2f} s")
        table.add_row(row.model, row.sampler, row.levels, apart, *seconds)
    Console().print(table)


def figures(rows: list[Row]) -> Iterator[Figure]:
    """Return the worst difference of each sampler."""
    for sampler in SCHEDULERS:
        yield Figure(
            name=f"parity_{sampler}",
            words=f"{sampler}: largest difference to diffusers",
            value=max(row.apart for row in rows if row.sampler == sampler),
            bar=BAR,
            unit="",
        )


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    for library in (diffusers, transformers):
        library.logging.set_verbosity_error()
        library.logging.disable_progress_bar()
    torch.set_num_threads(min(2, torch.get_num_threads()))
    with tempfile.TemporaryDirectory() as root:
        rows = list(measure(Path(root), quick=given.quick))
    show(rows)
    report("pictures equal those of diffusers", figures(rows), given.json)


if __name__ == "__main__":
    main()
