"""What the engine's process finds out of its machine."""

from pathlib import Path

import pytest

from generation.config import EngineConfig
from generation.server import WAITING, computes_bf16, waiting


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16", True),
        ("flags\t\t: fpu avx2 fma", False),
        ("model name\t: bf16", False),
    ],
)
def test_the_kernel_tells_whether_the_cpu_computes_in_bf16(
    tmp_path: Path, line: str, found: object
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n", "utf-8")
    assert computes_bf16(tmp_path / "cpuinfo") is found
    assert not computes_bf16(tmp_path / "none")


def test_threads_wait_as_the_operator_says_or_as_the_load_does() -> None:
    assert waiting(EngineConfig(waiting="spin"), load=1e6) == WAITING["spin"]
    assert waiting(EngineConfig(), load=0.0) == WAITING["spin"]
    assert waiting(EngineConfig(), load=1e6) == WAITING["sleep"]
