"""How a group session is opened: which kind, on what, on which terms; pure."""

import re
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from bot.errors import NotNow, NotUnderstood
from bot.game import GAMES
from bot.parsing.numeral import NUMERAL, number
from bot.parsing.parser import parse
from bot.parsing.text import fold
from bot.request import Request
from bot.session import MOST_CHARS, TITLES, Kind, Terms
from bot.style import Styles
from bot.wording import later, say

HOW = later("开哪种局？例如：/开局 接龙 江南烟雨，水墨风；有：{kinds}")
NAMES: dict[str, Kind] = {
    **dict.fromkeys(("接龙", "接力", "relay"), "relay"),
    **dict.fromkeys(("长卷", "画卷", "scroll"), "scroll"),
    **dict.fromkeys(("斗图", "比赛", "contest"), "contest"),
    **dict.fromkeys(("你画我猜", "猜画", "猜", "guess"), "guess"),
    **dict.fromkeys(("众笔", "合唱", "chorus"), "chorus"),
}
"""What each kind is called, folded."""
_NAME = re.compile(
    rf"\s*(?:{'|'.join(sorted(NAMES, key=len, reverse=True))})(?![a-z])[\s,，:：、]*"
)
_BEFORE, _AFTER = r"(?:^|[\s,，、])", r"(?=$|[\s,，、。])"
"""Terms stand by themselves: 一段江南 is a theme."""
_TURNS = re.compile(rf"{_BEFORE}\s*({NUMERAL})\s*(?:棒|幅|轮|段|局|回|turns?|rounds?){_AFTER}")
_TIME = re.compile(
    rf"{_BEFORE}\s*(?:每[棒人轮幅段回]|限时)?\s*({NUMERAL})\s*"
    rf"(秒钟?|分钟?|s|secs?|seconds?|m|mins?|minutes?){_AFTER}"
)
_WORDS = re.compile(r"[\s,，、;；]*(必含|要有|禁词|不许说)[\s:：]*([^\s,，;；]+)")
MOST_TURNS, LEAST_TURN_S, MOST_TURN_S = 100, 10.0, 24 * 3600.0


class SessionConfig(BaseModel):
    """[sessions] of config.toml: what a group session may take."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    pictures: PositiveInt = 60
    """Pictures that a session may have drawn; its members' own are not touched."""
    seconds: PositiveFloat = 1800.0
    """Seconds of the engine, likewise."""
    idle_s: float = Field(default=900.0, ge=60)
    """After so long without a turn it reminds, and after as long again it closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A session as it is to be opened."""

    kind: Kind
    theme: str
    request: Request
    terms: Terms


def kind_of(name: str) -> Kind:
    """Return the kind of a name.

    Raises:
        NotUnderstood: There is none.
    """
    found = NAMES.get(fold(name))
    if found is None or found not in GAMES:
        raise NotUnderstood(say(HOW, kinds=kinds()))
    return found


def kinds() -> str:
    """Return the names of all kinds, for a sentence."""
    return say("、").join(say(TITLES[kind]) for kind in GAMES)


def start(text: str, styles: Styles, config: SessionConfig) -> Start:
    """Return the session that words ask for: 接龙 江南烟雨，水墨风，8 棒，每棒 60 秒.

    Raises:
        NotUnderstood: They do not say which kind.
        NotNow: The theme is too long, or a number out of bounds.
    """
    folded = fold(text)
    found = _NAME.match(folded)
    if found is None or (kind := NAMES[_bare(found[0])]) not in GAMES:
        raise NotUnderstood(say(HOW, kinds=kinds()))
    rest, terms = _terms(text[found.end() :], GAMES[kind].usual)
    terms = replace(
        terms,
        pictures=config.pictures,
        seconds=config.seconds,
        idle_s=max(config.idle_s, 2 * terms.turn_s),
    )
    theme = " ".join(rest.split()).strip("，,。 ")
    if len(theme) > MOST_CHARS:
        raise NotNow(say("主题太长了，最多 {most} 个字", most=MOST_CHARS))
    return Start(kind=kind, theme=theme, request=_request(theme, styles), terms=terms)


def _bare(name: str) -> str:
    return name.strip(" ,，:：、\t\n")


def _request(theme: str, styles: Styles) -> Request:
    """Return what is the same in all pictures: the theme's words, style and shape."""
    if not theme:
        return Request(prompt="")
    try:
        request = parse(theme, styles)
    except NotUnderstood:  # a style alone, or nothing that can be drawn by itself
        return Request(prompt=theme)
    return replace(request, count=1, total=False, seed=None, notes=())


def _terms(text: str, usual: Terms) -> tuple[str, Terms]:
    """Take the terms out of a text; return what is left of it, and them."""
    wanted, unwanted = list[str](), list[str]()
    for found in _WORDS.finditer(text):
        words = [word for word in re.split(r"[、/|]", found[2]) if word]
        (wanted if found[1] in {"必含", "要有"} else unwanted).extend(words)
    text = _WORDS.sub(" ", text)
    terms = replace(usual, wanted=tuple(wanted), unwanted=tuple(unwanted))
    if (found := _TURNS.search(fold(text))) is not None:
        text, turns = _cut(text, found), _number(found[1])
        if not 1 <= turns <= MOST_TURNS:
            raise NotNow(say("回数要在 1 到 {most} 之间", most=MOST_TURNS))
        terms = replace(terms, turns=turns)
    if (found := _TIME.search(fold(text))) is not None:
        seconds = _number(found[1]) * (60.0 if found[2][0] in "分m" else 1.0)
        if not LEAST_TURN_S <= seconds <= MOST_TURN_S:
            words = say("每回的时间要在 {least:g} 秒到一天之间", least=LEAST_TURN_S)
            raise NotNow(words)
        text, terms = _cut(text, found), replace(terms, turn_s=seconds)
    return text, terms


def _cut(text: str, found: re.Match[str]) -> str:
    """Return a text without what was found in its folded form, which is as long."""
    return f"{text[: found.start()]} {text[found.end() :]}"


def _number(said: str) -> int:
    try:
        return number(said)
    except ValueError as error:
        raise NotNow(say("“{said}”是多少？没看懂", said=said)) from error
