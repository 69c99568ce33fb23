"""Which buttons are answered with a form; pure."""

from bot.action import Action, Verb
from bot.game import GAMES


def opens_form(action: Action) -> bool:
    """Return whether a form is what a button is answered with, if nothing is in the way."""
    match action.verb:
        case Verb.EDIT:
            return True
        case Verb.OPEN:
            return action.value in GAMES
        case Verb.PLAY:
            return any(action.value in game.asks for game in GAMES.values())
        case _:
            return False
