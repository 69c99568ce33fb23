"""What every benchmark here says: figures against their bars, as one table and as JSON."""

import json
import os
import platform
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured."""

    name: str
    """Its key in the JSON."""
    words: str
    """What it is, for the table."""
    value: float
    unit: str
    bar: float | None = None
    """The most that it may be; None: told for comparison."""
    at_least: bool = False
    """Whether the bar is the least instead."""

    @property
    def ok(self) -> bool:
        """Whether the bar is reached."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def row(self) -> tuple[str, str, str, str]:
        """Return the cells of its row."""
        measured = f"{_short(self.value)} {self.unit}"
        if self.bar is None:
            return f"[dim]  {self.words}", f"[dim]{measured}", "", ""
        bar = f"{'≥' if self.at_least else '≤'} {_short(self.bar)} {self.unit}"
        return self.words, measured, bar, "[green]yes" if self.ok else "[bold red]MISSED"


def arguments(words: str | None) -> ArgumentParser:
    """Return a parser with what every benchmark offers."""
    parser = ArgumentParser(description=words, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller: under 45 s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


def report(title: str, figures: Iterable[Figure], file: Path | None) -> None:
    """Measure, print the table and write the JSON; what misses its bar is no error."""
    table = Table("figure", "measured", "bar", "ok", title=title, caption=machine(), min_width=80)
    table.columns[1].justify = table.columns[2].justify = "right"
    found: list[Figure] = []
    with Console(stderr=True).status("measuring") as status:
        for figure in figures:
            found.append(figure)
            table.add_row(*figure.row())
            status.update(f"{len(found)} figures; last: {figure.words}")
    Console().print(table)
    if file is not None:
        file.write_text(json.dumps(_as_json(found), indent=2, ensure_ascii=False) + "\n", "utf-8")


def machine() -> str:
    """Name what this was measured on."""
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text("utf-8").splitlines() if cpus.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return " · ".join(
        (
            f"{os.cpu_count()} cores",
            next(models, platform.processor() or platform.machine()),
            f"Python {platform.python_version()}",
            f"torch {version('torch')}",
            f"load {os.getloadavg()[0]:.1f}",
        )
    )


def _as_json(figures: list[Figure]) -> dict[str, object]:
    return {
        "figures": {
            figure.name: {
                "value": figure.value,
                "bar": figure.bar,
                "unit": figure.unit,
                "ok": figure.ok,
            }
            for figure in figures
            if figure.bar is not None
        },
        "also": {
            figure.name: {"value": figure.value, "unit": figure.unit}
            for figure in figures
            if figure.bar is None
        },
        "machine": machine(),
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"
