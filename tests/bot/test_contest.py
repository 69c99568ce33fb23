"""A contest as a machine: whatever happens, nothing is lost, doubled or told, and it ends."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import StudioError
from bot.event import Chat
from bot.game.ballot import Ballot
from bot.game.contest import Contest
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
    Say,
    Score,
    Session,
    Spoke,
    Turn,
    Undrawn,
)

KEYS = ["chat:甲", "chat:乙", "chat:丙", "chat:丁"]
VOTES = ("vote0", "vote1", "vote2", "vote3")
PEOPLE = st.sampled_from(KEYS)
VALUES = st.sampled_from(
    [
        *("enter", "enter", "enter", *VOTES, *VOTES, *VOTES),
        *("join", "leave", "skip", "undo", "pause", "resume", "lock", "hand"),
    ]
)


@dataclass
class Table:
    """A contest that is played, and all that it has asked for."""

    session: Session
    now: float = 0.0
    asked: list[int] = field(default_factory=list[int])
    scores: list[Score] = field(default_factory=list[Score])
    told: list[str] = field(default_factory=list[str])

    def take(self, turn: Turn) -> None:
        """Let something happen."""
        try:
            after, effects = take(self.session, turn, self.now)
        except StudioError:
            return
        self.session = after
        self.do(effects)

    def do(self, effects: Sequence[Effect]) -> None:
        """Note what is asked for."""
        self.asked += [one.mark for one in effects if isinstance(one, Draw)]
        self.scores += [one for one in effects if isinstance(one, Score)]
        if self.session.phase == "open":
            self.told += [one.text for one in effects if isinstance(one, Say)]

    def goes_on(self, *, fails: bool = False) -> bool:
        """Let happen what happens by itself; False if nothing is to come."""
        if self.session.pending:
            mark = self.session.pending[0].mark
            drawn = Drawn(mark=mark, job_id=mark, artworks=(mark,))
            self.take(Undrawn(mark=mark, words="坏了") if fails else drawn)
        elif self.session.exhibits:
            self.take(Hung(self.session.exhibits[0].mark, (Hanging("a.png", 9, 9),)))
        elif self.session.due_at is not None:
            self.now = max(self.now, self.session.due_at)
            self.take(Due(self.session.next_timer))
        else:
            return False
        return True

    def hangs(self) -> None:
        """Have entries of all, and the vote begun."""
        for key in KEYS:
            self.take(Pressed(key=key, name="某", value="enter", text="密语"))
        while self.session.pending or self.session.exhibits or not self.session.closed_at:
            if isinstance(self.session.game, Contest) and "vote" in self.session.timers:
                return
            self.goes_on()

    def ends(self) -> None:
        """Let all happen that is still to come."""
        for _ in range(100):
            key = self.session.host
            self.take(Pressed(key=key, name="某", value="resume"))
            if not self.goes_on():
                return


def opened(**terms: int) -> Table:
    """Return a contest that has begun."""
    chat = Chat("chat", "群一", group=True)
    session = Session(
        id=1,
        chat=chat,
        place=chat,
        host=KEYS[0],
        members=(Member(key=KEYS[0], name="甲某"),),
        theme="雨",
        request=Request(prompt="雨", seed=7),
        terms=replace(Contest.usual, **terms),
        game=Contest(),
        opened_at=0.0,
    )
    session, effects = begin(session, 0.0)
    table = Table(session)
    table.do(effects)
    return table


def people() -> st.SearchStrategy[Turn | bool]:
    """Yield what people do, and moments in which something happens by itself."""
    words = st.integers(0, 99).map("密语{}".format)
    who = {"key": PEOPLE, "name": st.just("某"), "message": st.just("1"), "text": words}
    to: st.SearchStrategy[str] = st.sampled_from(["session", "all"])
    said = st.builds(Spoke, **who, to=to, own=st.just(value=True))
    pressed = st.builds(Pressed, **who, value=VALUES)
    return st.one_of(said, *[pressed] * 6, st.booleans())


@settings(max_examples=150, deadline=None)
@given(
    turns=st.lists(people(), min_size=10, max_size=50),
    terms=st.fixed_dictionaries(
        {"per_member": st.integers(1, 3), "turns": st.integers(2, 9), "pictures": st.integers(1, 9)}
    ),
    voting=st.booleans(),
)
def test_whatever_happens_it_keeps_its_rules_and_ends(
    turns: list[Turn | bool], terms: dict[str, int], *, voting: bool
) -> None:
    table = opened(**terms)
    if voting:
        table.hangs()
    for turn in turns:
        if isinstance(turn, bool):
            table.goes_on(fails=turn)
        else:
            table.take(turn)
        holds(table)
    table.ends()
    holds(table)
    assert table.session.phase == "closed"
    assert len({score.member for score in table.scores}) == len(table.scores)
    assert all(score.points in {1, 2, 3} for score in table.scores)


def holds(table: Table) -> None:
    """Check what is always so."""
    session = table.session
    game = session.game
    assert isinstance(game, Contest)
    assert len(set(table.asked)) == len(table.asked) <= session.terms.pictures
    marks = [one.mark for one in (*session.steps, *session.pending)]
    assert len(set(marks)) == len(marks)
    assert set(marks) <= set(table.asked)
    for key in KEYS:
        own = [one for one in (*session.steps, *session.pending) if one.member == key]
        assert len(own) <= session.terms.per_member
    owners = {step.mark: step.member for step in session.steps}
    for key, one in game.ballot.votes.items():
        assert one in game.ballot.open
        assert owners[one] != key
        assert session.member(key) is not None
    assert not any("密语" in told for told in table.told)
    assert not any("密语" in line for line in game.told(session, table.now)) or (
        session.phase != "open"
    )
    assert msgspec.convert(msgspec.to_builtins(game), type=Contest) == game


@given(st.lists(st.integers(0, 4), max_size=9), st.lists(st.integers(0, 4), max_size=9))
def test_places_are_by_votes_and_shared_by_as_many(first: list[int], again: list[int]) -> None:
    ballot = Ballot(order=(0, 1, 2, 3, 4), votes={str(at): vote for at, vote in enumerate(first)})
    assert sorted(ballot.ranked) == [0, 1, 2, 3, 4]
    places = [ballot.place(one) for one in ballot.ranked]
    assert places == sorted(places)
    most = max(first.count(one) for one in range(5))
    assert set(ballot.leaders) == {one for one in range(5) if most and first.count(one) == most}
    if len(ballot.leaders) < 2:
        return
    run_off = ballot.run_off()
    for at, vote in enumerate(again):
        if vote in run_off.open:
            run_off = run_off.cast(str(at), vote)
    assert set(run_off.leaders) <= set(ballot.leaders)
    assert all(run_off.count(one) == first.count(one) for one in range(5))


def test_the_order_is_the_same_each_time_and_not_that_of_coming() -> None:
    orders = set[tuple[int, ...]]()
    for seed in range(20):
        table = opened(turns=5, per_member=5)
        table.session = replace(table.session, request=replace(table.session.request, seed=seed))
        for number in range(5):
            table.take(Pressed(key=KEYS[1], name="乙", value="enter", text=f"{number}"))
        while table.session.pending:
            table.goes_on()
        assert isinstance(table.session.game, Contest)
        orders.add(table.session.game.ballot.order)
    assert len(orders) > 10
