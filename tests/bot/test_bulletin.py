"""What a job's message shows, and when that is news."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bulletin import LONG_S, Bulletin, Opening
from bot.event import Chat
from bot.job import State
from bot.progress import closed, queued, spoken
from bot.reply import Delivery, Limits, Reply, Status
from tests.adapters.console_factory import a_preview, an_artwork

CHAT = Chat("t", "c")
LIMITS = Limits(edits=True, turns=1, sketches=True)
TEXT = "收到 #7：一只猫\n竖版 · 马上开始 · 约 5 秒 · 今天还剩 3 张\n· 步数最多 50"
WAIT = TEXT.index("马上"), TEXT.index(" · 今天")
OPENING = Opening(
    job_id=7,
    chat=CHAT,
    message="m1",
    reply=Reply(text=TEXT, wait=WAIT, struck=((13, 15),), to="m0"),
    language="zh",
    sent_at=100.0,
)


def a_status(**facts: int) -> Status:
    return replace(Status(job_id=7, chat=CHAT), **facts)


def a_bulletin(status: Status, opening: Opening = OPENING, now: float = 110.0) -> Bulletin:
    bulletin = Bulletin(status, now)
    bulletin.hear(status, now)
    bulletin.opened(opening, LIMITS, now)
    return bulletin


def test_what_is_so_now_stands_where_the_wait_stood() -> None:
    drawing = a_bulletin(a_status(step=3, steps=10, seconds_left=12))
    assert drawing.words(LIMITS) == (
        "收到 #7：一只猫\n竖版\n🎨 ▓▓▓░░░░░░░ 30% · 约 15 秒 · 今天还剩 3 张\n· 步数最多 50"
    )
    assert drawing.reply(drawing.words(LIMITS)).struck == ((13, 15),)
    assert drawing.reply("").to is None


def test_several_pictures_count_together() -> None:
    bulletin = a_bulletin(a_status(step=10, steps=10, count=4))
    bulletin.hear(a_status(number=1, step=5, steps=10, count=4), 111.0)
    assert "37% · 第 2/4 张" in bulletin.words(LIMITS)
    bulletin.hear(a_status(count=4, ahead=2), 112.0)  # the engine was lost: it waits again
    assert "排第 3 位" in bulletin.words(LIMITS)
    bulletin.hear(a_status(step=1, steps=10, count=4), 113.0)
    assert " 2% " in bulletin.words(LIMITS)


def test_what_was_just_said_is_no_news() -> None:
    assert not a_bulletin(a_status(ahead=2), now=101.0).is_news(LIMITS, 101.0)
    assert a_bulletin(a_status(ahead=2), now=110.0).is_news(LIMITS, 110.0)
    assert a_bulletin(a_status(step=1, steps=9), now=101.0).is_news(LIMITS, 101.0)


def test_a_second_less_is_no_news() -> None:
    bulletin = a_bulletin(a_status(ahead=2, seconds_left=28))
    bulletin.shown = bulletin.words(LIMITS)
    bulletin.hear(a_status(ahead=2, seconds_left=22), 116.0)
    assert not bulletin.is_news(LIMITS, 116.0)
    bulletin.hear(a_status(ahead=1, seconds_left=22), 117.0)
    assert bulletin.is_news(LIMITS, 117.0)


def test_a_new_preview_is_news_once() -> None:
    bulletin = a_bulletin(a_status(step=3, steps=10))
    bulletin.sketches, bulletin.shown = True, bulletin.words(LIMITS)
    assert not bulletin.is_news(LIMITS, 111.0)
    bulletin.hear(replace(a_status(step=3, steps=10), preview=a_preview()), 112.0)
    assert bulletin.is_news(LIMITS, 112.0)
    bulletin.sketched = bulletin.previews_to_show()
    assert not bulletin.is_news(LIMITS, 113.0)


def test_a_message_that_stayed_behind_when_its_chat_moved_is_left_as_it_is() -> None:
    moved = a_status(step=3, steps=10)
    bulletin = a_bulletin(moved)
    assert bulletin.is_news(LIMITS, 111.0)
    bulletin.hear(replace(moved, chat=Chat("t", "elsewhere"), step=4), 112.0)
    assert not bulletin.is_news(LIMITS, 112.0)


@pytest.mark.parametrize(
    ("reply", "ended_at", "held"),
    [
        (Reply(text="画好了", artworks=(an_artwork(),)), 100.0 + LONG_S, True),
        (Reply(text="画好了", artworks=(an_artwork(),)), 100.1 + LONG_S, False),
        (Reply(text="画好了", artworks=(an_artwork(), an_artwork())), 101.0, False),
        (Reply(text="长" * 1025, artworks=(an_artwork(),)), 101.0, False),
        (Reply(text="长" * 1025), 101.0, True),
        (Reply(text="长" * 4097), 101.0, False),
        (Reply(text="已取消", fresh=True), 101.0, False),
        (Reply(text="原图", artworks=(an_artwork(),), originals=True), 101.0, False),
    ],
)
def test_the_end_stays_in_the_message_if_it_fits_and_is_noticed(
    reply: Reply, ended_at: float, *, held: bool
) -> None:
    delivery = Delivery(id=1, chat=CHAT, reply=reply, job_id=7, last=True)
    assert OPENING.holds(delivery, ended_at, LIMITS) is held


def test_who_is_nearly_done() -> None:
    bulletin = a_bulletin(a_status(step=8, steps=10, seconds_left=6), now=110.0)
    assert not bulletin.nearly_done(4.0, 110.0)
    assert bulletin.nearly_done(4.0, 112.0)
    assert not bulletin.nearly_done(4.0, 120.0)  # nothing was heard since
    done = a_bulletin(a_status(step=10, steps=10), now=110.0)
    assert done.nearly_done(4.0, 111.0)
    assert not a_bulletin(a_status(ahead=1, seconds_left=1)).nearly_done(4.0, 110.0)


def test_it_is_said_in_the_language_of_whoever_asked() -> None:
    english = a_bulletin(a_status(ahead=2), replace(OPENING, language="en"))
    assert "⏳ Number 3 in line" in english.words(LIMITS)
    with spoken("en"):
        assert closed(7, State.DELIVERED, (2, 3)) == "Done: #7, pictures 2–3 below ↓"
    assert queued(a_status(ahead=2)) == "⏳ 排第 3 位"


@given(
    st.text(max_size=300),
    st.data(),
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(40, 400),
)
def test_no_message_is_longer_than_the_platform_takes_it(
    text: str, data: st.DataObject, step: int, more: int, room: int
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    opening = replace(OPENING, reply=Reply(text=text, wait=(start, end)))
    bulletin = a_bulletin(a_status(step=step, steps=step + more, seconds_left=9), opening)
    words = bulletin.words(replace(LIMITS, text=room))
    assert 0 < len(words) <= room
