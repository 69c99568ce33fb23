"""How a gift is parted: by lot, but nobody goes empty and nobody is favoured."""

from collections.abc import Sequence
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gift import MOST_SHARES, Gift, Share, lot, split

seeds = st.integers(0, 2**32 - 1)
gifts = st.integers(1, MOST_SHARES).flatmap(
    lambda people: st.tuples(st.integers(people, 10_000), st.just(people))
)


@given(gifts, seeds)
def test_all_of_it_is_given_and_everybody_gets_something(of: tuple[int, int], seed: int) -> None:
    pictures, people = of
    shares = split(pictures, people, lot(seed))
    assert len(shares) == people
    assert sum(shares) == pictures
    assert min(shares) >= 1
    assert split(pictures, people, lot(seed)) == shares


@given(gifts, seeds)
def test_no_luck_is_needed_where_there_is_no_choice(of: tuple[int, int], seed: int) -> None:
    _, people = of
    assert split(people, people, lot(seed)) == (1,) * people
    assert split(people, 1, lot(seed)) == (people,)


@given(st.integers(1, 10**12), seeds)
def test_luck_stays_below_its_bound(below: int, seed: int) -> None:
    draw = lot(seed)
    assert all(0 <= draw(below) < below for _ in range(5))


def chances(pictures: int, people: int, tries: int = 4000) -> Sequence[Sequence[int]]:
    """Every share of each place, over many gifts."""
    found = [split(pictures, people, lot(seed)) for seed in range(tries)]
    return list(zip(*found, strict=True))


@pytest.mark.parametrize(("pictures", "people"), [(10, 5), (20, 3), (100, 10), (7, 6)])
def test_it_does_not_matter_who_comes_first(pictures: int, people: int) -> None:
    fair = pictures / people
    for shares in chances(pictures, people):
        # the mean of 4000 has a standard error of at most fair/50 or so: five of them
        assert mean(shares) == pytest.approx(fair, rel=0.1)


def test_luck_differs_but_not_without_bound() -> None:
    places = chances(100, 10)
    largest = max(map(max, places))
    assert largest < 60
    assert {share for shares in places for share in shares} >= set(range(1, 19))
    lucky = [max(range(10), key=lambda at: gift[at]) for gift in zip(*places, strict=True)]
    for place in range(10):
        assert 200 < lucky.count(place) < 800  # of 4000, 400 each


def test_the_luckiest_is_who_took_the_most_and_of_several_the_first() -> None:
    shares = tuple(Share(pictures=pictures) for pictures in (2, 5, 1, 5))
    gift = Gift(id=1, user="t:1", name="", chat="t:-1", expires_at=0.0, shares=shares)
    assert (gift.pictures, gift.open, gift.luckiest) == (13, 4, 1)
