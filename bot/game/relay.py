"""接龙: members take turns, each adds a clause, and each turn is drawn over the last canvas."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from bot.errors import NotNow
from bot.game import rota
from bot.request import Request
from bot.session import (
    Effect,
    Exhibit,
    Game,
    Hanging,
    Kind,
    Member,
    Move,
    Pending,
    Say,
    Session,
    Spoke,
    Step,
    clause,
)
from bot.wording import say

STRENGTH = 0.65
"""How much is drawn anew of the canvas, where nobody says; less, and a new thing does not come."""
REMEMBERED = 4
"""Clauses that are told to the model; older ones are on the canvas."""
NEW = 1.3
"""Weight of the newest clause; the one before has that of the theme."""
OLD = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay(Game):
    """A relay, and whose turn it is."""

    kind: ClassVar[Kind] = "relay"
    drawn_on: ClassVar[bool] = True
    at: str = ""
    """Key of the member whose turn it is."""
    strength: float = STRENGTH

    def opened(self, session: Session, now: float) -> Move:
        """Call the host to begin."""
        session, call = rota.called(session, session.host, now)
        words = say(
            "接龙开局：{theme}\n每人接一句，画就在上一张上接着画。{call}",
            theme=session.theme,
            call=call,
        )
        return replace(session, game=replace(self, at=session.host)), [Say(text=words)]

    def wants(self, session: Session, spoke: Spoke) -> bool:
        """Return whether it is said to the session, or by whom it waits for."""
        if spoke.to == "session":
            return True
        mine = spoke.key == self.at and not session.pending
        return mine and (spoke.own or spoke.to == "bot")

    def spoke(self, session: Session, spoke: Spoke, now: float) -> Move:
        """Take a clause, and have it drawn."""
        del now
        rota.check(session, self.at, spoke.key)
        if session.spent:
            raise NotNow(say("这一局的张数用完了"))
        said = clause(session, spoke.text)
        last = session.steps[-1] if session.steps else None
        after, draw = session.untimed(rota.TURN).asked(
            spoke.key, said, self._request(session, said, last), message=spoke.message, parent=last
        )
        return after, [draw]

    def _request(self, session: Session, said: str, last: Step | None) -> Request:
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

    def drawn(self, session: Session, step: Step, now: float) -> Move:
        """Show the new canvas, and call the next."""
        session = replace(session, steps=(*session.steps, step), undo=())
        words = say(
            "第 {number} 棒 {name}：{words}",
            number=len(session.steps),
            name=session.name_of(step.member),
            words=step.words,
        )
        full, effects = self._full(session), list[Effect]()
        if not full:
            session, call = self._next(session, step.member, now)
            words = f"{words}\n{call}"
        effects.append(Say(text=words, to=step.message, artworks=step.artworks, job_id=step.job_id))
        return (session.closed(full) if full else session), effects

    def _full(self, session: Session) -> str:
        """Return why there is no next turn; empty: there is."""
        if len(session.steps) >= session.terms.turns:
            return say("{count} 棒接满了", count=len(session.steps))
        return say("这一局的张数用完了") if session.spent else ""

    def _next(self, session: Session, key: str, now: float) -> tuple[Session, str]:
        at = rota.following(session, key)
        session, call = rota.called(session, at, now)
        return replace(session, game=replace(self, at=at)), call

    def undrawn(self, session: Session, pending: Pending, words: str, now: float) -> Move:
        """Let the same member try again."""
        session, call = rota.called(session, pending.member, now)
        told_ = say("这一棒没画成：{words}。{call}", words=words, call=call)
        after = replace(session, game=replace(self, at=pending.member))
        return after, [Say(text=told_, to=pending.message)]

    def due(self, session: Session, name: str, now: float) -> Move:
        """Let a turn pass."""
        del name
        session, at, effects = rota.passed(session, self.at, now)
        return replace(session, game=replace(self, at=at)), effects

    def skipped(self, session: Session, by: str, now: float) -> Move:
        """Let a turn pass, since somebody wants it."""
        if session.pending:
            raise NotNow(say("正在画这一棒，画好再说"))
        rota.may_skip(session, self.at, by)
        session, call = self._next(session, self.at, now)
        return session, [Say(text=say("跳过；{call}", call=call))]

    def joined(self, session: Session, member: Member, now: float) -> Move:
        """Wait for whoever is back, if nobody else is there."""
        session, at, move = rota.joined(session, self.at, member, now)
        return replace(session, game=replace(self, at=at)), move[1]

    def undone(self, session: Session, now: float) -> Move:
        """Take the last step back; whose it was may try again."""
        if session.pending:
            raise NotNow(say("正在画这一棒，画好再说"))
        gone = session.steps[-1]
        session = replace(session, steps=session.steps[:-1])
        member = session.member(gone.member)
        at = gone.member if member and not member.left else rota.following(session, gone.member)
        session, call = rota.called(session, at, now)
        words = say("撤回了“{words}”；{call}", words=gone.words, call=call)
        return replace(session, game=replace(self, at=at)), [Say(text=words)]

    def told(self, session: Session, now: float) -> list[str]:
        """Return whose turn it is, and the clauses so far."""
        lines = [
            say(
                "{number}. {name}：{words}",
                number=number,
                name=session.name_of(step.member),
                words=step.words,
            )
            for number, step in enumerate(session.steps, 1)
        ]
        if session.pending:
            one = session.pending[0]
            words = say(
                "正在画：{name} 的“{words}”", name=session.name_of(one.member), words=one.words
            )
            return [*lines, f"🖌 {words}"]
        if session.paused or rota.TURN not in session.timers:
            return lines
        left = rota.lasting(session.timers[rota.TURN] - now)
        call = say("轮到 {name}，还有约 {time}", name=session.name_of(self.at), time=left)
        return [*lines, f"👉 {call}"]

    def buttons(self, session: Session) -> list[tuple[str, str]]:
        """Return what a turn can be but a clause."""
        undo = [(say("↩️ 撤回"), "undo")] if session.steps else []
        return [(say("⏭ 跳过"), "skip"), *undo]

    def hung(
        self, session: Session, exhibit: Exhibit, plates: Sequence[Hanging], now: float
    ) -> Move:
        """Show nothing: a relay has only its finale."""
        del exhibit, plates, now
        return session, []


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


def weighed(words: str, weight: float) -> str:
    """Return words as a model reads their weight."""
    plain = words.replace("(", "（").replace(")", "）").replace(":", "：")
    return f"({plain}:{weight:g})"
