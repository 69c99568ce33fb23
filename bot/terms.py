"""What a group session may take, as people write it: 8 棒，每棒 60 秒，30 张，禁词 血; pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.errors import NotNow, NotUnderstood
from bot.event import User
from bot.parsing.numeral import HAN, number
from bot.parsing.text import fold, without
from bot.policy import MIN_STRENGTH
from bot.session import MOST_MEMBERS, Terms
from bot.wording import later, say

MOST_TURNS, LEAST_TURN_S, MOST_TURN_S = 100, 10.0, 24 * 3600.0
LEAST_MEMBERS = 2
MOST_WORDS = 20
"""Words that are wanted, or not."""
HOW = later("看不懂“{said}”。例如：/设置 本群 局 8 棒，60 秒，30 张，禁词 血")

# Terms stand by themselves, or a theme would be eaten: 一段江南, 三秒钟的雨, a 3 minute walk.
_FIRST = r"(?<![^\s,、;:。])"
_LOOSE = r"(?=$|[\s,、;。])"
_LAST = r"(?=\s*(?:$|[,、;。]))"
_UNITS = {
    "秒钟": 1.0,
    "秒": 1.0,
    "分钟": 60.0,
    "分": 60.0,
    "小时": 3600.0,
    "seconds": 1.0,
    "second": 1.0,
    "secs": 1.0,
    "sec": 1.0,
    "s": 1.0,
    "minutes": 60.0,
    "minute": 60.0,
    "mins": 60.0,
    "min": 60.0,
    "m": 60.0,
    "hours": 3600.0,
    "hour": 3600.0,
    "h": 3600.0,
}
"""Seconds of each."""
_BEFORE_WORDS = rf"(?:^|(?<=[\s,、;。]))(?:每句)?(?P<which>{{names}})(?P<words>[^\s,;。]+){_LOOSE}"
_OPEN = re.compile(
    rf"{_FIRST}(?:(?P<closed>只?凭邀请|by invitation|invite only)|谁都(?:能|可以)来|open to all)"
    rf"{_LAST}"
)
"""Who may join."""
_WORDS = re.compile(
    _BEFORE_WORDS.format(
        names=r"(?:必含|禁词)[\s:]*|(?:要有|不许说)(?:\s*:\s*|\s+)|(?:must have|banned)\s*:\s*"
    )
)
_WANTED = ("必含", "要有", "must")


def _term(prefix: str, units: str, latin: str, none: str = "") -> re.Pattern[str]:
    """Return what reads a number of something.

    Words in front say for sure that it is one, and then the theme may follow after a blank; so it
    may after digits. What could be a line of a poem has to stand at the end of its piece.

    Args:
        prefix: What may stand in front of the number.
        units: Chinese ones.
        latin: English ones.
        none: What is no term without the prefix.
    """
    return re.compile(
        rf"{_FIRST}(?P<named>(?:{prefix})\s*:?\s*)?(?:"
        rf"(?P<digits>\d{{1,6}})\s*(?P<unit>{units}){_LOOSE}"
        rf"|(?(named)|(?!{none}))(?P<han>{HAN}{{1,6}})\s?(?P<unit_>{units})"
        rf"(?(named){_LOOSE}|{_LAST})"
        rf"|(?P<latin>\d{{1,6}})\s*(?P<unit__>{latin}){_LAST})"
    )


_TIME_UNITS, _TIME_LATIN = "分钟|分|秒钟|秒|小时", "hours?|h|minutes?|mins?|m|seconds?|secs?|s"
_ONE = r"一\s?(?:棒|幅|轮|段|局|回|张)"
"""No game is so short, but many a poem begins so: 一段, 一局."""
_TURNS = _term("共|一共|总共|接满", "[棒幅轮段局回]", "turns?|rounds?", _ONE)
_PICTURES = _term("共|一共|总共|最多", "张[图画]?", "pictures?|images?", _ONE)
_TIME = _term("每[棒人轮幅段回题]|限时", _TIME_UNITS, _TIME_LATIN, rf"{HAN}+\s?分(?!钟)")
_ENGINE = _term("引擎|gpu|engine", _TIME_UNITS, _TIME_LATIN)
_STRENGTH = re.compile(
    rf"{_FIRST}(?:重画)?(?:强度|strength)\s*:?\s*(?P<digits>\d{{1,3}}(?:\.\d{{1,4}})?)\s*(?P<share>%)?{_LOOSE}"
)
_MEMBERS = _term("最多|至多|限|人数|up to|at most", "个?人", "people|players|members|persons")
_EACH = _term("每人(?:最多|可以)?|each", "[张幅个]", "pictures?|images?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Terms, and what else was said."""

    rest: str
    """The theme."""
    found: Mapping[str, Any]
    """What is said of terms, by name."""
    guests: tuple[str, ...] = ()
    """Who alone may join, as they are named."""

    def over(self, usual: Terms) -> Terms:
        """Return terms with what is said; words that nobody wants are of both."""
        unwanted = tuple(dict.fromkeys([*usual.unwanted, *self.found.get("unwanted", ())]))
        return replace(usual, **{**self.found, "unwanted": unwanted})


def terms(text: str, named: Sequence[User] = ()) -> Said:
    """Take the terms out of a text.

    Args:
        text: What somebody says of a session.
        named: Who is mentioned in it.

    Raises:
        NotNow: A number is out of bounds.
    """
    reader = _Reader(text)
    guests = reader.guests(named)
    reader.words()
    while reader.once():  # what stands before another term stands last, once that is taken out
        pass
    return Said(rest=reader.text, found=reader.found, guests=guests)


def house(text: str) -> Said:
    """Return terms that a chat has set for what is opened there.

    Raises:
        NotUnderstood: Something else is said, too; people are invited to one session alone.
        NotNow: A number is out of bounds.
    """
    said = terms(text)
    rest = said.rest.strip(" ,，、;；。")
    if rest or said.guests or not said.found:
        raise NotUnderstood(say(HOW, said=rest[:30] or text[:30]))
    return replace(said, rest="")


class _Reader:
    """A text half read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = dict[str, Any]()

    def guests(self, named: Sequence[User]) -> tuple[str, ...]:
        """Take out who is invited."""
        names = sorted((fold(user.name) for user in named if user.name), key=len, reverse=True)
        name = "|".join([*(f"@?{re.escape(one)}" for one in names), r"@[^\s@,、;。]+"])
        only = re.compile(
            rf"{_FIRST}(?:只限|只请|只邀请?|only)\s*:?\s*(?P<who>(?:{name})(?:[\s,、和]*(?:{name}))*)"
        )
        found = only.search(fold(self.text))
        if found is None:
            return ()
        first, last = found.span("who")
        said = self.text[first:last]
        whole = re.finditer(name, fold(said))
        guests = tuple(dict.fromkeys(said[one.start() : one.end()].lstrip("@＠") for one in whole))
        self.text = without(self.text, found)
        return guests

    def words(self) -> None:
        """Take out which words are wanted in a turn, and which are not."""
        wanted, unwanted = list[str](), list[str]()
        while found := _WORDS.search(fold(self.text)):
            first, last = found.span("words")
            words = [word for word in re.split(r"[、/|]", self.text[first:last]) if word]
            (wanted if found["which"].startswith(_WANTED) else unwanted).extend(words)
            self.text = without(self.text, found)
        for name, words in (("wanted", wanted), ("unwanted", unwanted)):
            if len(words) > MOST_WORDS:
                raise NotNow(say("词太多了，最多 {most} 个", most=MOST_WORDS))
            if words:
                self.found[name] = tuple(words)

    def once(self) -> bool:
        """Take out numbers; False if there were none."""
        before = self.text
        self._door()
        self._strength()
        self._each(_ENGINE, "seconds", _seconds, named=True)
        self._each(_EACH, "per_member", _count, named=True)
        self._each(_MEMBERS, "members", _members, named=True)
        self._each(_TIME, "turn_s", _turn_s)
        self._each(_PICTURES, "pictures", _count)
        self._each(_TURNS, "turns", _turns)
        return self.text != before

    def _door(self) -> None:
        """Take out who may join."""
        while found := _OPEN.search(fold(self.text)):
            self.found.setdefault("by_invitation", found["closed"] is not None)
            self.text = without(self.text, found)

    def _strength(self) -> None:
        """Take out how much is drawn anew of a picture that is drawn over."""
        while found := _STRENGTH.search(fold(self.text)):
            share = float(found["digits"]) / (100 if found["share"] else 1)
            if not MIN_STRENGTH <= share <= 1:
                raise NotNow(say("强度要在 {least:g} 到 1 之间", least=MIN_STRENGTH))
            self.found.setdefault("strength", share)
            self.text = without(self.text, found)

    def _each(
        self,
        pattern: re.Pattern[str],
        name: str,
        read: Callable[[int, str], float],
        *,
        named: bool = False,
    ) -> None:
        """Take out what a pattern reads; of several, the first that is found holds.

        Args:
            pattern: Reads it.
            name: Of the term.
            read: Makes the term of a number and its unit.
            named: Whether the words in front have to be there.
        """
        at = 0
        while found := pattern.search(fold(self.text), at):
            if named and found["named"] is None:
                at = found.end()
                continue
            self.found.setdefault(name, read(_number(found), _unit(found)))
            self.text = without(self.text, found)


def _number(found: re.Match[str]) -> int:
    return counted(found["digits"] or found["han"] or found["latin"])


def counted(said: str) -> int:
    """Return the number that somebody says.

    Raises:
        NotNow: It is none.
    """
    try:
        return number(said)
    except ValueError as error:
        raise NotNow(say("“{said}”是多少？没看懂", said=said)) from error


def _unit(found: re.Match[str]) -> str:
    return found["unit"] or found["unit_"] or found["unit__"]


def _turns(count: int, unit: str) -> int:
    del unit
    if not 1 <= count <= MOST_TURNS:
        raise NotNow(say("回数要在 1 到 {most} 之间", most=MOST_TURNS))
    return count


def _count(count: int, unit: str) -> int:
    del unit
    if count < 1:
        raise NotNow(say("至少要有一张"))
    return count


def _members(count: int, unit: str) -> int:
    del unit
    if not LEAST_MEMBERS <= count <= MOST_MEMBERS:
        words = say("人数要在 {least} 到 {most} 之间", least=LEAST_MEMBERS, most=MOST_MEMBERS)
        raise NotNow(words)
    return count


def _turn_s(count: int, unit: str) -> float:
    seconds = count * _UNITS[unit]
    if not LEAST_TURN_S <= seconds <= MOST_TURN_S:
        raise NotNow(say("每回的时间要在 {least:g} 秒到一天之间", least=LEAST_TURN_S))
    return seconds


def _seconds(count: int, unit: str) -> float:
    if count < 1:
        raise NotNow(say("引擎的时间至少要有一秒"))
    return count * _UNITS[unit]
