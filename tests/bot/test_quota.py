"""How much a day gives, as arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import QuotaUsed
from bot.event import User
from bot.quota import DAY_S, Quota, QuotaConfig, Used, said

AQING = User("telegram", "1")
NOTHING = Used()
NOON = 12 * 3600.0
"""Of the first day, UTC."""


def check(config: QuotaConfig, mine: Used = NOTHING, chats: Used = NOTHING, count: int = 1) -> None:
    Quota(config).check(AQING, count, mine, chats, NOON)


def test_without_limits_anything_goes() -> None:
    check(QuotaConfig(), Used(pictures=10**9, seconds=1e9, last_at=NOON), count=10**6)


@pytest.mark.parametrize(
    ("limits", "mine", "chats", "count", "words"),
    [
        (
            {"pictures_per_day": 5},
            {"pictures": 5},
            {},
            1,
            "你今天的 5 张用完了，明天 0 点再来（还有 4 小时）",
        ),
        (
            {"pictures_per_day": 5},
            {"pictures": 3},
            {},
            4,
            "你今天还剩 2 张，这次要 4 张，少要几张就能画",
        ),
        (
            {"seconds_per_day": 60},
            {"seconds": 60.0},
            {},
            1,
            "你今天的绘画时间（60 秒）用完了，明天 0 点再来（还有 4 小时）",
        ),
        (
            {"chat_pictures_per_day": 9},
            {},
            {"pictures": 9},
            1,
            "这里今天的 9 张用完了，明天 0 点再来（还有 4 小时）",
        ),
        ({"cooldown_s": 30}, {"last_at": NOON - 18.5}, {}, 1, "歇一下，12 秒后再来"),
    ],
)
def test_who_has_had_it_is_told_when_there_is_more(
    limits: dict[str, float],
    mine: dict[str, float],
    chats: dict[str, float],
    count: int,
    words: str,
) -> None:
    config = QuotaConfig.model_validate(limits)
    with pytest.raises(QuotaUsed) as refusal:
        check(config, Used(**mine), Used(**chats), count)  # pyright: ignore[reportArgumentType]
    assert str(refusal.value) == words


def test_the_last_picture_of_the_day_is_drawn() -> None:
    check(QuotaConfig(pictures_per_day=5), Used(pictures=4))
    check(QuotaConfig(seconds_per_day=60), Used(seconds=59.9))
    check(QuotaConfig(cooldown_s=30), Used(last_at=NOON - 30))


def test_a_clock_that_was_put_back_locks_nobody_out() -> None:
    with pytest.raises(QuotaUsed, match="歇一下，30 秒后再来"):
        check(QuotaConfig(cooldown_s=30), Used(last_at=NOON + 3600))


def test_a_role_takes_the_place_of_the_usual_limits() -> None:
    roles = {
        "friend": {"users": ["telegram:1"], "pictures_per_day": 50, "cooldown_s": 5},
        "patron": {"users": ["telegram:1", "telegram:2"], "pictures_per_day": 0},
    }
    config = QuotaConfig.model_validate(
        {"pictures_per_day": 5, "cooldown_s": 60, "seconds_per_day": 9, "roles": roles}
    )
    one, two, three = (Quota(config).limits(User("telegram", id_)) for id_ in "123")
    assert (one.pictures, one.cooldown_s, one.seconds) == (0, 5, 9)
    assert (two.pictures, two.cooldown_s) == (0, 60)
    assert (three.pictures, three.cooldown_s) == (5, 60)


@pytest.mark.parametrize("field", ["pictures_per_day", "seconds_per_day", "cooldown_s"])
def test_a_limit_below_nothing_is_no_config(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        QuotaConfig.model_validate({field: -1})


@given(st.floats(0, 4e9), st.sampled_from([-5, 0, 5.5, 8]))
def test_a_day_begins_at_midnight_on_the_wall(now: float, offset: float) -> None:
    begun = Quota(QuotaConfig(utc_offset_h=offset)).day_of(now)
    assert begun <= now < begun + DAY_S
    assert (begun + offset * 3600) % DAY_S == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 分钟"), (61, "2 分钟"), (3600, "1 小时"), (3601, "1 小时 1 分钟"), (86400, "24 小时")],
)
def test_a_time_as_one_says_it(seconds: float, words: str) -> None:
    assert said(seconds) == words
