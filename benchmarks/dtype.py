"""What bfloat16 gains on this CPU, and what it costs in likeness: the embedded model, same seeds.

    GOMP_SPINCOUNT=3000 python -m benchmarks.dtype [--quick] [--json FILE]

Pictures are drawn in float32 and in bfloat16 by turns, eight together and one by one; the same in
bfloat16 among others and alone, too.
"""

from collections.abc import Iterator
from time import monotonic

import torch

from benchmarks.fast import drawn, likeness, recipes
from benchmarks.figure import Figure, arguments, report
from generation.engine import Engine
from generation.lora.shelf import LoraShelf
from generation.mini import FOLDER
from generation.preview import Previewer
from generation.zoo.shelf import Shelf

TOGETHER = 8
TRUE_DB = 40.0
"""PSNR from which two pictures count as the same."""


def engine(dtype: torch.dtype) -> Engine:
    """Return an engine that computes in that."""
    return Engine(
        Shelf({"mini": FOLDER}, room=1, device=torch.device("cpu"), dtype=dtype),
        LoraShelf({}, budget_bytes=1),
        cap=lambda model, canvas: 32,
        previewer=Previewer(),
        preview_every_s=0,
        clock=monotonic,
    )


def measure(count: int, repeats: int) -> Iterator[Figure]:
    """Draw both ways, by turns."""
    asked = recipes(count)
    engines = {"fp32": engine(torch.float32), "bf16": engine(torch.bfloat16)}
    best: dict[tuple[str, int], float] = {}
    made = {(name, 1): drawn(each, asked[:1])[0] for name, each in engines.items()}
    for _ in range(repeats):
        for name, each in engines.items():
            for n in (TOGETHER, 1):
                made[name, n], taken_s = drawn(each, asked, n)
                best[name, n] = min(best.get((name, n), taken_s), taken_s)
    one, other = made["bf16", TOGETHER], made["bf16", 1]
    told = (
        ("crowd_gain", "pictures a second of eight together, against fp32", TOGETHER),
        ("alone_gain", "of one alone", 1),
    )
    for key, words, n in told:
        gain = best["fp32", n] / best["bf16", n]
        yield Figure(name=key, words=words, value=gain, unit="×")
    for key, words, pairs in (
        ("psnr_least", "least PSNR to fp32", zip(one, made["fp32", TOGETHER], strict=True)),
        ("mixed_psnr_least", "least PSNR in a batch to alone", zip(one, other, strict=True)),
    ):
        least = min(likeness(a, b) for a, b in pairs)
        yield Figure(name=key, words=words, value=least, bar=TRUE_DB, unit="dB", at_least=True)


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    count, repeats = (8, 1) if given.quick else (24, 3)
    report("bfloat16 against float32", measure(count, repeats), given.json)


if __name__ == "__main__":
    main()
