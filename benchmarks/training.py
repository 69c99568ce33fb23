"""A style of one's own: a LoRA of 200 steps from 20 pictures here, and whether it shows.

    python -m benchmarks.training [--quick] [--json FILE]

The pictures are renders through the filter of a style; the trainer is that of `danqing train lora`.
The judge then looks at pictures of held-out prompts with and without the LoRA, the same seeds.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import torch

from benchmarks.figure import Figure, arguments, report
from generation.mini import FOLDER
from generation.mini.evaluation import Asked, Painter, prompts, score
from generation.mini.judge import load
from generation.mini.style import plan_of, write_pictures
from generation.training.loop import train

STYLE = "剪纸"
PICTURES, STEPS, BATCH = 20, 200, 16


def asked(count: int) -> list[Asked]:
    """Return held-out prompts, all in the one style."""
    styled = [one for one in prompts(4 * count, 4 * count) if one.style]
    return [
        replace(one, style=STYLE, prompt=f"{one.scene.caption}，{STYLE}风")
        for one in styled[:count]
    ]


def measure(work: Path, *, steps: int, count: int) -> Iterator[Figure]:
    """Make pictures, train, draw with and without, and look."""
    write_pictures(work / "pictures", STYLE, PICTURES, seed=11)
    began = monotonic()
    made = train(plan_of(work / "pictures", work / "out", steps=steps, batch=BATCH)).path
    taken_min = (monotonic() - began) / 60
    assert made
    words = f"{steps} steps of {BATCH} from {PICTURES} pictures, caches and all"
    yield Figure(name="lora_minutes", words=words, value=taken_min, bar=15.0, unit="min")
    wanted, judge = asked(count), load()
    for name, loras, bar in (("with", {STYLE: made}, 90.0), ("without", {}, None)):
        pictures = Painter(FOLDER, loras, dtype=torch.float32).draw(wanted, tell=lambda _: None)
        found = score(judge, wanted, pictures)
        yield Figure(
            name=f"style_{name}",
            words=f"told to be {STYLE}, {name} the LoRA",
            value=100 * found.style,
            bar=bar,
            unit="%",
            at_least=True,
        )
        yield Figure(
            name=f"noun_{name}", words=f"the thing, {name} it", value=100 * found.noun, unit="%"
        )


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    steps, count = (10, 8) if given.quick else (STEPS, 64)
    with TemporaryDirectory() as work:
        figures = measure(Path(work), steps=steps, count=count)
        report("a style of one's own", figures, given.json)


if __name__ == "__main__":
    main()
