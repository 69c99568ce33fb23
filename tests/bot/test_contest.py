"""A contest as a machine: whatever happens, nothing is lost, doubled or told, and it ends."""

from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.game.ballot import Ballot
from bot.game.contest import Contest
from bot.session import Pressed, Say, Score, Spoke, Turn
from tests.bot.machine import KEYS, Machine, opened

PLAYERS = [*KEYS, "chat:丁"]
VOTES = ("vote0", "vote1", "vote2", "vote3")
PEOPLE = st.sampled_from(PLAYERS)
VALUES = st.sampled_from(
    [
        *("enter", "enter", "enter", *VOTES, *VOTES, *VOTES),
        *("join", "leave", "skip", "undo", "pause", "resume", "lock", "hand", "invite"),
    ]
)


def contest(**terms: int) -> Machine:
    """Return a contest that has begun."""
    return opened(Contest(), replace(Contest.usual, **terms))


def hangs(table: Machine) -> None:
    """Have entries of all, and the vote begun."""
    for key in PLAYERS:
        table.take(Pressed(key=key, name="某", value="enter", text="密语"))
    while table.session.phase == "open" and "vote" not in table.session.timers:
        table.goes_on()


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
    table = contest(**terms)
    if voting:
        hangs(table)
    for turn in turns:
        if isinstance(turn, bool):
            table.goes_on("fails" if turn else "well")
        else:
            table.take(turn)
        holds(table)
    table.ends()
    holds(table)
    assert table.session.phase == "closed"
    scores = [one for _, one in table.effects if isinstance(one, Score)]
    assert len({score.member for score in scores}) == len(scores)
    assert all(score.points in {1, 2, 3} for score in scores)


def holds(table: Machine) -> None:
    """Check what is always so."""
    session = table.session
    game = session.game
    assert isinstance(game, Contest)
    asked = [draw.mark for draw in table.asked]
    assert len(set(asked)) == len(asked) <= session.terms.pictures
    marks = [one.mark for one in (*session.steps, *session.pending)]
    assert len(set(marks)) == len(marks)
    assert set(marks) <= set(asked)
    for key in PLAYERS:
        own = [one for one in (*session.steps, *session.pending) if one.member == key]
        assert len(own) <= session.terms.per_member
    owners = {step.mark: step.member for step in session.steps}
    for key, one in game.ballot.votes.items():
        assert one in game.ballot.open
        assert owners[one] != key
        assert session.member(key) is not None
    told = [one.text for phase, one in table.effects if phase == "open" and isinstance(one, Say)]
    assert not any("密语" in words for words in told)
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
        table = contest(turns=5, per_member=5)
        table.session = replace(table.session, request=replace(table.session.request, seed=seed))
        for number in range(5):
            table.take(Pressed(key=KEYS[1], name="乙", value="enter", text=f"{number}"))
        while table.session.pending:
            table.goes_on()
        assert isinstance(table.session.game, Contest)
        orders.add(table.session.game.ballot.order)
    assert len(orders) > 10
