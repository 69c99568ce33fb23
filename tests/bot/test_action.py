"""What a button carries."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.action import MAX_BYTES, MAX_TARGET, Action, Verb

ACTIONS = st.builds(
    Action,
    st.sampled_from(Verb),
    st.integers(0, MAX_TARGET),
    st.from_regex(r"[a-z0-9]{0,24}", fullmatch=True),
)


@given(ACTIONS)
def test_an_action_reads_back_and_fits_every_platform(action: Action) -> None:
    assert Action.unpack(action.pack()) == action
    assert len(action.pack().encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    "data",
    [
        *(
            "",
            ":",
            "redo",
            "redo:",
            "redo:x",
            "redo:-1",
            "redo:1:",
            "fly:1",
            "redo:1:A",
            "redo:１",
            "redo:01",
        ),
        *("redo:1:2:3", "redo: 1", "redo:1\n", f"redo:{MAX_TARGET + 1}", "redo:1:" + "a" * 25),
    ],
)
def test_what_is_no_button_of_ours_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match=r"no button of ours|is not a valid Verb"):
        Action.unpack(data)


@given(st.text())
def test_whatever_comes_is_read_or_refused(data: str) -> None:
    with contextlib.suppress(ValueError):
        assert Action.unpack(data).pack() == data
