"""Every benchmark can be run in a hurry, and can tell its figures to a program."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    path
    for path in sorted((ROOT / "benchmarks").glob("*.py"))
    if "__main__" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_offers_quick_and_json(script: Path) -> None:
    helped = subprocess.run(
        [sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--quick" in helped.stdout
    assert "--json FILE" in helped.stdout or "--json JSON" in helped.stdout
