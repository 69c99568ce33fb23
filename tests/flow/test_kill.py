"""What was acknowledged survives kill -9 at any moment; and the test that says so can fail."""

from pathlib import Path

import pytest

from tests.flow.killing import TRIGGERS, engine, environment, hasty_build, rounds

ROUNDS = 12


@pytest.mark.slow
async def test_every_acknowledged_job_ends_delivered_or_failed_with_a_word(tmp_path: Path) -> None:
    async with engine(tmp_path, environment()) as environ:
        faults, seen = await rounds(tmp_path, environ, ROUNDS, seed=2, triggers=TRIGGERS)
    assert faults == []
    assert seen["acknowledged before the kill"] > ROUNDS / 2
    assert seen["results"] >= seen["acknowledged before the kill"]


@pytest.mark.slow
async def test_a_build_that_acknowledges_before_the_commit_is_found_out(tmp_path: Path) -> None:
    source = hasty_build(tmp_path / "hasty")
    async with engine(tmp_path, environment(source)) as environ:
        faults, _ = await rounds(tmp_path, environ, 4, seed=2, triggers=("ack",))
    assert any("was acknowledged and is gone" in fault for fault in faults)
