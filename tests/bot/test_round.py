"""Sessions in which members take turns, as machines: nothing is lost or doubled, and they end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.game.relay import Relay
from bot.game.round import Round
from bot.game.scroll import Scroll
from bot.session import Pressed, Spoke, Terms, Turn
from tests.bot.machine import KEYS, How, Machine, opened

TERMS = Terms(turns=4, pictures=6)
PEOPLE = st.sampled_from(KEYS)
WANTS = ["join", "leave", "skip", "undo", "undo", "pause", "resume", "lock", "hand", "invite"]


def pressed(key: str, value: str) -> Pressed:
    return Pressed(key=key, name=key, value=value)


def speech(key: str, text: str = "石桥") -> Spoke:
    return Spoke(key=key, name=key, text=text, message="m", to="session")


PRESSES = st.builds(pressed, PEOPLE, st.sampled_from(WANTS))
SPEECH = st.builds(speech, PEOPLE, st.sampled_from(["石桥", "小船", "", "x" * 300]))
HAPPENS: st.SearchStrategy[How] = st.sampled_from(["well", "fails", "time"])
GAMES = st.sampled_from([Relay(), Scroll(), Scroll(leftwards=True)])


@given(GAMES, st.lists(st.one_of(SPEECH, PRESSES, HAPPENS), max_size=60))
def test_whatever_happens_no_step_is_lost_or_doubled_and_it_ends(
    game: Round, turns: list[Turn | How]
) -> None:
    table = opened(game, TERMS)
    for turn in turns:
        if isinstance(turn, str):
            table.goes_on(turn)
        else:
            table.take(turn)
        holds(table)
    table.ends()
    holds(table)
    assert table.session.phase == "closed"


def holds(table: Machine) -> None:
    """See that what must always be is so."""
    session = table.session
    marks = [step.mark for step in session.steps]
    assert marks == sorted(set(marks))
    assert set(marks) <= {draw.mark for draw in table.asked}
    assert len(session.pending) <= 1
    assert len(table.asked) == session.pictures <= session.terms.pictures
    if session.phase == "open":
        assert isinstance(session.game, Round)
        member = session.member(session.game.at)
        assert member is not None
        assert session.pending or session.paused or "turn" in session.timers


@pytest.mark.parametrize("game", [Relay(), Scroll()])
def test_whose_picture_fails_may_try_again_unless_gone(game: Round) -> None:
    table = opened(game, TERMS)
    table.take(Pressed(key=KEYS[1], name="乙", value="join"))
    table.take(speech(KEYS[0]))
    table.goes_on("fails")
    assert turn_of(table) == KEYS[0]
    table.take(speech(KEYS[0]))
    table.take(Pressed(key=KEYS[0], name="甲", value="leave"))
    table.goes_on("fails")
    assert turn_of(table) == KEYS[1]


def turn_of(table: Machine) -> str:
    assert isinstance(table.session.game, Round)
    return table.session.game.at
