"""The loss curve of a training, drawn from its CSV.

Run: python -m generation.mini.curve --work FOLDER --to loss.png
"""

import argparse
import csv
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw_curve(source: Path, to: Path) -> None:
    """Draw loss (mean square error of v over all noise levels) against samples seen."""
    with source.open(newline="") as file:
        rows = [(float(samples), float(loss)) for _, samples, _, loss in csv.reader(file)]
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    axes.plot([samples / 1000 for samples, _ in rows], [loss for _, loss in rows], linewidth=1)
    axes.set_xlabel("samples seen, thousands")
    axes.set_ylabel("loss (v, all noise levels alike)")
    axes.set_yscale("log")
    axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(to, dpi=110)
    plt.close(figure)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()
    draw_curve(given.work / "diffusion.csv", given.to)


if __name__ == "__main__":
    main()
