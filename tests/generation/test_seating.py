"""Rows keep their owners."""

from hypothesis import given
from hypothesis import strategies as st

from generation.seating import AVOID, PROMPT, Seat, arrange, seats

BATCHES = st.dictionaries(st.integers(0, 9), st.integers(1, 2), min_size=1, max_size=6)


def wanted(batch: dict[int, int]) -> list[Seat[int]]:
    return [seat for canvas, rows in batch.items() for seat in seats(canvas, rows)]


def test_without_guidance_there_is_a_row_for_the_prompt_only() -> None:
    assert seats("a", 1) == [Seat("a", PROMPT)]
    assert seats("a", 2) == [Seat("a", AVOID), Seat("a", PROMPT)]


def test_a_newcomer_takes_the_row_of_one_who_left() -> None:
    before = wanted({1: 1, 2: 1, 3: 1})
    assert [seat.canvas for seat in arrange(before, wanted({1: 1, 3: 1, 4: 1}))] == [1, 4, 3]


@given(before=BATCHES, after=BATCHES)
def test_all_sit_and_who_can_keep_a_row_keeps_it(
    before: dict[int, int], after: dict[int, int]
) -> None:
    first = arrange((), wanted(before))
    then = arrange(first, wanted(after))
    assert sorted(then) == sorted(wanted(after))
    for row, seat in enumerate(first[: len(then)]):
        if seat in then:
            assert then[row] == seat
