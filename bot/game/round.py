"""Members take turns: each says something, and it is drawn on from the last picture."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bot.errors import NotNow
from bot.game import rota
from bot.game.clause import clause
from bot.request import Request
from bot.session import (
    Effect,
    Game,
    Member,
    Move,
    Pending,
    Say,
    Session,
    Spoke,
    Step,
)
from bot.wording import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Round(Game):
    """A session in which members take turns, and whose turn it is."""

    drawn_on: ClassVar[bool] = True
    at: str = ""
    """Key of the member whose turn it is."""

    def opening(self, session: Session, call: str) -> str:
        """Return what a session opens with: on what, how it goes, and who begins."""
        raise NotImplementedError

    def request(self, session: Session, said: str, last: Step | None) -> Request:
        """Return what is drawn of a clause, after a step if there is one."""
        raise NotImplementedError

    def numbered(self, session: Session, step: Step) -> str:
        """Return what a picture is shown with, which is the last of the steps."""
        raise NotImplementedError

    def full(self, session: Session) -> str:
        """Return that there were as many turns as there are to be."""
        raise NotImplementedError

    def opened(self, session: Session, now: float) -> Move:
        """Call the host to begin."""
        session, call = self._called(session, session.host, now)
        return session, [Say(text=self.opening(session, call))]

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
            raise NotNow(session.spent)
        said = clause(session, spoke.text)
        last = session.steps[-1] if session.steps else None
        after, draw = session.untimed(rota.TURN).asked(
            spoke.key, said, self.request(session, said, last), message=spoke.message, parent=last
        )
        return after, [draw]

    def drawn(self, session: Session, step: Step, now: float) -> Move:
        """Show the new picture, and call the next."""
        session = replace(session, steps=(*session.steps, step), undo=())
        words, full = self.numbered(session, step), self._over(session)
        effects = list[Effect]()
        if not full:
            session, call = self._called(session, rota.following(session, step.member), now)
            words = f"{words}\n{call}"
        effects.append(Say(text=words, to=step.message, artworks=step.artworks, job_id=step.job_id))
        return (session.closed(full) if full else session), effects

    def _over(self, session: Session) -> str:
        """Return why there is no next turn; empty: there is."""
        if len(session.steps) >= session.terms.turns:
            return self.full(session)
        return session.spent

    def _called(self, session: Session, at: str, now: float) -> tuple[Session, str]:
        """Return the session in which it is a member's turn, and the words that call them."""
        session, call = rota.called(session, at, now)
        return replace(session, game=self._with(at)), call

    def _with(self, at: str) -> Self:
        return replace(self, at=at)

    def undrawn(self, session: Session, pending: Pending, words: str, now: float) -> Move:
        """Let the same member try again, if they are still there."""
        session, call = self._called(session, self._again(session, pending.member), now)
        told = say("这一张没画成：{words}。{call}", words=words, call=call)
        return session, [Say(text=told, to=pending.message)]

    def _again(self, session: Session, key: str) -> str:
        """Return whose turn it is when that of a member comes again."""
        member = session.member(key)
        return key if member and not member.left else rota.following(session, key)

    def due(self, session: Session, name: str, now: float) -> Move:
        """Let a turn pass."""
        del name
        session, at, effects = rota.passed(session, self.at, now)
        return replace(session, game=self._with(at)), effects

    def skipped(self, session: Session, by: str, now: float) -> Move:
        """Let a turn pass, since somebody wants it."""
        self._idle(session)
        rota.may_skip(session, self.at, by)
        session, call = self._called(session, rota.following(session, self.at), now)
        return session, [Say(text=say("跳过；{call}", call=call))]

    def _idle(self, session: Session) -> None:
        """See that nothing is being drawn.

        Raises:
            NotNow: Something is.
        """
        if session.pending:
            raise NotNow(say("这一张还在画，画好再说"))

    def joined(self, session: Session, member: Member, now: float) -> Move:
        """Wait for whoever is back, if nobody else is there."""
        if session.pending or any(one.key != member.key for one in session.active):
            return session, []
        return self._called(session, member.key, now)[0], []

    def undone(self, session: Session, now: float) -> Move:
        """Take the last step back; whose it was may try again."""
        self._idle(session)
        gone = session.steps[-1]
        session = replace(session, steps=session.steps[:-1])
        session, call = self._called(session, self._again(session, gone.member), now)
        words = say("撤回了“{words}”；{call}", words=gone.words, call=call)
        return session, [Say(text=words)]

    def told(self, session: Session, now: float) -> list[str]:
        """Return whose turn it is, and what was said so far."""
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
