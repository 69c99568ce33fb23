"""On Discord too: what was asked for survives kill -9 between any two calls, and comes once."""

from pathlib import Path

import pytest

from benchmarks.chat.discord_talk import MOST, talk
from benchmarks.chat.killing import kill

ROUNDS = 6


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_comes_again_unmarked(tmp_path: Path) -> None:
    figures = {figure.name: figure for figure in kill(tmp_path, ROUNDS, talk, MOST)}
    assert figures["rounds"].value == ROUNDS
    assert figures["requests"].value > ROUNDS
    assert [figure.name for figure in figures.values() if figure.bar == 0 and figure.value] == []
