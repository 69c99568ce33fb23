"""Many users at once, all wanting something else: diffusers one by one, and our engine.

    python -m benchmarks.serving [--quick] [--json FILE] [--csv FILE] [--size sd15] [--rounds N]

Each arm runs in a process of its own, one after the other, in an order that rotates from round to
round; the same model, LoRAs, requests and seeds for all. Figures are medians over the rounds. The
machine must be idle: diffusers' threads wait spinning, as they come.

    A   diffusers as it comes: fp32, eager, one request at a time, set_adapters for its LoRA
    A′  diffusers at its best on this machine: dtype, layout, threads tried; compiled, hotswap
    B   our engine, batches of equal requests that start and end together
    C   our engine, joining at every step, one LoRA set in a batch
    D   our engine
"""

import csv
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, arguments, machine, report
from benchmarks.serving import material
from benchmarks.serving.job import THEIRS, Arm, Job, Load, Served, Told
from benchmarks.serving.traffic import STEPS, Scene, poisson, requests, task
from generation.recipe import Recipe
from generation.server import SURROUNDINGS, WAITING
from generation.zoo.folder import read

ARMS = (Arm.A, Arm.BEST, Arm.B, Arm.C, Arm.D)
USERS = 16
STYLES = {"mini": 6, "sd15": 8}
"""How many LoRAs there are."""
OPEN = (0.4, 0.8)
"""Rates of the open loop, of what D draws in the closed one."""
COLUMNS = (
    *("round", "load", "arm", "request", "arrived_s", "started_s", "ended_s"),
    *("steps", "sampler", "guidance", "lora", "task"),
)
"""Of the raw numbers."""
ROOT = Path(__file__).parents[2]
console = Console(stderr=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    rounds: int
    crowd: int
    """Requests of the closed loop of USERS."""
    alone: int
    """Requests of one user alone."""
    open: int
    """Requests of each open loop; 0: none."""
    steps: Sequence[int]


COUNTS = {
    "rounds": "how often all is done",
    "crowd": f"requests of {USERS} users",
    "alone": "requests of one user",
    "open": "requests of each open loop; 0: none",
}
"""What may be changed of a scale."""
QUICK = Scale(rounds=1, crowd=16, alone=2, open=0, steps=(2, 4, 6))
FULL = Scale(rounds=3, crowd=96, alone=12, open=64, steps=STEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one arm made of one load, in one round."""

    round: int
    load: Load
    arm: Arm
    served: list[Served]

    @property
    def rate(self) -> float:
        """Pictures in a second, from the first request to the last picture."""
        return len(self.served) / max(one.ended_s for one in self.served)

    @property
    def p50_s(self) -> float:
        """Median of latencies."""
        return median(one.latency_s for one in self.served)

    @property
    def p95_s(self) -> float:
        """Of latencies."""
        return _p95([one.latency_s for one in self.served])

    @property
    def mean_s(self) -> float:
        """Of latencies."""
        return fmean(one.latency_s for one in self.served)


class Bench:
    """Runs arms, and keeps what they tell."""

    def __init__(self, folder: Path, given: Namespace) -> None:
        self._folder, self._given = folder, given
        wanted = {name: getattr(given, name) for name in COUNTS if getattr(given, name) is not None}
        self.scale = replace(QUICK if given.quick else FULL, **wanted)
        self.rows: list[Row] = []
        self.told: dict[Arm, Told] = {}
        """Of the last round of each arm."""
        base = material.model(folder, given.size)
        side = read(base).native_px
        loras = material.loras(folder, base, STYLES[given.size])
        pictures, masks = material.pictures(side, 4), material.masks(side, 3)
        self._scene = Scene(side=side, loras=list(loras), sources=list(pictures), masks=list(masks))
        self._fixed: dict[str, Any] = {
            "model": str(base),
            "loras": {name: str(path) for name, path in loras.items()},
            "images": pictures | masks,
            "device": given.device,
            "dtype": given.dtype,
            "rows": given.rows,
            "knee_file": str(folder / "knee.json"),
            "compiled": not given.quick and not given.eager,
            "warm": self._requests(4, seed=99),
        }

    def closed(self) -> None:
        """Let every arm serve one user, and then a crowd."""
        scale = self.scale
        loads = [
            Load(name="alone", recipes=self._requests(scale.alone, seed=1), users=1),
            Load(name="crowd", recipes=self._requests(scale.crowd, seed=2), users=USERS),
        ]
        for number in range(scale.rounds):
            turn = number % len(ARMS)
            arms = ARMS[turn:] + ARMS[:turn]
            self.run(number, arms, loads, probe=number == scale.rounds - 1)

    def open(self) -> None:
        """Let every arm serve users who do not wait for each other, at rates that D can bear."""
        count, capacity = self.scale.open, self.median("crowd", Arm.D, "rate")
        recipes = self._requests(count, seed=3)
        loads = [
            Load(
                name=f"open {share:.0%}",
                recipes=recipes,
                arrivals_s=poisson(count, share * capacity, seed=4),
            )
            for share in OPEN
        ]
        self.run(0, ARMS, loads)

    def run(
        self, number: int, arms: Sequence[Arm], loads: list[Load], *, probe: bool = False
    ) -> None:
        """Run arms, one after the other; they import what they need at the same time."""
        began = [(arm, self._start(arm, loads, probe=probe)) for arm in arms]
        try:
            for _, process in began:
                assert process.stdout is not None
                process.stdout.readline()
            for arm, process in began:
                console.print(f"round {number + 1}: {arm}, {arm.words}", style="dim")
                process.communicate("go\n")
                if process.returncode:
                    raise SystemExit(f"arm {arm} has failed")
                told = msgspec.json.decode(self._file(arm, "told").read_bytes(), type=Told)
                for load in loads:
                    row = Row(round=number, load=load, arm=arm, served=told.served[load.name])
                    self.rows.append(row)
                if probe:
                    self.told[arm] = told
        finally:
            for _, process in began:
                process.kill()

    def of(self, load: str, arm: Arm) -> list[Row]:
        """Return what an arm made of a load, in all rounds."""
        return [row for row in self.rows if (row.load.name, row.arm) == (load, arm)]

    def median(self, load: str, arm: Arm, figure: str) -> float:
        """Return the median of a Row's figure over the rounds."""
        return median(getattr(row, figure) for row in self.of(load, arm))

    def write(self, file: Path) -> None:
        """Write a line for each request."""
        with file.open("w", encoding="utf-8", newline="") as stream:
            lines = csv.writer(stream)
            lines.writerow(COLUMNS)
            for row in self.rows:
                for one in row.served:
                    lines.writerow(_line(row, one))

    def _requests(self, count: int, *, seed: int) -> list[Recipe]:
        return requests(count, self._scene, seed=seed, steps=self.scale.steps)

    def _start(self, arm: Arm, loads: list[Load], *, probe: bool) -> subprocess.Popen[str]:
        job = Job(arm=arm, loads=loads, probe=probe and arm is Arm.D, **self._fixed)
        given = self._file(arm, "job")
        given.write_bytes(msgspec.json.encode(job))
        # theirs waits as it comes, which is spinning, longer than ours does
        environ = os.environ | SURROUNDINGS | ({} if arm in THEIRS else WAITING["spin"])
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serving.arm", given, self._file(arm, "told")],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _file(self, arm: Arm, kind: str) -> Path:
        return self._folder / f"{arm.name}.{kind}"


def show(bench: Bench) -> None:
    """Print what each arm made of each load."""
    table = Table("load", "arm", "pictures/s", "p50", "p95", "D is", "p95 of D", title="serving")
    for column in table.columns[2:]:
        column.justify = "right"
    for load in dict.fromkeys(row.load.name for row in bench.rows):
        for arm in dict.fromkeys(row.arm for row in bench.rows if row.load.name == load):
            rate, p50, p95 = (bench.median(load, arm, name) for name in ("rate", "p50_s", "p95_s"))
            table.add_row(
                load,
                arm,
                f"{rate:.2f}",
                f"{p50:.2f} s",
                f"{p95:.2f} s",
                f"{bench.median(load, Arm.D, 'rate') / rate:.2f}×",
                f"{bench.median(load, Arm.D, 'p95_s') / p95:.2f}×",
            )
        table.add_section()
    table.caption = "\n".join(f"{arm}: {arm.words}; {bench.told[arm].setting}" for arm in ARMS)
    table.caption += f"\n{machine()}"
    Console().print(table)


def figures(bench: Bench, size: str) -> Iterator[Figure]:
    """Yield what the engine must reach."""
    rate = {arm: bench.median("crowd", arm, "rate") for arm in ARMS}
    p95 = {arm: bench.median("crowd", arm, "p95_s") for arm in ARMS}
    alone = {arm: bench.median("alone", arm, "mean_s") for arm in ARMS}
    bars = {Arm.A: 2.5, Arm.BEST: 1.8, Arm.B: 1.5, Arm.C: 1.5}
    for arm, bar in bars.items():
        times = rate[Arm.D] / rate[arm]
        yield Figure(
            name=f"rate_by_{arm.name}",
            words=f"pictures of D for one of {arm}, {USERS} users",
            value=times,
            unit="×",
            bar=bar,
            at_least=True,
        )
    least = min(value for arm, value in p95.items() if arm is not Arm.D)
    words = f"p95 of D, by the lowest of the others, {USERS} users"
    yield Figure(name="p95_by_least", words=words, value=p95[Arm.D] / least, unit="×", bar=1.0)
    yield from (_alone_small(alone) if size == "mini" else _alone_large(alone, bench, p95))
    for name, words, bar, unit, times in (
        ("apart", "latents in a mixed batch by the same alone, largest difference", 1e-4, "", 1),
        ("preview_share", "previews at one a second, of the time", 2, "%", 100),
        ("beside_share", "outside of the UNet in a step of 16 rows", 5, "%", 100),
        ("worn_2", "forward of 2 rows, longer by LoRAs of rank 16", 15, "%", 100),
        ("worn_16", "of 16 rows", 15, "%", 100),
        ("change_ms", "change to another warm LoRA", 20, "ms", 1),
        ("row_2_ms", "forward of 2 rows, for each", None, "ms", 1),
        ("row_16_ms", "of 16 rows, for each", None, "ms", 1),
    ):
        if name in bench.told[Arm.D].also:
            value = bench.told[Arm.D].also[name] * times
            yield Figure(name=name, words=words, value=value, unit=unit, bar=bar)
    compile_s = bench.told[Arm.BEST].also["compile_s"]
    yield Figure(name="compile_s", words="compiling the UNet for A′", value=compile_s, unit="s")


def _alone_small(alone: Mapping[Arm, float]) -> Iterator[Figure]:
    words, more = "latency of one user alone, D above A", _more(alone[Arm.D], alone[Arm.A])
    yield Figure(name="alone", words=words, value=more, unit="%", bar=5)
    more = _more(alone[Arm.D], alone[Arm.BEST])
    yield Figure(name="alone_best", words="D above A′", value=more, unit="%")


def _alone_large(
    alone: Mapping[Arm, float], bench: Bench, p95: Mapping[Arm, float]
) -> Iterator[Figure]:
    for arm, bar in ((Arm.A, 2.3), (Arm.BEST, 1.0)):
        yield Figure(
            name=f"alone_by_{arm.name}",
            words=f"one user alone: D faster than {arm}",
            value=alone[arm] / alone[Arm.D],
            unit="×",
            bar=bar,
            at_least=True,
        )
    yield Figure(name="p95", words=f"p95 of D, {USERS} users", value=p95[Arm.D], unit="s", bar=5)
    memory: dict[Arm, float] = {
        arm: told.also.get("alone_mb", 0.0) for arm, told in bench.told.items()
    }
    if memory[Arm.A]:
        part = memory[Arm.D] / memory[Arm.A]
        words = "memory of one user alone, D by A"
        yield Figure(name="memory", words=words, value=part, unit="×", bar=0.78)
    row_tflop, best = 0.803, bench.of("crowd", Arm.D)[-1]
    rows = sum(_rows(recipe) for recipe in best.load.recipes)
    value = rows * row_tflop / max(one.ended_s for one in best.served)
    words = f"of the model in D, {row_tflop} TFLOP a row"
    yield Figure(name="tflops", words=words, value=value, unit="TFLOP/s")


def _rows(recipe: Recipe) -> int:
    """Return how many rows of the network a recipe takes, over all its steps."""
    steps = int(recipe.steps * recipe.strength) if recipe.source else recipe.steps
    return steps * (1 if recipe.guidance == 1 else 2)


def _line(row: Row, one: Served) -> list[object]:
    recipe = row.load.recipes[one.index]
    times = (f"{at:.4f}" for at in (one.arrived_s, one.started_s, one.ended_s))
    lora = "+".join(recipe.loras)
    asked = (recipe.steps, recipe.sampler, recipe.guidance, lora, task(recipe))
    return [row.round, row.load.name, row.arm, one.index, *times, *asked]


def _more(value: float, than: float) -> float:
    """Return by how many percent a value is above another."""
    return (value / than - 1) * 100


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a line for each request")
    parser.add_argument("--size", choices=STYLES, default="mini", help="of the model (mini)")
    parser.add_argument("--device", default="auto", help="of torch; auto: cuda where there is one")
    kinds = ("auto", "fp32", "bf16", "fp16")
    parser.add_argument("--dtype", choices=kinds, default="auto", help="of our engine")
    parser.add_argument("--rows", type=int, default=0, help="most rows of a batch; 0: the knee")
    for name, words in COUNTS.items():
        parser.add_argument(f"--{name}", type=int, metavar="N", help=words)
    parser.add_argument("--eager", action="store_true", help="A′ does not compile")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="danqing-serving-") as folder:
        bench = Bench(Path(folder), given)
        bench.closed()
        if bench.scale.open:
            bench.open()
    show(bench)
    if given.csv:
        bench.write(given.csv)
    report("serving", figures(bench, given.size), given.json)


if __name__ == "__main__":
    main()
