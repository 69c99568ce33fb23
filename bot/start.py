"""How a group session is opened: which kind, on what, on which terms; pure."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from bot.errors import NotNow, NotUnderstood
from bot.event import User
from bot.game import GAMES
from bot.parsing.parser import parse
from bot.parsing.text import fold
from bot.request import Request
from bot.session import MOST_CHARS, TITLES, Game, Kind, Terms
from bot.style import Styles
from bot.terms import house, terms
from bot.wording import later, say

HOW = later("开哪种局？例如：/开局 接龙 江南烟雨，水墨风；有：{kinds}")
_TABLE = Path(__file__).with_name("game") / "kinds.toml"
_COMMAS = re.compile(r"([,，;；])\s*(?:[,，;；]\s*)+")
"""What is left between terms that were taken out."""
_THING = "cat"
"""Something that can be drawn, whatever it is."""
MOST_SAID = 1000
"""Characters of theme and terms together."""


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
    guests: tuple[str, ...] = ()
    """Who alone may join, as they are named; bot/commands/session.py knows who that is."""

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


def start(
    text: str, styles: Styles, config: SessionConfig, usual: str = "", named: Sequence[User] = ()
) -> Start:
    """Return the session that words ask for: 接龙 江南烟雨，水墨风，8 棒，每棒 60 秒.

    Args:
        text: The words.
        styles: What styles there are.
        config: What no session may go beyond.
        usual: Terms that the chat has set; what the words say goes above them.
        named: Who is mentioned in the words.

    Raises:
        NotUnderstood: They do not say which kind.
        NotNow: The theme is too long, or a number out of bounds.
    """
    found = _name().match(fold(text[:MOST_SAID]))
    if found is None:
        raise NotUnderstood(say(HOW, kinds=kinds()))
    if len(text) > MOST_SAID:
        raise NotNow(say("主题太长了，最多 {most} 个字", most=MOST_CHARS))
    rest, game = GAMES[kind_of(found[1])].read(text[found.end() :])
    said = terms(rest, named)
    theme = " ".join(_COMMAS.sub(r"\1", said.rest).split()).strip("，,。 ")
    if len(theme) > MOST_CHARS:
        raise NotNow(say("主题太长了，最多 {most} 个字", most=MOST_CHARS))
    here = replace(game.usual, pictures=config.pictures, seconds=config.seconds)
    if usual:
        here = house(usual).over(here)
    request = _request(theme, styles)
    return Start(
        game=game.suited(styles.chosen(request)),
        theme=_title(theme, request),
        request=request,
        terms=_bounded(said.over(here), config),
        guests=said.guests,
    )


def _bounded(wanted: Terms, config: SessionConfig) -> Terms:
    """Return terms within what every session may take."""
    return replace(
        wanted,
        pictures=min(wanted.pictures, config.pictures),
        seconds=min(wanted.seconds, config.seconds),
        idle_s=max(config.idle_s, 2 * wanted.turn_s),
    )


@cache
def _names() -> dict[str, Kind]:
    """Return each kind by every name it goes by, folded."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: kind for kind in GAMES for name in table[kind]}


@cache
def _name() -> re.Pattern[str]:
    longest = "|".join(sorted(_names(), key=len, reverse=True))
    return re.compile(rf"\s*({longest})(?![a-z])[\s,，:：、]*")


def _title(theme: str, request: Request) -> str:
    """Return what a session is called: its theme as said, without the style that was said too."""
    plain = request == Request(prompt=request.prompt)
    return theme if plain else request.prompt


def _request(theme: str, styles: Styles) -> Request:
    """Return what is the same in all pictures: the theme's words, style and shape."""
    if not theme:
        return Request(prompt="")
    try:
        request = parse(theme, styles)
    except NotUnderstood:  # a style alone, or nothing that can be drawn by itself
        request = _bare(theme, styles)
    return replace(request, count=1, total=False, seed=None, notes=())


def _bare(theme: str, styles: Styles) -> Request:
    """Return what is asked for by a theme that names nothing to draw: style and shape, if any."""
    try:
        request = parse(f"{theme}，{_THING}", styles)
    except NotUnderstood:
        return Request(prompt=theme)
    return replace(request, prompt="") if request.prompt == _THING else Request(prompt=theme)
