"""Who steps with whom."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from generation.scheduler import Scheduler


@dataclass(eq=False)
class Card:
    model: str = "mini"
    size: int = 64
    rows: int = 2
    steps: int = 3

    @property
    def shape(self) -> tuple[str, int]:
        return (self.model, self.size)


def drain(scheduler: Scheduler[Card]) -> list[list[Card]]:
    """Step until nothing is left, and return the batches."""
    batches: list[list[Card]] = []
    while not scheduler.idle:
        scheduler.seat()
        batch = scheduler.next_batch()
        batches.append(batch)
        scheduler.requeue(batch)
        for card in batch:
            card.steps -= 1
            if not card.steps:
                scheduler.drop(card)
    return batches


def test_canvases_of_one_shape_step_together_and_a_newcomer_joins() -> None:
    scheduler: Scheduler[Card] = Scheduler(max_rows=8, seats=1)
    first, second = Card(), Card()
    scheduler.admit(first)
    scheduler.seat()
    assert scheduler.next_batch() == [first]
    scheduler.admit(second)
    scheduler.seat()
    assert scheduler.next_batch() == [first, second]


def test_rows_are_counted_and_not_canvases() -> None:
    scheduler: Scheduler[Card] = Scheduler(max_rows=4, seats=1)
    for card in (Card(rows=2), Card(rows=1), Card(rows=1), Card(rows=1)):
        scheduler.admit(card)
    scheduler.seat()
    assert [card.rows for card in scheduler.next_batch()] == [2, 1, 1]


def test_one_too_large_for_any_batch_steps_alone() -> None:
    scheduler: Scheduler[Card] = Scheduler(max_rows=1, seats=1)
    scheduler.admit(Card(rows=2))
    scheduler.seat()
    assert len(scheduler.next_batch()) == 1


def test_shapes_take_turns() -> None:
    scheduler: Scheduler[Card] = Scheduler(max_rows=8, seats=1)
    for card in (Card(size=64), Card(size=96)):
        scheduler.admit(card)
    assert [batch[0].size for batch in drain(scheduler)] == [64, 96, 64, 96, 64, 96]


def test_a_model_without_a_seat_waits_and_is_not_overtaken() -> None:
    scheduler: Scheduler[Card] = Scheduler(max_rows=8, seats=1)
    cards = [Card("a"), Card("b"), Card("a")]
    for card in cards:
        scheduler.admit(card)
    assert [batch[0].model for batch in drain(scheduler)] == [*"aaa", *"bbb", *"aaa"]


CARDS = st.builds(
    Card, st.sampled_from("abc"), st.sampled_from([64, 96]), st.integers(1, 2), st.integers(1, 4)
)


@given(cards=st.lists(CARDS, max_size=12), seats=st.integers(1, 3), rows=st.integers(2, 6))
def test_each_gets_its_steps_and_no_batch_breaks_a_rule(
    cards: list[Card], seats: int, rows: int
) -> None:
    cards = [Card(card.model, card.size, card.rows, card.steps) for card in cards]
    wanted = {id(card): card.steps for card in cards}
    scheduler: Scheduler[Card] = Scheduler(max_rows=rows, seats=seats)
    for card in cards:
        scheduler.admit(card)
    batches = drain(scheduler)
    for batch in batches:
        assert len({card.shape for card in batch}) == 1
        assert sum(card.rows for card in batch) <= rows
    taken = [id(card) for batch in batches for card in batch]
    assert all(taken.count(name) == steps for name, steps in wanted.items())
