"""A group session played as a pure machine: what happens goes in, what it asks for is noted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from bot.errors import StudioError
from bot.event import Chat, Image
from bot.play import begin, take
from bot.request import Request
from bot.session import (
    Draw,
    Drawn,
    Due,
    Effect,
    Game,
    Hanging,
    Hung,
    Member,
    Pressed,
    Session,
    Terms,
    Turn,
    Undrawn,
)

CANVAS = Image(role="source", sha256="c" * 64, width=32, height=256)
KEYS = ["chat:甲", "chat:乙", "chat:丙"]

How = Literal["well", "fails", "time"]
"""What waits comes, or fails, or the next timer runs out whatever waits."""


@dataclass
class Machine:
    """A session that is played, and all that it has asked for."""

    session: Session
    looks: int = 1
    """Artworks of a picture."""
    walls_fail: bool = False
    """Whether what is to be put together may fail, too."""
    now: float = 0.0
    asked: list[Draw] = field(default_factory=list[Draw])
    effects: list[tuple[str, Effect]] = field(default_factory=list[tuple[str, Effect]])
    """All of them, with the phase in which the session was by then."""

    def take(self, turn: Turn) -> None:
        """Let something happen; what is refused changes nothing."""
        try:
            after, effects = take(self.session, turn, self.now)
        except StudioError:
            return
        self.session = again(after)
        self.note(effects)

    def note(self, effects: Sequence[Effect]) -> None:
        """Note what is asked for."""
        self.asked += [one for one in effects if isinstance(one, Draw)]
        self.effects += [(self.session.phase, one) for one in effects]

    def goes_on(self, how: How = "well") -> bool:
        """Let happen what happens by itself; False if nothing is to come."""
        if self.session.pending and how != "time":
            self.take(self._picture(self.session.pending[0].mark, how))
        elif self.session.exhibits and (how != "time" or self.session.due_at is None):
            one = self.session.exhibits[0]
            count = 0 if how == "fails" and self.walls_fail else len(one.artworks) or 1
            self.take(Hung(one.mark, (Hanging("a.png", 9, 9),) * count))
        elif self.session.due_at is not None:
            self.now = max(self.now, self.session.due_at)
            self.take(Due(self.session.next_timer))
        else:
            return False
        return True

    def _picture(self, mark: int, how: How) -> Drawn | Undrawn:
        if how == "fails":
            return Undrawn(mark=mark, words="坏了")
        artworks = tuple(range(10 * mark, 10 * mark + self.looks))
        return Drawn(mark=mark, job_id=mark, artworks=artworks, canvas=CANVAS)

    def ends(self) -> None:
        """Let all happen that is still to come; that does not take for ever."""
        for _ in range(300):
            self.take(Pressed(key=self.session.host, name="某", value="resume"))
            if not self.goes_on():
                return
        raise AssertionError(self.session)


def again(session: Session) -> Session:
    """Return a session as it is kept and read again."""
    game = type(session.game)

    def read(type_: type, said: object) -> object:
        del type_
        return msgspec.convert(said, type=game)

    return msgspec.convert(msgspec.to_builtins(session), type=Session, dec_hook=read)


def opened(game: Game, terms: Terms, *, looks: int = 1, walls_fail: bool = False) -> Machine:
    """Return a session that has begun, with one member."""
    chat = Chat("chat", "群一", group=True)
    session = Session(
        id=1,
        chat=chat,
        place=chat,
        host=KEYS[0],
        members=(Member(key=KEYS[0], name="甲"),),
        theme="雨",
        request=Request(prompt="雨", seed=7),
        terms=terms,
        game=game,
        opened_at=0.0,
    )
    session, effects = begin(session, 0.0)
    machine = Machine(session, looks=looks, walls_fail=walls_fail)
    machine.note(effects)
    return machine
