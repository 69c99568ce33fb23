"""Which results go out together, and as what."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from bot.event import Chat
from bot.fold import FOLD_S, folded, next_of, own, places
from bot.reply import Among, Delivery, Limits, Reply, Sent
from bot.store.outbox import Parcel
from tests.adapters.console_factory import an_artwork

GROUP = Chat("t", "g", group=True)
LIMITS = Limits(edits=True, turns=1, album=10)


def a_parcel(
    id_: int, pictures: int = 1, at: float = 0.0, *, chat: Chat = GROUP, line: str = "#7：一只猫"
) -> Parcel:
    """A result; without pictures, words."""
    reply = Reply(
        text=f"画好了 #{id_}",
        artworks=tuple(replace(an_artwork(), id=10 * id_ + n) for n in range(pictures)),
        among=Among(user="t:a", name="阿青", text=line) if pictures else None,
    )
    last = bool(pictures)
    delivery = Delivery(id=id_, chat=chat, reply=reply, job_id=id_ if last else None, last=last)
    return Parcel(delivery=delivery, due_at=at, attempts=0, created_at=at)


def ids(parcels: tuple[Parcel, ...]) -> list[int]:
    return [parcel.delivery.id for parcel in parcels]


def test_results_that_are_there_go_together() -> None:
    found = next_of([a_parcel(1), a_parcel(2), a_parcel(3, 2)], LIMITS, 1.0, more=False)
    assert ids(found) == [1, 2, 3]


def test_a_result_waits_for_one_that_is_nearly_done_but_not_long() -> None:
    parcels = [a_parcel(1)]
    assert next_of(parcels, LIMITS, FOLD_S - 0.1, more=True) == ()
    assert ids(next_of(parcels, LIMITS, FOLD_S, more=True)) == [1]
    assert ids(next_of(parcels, LIMITS, 0.0, more=False)) == [1]


def test_words_pass_a_result_that_waits() -> None:
    parcels = [a_parcel(1), a_parcel(2, 0), a_parcel(3)]
    assert ids(next_of(parcels, LIMITS, 1.0, more=True)) == [2]
    assert ids(next_of([a_parcel(2, 0), a_parcel(3)], LIMITS, 1.0, more=True)) == [2]


def test_in_private_and_where_there_are_no_albums_each_goes_alone() -> None:
    private = Chat("t", "p")
    alone = [a_parcel(1, chat=private), a_parcel(2, chat=private)]
    assert ids(next_of(alone, LIMITS, 0.0, more=True)) == [1]
    assert ids(next_of([a_parcel(1), a_parcel(2)], replace(LIMITS, album=1), 0.0, more=True)) == [1]


def test_originals_and_what_was_tried_before_go_alone() -> None:
    first, second = a_parcel(1), a_parcel(2)
    tried = replace(first, attempts=1)
    assert ids(next_of([tried, second], LIMITS, 0.0, more=True)) == [1]
    reply = replace(first.delivery.reply, originals=True)
    originals = replace(first, delivery=replace(first.delivery, reply=reply))
    assert ids(next_of([originals, second], LIMITS, 0.0, more=True)) == [1]


def test_a_reply_that_waits_for_another_attempt_holds_back_what_is_behind() -> None:
    assert next_of([a_parcel(1, at=9.0), a_parcel(2)], LIMITS, 1.0, more=False) == ()


def test_what_went_out_together_goes_out_together_again() -> None:
    begun = [replace(a_parcel(n), fold=1, attempts=1) for n in (1, 2)]
    assert ids(next_of([*begun, a_parcel(3)], LIMITS, 0.0, more=False)) == [1, 2]


def test_an_album_is_no_larger_than_the_platform_takes_it() -> None:
    parcels = [a_parcel(n, 4) for n in range(1, 5)]
    assert ids(next_of(parcels, LIMITS, 0.0, more=True)) == [1, 2]
    long = [a_parcel(n, line="长" * 600) for n in range(1, 4)]
    assert ids(next_of(long, LIMITS, 0.0, more=True)) == [1]


def test_each_picture_of_an_album_is_of_its_job() -> None:
    parcels = [a_parcel(1, 2), a_parcel(2, 1), a_parcel(3, 3)]
    delivery = folded(parcels)
    assert delivery.reply.text == (
        "1–2 阿青 #7：一只猫\n3 阿青 #7：一只猫\n4–6 阿青 #7：一只猫（AI生成）"
    )
    sent = [Sent("words"), *(Sent(f"m{n}", n) for n in range(6))]
    assert [own(sent, place) for place in places(parcels)] == [
        [Sent("m0", 0), Sent("m1", 1)],
        [Sent("m2", 0)],
        [Sent("m3", 0), Sent("m4", 1), Sent("m5", 2)],
    ]


@dataclass
class Chatter:
    """When what comes, in seconds, and when somebody is nearly done."""

    parcels: list[Parcel]
    more: list[bool]


@st.composite
def chatters(draw: st.DrawFn) -> Chatter:
    gaps = draw(st.lists(st.integers(0, 3), min_size=1, max_size=12))
    at, parcels = 0.0, list[Parcel]()
    for number, gap in enumerate(gaps, 1):
        at += gap
        parcels.append(a_parcel(number, draw(st.integers(0, 5)), at))
    return Chatter(parcels, draw(st.lists(st.booleans(), min_size=60, max_size=60)))


@given(chatters())
def test_all_goes_out_in_order_and_in_time(chatter: Chatter) -> None:
    waiting, gone = list(chatter.parcels), list[tuple[float, Parcel]]()
    for second, more in enumerate(chatter.more):
        here = [parcel for parcel in waiting if parcel.created_at <= second]
        while found := next_of(here, LIMITS, second, more=more):
            assert sum(len(p.delivery.reply.artworks) for p in found) <= LIMITS.album
            gone += [(second, parcel) for parcel in found]
            here = [parcel for parcel in here if parcel not in found]
            waiting = [parcel for parcel in waiting if parcel not in found]
    assert waiting == []
    for kind in (True, False):
        order = [parcel.delivery.id for _, parcel in gone if parcel.delivery.last is kind]
        assert order == sorted(order)
    assert all(second <= parcel.created_at + FOLD_S for second, parcel in gone)
    words = [(second, parcel) for second, parcel in gone if not parcel.delivery.last]
    assert all(second == parcel.created_at for second, parcel in words)


def test_no_result_passes_the_acknowledgement_of_its_own_job() -> None:
    words = a_parcel(8, 0)
    opens = replace(words, kind="opens", delivery=replace(words.delivery, job_id=9))
    parcels = [a_parcel(7), opens, a_parcel(9), a_parcel(10)]
    assert ids(next_of(parcels, LIMITS, 1.0, more=False)) == [7]
    assert ids(next_of(parcels[1:], LIMITS, 1.0, more=False)) == [8]
    assert ids(next_of(parcels[2:], LIMITS, 1.0, more=False)) == [9, 10]
