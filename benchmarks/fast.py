"""What the fast tier saves, and what it costs in likeness: the embedded model, the same seeds.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.fast [--quick] [--json FILE]

Each picture is drawn with every step whole and guided, and again in the fast tier, by turns. Its
loss is the distance between the two, beside the distance of two pictures that differ in seed.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log10
from statistics import fmean
from time import perf_counter

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads; as the engine does

import numpy as np

from benchmarks.figure import Figure, arguments, report
from generation.engine import Engine
from generation.mini import FOLDER
from generation.recipe import Recipe
from tests.generation.factory import recipe
from tests.generation.reference import draw, engine

WORDS = (
    *("雪地里的企鹅", "一只红色的蝴蝶", "海底的鲸鱼，水彩风"),
    *("星空下的城堡", "草地上的小狗，油画风"),
)
SIDE = 128
BATCH = 4
"""Pictures drawn together."""


def recipes(count: int) -> list[Recipe]:
    """Return what is drawn."""
    usual = recipe(model="mini", avoid="", width=SIDE, height=SIDE, guidance=4.0)
    samplers = ("dpmpp_2m", "euler", "euler_a", "ddim")
    return [
        replace(
            usual,
            prompt=WORDS[seed % len(WORDS)],
            sampler=samplers[seed % len(samplers)],
            seed=seed,
            steps=20,
        )
        for seed in range(count)
    ]


def drawn(
    studio: Engine, asked: Sequence[Recipe], together: int = BATCH
) -> tuple[list[np.ndarray], float]:
    """Return the pictures, (h, w, 3) each, and the seconds they took."""
    began = perf_counter()
    pictures: list[np.ndarray] = []
    for start in range(0, len(asked), together):
        for canvas in draw(studio, *asked[start : start + together]):
            assert canvas.picture, canvas.error
            flat = np.frombuffer(canvas.picture.rgb, np.uint8)
            pictures.append(flat.reshape(SIDE, SIDE, 3).astype(np.float64))
    return pictures, perf_counter() - began


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return the PSNR in dB."""
    return 20 * log10(255) - 10 * log10(max(1e-9, float(((one - other) ** 2).mean())))


def measure(count: int, repeats: int) -> Iterator[Figure]:
    """Draw both ways, by turns."""
    studio, whole = engine({"mini": FOLDER}, rows=32), recipes(count)
    fast = [replace(asked, fast=True) for asked in whole]
    strange = [replace(asked, seed=asked.seed + 1000) for asked in whole]
    drawn(studio, fast[:1] + whole[:1])
    whole_s, fast_s = float("inf"), float("inf")
    pictures, quick = list[np.ndarray](), list[np.ndarray]()
    for _ in range(repeats):
        pictures, taken_s = drawn(studio, whole)
        whole_s = min(whole_s, taken_s)
        quick, taken_s = drawn(studio, fast)
        fast_s = min(fast_s, taken_s)
    others, _ = drawn(studio, strange)
    told = (
        ("fast_gain", "pictures a second, against lossless", whole_s / fast_s, "×"),
        ("fast_psnr", "PSNR to lossless", _mean(quick, pictures), "dB"),
        ("fast_psnr_worst", "the least of them", _least(quick, pictures), "dB"),
        ("seed_psnr", "PSNR of another seed", _mean(others, pictures), "dB"),
    )
    for name, words, value, unit in told:
        yield Figure(name=name, words=words, value=value, unit=unit)


def _mean(ones: list[np.ndarray], others: list[np.ndarray]) -> float:
    return fmean(map(likeness, ones, others))


def _least(ones: list[np.ndarray], others: list[np.ndarray]) -> float:
    return min(map(likeness, ones, others))


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__).parse_args()
    count, repeats = (8, 1) if given.quick else (40, 3)
    report("the fast tier against lossless", measure(count, repeats), given.json)


if __name__ == "__main__":
    main()
