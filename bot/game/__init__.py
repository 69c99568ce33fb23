"""Kinds of group sessions, each with what is its own; bot/session.py has what they share."""

from collections.abc import Mapping

from bot.game.chorus import Chorus
from bot.game.contest import Contest
from bot.game.guess import Guess
from bot.game.relay import Relay
from bot.game.scroll import Scroll
from bot.session import Game, Kind

GAMES: Mapping[Kind, type[Game]] = {
    kind.kind: kind for kind in (Relay, Scroll, Contest, Guess, Chorus)
}
"""By the name of the kind."""
