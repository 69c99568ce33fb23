"""How a group session is opened: which kind, on what, on which terms; pure."""

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from bot.errors import NotNow, NotUnderstood
from bot.game import GAMES
from bot.parsing.numeral import NUMERAL, number
from bot.parsing.parser import parse
from bot.parsing.text import fold
from bot.request import Request
from bot.session import MOST_CHARS, TITLES, Game, Kind, Terms
from bot.style import Styles
from bot.wording import later, say

HOW = later("开哪种局？例如：/开局 接龙 江南烟雨，水墨风；有：{kinds}")
_TABLE = Path(__file__).with_name("game") / "kinds.toml"
_BEFORE, _AFTER = r"(?:^|[\s,，、])", r"(?=$|[\s,，、。])"
"""Terms stand by themselves: 一段江南 is a theme."""
_TURNS = re.compile(rf"{_BEFORE}\s*({NUMERAL})\s*(?:棒|幅|轮|段|局|回|turns?|rounds?){_AFTER}")
_TIME = re.compile(
    rf"{_BEFORE}\s*(?:每[棒人轮幅段回]|限时)?\s*({NUMERAL})\s*"
    rf"(?:(?P<minutes>分钟?|m|mins?|minutes?)|秒钟?|s|secs?|seconds?){_AFTER}"
)
_WORDS = re.compile(
    r"[\s,，、;；]*(?:(?P<wanted>必含|要有)|禁词|不许说)[\s:：]*(?P<words>[^\s,，;；]+)"
)
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

    game: Game
    theme: str
    request: Request
    terms: Terms

    @property
    def kind(self) -> Kind:
        """Which kind it is."""
        return self.game.kind


def kind_of(name: str) -> Kind:
    """Return the kind of a name.

    Raises:
        NotUnderstood: There is none.
    """
    found = _names().get(fold(name))
    if found is None:
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
    found = _name().match(folded)
    if found is None:
        raise NotUnderstood(say(HOW, kinds=kinds()))
    kind = kind_of(found[1])
    rest, game = GAMES[kind].read(text[found.end() :])
    rest, terms = _terms(rest, game.usual)
    terms = replace(
        terms,
        pictures=config.pictures,
        seconds=config.seconds,
        idle_s=max(config.idle_s, 2 * terms.turn_s),
    )
    theme = " ".join(rest.split()).strip("，,。 ")
    if len(theme) > MOST_CHARS:
        raise NotNow(say("主题太长了，最多 {most} 个字", most=MOST_CHARS))
    return Start(game=game, theme=theme, request=_request(theme, styles), terms=terms)


@cache
def _names() -> dict[str, Kind]:
    """Return each kind by every name it goes by, folded."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: kind for kind in GAMES for name in table[kind]}


@cache
def _name() -> re.Pattern[str]:
    longest = "|".join(sorted(_names(), key=len, reverse=True))
    return re.compile(rf"\s*({longest})(?![a-z])[\s,，:：、]*")


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
        words = [word for word in re.split(r"[、/|]", found["words"]) if word]
        (wanted if found["wanted"] else unwanted).extend(words)
    text = _WORDS.sub(" ", text)
    terms = replace(usual, wanted=tuple(wanted), unwanted=tuple(unwanted))
    if (found := _TURNS.search(fold(text))) is not None:
        text, turns = _cut(text, found), _number(found[1])
        if not 1 <= turns <= MOST_TURNS:
            raise NotNow(say("回数要在 1 到 {most} 之间", most=MOST_TURNS))
        terms = replace(terms, turns=turns)
    if (found := _TIME.search(fold(text))) is not None:
        seconds = _number(found[1]) * (60.0 if found["minutes"] else 1.0)
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
