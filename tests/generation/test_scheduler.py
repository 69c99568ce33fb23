"""Who steps with whom, and whose turn it is."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import count
from statistics import quantiles
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.scheduler import Scheduler


@dataclass(eq=False)
class Card:
    owner: str = "青"
    steps: int = 4
    rows: int = 2
    size: int = 64
    model: str = "mini"
    done: int = 0
    told: int = 0
    """Steps that were foreseen, if not these."""

    @property
    def shape(self) -> tuple[str, int]:
        return (self.model, self.size)

    @property
    def step_cost(self) -> float:
        return self.rows * 0.1

    @property
    def whole_cost(self) -> float:
        return (self.told or self.steps) * self.rows * 0.1


Desk = Scheduler[Card]


def desk(*cards: Card, rows: int = 8, seats: int = 1) -> Desk:
    scheduler = Desk(cap=lambda _: rows, seats=seats)
    for card in cards:
        scheduler.admit(card)
    return scheduler


def dump(owner: str, pictures: int = 64, *, steps: int = 20, size: int = 64) -> list[Card]:
    return [Card(owner, steps, size=size) for _ in range(pictures)]


def step(scheduler: Desk) -> list[Card]:
    """Take a step as the engine does, and look into the books."""
    scheduler.seat()
    batch = scheduler.next_batch()
    scheduler.served(batch)
    for card in batch:
        card.done += 1
        if card.done == card.steps:
            scheduler.drop(card)
    assert scheduler.faults() == []
    return batch


def drain(scheduler: Desk) -> list[list[Card]]:
    """Step until nothing is left, and return the batches."""
    batches: list[list[Card]] = []
    while not scheduler.idle:
        batches.append(step(scheduler))
    return batches


def steps_until_done(scheduler: Desk, card: Card) -> int:
    return next(
        number for number in count(1) if card in step(scheduler) and card.done == card.steps
    )


def given_to(scheduler: Desk, steps: int) -> Counter[str]:
    """Rows that each owner gets in so many steps."""
    batches = [step(scheduler) for _ in range(steps)]
    return Counter(card.owner for batch in batches for card in batch for _ in range(card.rows))


# ── batches ──────────────────────────────────────────────────────────────────────────────────


def test_canvases_of_one_shape_step_together_and_a_newcomer_joins() -> None:
    first, second = Card(), Card()
    scheduler = desk(first)
    assert step(scheduler) == [first]
    scheduler.admit(second)
    assert step(scheduler) == [first, second]


def test_each_canvas_begins_once() -> None:
    first, second = Card(), Card()
    scheduler = desk(first)
    assert scheduler.seat() == [first]
    scheduler.admit(second)
    assert scheduler.seat() == [second]
    assert scheduler.seat() == []


def test_rows_are_counted_and_not_canvases() -> None:
    scheduler = desk(*(Card(rows=rows) for rows in (2, 1, 1, 1)), rows=4)
    assert [card.rows for card in step(scheduler)] == [2, 1, 1]


def test_rows_that_a_canvas_frees_between_steps_go_to_another() -> None:
    first, second = Card(), Card()
    scheduler = desk(first, second, rows=3)
    assert step(scheduler) == [first]
    first.rows = 1
    assert step(scheduler) == [first, second]


def test_a_row_that_is_too_few_for_one_goes_to_a_smaller_one_behind_it() -> None:
    first, large, small = Card("甲", 2), Card("乙", 2), Card("丙", 9, rows=1)
    scheduler = desk(first, large, small, rows=3)
    assert step(scheduler) == [first, small]
    assert step(scheduler) == [first, small]
    assert step(scheduler) == [large, small]


def test_one_too_large_for_any_batch_steps_alone() -> None:
    large = Card(rows=2)
    assert step(desk(large, Card(rows=1), rows=1)) == [large]


def test_one_that_is_dropped_is_gone_at_once() -> None:
    first, second = Card(), Card()
    scheduler = desk(first, second)
    step(scheduler)
    scheduler.drop(first)
    scheduler.drop(first)
    assert step(scheduler) == [second]


CARDS = st.builds(
    Card,
    owner=st.sampled_from("甲乙丙丁"),
    steps=st.integers(1, 5),
    rows=st.integers(1, 3),
    size=st.sampled_from([64, 96]),
    model=st.sampled_from("abc"),
)
COMING = st.lists(st.tuples(CARDS, st.integers(0, 6)), max_size=16)
"""Canvases, and how many steps after the one before each of them comes."""


@given(coming=COMING, seats=st.integers(1, 3), most=st.integers(1, 6), data=st.data())
def test_each_gets_its_steps_and_no_batch_breaks_a_rule(
    coming: list[tuple[Card, int]], seats: int, most: int, data: st.DataObject
) -> None:
    cards = [replace(card) for card, _ in coming]
    scheduler, taken = desk(rows=most, seats=seats), Counter[Card]()

    def one_step() -> None:
        batch = step(scheduler)
        taken.update(batch)
        assert bool(batch) == any(card.done for card in batch)
        assert len({card.shape for card in batch}) <= 1
        assert len(set(batch)) == len(batch)
        assert len(batch) <= 1 or sum(card.rows for card in batch) <= most
        for card in batch:  # as outside a guidance interval
            card.rows = data.draw(st.integers(1, 3))

    for card, (_, wait) in zip(cards, coming, strict=True):
        for _ in range(wait):
            one_step()
        scheduler.admit(card)
    for _ in range(sum(card.steps - card.done for card in cards)):
        one_step()
    assert scheduler.idle
    assert taken == Counter({card: card.steps for card in cards})


# ── turns ────────────────────────────────────────────────────────────────────────────────────


@given(
    before=st.integers(0, 90),
    most=st.sampled_from([4, 6, 8, 16, 32]),
    size=st.sampled_from([64, 96]),
)
def test_a_light_users_picture_is_begun_at_once_behind_a_dump_of_64(
    before: int, most: int, size: int
) -> None:
    scheduler, light = desk(*dump("蛮"), rows=most), Card("轻", 20, size=size)
    for _ in range(before):
        step(scheduler)
    scheduler.admit(light)
    same_shape = size == 64
    assert steps_until_done(scheduler, light) <= light.steps + (0 if same_shape else 1)


def test_where_a_batch_is_one_picture_it_waits_for_no_more_than_that() -> None:
    light = Card("轻", 20)
    scheduler = desk(*dump("蛮"), rows=2)
    step(scheduler)
    scheduler.admit(light)
    assert steps_until_done(scheduler, light) == 19 + 20


def test_light_users_wait_a_tenth_of_what_first_come_first_served_takes() -> None:
    whole = 64 * 20 // 4  # steps that the dump takes
    ours, fifo = list[int](), list[int]()
    for at in range(0, whole, 16):
        scheduler, light = desk(*dump("蛮"), rows=8), Card("轻", 20)
        for _ in range(at):
            step(scheduler)
        scheduler.admit(light)
        ours.append(steps_until_done(scheduler, light))
        fifo.append(whole - at + 20)
    assert quantiles(ours, n=20)[-1] <= 0.1 * quantiles(fifo, n=20)[-1]


PICTURES = st.tuples(st.integers(1, 30), st.integers(1, 2))
"""Steps and rows of all pictures of an owner."""


@given(
    heavy=PICTURES,
    other=PICTURES,
    most=st.integers(2, 9),
    before=st.integers(0, 60),
    lights=st.booleans(),
)
def test_two_who_always_want_more_are_served_alike(
    heavy: tuple[int, int], other: tuple[int, int], most: int, before: int, *, lights: bool
) -> None:
    """Never further apart than all pictures of a batch and one, however long one was alone."""
    scheduler = desk(rows=most)
    pictures = {"蛮": heavy, "横": other}
    served, start = Counter[str](), Counter[str]()
    owners, light = ["蛮"], Card()
    here: dict[str, list[Card]] = {"蛮": [], "横": []}
    largest = max(steps * rows for steps, rows in pictures.values())
    most_pictures = most // min(rows for _, rows in pictures.values())
    for tick in range(before + 200):
        if tick == before:
            owners.append("横")
            start = served.copy()
        for owner in owners:
            here[owner] = [card for card in here[owner] if card.done < card.steps]
            while len(here[owner]) <= most:
                here[owner].append(Card(owner, *pictures[owner]))
                scheduler.admit(here[owner][-1])
        if lights and light.done in (0, light.steps):  # there is always one of them
            light = Card(f"轻{tick}", 3, 1)
            scheduler.admit(light)
        for card in step(scheduler):
            served[card.owner] += card.rows
        apart = abs((served["蛮"] - start["蛮"]) - (served["横"] - start["横"]))
        assert tick < before or apart <= (most_pictures + 1) * largest


SINGLES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 9), st.sampled_from([64, 96])), max_size=20
)
"""Steps after the one before, steps, size."""


@given(coming=SINGLES, pictures=st.integers(1, 4))
def test_people_with_a_picture_each_are_served_as_they_came_and_none_is_put_aside(
    coming: list[tuple[int, int, int]], pictures: int
) -> None:
    scheduler = desk(rows=2 * pictures)
    cards = [Card(str(number), steps, size=size) for number, (_, steps, size) in enumerate(coming)]
    begun: dict[int, list[Card]] = {64: [], 96: []}

    def one_step() -> None:
        batch = step(scheduler)
        for size in {card.size for card in batch}:
            order = begun[size]
            assert set(batch) >= {card for card in order if card.done < card.steps}
            order += [card for card in batch if card not in order]
            assert order == sorted(order, key=cards.index)

    for card, (wait, _, _) in zip(cards, coming, strict=True):
        for _ in range(wait):
            one_step()
        scheduler.admit(card)
    while not scheduler.idle:
        one_step()


def test_one_that_takes_longer_than_foreseen_is_not_put_aside_for_the_next() -> None:
    first, second, third = (Card(steps=9, told=1) for _ in range(3))
    scheduler = desk(first, second, third, rows=4)
    assert [set(step(scheduler)) for _ in range(9)] == [{first, second}] * 9


# ── nobody starves, and nothing is gained by tricks ──────────────────────────────────────────


@pytest.mark.parametrize("size", [64, 96])
@pytest.mark.parametrize("crowd", [1, 3, 12])
def test_endless_newcomers_keep_nobody_out(crowd: int, size: int) -> None:
    """Some are always there; their rows may leave some free, so that they join at once."""
    scheduler = desk(*dump("蛮", 12), rows=8)
    given_to(scheduler, 30)
    last = Card("蛮", 20, size=size)
    scheduler.admit(last)
    strangers = [Card(f"生{number}", 5 + number) for number in range(crowd)]
    for stranger in strangers:
        scheduler.admit(stranger)
    for tick in range(12 * 20 * (crowd + 1)):
        if last.done == last.steps:
            return
        step(scheduler)
        gone = [stranger for stranger in strangers if stranger.done == stranger.steps]
        for number, stranger in enumerate(gone):
            strangers.remove(stranger)
            strangers.append(Card(f"新{tick}/{number}", 5 + number))
            scheduler.admit(strangers[-1])
    pytest.fail("it was never done")


def test_who_uses_what_nobody_wants_owes_nobody() -> None:
    scheduler = desk(*dump("蛮", 100), rows=8)
    for number in range(100):  # a row of light users, one after the other
        scheduler.admit(Card(f"轻{number}", 5))
        given_to(scheduler, 5)
    for card in dump("横", 100):
        scheduler.admit(card)
    shares = given_to(scheduler, 80)
    assert shares["蛮"] == pytest.approx(shares["横"], abs=5 * 40)


def test_nor_who_used_it_without_ever_waiting() -> None:
    scheduler = desk(rows=8)
    for _ in range(40):
        scheduler.admit(Card("蛮", 20))
        given_to(scheduler, 5)
    for card in (*dump("横", 100), *dump("蛮", 100)):
        scheduler.admit(card)
    shares = given_to(scheduler, 80)
    assert shares["蛮"] == pytest.approx(shares["横"], abs=5 * 40)


def test_a_long_wait_saves_nothing_up() -> None:
    """Who always has one picture in the making has no claim to a hundred at once."""
    scheduler, small = desk(*dump("蛮", 200), rows=8), Card("小")
    for _ in range(400):
        if small.done in (0, small.steps):
            small = Card("小", 4)
            scheduler.admit(small)
            scheduler.admit(Card("小", 4))
        step(scheduler)
    for card in dump("小", 100):
        scheduler.admit(card)
    shares = given_to(scheduler, 60)
    assert shares["蛮"] == pytest.approx(shares["小"], abs=5 * 40)


def test_who_leaves_and_comes_back_is_not_forgiven() -> None:
    heavy = dump("蛮", 4)
    scheduler = desk(*heavy, rows=8)
    given_to(scheduler, 10)
    for card in dump("横", 8):
        scheduler.admit(card)
    for card in heavy:
        scheduler.drop(card)
    step(scheduler)
    for owner in ("蛮", "新0", "新1", "新2"):
        scheduler.admit(Card(owner, 20))
    assert [card.owner for card in step(scheduler)] == ["横", "新0", "新1", "新2"]


def test_nor_by_doing_so_all_the_time() -> None:
    scheduler, shares = desk(*dump("横", 200), rows=8), Counter[str]()
    for _ in range(40):
        restless = dump("蛮", 8)
        for card in restless:
            scheduler.admit(card)
        shares += given_to(scheduler, 7)
        for card in restless:
            scheduler.drop(card)
    assert shares["蛮"] == pytest.approx(shares["横"], abs=5 * 40)


def test_books_do_not_grow_with_the_number_of_people() -> None:
    scheduler = desk(rows=4)
    kept: list[int] = []
    for number in range(3000):  # more than can be served at once, so that it is never idle
        scheduler.admit(Card(f"{number}", 2, 1 + number % 2))
        if number > 20:
            step(scheduler)
        places, counters = books(scheduler)
        kept.append(len(counters.keys() - {place.owner for place in places}))
    assert max(kept) < 30
    drain(scheduler)
    assert books(scheduler) == ([], {})


# ── models ───────────────────────────────────────────────────────────────────────────────────


def test_a_model_without_a_seat_waits_and_is_not_overtaken() -> None:
    cards = [Card(owner, 3, model=model) for owner, model in ("甲a", "乙b", "丙a")]
    assert [batch[0].model for batch in drain(desk(*cards))] == [*"aaa", *"bbb", *"aaa"]


def test_two_models_with_two_seats_take_turns() -> None:
    cards = [Card(owner, 2, model=model) for owner, model in ("甲a", "乙b", "丙a")]
    scheduler = desk(*cards, rows=2, seats=2)
    assert [batch[0].model for batch in drain(scheduler)] == [*"aa", *"bb", *"aa"]


def test_a_light_users_model_waits_only_for_the_pictures_in_the_making() -> None:
    light = Card("轻", 20, model="other")
    scheduler = desk(*dump("蛮"), rows=8)
    for _ in range(5):
        step(scheduler)
    scheduler.admit(light)
    assert steps_until_done(scheduler, light) == 15 + 20


# ── books ────────────────────────────────────────────────────────────────────────────────────


def books(scheduler: Desk) -> tuple[list[Any], dict[str, int]]:
    """Where each canvas stands, and the counters."""
    return [*scheduler._places.values()], scheduler._counters  # pyright: ignore[reportPrivateUsage]


def test_faults_are_found() -> None:
    scheduler = desk(Card("青", model="a"))
    step(scheduler)
    (place,), counters = books(scheduler)
    place.seated = False
    assert scheduler.faults() == ["a model of ['a'] has lost its seat"]
    place.seated, place.begun = True, False
    assert scheduler.faults() == ["one is seated and has not begun"]
    place.begun, counters["青"] = True, 0
    assert scheduler.faults() == ["'青' was served less than it had"]
