"""How many calls go through in which time, and who is remembered."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel import FEW, Bucket, Channel, Channels
from bot.event import Chat
from bot.reply import Limits, Rate
from tests.fakes import Tokens
from tests.flow.scene import Hand

START = 1_800_000_000.0
NEARLY = 1e-5
"""Sums of seconds since the epoch are no finer."""
GROUP, PRIVATE = Chat("t", "g", group=True), Chat("t", "p")
LIMITS = Limits(
    edits=True,
    private_s=1.0,
    group_s=4.0,
    private_rate=Rate(5, 5.0),
    group_rate=Rate(20, 60.0),
    all_rate=Rate(30, 1.0),
)
RATES = st.builds(Rate, st.integers(1, 30), st.floats(0.1, 100.0))
COMERS = st.lists(st.tuples(st.floats(0.0, 50.0), st.integers(1, 30)), min_size=1, max_size=30)
"""How long after the one before, and for how many calls."""

Made = list[tuple[float, int]]
"""When calls were made, and how many."""


def passed(rate: Rate, comers: Sequence[tuple[float, int]]) -> Made:
    """Let each take what it wants as soon as it may."""
    bucket, now, made = Bucket(), START, Made()
    for gap, calls in comers:
        now += gap
        at = bucket.due(rate, calls, now)
        bucket.take(rate, calls, at)
        made.append((at, calls))
    return made


@given(RATES, COMERS)
def test_no_more_go_through_in_any_time_than_a_bucket_holds_and_is_filled_with(
    rate: Rate, comers: list[tuple[float, int]]
) -> None:
    made = passed(rate, [(gap, min(calls, rate.calls)) for gap, calls in comers])
    for first, (begin, _) in enumerate(made):
        count = 0
        for end, calls in made[first:]:
            count += calls
            most = rate.calls + (end - begin) * rate.calls / rate.per_s
            assert count <= most + NEARLY * rate.calls / rate.per_s


@given(RATES, COMERS)
def test_nobody_waits_longer_than_the_platform_wants(
    rate: Rate, comers: list[tuple[float, int]]
) -> None:
    """Also of what is more than the bucket holds: it goes when that is full."""
    platform, now = Tokens(rate, rate.calls, START), START
    for (at, calls), (gap, _) in zip(passed(rate, comers), comers, strict=True):
        now += gap
        if at > now + NEARLY:
            sooner = replace(platform)
            assert not sooner.spend(calls, at - (at - now) / 2)
        assert platform.spend(calls, at)


@given(RATES, COMERS)
def test_those_who_wait_are_served_in_the_order_of_their_coming(
    rate: Rate, comers: list[tuple[float, int]]
) -> None:
    times = [at for at, _ in passed(rate, comers)]
    assert times == sorted(times)


def test_what_is_left_comes_back_evenly() -> None:
    bucket, rate = Bucket(), Rate(20, 60.0)
    assert bucket.left(rate, START) == 20
    bucket.take(rate, 11, START)
    assert [round(bucket.left(rate, START + s), 3) for s in (0, 3, 30, 33, 99)] == [
        *(9, 10, 19, 20, 20),
    ]


class Waits:
    """Channels, and how long somebody slept for what."""

    def __init__(self) -> None:
        self.clock = Hand(START)
        self.slept: list[float] = []
        self.channels = Channels(self.clock, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        await self.clock.sleep(seconds)

    async def call(self, chat: Chat, calls: int = 1, limits: Limits = LIMITS) -> None:
        """Make calls, as the courier does."""
        channel = self.channels.to(chat.key)
        async with channel.turn:
            await self.channels.wait(limits, chat, calls)
            channel.called(limits, chat, self.clock.now, calls)


@pytest.mark.parametrize(
    ("chat", "calls", "slept"),
    [
        (PRIVATE, [1] * 5, []),
        (PRIVATE, [1] * 7, [1.0, 1.0]),
        (PRIVATE, [11, 1], [7.0]),  # the bucket is in debt by six
        (PRIVATE, [1, 11], [1.0]),  # an album goes when the bucket is full
        (PRIVATE, [5, 0, 0], []),  # what is said in passing
        (PRIVATE, [11, 0, 1], [7.0]),
        (GROUP, [11, 9, 1], [3.0]),
        (GROUP, [11, 11], [6.0]),
    ],
)
async def test_a_chat_is_called_as_often_as_its_platform_says(
    chat: Chat, calls: list[int], slept: list[float]
) -> None:
    waits = Waits()
    for number in calls:
        await waits.call(chat, number)
    assert waits.slept == slept


async def test_a_platform_that_says_nothing_is_called_at_once() -> None:
    waits = Waits()
    for _ in range(100):
        await waits.call(GROUP, 11, Limits())
    assert waits.slept == []


async def test_all_chats_together_wait_for_their_platform_and_no_other() -> None:
    waits, limits = Waits(), Limits(all_rate=Rate(3, 3.0))
    chats = [Chat("t", str(number)) for number in range(5)]
    for chat in chats:
        await waits.call(chat, 1, limits)
    assert waits.slept == [1.0, 1.0]
    await waits.call(Chat("u", "0"), 3, limits)
    assert waits.slept == [1.0, 1.0]


async def test_whoever_comes_first_to_a_platform_is_served_first() -> None:
    """Though whoever comes later wants less."""
    clock, served = Hand(START), list[tuple[float, str]]()
    gate = asyncio.Event()

    async def sleep(seconds: float) -> None:
        due.append(clock.now + seconds)
        await gate.wait()

    due = list[float]()
    channels, limits = Channels(clock, sleep), Limits(all_rate=Rate(10, 10.0))

    async def call(name: str, calls: int) -> None:
        await channels.wait(limits, Chat("t", name), calls)
        served.append((clock.now, name))

    tasks = [asyncio.create_task(call(*one)) for one in (("a", 9), ("b", 9), ("c", 1), ("d", 2))]
    await asyncio.sleep(0)
    assert [name for _, name in served] == ["a"]
    assert [at - START for at in due] == [8.0, 9.0, 11.0]
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_call_waits_for_the_silence_that_came_meanwhile() -> None:
    waits = Waits()
    waits.channels.to(GROUP.key).hush(30.0, START)
    await waits.call(GROUP)
    assert waits.slept == [30.0]


async def test_half_of_the_calls_are_left_for_answers_and_results() -> None:
    waits = Waits()
    await waits.call(PRIVATE, 3)
    waits.clock.now += 1.0
    assert waits.channels.spare(LIMITS, PRIVATE)
    await waits.call(PRIVATE, 2)  # one of five is left
    waits.clock.now += 1.4
    assert not waits.channels.spare(LIMITS, PRIVATE)
    waits.clock.now += 0.1
    assert waits.channels.spare(LIMITS, PRIVATE)


async def test_half_of_what_the_platform_takes_is_left_too() -> None:
    waits = Waits()
    for number in range(15):
        assert waits.channels.spare(LIMITS, Chat("t", f"q{number}"))
        waits.channels.count(LIMITS, Chat("t", f"q{number}"))
    assert waits.channels.spare(LIMITS, PRIVATE)
    waits.channels.count(LIMITS, PRIVATE)
    assert not waits.channels.spare(LIMITS, Chat("t", "another"))
    assert waits.channels.spare(LIMITS, Chat("u", "elsewhere"))
    waits.clock.now += 1 / 30
    assert waits.channels.spare(LIMITS, Chat("t", "another"))


async def test_an_edit_comes_no_sooner_for_all_that_is_left() -> None:
    waits = Waits()
    await waits.call(GROUP)
    waits.clock.now += 3.9
    assert not waits.channels.spare(LIMITS, GROUP)
    waits.clock.now += 0.1
    assert waits.channels.spare(LIMITS, GROUP)


async def test_chats_that_are_silent_are_forgotten() -> None:
    waits, first = Waits(), list[weakref.ref[Channel]]()
    for number in range(10 * FEW):
        await waits.call(Chat("t", str(number)))
        first.append(weakref.ref(waits.channels.to(f"t:{number}")))
        waits.clock.now += 1.0
    gc.collect()
    assert sum(channel() is not None for channel in first) <= 2 * FEW


async def test_chats_of_which_something_is_known_are_not() -> None:
    waits = Waits()
    waits.channels.to("t:hushed").hush(1e6, START)
    await waits.call(GROUP, 20)
    waits.clock.now += 5.0  # an edit might come
    for number in range(10 * FEW):
        waits.channels.to(f"t:{number}")
    gc.collect()
    assert waits.channels.to("t:hushed").quiet_until == START + 1e6
    assert waits.channels.to(GROUP.key).bucket.full_at == START + 60.0


async def test_whoever_waits_for_a_turn_has_the_channel_that_others_get() -> None:
    waits = Waits()
    channel = waits.channels.to(GROUP.key)
    for number in range(10 * FEW):
        waits.channels.to(f"t:{number}")
    gc.collect()
    assert waits.channels.to(GROUP.key) is channel
