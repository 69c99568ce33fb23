"""Settings in words: what holds, and whose wish it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot import settings
from bot.receipt import shape, things
from bot.settings import DEFAULT, Settings
from bot.wording import later, say

_VERBOSITY = {"full": later("详细"), "brief": later("简短"), "quiet": later("安静")}
_PREVIEWS = {True: later("开"), False: later("关")}
_LANGUAGE = {"zh": later("中文"), "en": later("英文")}
_SHARED = {True: later("共享，大家都能按"), False: later("只有本人能按")}


def lines(mine: Settings, here: Settings, *, group: bool) -> Iterator[str]:
    """Yield what holds for a person in a chat, a setting a line.

    Args:
        mine: The person's own settings.
        here: The chat's.
        group: Whether others are in the chat.
    """
    holds = mine.over(here).over(DEFAULT)
    for field, words, value in _told(holds):
        yield say(words, value=value, whose=_whose(field, mine, here))
    shown = settings.previews(mine, here, group=group)
    whose = _of_previews(mine, here, group=group)
    yield say("预览：{value}（{whose}）", value=say(_PREVIEWS[shown]), whose=whose)
    if group:
        shared = here.shared is True
        whose = _whose("shared", Settings(), here)
        yield say("按钮：{value}（{whose}）", value=say(_SHARED[shared]), whose=whose)
        yield from _of_sessions(here)


def _told(holds: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield the name of a setting, the sentence that tells it, and what it is."""
    nothing = say("不定")
    yield "styles", later("风格：{value}（{whose}）"), "＋".join(holds.styles) or nothing
    yield "aspect", later("形状：{value}（{whose}）"), shape(holds.aspect or "") or nothing
    yield "avoid", later("不要：{value}（{whose}）"), things(holds.avoid) or nothing
    yield "count", later("张数：{value}（{whose}）"), str(holds.count)
    verbosity = say(_VERBOSITY[holds.verbosity or "full"])
    yield "verbosity", later("回复：{value}（{whose}）"), verbosity
    yield "language", later("语言：{value}（{whose}）"), say(_LANGUAGE[holds.language or "zh"])


def _of_sessions(here: Settings) -> Iterator[str]:
    """Yield what a chat has set for group sessions, if it has."""
    if here.session:
        yield say("局：{terms}（本群的）", terms=here.session)
    if here.opens == "admins":
        yield say("开局：只有群主和管理员（本群的）")


def _whose(field: str, mine: Settings, here: Settings) -> str:
    if field in mine.said():
        return say("我的")
    return say("本群的") if field in here.said() else say("默认")


def _of_previews(mine: Settings, here: Settings, *, group: bool) -> str:
    """Say who decides on previews: in a group they take both."""
    said: Mapping[str, Any] = here.said() if group else mine.said()
    if group and here.previews is True and mine.previews is False:
        return say("我的")
    if "previews" not in said:
        return say("默认")
    return say("本群的") if group else say("我的")
