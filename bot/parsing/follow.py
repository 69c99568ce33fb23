"""Reads what someone wants changed in a picture that is there: 把猫换成狗, 改成竖版, 再来一张."""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bot import segment
from bot.errors import NotUnderstood
from bot.follow import Follow, Side
from bot.parsing.draft import CUT, STOPS
from bot.parsing.numeral import NUMERAL, number
from bot.parsing.parser import Reading, parse, vocabulary_of
from bot.parsing.reader import read
from bot.parsing.text import clean, fold
from bot.request import Request
from bot.style import Styles

_END = rf"(?=[{STOPS}{CUT}]|$)"
_START = rf"(?:^|(?<=[{STOPS}{CUT}]))"
_WORD = rf"[^{STOPS}{CUT}]"
_MADE = "(?:替?换|改|变|调)(?:成|为|作|到)"
_SIDES: Mapping[str, tuple[Side, ...]] = {
    "左右": ("left", "right"),
    "上下": ("up", "down"),
    "四周": ("left", "up", "right", "down"),
    "四面": ("left", "up", "right", "down"),
    "周围": ("left", "up", "right", "down"),
    "左": ("left",),
    "上": ("up",),
    "右": ("right",),
    "下": ("down",),
}
_INDEX = re.compile(rf"(?:把)?第(?P<index>{NUMERAL})[张幅个](?:图|画)?的?")
_SAME_STYLE = re.compile(
    r"(?:[用以按])?(?:同样|一样|相同|这个|这种|上一张|刚才)的?(?:风格|画风)的?[,， ]?"
)
_SAME_SEED = re.compile(
    r"用?(?:上一?张|刚才|原来|同样|相同|这张)的?种子|种子(?:不变|不换|一样|相同|照旧|不要变)"
)
_RESEED = re.compile(r"换(?:一?个|下|一下)?(?:新的|别的)?(?:随机)?\s?(?:种子|seed)")
_REPLACE = re.compile(
    rf"{_START}(?:把|将)?(?P<old>[^{STOPS}{CUT}把将]{{1,30}}?){_MADE}(?P<new>{_WORD}{{1,30}})"
)
_TAKE_OUT = re.compile(
    rf"(?:把|将)(?P<gone>{_WORD}{{1,20}}?)(?:去掉|去除|删掉|删了|删除|拿掉|抹掉|去了){_END}"
)
_ADD = re.compile(
    rf"{_START}(?:再|多|另外|帮我)?(?:加上?|添上?|补上?|增加)(?P<add>{_WORD}{{1,30}})"
)
_AMOUNT = re.compile(r"(?:改动|变化|改变|变动|幅度)(?P<how>[小少大多])一?[点些]")
_UPSCALE = re.compile(
    rf"{_START}变?(?:更?高清|更?清晰|更?清楚)(?:一?[点些])?{_END}"
    rf"|(?:最后|然后)?放大(?:到|成)?\s?(?:(?P<scale>{NUMERAL})\s?倍)?(?:一?[点些下])?{_END}"
)
_EXPAND = re.compile(
    rf"[往向朝]?(?P<sides>{'|'.join(_SIDES)})[边面方]?[都各再也]*(?:扩展|扩图|扩画|扩大|延伸|外扩|扩)"
    rf"(?:一?[点些下]|出去)?{_END}"
)
_VARY = re.compile(
    rf"(?:再?[来要画出]|给我)?(?:(?P<count>{NUMERAL})[张幅个])?个?(?:类似|差不多|相似)的图?"
    r"|[来要画出]?个?变体"
)
_AGAIN = re.compile(
    rf"{_START}(?:给我|帮我)?[来要出](?:(?P<some>{NUMERAL})[张幅份])"
    "|"
    rf"(?:再|继续)(?:来|画|生成|整|出|要)(?:(?P<count>{NUMERAL})[张幅份])?(?:[一两]?[次遍个])?"
    r"|(?:重新?|再)(?:画|生成|来)(?:[一两]?[次遍个张])?(?:一下)?"
)
_MADE_SO = re.compile(rf"{_START}(?:请|帮我|麻烦)?(?:{_MADE}|[要用])的?(?=[{STOPS}{CUT}]|$)")
_DRAWN = re.compile(rf"^[{STOPS}{CUT}]*(?:再|帮我|给我)*(?:画|来|生成)")
_HOLLOW = re.compile(rf"[{STOPS}{CUT}的吧呀啊了呢哦请要来图画再把 ]*")
_MEASURE = re.compile("^(?:一?[点些]|[个只条顶把件朵副双片棵座张])(?=.)")
_PRAISE = re.compile(
    rf"{_START}(?:这张|这个|我|很|挺|还|真|太|最|都)*(?:不错|好看|喜欢|可以|好|好棒|棒|满意)(?:了|啊|哦|呀)?{_END}"
)


def follow(text: str, styles: Styles) -> Follow | None:
    """Read a change; None if the message is none, but a request of its own, or talk.

    Args:
        text: What was said in reply to a picture, in full.
        styles: What styles there are.

    Raises:
        TooLong: The message is not read at all.
    """
    return _Reply(clean(text), styles).read()


class _Reply:
    """A reply half understood."""

    def __init__(self, text: str, styles: Styles) -> None:
        self._styles = styles
        self._vocabulary = vocabulary_of(styles)
        self._reading = Reading(text, self._vocabulary)
        self._found: dict[str, Any] = {"remove": ()}
        self._told = False

    def read(self) -> Follow | None:
        """Return the change, if all of the reply is one."""
        draft = self._reading.draft
        draft.cut(self._vocabulary.address)
        while draft.cut(self._vocabulary.tail):
            pass
        if self._takes_over() and not _HOLLOW.fullmatch(fold(draft.rest())):
            return self._with_a_prompt(draft.rest())
        self._pictures()
        if self._told:
            draft.cut(_PRAISE)
        self._settings()
        self._things()
        if self._reading.request.prompt:  # --prompt says all of a request
            return None
        whole = self._told and _HOLLOW.fullmatch(draft.folded)
        return Follow(**self._found) if whole else None

    def _takes_over(self) -> bool:
        """Understand what stays as it was; tell whether other words take the prompt's place."""
        for groups in self._take(_INDEX):
            self._found["index"] = number(fold(groups["index"]))
        same_style = bool(self._take(_SAME_STYLE))
        self._found["same_seed"] = bool(self._take(_SAME_SEED))
        self._found["reseed"] = bool(self._take(_RESEED))
        drawn = _DRAWN.search(self._reading.draft.folded) is not None
        return same_style or (self._found["same_seed"] and drawn)

    def _with_a_prompt(self, rest: str) -> Follow | None:
        """Read the rest as words that take the place of the parent's."""
        try:
            request = parse(f"画{_DRAWN.sub('', rest)}", self._styles)
        except NotUnderstood:
            return None
        changes = stated(request)
        count = changes.pop("count", None)
        return Follow(**self._found, prompt=request.prompt, changes=changes, count=count)

    def _pictures(self) -> None:
        """Understand how many, how large, and how far."""
        for groups in self._take(_AMOUNT):
            self._found["amount"] = "less" if groups["how"] in "小少" else "more"
        for groups in self._take(_EXPAND):
            self._found["sides"] = _SIDES[fold(groups["sides"])]
        for groups in self._take(_UPSCALE):
            self._found["upscale"] = True
            if "scale" in groups:
                self._found["scale"] = number(fold(groups["scale"]))
        for pattern in (_VARY, _AGAIN):
            for groups in self._take(pattern):
                self._found["vary"] = self._found.get("vary", False) or pattern is _VARY
                if said := groups.get("count") or groups.get("some"):
                    self._found["count"] = number(fold(said))

    def _settings(self) -> None:
        """Understand numbers, shapes and styles as in any request."""
        out = [groups["gone"] for groups in self._take(_TAKE_OUT)]
        listed = self._reading.draft.cut(self._vocabulary.listed)
        self._reading.take_flags()
        self._reading.take_settings()
        self._reading.take_counts()
        changes = stated(self._reading.request)
        gone = str(changes.pop("avoid", ""))
        if listed:
            changes["avoid"] = read("avoid", listed[0]["avoid"], self._vocabulary)["avoid"]
        if "count" in changes:
            self._found["count"] = changes.pop("count")
        self._found["remove"] = (*out, *(thing for thing in gone.split(",") if thing))
        self._found["changes"] = changes
        self._told = self._told or bool(changes) or bool(self._found["remove"])

    def _things(self) -> None:
        """Understand what is to come, or to be another."""
        swaps = self._take(_REPLACE)
        self._found["replace"] = tuple((groups["old"], groups["new"]) for groups in swaps)
        added = self._take(_ADD)
        self._found["add"] = tuple(_counted(groups["add"]) for groups in added)
        self._take(_MADE_SO)

    def _take(self, pattern: re.Pattern[str]) -> list[dict[str, str]]:
        found = self._reading.draft.cut(pattern)
        self._told = self._told or bool(found)
        return found


def _counted(thing: str) -> str:
    """Return a thing to add without a measure word that has no number: 隻貓, 点雪花."""
    measure = _MEASURE.match(fold(thing))
    whole = measure and segment.first(fold(thing)) not in (measure[0], measure[0][-1])
    return thing[measure.end() :] if measure and not whole else thing


def stated(request: Request) -> dict[str, Any]:
    """Return the fields in which something was said."""
    unsaid = Request(prompt=request.prompt)
    names = (field.name for field in fields(Request) if field.name != "notes")
    given = {name: getattr(request, name) for name in names}
    return {name: value for name, value in given.items() if value != getattr(unsaid, name)}
