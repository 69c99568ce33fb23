"""Memory: what is estimated, what is measured, and what is said of a picture that is too large."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generation import memory
from generation.errors import OutOfMemory
from generation.memory import GIB, MIB
from generation.mini import FOLDER
from generation.zoo.folder import read
from generation.zoo.model import Model, load

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def mini() -> Model:
    return load(read(FOLDER), CPU, torch.float32)


def test_memory_that_the_cpu_has_not_is_named() -> None:
    with pytest.raises(OutOfMemory), memory.named():
        torch.empty(1 << 50)


def test_other_faults_keep_their_names() -> None:
    with pytest.raises(RuntimeError, match="inconsistent"), memory.named():
        torch.dot(torch.zeros(3), torch.zeros(4))


def test_twice_the_rows_or_the_pixels_need_about_twice_as_much(mini: Model) -> None:
    one = memory.needs(mini, 1024, 512, rows=4)
    assert memory.needs(mini, 1024, 512, rows=8) / one == pytest.approx(2, rel=0.05)
    assert memory.needs(mini, 1024, 1024, rows=4) / one == pytest.approx(2, rel=0.05)


STEP = 64
"""Sides of the embedded model's pictures are multiples of it."""
MEASURE = """
import sys
from pathlib import Path
import torch
from generation.mini import FOLDER
from generation.zoo.folder import read
from generation.zoo.model import load

def kept(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

model = load(read(FOLDER), torch.device("cpu"), torch.float32)
for px, rows in ((64, 1), (64, 0), (256, 1), (256, 8), (512, 1), (512, 8), (256, 0), (512, 0)):
    latents = torch.randn(rows or 1, 4, px // 8, px // 8)
    words = torch.randn(rows or 1, 32, model.unet.config["cross_attention_dim"])
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
    before = kept("VmRSS")
    with torch.inference_mode():
        if rows:
            model.unet(latents, 500.0, encoder_hidden_states=words)
        else:
            model.decode(latents)
    if px > 64:  # the first of each also loads code
        print(px, rows, kept("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are told by Linux")
def test_an_estimate_is_no_less_than_the_peak_and_no_more_than_thrice_it(mini: Model) -> None:
    # what is freed goes back at once, so that it is not there for the next to use unseen
    trimmed = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    told = subprocess.run(
        [sys.executable, "-c", MEASURE],
        env={**os.environ, **trimmed, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(told.splitlines()) == 6
    for line in told.splitlines():
        px, rows, peak = map(int, line.split())
        estimate = (
            memory.needs(mini, px, px, rows=rows) if rows else memory.needs_decode(mini, px, px)
        )
        assert peak <= estimate <= 3 * peak + memory.FLOOR, line


@settings(deadline=None, max_examples=50)
@given(
    width=st.integers(1, 32),
    height=st.integers(1, 32),
    rows=st.integers(1, 16),
    room_mb=st.integers(0, 4096),
)
def test_the_largest_that_fits_fits_and_is_of_the_same_shape(
    mini: Model, width: int, height: int, rows: int, room_mb: int
) -> None:
    asked, room = (width * STEP, height * STEP), room_mb * MIB
    found = memory.largest(mini, *asked, rows=rows, room=room)
    if memory.fits(mini, *asked, rows=rows, room=room):
        assert found == asked
        return
    if found is None:
        assert not memory.fits(mini, STEP, STEP, rows=rows, room=room)
        return
    assert memory.fits(mini, *found, rows=rows, room=room)
    assert all(side % STEP == 0 for side in found)
    share = max(found) / max(asked)
    assert all(abs(side - share * whole) <= STEP for side, whole in zip(found, asked, strict=True))


def test_one_is_told_what_it_needs_what_there_is_and_what_would_fit(mini: Model) -> None:
    memory.check(mini, 512, 512, rows=2, room=GIB)
    words = r"这张图要 1\.3 GiB 内存，只有 100 MiB；最大可以画 512×256"
    with pytest.raises(OutOfMemory, match=words):
        memory.check(mini, 2048, 1024, rows=2, room=100 * MIB)
    with pytest.raises(OutOfMemory, match="多小的图都画不了"):
        memory.check(mini, 2048, 1024, rows=2, room=0)


def test_no_more_is_free_than_the_operator_allows() -> None:
    assert memory.free(CPU, 10) == 10 * MIB
    assert memory.free(CPU, 0) > 10 * MIB
    assert memory.free(CPU, 1 << 40) == pytest.approx(memory.free(CPU, 0), rel=0.2)


class Host:
    """Files as Linux writes them."""

    def __init__(self, root: Path, groups: str) -> None:
        self.proc, self.cgroups = root / "proc", root / "cgroup"
        self.write(self.proc / "meminfo", "MemTotal: 8000000 kB\nMemAvailable:  4000 kB\n")
        self.write(self.proc / "self/cgroup", groups)

    def write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def limit(self, folder: str, most: str, used: int, idle: int = 0) -> None:
        one = memory.V1_LIMIT, memory.V1_USED
        two = memory.V2_LIMIT, memory.V2_USED
        limit, usage = one if folder.startswith("memory") else two
        self.write(self.cgroups / folder / limit, most)
        self.write(self.cgroups / folder / usage, f"{used}\n")
        self.write(self.cgroups / folder / "memory.stat", f"anon 7\ninactive_file {idle}\n")

    @property
    def free(self) -> int:
        return memory.host_free(self.proc, self.cgroups)


def test_a_host_without_limits_gives_what_it_has(tmp_path: Path) -> None:
    host = Host(tmp_path, "0::/user.slice\n")
    host.limit("user.slice", "max\n", 900)
    assert host.free == 4000 * 1024


def test_a_container_has_what_its_limit_leaves_and_pages_that_can_go(tmp_path: Path) -> None:
    host = Host(tmp_path, "0::/\n")
    host.limit("", "3000\n", 2000, idle=500)
    assert host.free == 1500


def test_the_tightest_of_the_groups_above_counts(tmp_path: Path) -> None:
    host = Host(tmp_path, "0::/a.slice/b.scope\n")
    host.limit("a.slice", "1000\n", 400)
    host.limit("a.slice/b.scope", "5000\n", 400)
    assert host.free == 600


def test_a_container_that_is_told_the_path_of_its_host_finds_its_own(tmp_path: Path) -> None:
    host = Host(tmp_path, "5:cpu:/docker/abc\n4:memory:/docker/abc\n")
    host.limit("memory", "2000\n", 300)
    assert host.free == 1700


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    host = Host(tmp_path, "0::/\n")
    host.limit("", "1000\n", 1200)
    assert host.free == 0


def test_where_nothing_is_told_nothing_is_short(tmp_path: Path) -> None:
    assert memory.host_free(tmp_path, tmp_path) == sys.maxsize
