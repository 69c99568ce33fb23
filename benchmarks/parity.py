"""Pictures equal those of diffusers: the same weights, seed, sampler and steps; float32, CPU.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.parity [--quick] [--json FILE]

Both sides run in turn in this process, on the embedded model and on tiny ones with random weights
that predict noise, velocity, velocity from pure noise, and noise beside a mask. They draw from
words, from a picture, and a part of a picture. First the rows: the largest difference of any latent
over all steps and strengths tried, and the seconds of each side for all of them, pixels included;
then the worst of each sampler and of each task against its bar.
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
from tests.generation.factory import mask, picture, recipe, tiny
from tests.generation.reference import (
    CASES,
    REPAINTS,
    SCHEDULERS,
    STEPS,
    Reference,
    draw,
    engine,
)

BAR = 1e-4
"""Largest difference of two latents, whose standard deviation is about 1."""
TASKS = {"words": "words", "picture": "a picture", "part": "a part of a picture"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sampler on one model."""

    model: str
    task: str
    """One of TASKS."""
    sampler: str
    levels: str
    apart: float
    ours_s: float
    theirs_s: float


def compare(
    name: str, folder: Path, usual: Recipe, steps: tuple[int, ...], kind: str
) -> Iterator[Row]:
    """Draw recipes with each sampler, here and there.

    Args:
        name: What the model is called in the table.
        folder: Of the model.
        usual: What is drawn.
        steps: How many are tried from words.
        kind: Of the models of the tests, the one whose cases are tried.
    """
    studio, reference = engine({usual.model: folder}), Reference(folder)
    images = dict([picture(1, usual.width), mask(usual.width)])
    source, masked = images
    words = [replace(usual, steps=count) for count in steps]
    pictures = [
        replace(usual, steps=count, strength=strength, source=source)
        for count, strength in REPAINTS
    ]
    parts = [replace(asked, mask=masked) for asked in pictures]
    tasks = {"words": words, "picture": pictures, "part": parts}
    if kind == "inpaint":  # diffusers draws nothing else with it
        tasks = {"part": parts}
    for task, recipes in tasks.items():
        draw(studio, recipes[0], images=images)
        reference.latent(recipes[0], images)
        for _, sampler, levels in (case for case in CASES if case[0] == kind):
            apart = ours_s = theirs_s = 0.0
            for asked in (replace(each, sampler=sampler, levels=levels) for each in recipes):
                before = perf_counter()
                (canvas,) = draw(studio, asked, images=images)
                between = perf_counter()
                latent = reference.latent(asked, images)
                reference.decode(latent)
                after = perf_counter()
                assert canvas.latent is not None, canvas.error
                apart = max(apart, (canvas.latent - latent).abs().max().item())
                ours_s += between - before
                theirs_s += after - between
            yield Row(
                model=name,
                task=task,
                sampler=sampler,
                levels=levels,
                apart=apart,
                ours_s=ours_s,
                theirs_s=theirs_s,
            )


def measure(root: Path, *, quick: bool) -> Iterator[Row]:
    """Compare on all models."""
    for name in ("eps", "v", "zero", "inpaint"):
        folder = tiny(root / name, **MODELS[name])
        steps = STEPS.get(name, STEPS["eps"])
        yield from compare(f"tiny {name}", folder, recipe(), steps[:3] if quick else steps, name)
    if not faults(FOLDER):
        side = read(FOLDER).native_px
        usual = recipe(prompt="一只猫在月下", width=side, height=side)
        steps = STEPS["v"]
        yield from compare("mini v", FOLDER, usual, steps[3:] if quick else steps, "v")


def show(rows: list[Row]) -> None:
    """Print the rows."""
    table = Table("model", "from", "sampler", "levels", "difference", "ours", "diffusers")
    table.title = f"largest difference of a latent to diffusers {diffusers.__version__}"
    for row in rows:
        apart = f"[{'green' if row.apart <= BAR else 'red'}]{row.apart:.1e}"
        seconds = (f"{row.ours_s:.2f} s", f"{row.theirs_s:.2f} s")
        task = TASKS[row.task]
        table.add_row(row.model, task, row.sampler, row.levels, apart, *seconds)
    Console().print(table)


def figures(rows: list[Row]) -> Iterator[Figure]:
    """Return the worst difference of each sampler, and of each task."""
    for sampler in SCHEDULERS:
        yield Figure(
            name=f"parity_{sampler}",
            words=f"{sampler}: largest difference to diffusers",
            value=max(row.apart for row in rows if row.sampler == sampler),
            bar=BAR,
            unit="",
        )
    for task, words in TASKS.items():
        yield Figure(
            name=f"parity_from_{task}",
            words=f"from {words}: largest difference to diffusers",
            value=max(row.apart for row in rows if row.task == task),
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
