"""接龙: members take turns, each adds a clause, and each turn is drawn over the last canvas."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bot.game.round import Round
from bot.game.weight import joined, weighed
from bot.request import Request
from bot.session import Kind, Session, Step
from bot.style import Style
from bot.wording import say

STRENGTH = 0.7
"""How much is drawn anew of the canvas, where nobody says; with less a new thing does not come."""
REMEMBERED, FEW = 4, 2
"""Clauses that are told to a model, and to the embedded one, which draws two things at most; those
before are on the canvas."""
SMALL = "mini"
"""The embedded model."""
NEW, OLD = 1.15, 0.8
"""Weight of the newest clause, and of those before the last; that has the weight of the theme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay(Round):
    """A relay."""

    kind: ClassVar[Kind] = "relay"
    remembers: int = REMEMBERED

    def suited(self, style: Style) -> Self:
        """Return it for a model."""
        return replace(self, remembers=FEW if style.model == SMALL else REMEMBERED)

    def anew(self) -> Self:
        """Return it as it was before it began."""
        return type(self)(remembers=self.remembers)

    def opening(self, session: Session, call: str) -> str:
        """Return what it opens with."""
        return say(
            "接龙开局：{theme}\n每人接一句，画就在上一张上接着画。{call}",
            theme=session.subject,
            call=call,
        )

    def request(self, session: Session, said: str, last: Step | None) -> Request:
        """Return what is drawn: the words so far, the new ones above all, on the last canvas."""
        request = replace(session.request, prompt=told(session, said, self.remembers))
        if last is None or last.canvas is None:
            return request
        canvas = last.canvas
        return replace(
            request,
            source=canvas.sha256,
            source_px=(canvas.width, canvas.height),
            strength=session.terms.strength or session.request.strength or STRENGTH,
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


def told(session: Session, said: str, most: int) -> str:
    """Return the words for the model: the theme, and the last clauses, the newest weighing most.

    Args:
        session: With all clauses before.
        said: The newest.
        most: Clauses that the model is told, with that.
    """
    before = [step.words for step in session.steps[-most + 1 :]]
    if not before:
        return "，".join(part for part in (session.request.prompt, said) if part)
    *older, last = before
    both = joined(last, weighed(said, NEW))
    parts = [session.request.prompt, *(weighed(words, OLD) for words in older), both]
    return "，".join(part for part in parts if part)
