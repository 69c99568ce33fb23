"""How long something lasts, as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.span import DAY_S, HOUR_S, LONGEST_S, MINUTE_S, span


@pytest.mark.parametrize(
    ("said", "seconds", "rest"),
    [
        ("3天 刷屏", 3 * DAY_S, "刷屏"),
        ("3天刷屏", 3 * DAY_S, "刷屏"),
        ("三天，刷屏", 3 * DAY_S, "刷屏"),
        ("半小时", HOUR_S / 2, ""),
        ("半个小时", HOUR_S / 2, ""),
        ("两个星期 广告", 14 * DAY_S, "广告"),
        ("1个月", 30 * DAY_S, ""),
        ("90分钟", 90 * MINUTE_S, ""),
        ("12h spam", 12 * HOUR_S, "spam"),
        ("2 days", 2 * DAY_S, ""),
        ("１０分钟", 10 * MINUTE_S, ""),
        ("30m", 30 * MINUTE_S, ""),
        ("永久 刷屏", None, "刷屏"),
        ("9999年", None, ""),
    ],
)
def test_a_time_is_read_and_the_rest_is_left(said: str, seconds: float | None, rest: str) -> None:
    assert span(said) == (seconds, rest)


@pytest.mark.parametrize("said", ["", "刷屏", "天天刷屏", "3", "3个", "3mm", "foreverland"])
def test_what_is_no_time_is_none(said: str) -> None:
    assert span(said) is None


@pytest.mark.parametrize("said", ["0天", "-3天", "−1 小时", "零分钟"])
def test_nothing_and_less_is_no_time(said: str) -> None:
    with pytest.raises(ValueError, match="no time"):
        span(said)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_not(text: str) -> None:
    try:
        found = span(text)
    except ValueError:
        return
    if found is not None and found[0] is not None:
        assert 0 < found[0] <= LONGEST_S


@given(st.integers(1, 99_999), st.sampled_from(["分钟", "小时", "天", "m", "h", "d"]))
def test_as_many_as_are_said(count: int, unit: str) -> None:
    found = span(f"{count}{unit} 理由")
    assert found is not None
    seconds, rest = found
    assert rest == "理由"
    assert seconds is None or seconds % count == 0
