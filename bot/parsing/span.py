"""How long: 3天, 半小时, 2h, 永久."""

import re

from bot.parsing.numeral import NUMERAL, number
from bot.parsing.text import fold

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
LONGEST_S = 36_500 * DAY_S
"""What is longer is for ever."""
_UNITS = {
    **dict.fromkeys(("分钟", "分", "minutes", "minute", "min", "m"), MINUTE_S),
    **dict.fromkeys(("小时", "个小时", "钟头", "个钟头", "hours", "hour", "h"), HOUR_S),
    **dict.fromkeys(("天", "日", "days", "day", "d"), DAY_S),
    **dict.fromkeys(("周", "星期", "个星期", "weeks", "week", "w"), 7 * DAY_S),
    **dict.fromkeys(("个月", "月", "months", "month"), 30 * DAY_S),
    **dict.fromkeys(("年", "years", "year", "y"), 365 * DAY_S),
}
_EVER = ("永久", "永远", "forever", "permanently")
_FORM = re.compile(
    rf"(?P<minus>[-−])?(?:(?P<half>半)|(?P<count>{NUMERAL}))\s*"
    rf"(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![a-z])"
    rf"|(?P<ever>{'|'.join(_EVER)})(?![a-z])"
)


def span(text: str) -> tuple[float | None, str] | None:
    """Read how long at the beginning of a text.

    Returns:
        Seconds, or None for ever, and the rest of the text; None if it begins with no time.

    Raises:
        ValueError: It is no time: nothing, or less.
    """
    found = _FORM.match(fold(text))
    if found is None:
        return None
    rest = text[found.end() :].strip(" ，,：:")
    if found["ever"]:
        return None, rest
    seconds = (0.5 if found["half"] else number(found["count"])) * _UNITS[found["unit"]]
    if found["minus"] or seconds <= 0:
        raise ValueError(f"no time: {text}")
    return (seconds if seconds <= LONGEST_S else None), rest
