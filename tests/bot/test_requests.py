"""Labelled messages are read as they are meant; benchmarks/parsing.py tells which are not."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.parsing.outline import outline
from bot.style import Styles
from tests.bot.labelled import FILE, SAID, Labelled, labelled

STYLES = Styles.load()


def alone() -> Iterator[Any]:
    for one in labelled():
        if not one.context:
            yield pytest.param(one, id=one.text)


@pytest.mark.parametrize("one", list(alone()))
def test_a_message_is_read_as_it_is_meant(one: Labelled) -> None:
    found = outline(one.text, STYLES)
    del found["notes"]
    assert found == {**SAID, **one.label}


def test_ordinary_prompts_by_another_hand_are_not_taken_for_talk() -> None:
    lines = (FILE.parent / "benign.txt").read_text(encoding="utf-8").splitlines()
    prompts = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(prompts) > 400
    assert [prompt for prompt in prompts if outline(prompt, STYLES)["intent"] != "draw"] == []
