"""接龙: members take turns, each adds a clause, and each turn is drawn over the last canvas."""

from dataclasses import dataclass, replace
from typing import ClassVar

from bot.game.round import Round
from bot.game.weight import weighed
from bot.request import Request
from bot.session import Kind, Session, Step
from bot.wording import say

STRENGTH = 0.65
"""How much is drawn anew of the canvas, where nobody says; less, and a new thing does not come."""
REMEMBERED = 4
"""Clauses that are told to the model; older ones are on the canvas."""
NEW = 1.3
"""Weight of the newest clause; the one before has that of the theme."""
OLD = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay(Round):
    """A relay."""

    kind: ClassVar[Kind] = "relay"
    strength: float = STRENGTH

    def opening(self, session: Session, call: str) -> str:
        """Return what it opens with."""
        return say(
            "接龙开局：{theme}\n每人接一句，画就在上一张上接着画。{call}",
            theme=session.subject,
            call=call,
        )

    def request(self, session: Session, said: str, last: Step | None) -> Request:
        """Return what is drawn: the words so far, the new ones above all, on the last canvas."""
        request = replace(session.request, prompt=told(session, said))
        if last is None or last.canvas is None:
            return request
        canvas = last.canvas
        return replace(
            request,
            source=canvas.sha256,
            source_px=(canvas.width, canvas.height),
            strength=self.strength,
            aspect=None,
        )

    def numbered(self, session: Session, step: Step) -> str:
        """Return what a canvas is shown with."""
        return say(
            "第 {number} 棒 {name}：{words}",
            number=len(session.steps),
            name=session.name_of(step.member),
            words=step.words,
        )

    def full(self, session: Session) -> str:
        """Return that all turns were taken."""
        return say("{count} 棒接满了", count=len(session.steps))


def told(session: Session, said: str) -> str:
    """Return the words for the model: the theme, and the last clauses, the newest weighing most."""
    before = [step.words for step in session.steps[-REMEMBERED + 1 :]]
    *older, last = before or [""]
    parts = [
        session.request.prompt,
        *(weighed(words, OLD) for words in older),
        last,
        weighed(said, NEW) if before else said,
    ]
    return "，".join(part for part in parts if part)
