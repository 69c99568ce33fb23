"""What a job's own message says, from the queue to the end."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from bot.job import State
from bot.receipt import BETWEEN
from bot.reply import Status
from bot.texts import duration, pausing
from bot.wording import LANGUAGE, Language, say

BAR_CELLS = 10
STEPS_S = (5, 10, 15, 20, 30, 40, 50)
"""What a time below a minute is rounded up to: a message is not edited for each second."""


@contextmanager
def spoken(language: Language) -> Generator[None]:
    """Say meanwhile what somebody reads in a language."""
    before = LANGUAGE.set(language)
    try:
        yield
    finally:
        LANGUAGE.reset(before)


def queued(status: Status) -> str:
    """A job that waits: its place, and how long it takes."""
    if status.paused is not None:
        return f"⏸ {pausing(status.paused)}"
    if not status.ahead:
        place = say("⏳ 下一个就是")
    else:
        place = say("⏳ 排第 {place} 位", place=status.ahead + 1)
    return _joined(place, status.seconds_left)


def drawing(status: Status, share: float, finished: int) -> str:
    """A job that is being drawn.

    Args:
        status: The latest.
        share: How much of all its pictures is done, from 0 to 1.
        finished: How many of them are done.
    """
    percent = min(99, int(share * 100))
    done = round(share * BAR_CELLS)
    bar = "▓" * done + "░" * (BAR_CELLS - done)
    words = f"🎨 {bar} {percent}%"
    if status.count > 1:
        number = min(finished + 1, status.count)
        words += BETWEEN + say("第 {number}/{count} 张", number=number, count=status.count)
    return _joined(words, status.seconds_left)


def closed(job_id: int, state: State, place: Sequence[int] = ()) -> str:
    """What a job's message says when its result is below.

    Args:
        job_id: The job.
        state: How it has ended.
        place: First and last of its pictures among those that went out together, from 1; empty:
            it went out alone.
    """
    if state is State.CANCELLED:
        return say("#{job} 已取消", job=job_id)
    if state is State.FAILED:
        return say("#{job} 没画成 ↓", job=job_id)
    if not place:
        return say("画好了 #{job} ↓", job=job_id)
    first, last = place
    if first == last:
        return say("画好了 #{job}，在下面第 {first} 张 ↓", job=job_id, first=first)
    return say("画好了 #{job}，在下面第 {first}–{last} 张 ↓", job=job_id, first=first, last=last)


def unsent(job_id: int) -> str:
    """What it says when the result could not be sent."""
    return say("画好了 #{job}，但是发不出来，用 /历史 找它", job=job_id)


def _joined(words: str, seconds: float | None) -> str:
    if seconds is None:
        return words
    rounded = next((step for step in STEPS_S if seconds <= step), seconds)
    return words + BETWEEN + say("约 {time}", time=duration(rounded))
