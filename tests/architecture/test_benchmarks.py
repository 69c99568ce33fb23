"""Every benchmark can be run in a hurry, and can tell its figures to a program."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
NAMES = [
    *(
        path.stem
        for path in sorted(FOLDER.glob("*.py"))
        if "__main__" in path.read_text(encoding="utf-8")
    ),
    *(path.parent.name for path in sorted(FOLDER.glob("*/__main__.py"))),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_offers_quick_and_json(name: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--quick" in helped.stdout
    assert "--json FILE" in helped.stdout or "--json JSON" in helped.stdout
