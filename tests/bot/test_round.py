"""Sessions in which members take turns, as machines: nothing is lost or doubled, and they end."""

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StudioError
from bot.event import Chat, Image
from bot.game.relay import Relay
from bot.game.round import Round
from bot.game.scroll import Scroll
from bot.play import begin, take
from bot.request import Request
from bot.session import (
    Draw,
    Drawn,
    Due,
    Effect,
    Hanging,
    Hung,
    Member,
    Pressed,
    Session,
    Spoke,
    Terms,
    Turn,
    Undrawn,
)

KEYS = ["chat:甲", "chat:乙", "chat:丙"]
CANVAS = Image(role="source", sha256="c" * 64, width=32, height=256)
PEOPLE = st.sampled_from(KEYS)
WANTS = ["join", "leave", "skip", "undo", "undo", "pause", "resume", "lock", "hand"]


def pressed(key: str, value: str) -> Pressed:
    return Pressed(key=key, name=key, value=value)


def speech(key: str, text: str = "石桥") -> Spoke:
    return Spoke(key=key, name=key, text=text, message="m", to="session")


PRESSES = st.builds(pressed, PEOPLE, st.sampled_from(WANTS))
SPEECH = st.builds(speech, PEOPLE, st.sampled_from(["石桥", "小船", "", "x" * 300]))
HAPPENS = st.sampled_from(["drawn", "undrawn", "due"])
GAMES = st.sampled_from([Relay(), Scroll(), Scroll(leftwards=True)])


@dataclass
class Table:
    """A session that is played, and all that it has asked for."""

    session: Session
    now: float = 0.0
    asked: list[Draw] = field(default_factory=list[Draw])

    def take(self, turn: Turn) -> None:
        """Let something happen."""
        try:
            after, effects = take(self.session, turn, self.now)
        except StudioError:
            return
        self.session = again(after)
        self.do(effects)

    def do(self, effects: tuple[Effect, ...]) -> None:
        """Note what is asked for."""
        self.asked += [one for one in effects if isinstance(one, Draw)]

    def goes_on(self, how: str) -> bool:
        """Let happen what happens by itself; False if nothing is to come."""
        if how != "due" and self.session.pending:
            mark = self.session.pending[0].mark
            drawn = Drawn(mark=mark, job_id=mark, artworks=(mark,), canvas=CANVAS)
            self.take(drawn if how == "drawn" else Undrawn(mark=mark, words="坏了"))
        elif self.session.phase == "closing":
            self.take(Hung(self.session.exhibits[0].mark, (Hanging("a.png", 9, 9),)))
        elif self.session.due_at is not None:
            self.now = max(self.now, self.session.due_at)
            self.take(Due(self.session.next_timer))
        else:
            return False
        return True


def again(session: Session) -> Session:
    """Return a session as it is kept and read again."""
    game = type(session.game)

    def read(type_: type, said: object) -> object:
        del type_
        return msgspec.convert(said, type=game)

    return msgspec.convert(msgspec.to_builtins(session), type=Session, dec_hook=read)


def opened(game: Round) -> Table:
    session = Session(
        id=1,
        chat=Chat("chat", "群", group=True),
        place=Chat("chat", "群", group=True),
        host=KEYS[0],
        members=(Member(key=KEYS[0], name="甲"),),
        theme="雨",
        request=Request(prompt="雨", seed=1),
        terms=Terms(turns=4, pictures=6),
        game=game,
        opened_at=0.0,
    )
    session, effects = begin(session, 0.0)
    table = Table(session)
    table.do(effects)
    return table


@given(GAMES, st.lists(st.one_of(SPEECH, PRESSES, HAPPENS), max_size=60))
def test_whatever_happens_no_step_is_lost_or_doubled_and_it_ends(
    game: Round, turns: list[Turn | str]
) -> None:
    table = opened(game)
    for turn in turns:
        if isinstance(turn, str):
            table.goes_on(turn)
        else:
            table.take(turn)
        holds(table)
    if table.session.paused:
        table.take(Pressed(key=table.session.host, name="甲", value="resume"))
    left = 200
    while table.goes_on("drawn"):
        holds(table)
        left -= 1
        assert left
    assert table.session.phase == "closed"


def holds(table: Table) -> None:
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
    table = opened(game)
    table.take(Pressed(key=KEYS[1], name="乙", value="join"))
    table.take(speech(KEYS[0]))
    table.goes_on("undrawn")
    assert turn_of(table) == KEYS[0]
    table.take(speech(KEYS[0]))
    table.take(Pressed(key=KEYS[0], name="甲", value="leave"))
    table.goes_on("undrawn")
    assert turn_of(table) == KEYS[1]


def turn_of(table: Table) -> str:
    assert isinstance(table.session.game, Round)
    return table.session.game.at
