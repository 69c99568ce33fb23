"""斗图: one theme, one seed; the words are each one's own, and all vote without knowing whose."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from bot.action import Action, Verb
from bot.errors import NotNow
from bot.form import Field, Form
from bot.game import rota
from bot.game.ballot import MARKS, MEDALS, MOST, Ballot
from bot.game.clause import clause
from bot.link import whisper
from bot.reply import in_rows
from bot.request import Request
from bot.session import (
    MOST_CHARS,
    Caption,
    Effect,
    Exhibit,
    Game,
    Hanging,
    Kind,
    Move,
    Pending,
    Pressed,
    Say,
    Score,
    Session,
    Spoke,
    Step,
    Stop,
    Terms,
    Wall,
    button,
)
from bot.wording import say

ENTRY, VOTE = "entry", "vote"
"""Timers: until entries are closed, and the vote."""
LEAST = 2
"""Entries that make a contest; with fewer it waits once more."""
CHANGES = 3
"""How often somebody may hand in something else instead."""
MOST_EACH = 5
A_SHEET = 12
"""Pictures on one sheet."""
IN_A_ROW = 5
VOTE_SHARE, LEAST_VOTE_S = 3, 60.0
"""A vote takes a third of the time for entries, but not less than so long."""
POINTS = {1: 3, 2: 2, 3: 1}
"""By place."""
_VOTE = re.compile(r"vote(\d{1,2})", re.ASCII)

Stage = Literal["enter", "draw", "vote"]
"""Entries are taken; the last of them are drawn; all vote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest(Game):
    """A contest, and how far it is."""

    kind: ClassVar[Kind] = "contest"
    asks: ClassVar[frozenset[str]] = frozenset(["enter"])
    usual: ClassVar[Terms] = Terms(turns=MOST, turn_s=180.0)
    wall: ClassVar[Wall] = "grid"
    stage: Stage = "enter"
    prolonged: bool = False
    tries: Mapping[str, int] = field(default_factory=dict[str, int])
    """How often each has handed something in."""
    late: tuple[str, ...] = ()
    """Who was told that it is too late."""
    ballot: Ballot = field(default_factory=Ballot)

    # ── entries ──

    def opened(self, session: Session, now: float) -> Move:
        """Wait for entries; the board says how it goes."""
        return session.timed(ENTRY, now + session.terms.turn_s), []

    def wants(self, session: Session, spoke: Spoke) -> bool:
        """Return whether it is said to the session, or where it is played by whom it waits for.

        What people say to each other there once they have entered is no entry in place of theirs.
        """
        if spoke.to == "session":
            return True
        free = len(_own(session, spoke.key)) < _each(session)
        return spoke.own and self.stage == "enter" and free

    def spoke(self, session: Session, spoke: Spoke, now: float) -> Move:
        """Take words as an entry; of what comes too late, say so once to each."""
        del now
        if self.stage == "enter":
            return self._entered(session, spoke)
        if spoke.key in self.late:
            return session, []
        words = say("已经截稿了；投票点投票图下面的按钮") if self.stage == "vote" else _closed()
        late = replace(self, late=(*self.late, spoke.key))
        return replace(session, game=late), [Say(text=words, to=spoke.message)]

    def pressed(self, session: Session, pressed: Pressed, now: float) -> Move:
        """Take an entry, ask for one, or take a vote."""
        del now
        if pressed.value in {"enter", "whisper"}:
            return self._asked(session, pressed)
        found = _VOTE.fullmatch(pressed.value)
        if found is None:
            raise NotNow(say("这一局现在用不上这个"))
        return self._voted(session, pressed, int(found[1]))

    def _asked(self, session: Session, pressed: Pressed) -> Move:
        if self.stage != "enter":
            raise NotNow(_closed())
        if pressed.text.strip():
            return self._entered(session, pressed)
        self._check(session, pressed.key)
        form = Form(
            action=Action(Verb.PLAY, session.id, "enter"),
            title=say("参赛"),
            fields=(
                Field(
                    name="words",
                    label=say("怎么画？"),
                    most=MOST_CHARS,
                    help=say("一句话；画风和种子大家一样"),
                ),
            ),
        )
        words = say("《{theme}》怎么画？写一句", theme=session.called)
        ask = Say(text=words, to=pressed.message, aside=True, form=form, link=whisper(session))
        return session, [ask]

    def _check(self, session: Session, key: str) -> None:
        """See that somebody may hand something in.

        Raises:
            NotNow: They may not.
        """
        if self.tries.get(key, 0) >= _each(session) + CHANGES:
            raise NotNow(say("最多换 {most} 次，就用现在的吧", most=CHANGES))
        if why := session.spent:
            raise NotNow(why)

    def _entered(self, session: Session, turn: Spoke | Pressed) -> Move:
        """Take an entry, in place of the newest of theirs if they have as many as they may."""
        said = clause(session, turn.text)
        self._check(session, turn.key)
        own, effects = _own(session, turn.key), list[Effect]()
        replaced = len(own) >= _each(session)
        if replaced:
            session, effects = _dropped(session, own[-1])
        private = isinstance(turn, Pressed) and turn.value == "whisper"
        message = "" if private else turn.message
        session, draw = session.asked(
            turn.key, said, _request(session, said), message=message, held=True
        )
        count = _entries(session)
        words = (
            say("换好了，还是 {count} 份参赛作", count=count)
            if replaced
            else say("收到第 {count} 份参赛作", count=count)
        )
        tries = {**self.tries, turn.key: self.tries.get(turn.key, 0) + 1}
        session = replace(session, game=replace(self, tries=tries))
        effects.append(draw)
        if not private:  # else it is answered there
            effects.append(Say(text=words, to=message, aside=isinstance(turn, Pressed)))
        if count >= min(session.terms.turns, MOST):
            session, more = _shut(session)
            effects += more
        return session, effects

    def drawn(self, session: Session, step: Step, now: float) -> Move:
        """Keep a picture back; with the last, hang them all."""
        del now
        return _hung_up(replace(session, steps=(*session.steps, step)))

    def undrawn(self, session: Session, pending: Pending, words: str, now: float) -> Move:
        """Let whose picture cannot be had try again, while there is time."""
        del now
        told = say("有一份参赛作没画成：{words}", words=words)
        if self.stage == "enter":
            told = say("{told}。再交一次吧", told=told)
            tries = {**self.tries, pending.member: max(0, self.tries.get(pending.member, 1) - 1)}
            session = replace(session, game=replace(self, tries=tries))
        session, effects = _hung_up(session)
        return session, [Say(text=told, to=pending.message), *effects]

    def due(self, session: Session, name: str, now: float) -> Move:
        """Close entries, or the vote; with too few entries wait once more."""
        if name == VOTE:
            return _counted(session)
        count = _entries(session)
        if count < LEAST and not self.prolonged:
            seconds = session.terms.turn_s
            words = say(
                "才收到 {count} 份参赛作，再等 {time}", count=count, time=rota.whole(seconds)
            )
            after = replace(session, game=replace(self, prolonged=True))
            return after.timed(ENTRY, now + seconds), [Say(text=words)]
        return _shut(session)

    # ── the vote ──

    def hung(
        self, session: Session, exhibit: Exhibit, plates: Sequence[Hanging], now: float
    ) -> Move:
        """Show a sheet, with what is voted by; with the last, the time begins."""
        if self.stage != "vote":
            return session, []
        if not plates:
            return session.closed(say("投票图没有拼成，这次不投票")), []
        labels = say(MARKS)
        buttons = [
            button(session, mark, f"vote{labels.index(mark)}")
            for mark in exhibit.marks
            if mark in labels
        ]
        rows = in_rows(buttons, IN_A_ROW)
        words = say("选一张最喜欢的；是谁画的，投完再揭晓")
        if not session.exhibits:
            seconds = _vote_s(session)
            time = rota.whole(seconds)
            words = say("{words}。{time}内可以改投，不能投自己的", words=words, time=time)
            session = session.timed(VOTE, now + seconds)
        return session, [Say(text=words, plate=plates[0], buttons=rows)]

    def _voted(self, session: Session, pressed: Pressed, number: int) -> Move:
        """Take a vote; with the last that is waited for, count them."""
        if self.stage != "vote" or number >= len(self.ballot.order):
            raise NotNow(say("现在不能投票"))
        one = self.ballot.order[number]
        if one not in self.ballot.open:
            marks = self.ballot.marks(self.ballot.open)
            raise NotNow(say("这一轮只在 {marks} 里选", marks=marks))
        if _owner(session, one) == pressed.key:
            raise NotNow(say("这张是你自己的，投一张别人的吧"))
        before = self.ballot.votes.get(pressed.key)
        if before == one:
            raise NotNow(say("你投的就是这张，截止前可以改"))
        words = say("记下你这一票了") if before is None else say("改投好了")
        game = replace(self, ballot=self.ballot.cast(pressed.key, one))
        session = replace(session, game=game)
        effects: list[Effect] = [Say(text=words, to=pressed.message, aside=True)]
        # a tie waits: somebody who only looks on may still decide it
        if not _waited_for(session, game.ballot) and len(game.ballot.leaders) == 1:
            session, more = _counted(session)
            effects += more
        return session, effects

    def skipped(self, session: Session, by: str, now: float) -> Move:
        """Close entries or the vote early, as the host wants; whoever leaves is not waited for."""
        del now
        member = session.member(by)
        if member is not None and member.left:
            waits = self.stage != "vote" or _waited_for(session, self.ballot)
            return (session, []) if waits else _counted(session)
        session.check_host(by)
        if self.stage == "draw" or session.exhibits:
            raise NotNow(say("还在准备投票图，马上就好"))
        if self.stage == "vote":
            return _counted(session)
        if _entries(session) < LEAST:
            raise NotNow(say("至少要 {least} 份参赛作才投得起来", least=LEAST))
        return _shut(session)

    # ── what is seen ──

    def told(self, session: Session, now: float) -> list[str]:
        """Return how far it is; never which is whose."""
        if session.phase != "open":
            return self.credits(session)
        match self.stage:
            case "enter":
                return [*_told(session), *_left(session, ENTRY, now)]
            case "draw":
                left, count = len(session.pending), _entries(session)
                return [say("🖌 截稿，共 {count} 份，还有 {left} 张在画", count=count, left=left)]
            case _:
                return [self._turnout(session), *_left(session, VOTE, now)]

    def _turnout(self, session: Session) -> str:
        voted = len(self.ballot.votes)
        of = voted + len(_waited_for(session, self.ballot))
        if self.ballot.tied:
            marks = self.ballot.marks(self.ballot.tied)
            return say("🗳 {marks} 加投：已投 {voted}/{of}", marks=marks, voted=voted, of=of)
        count = len(self.ballot.order)
        return say("🗳 {count} 张匿名投票：已投 {voted}/{of}", count=count, voted=voted, of=of)

    def buttons(self, session: Session) -> list[tuple[str, str]]:
        """Return what can be done now."""
        match self.stage:
            case "enter":
                return [(say("✍️ 参赛"), "enter"), (say("⏭ 截稿"), "skip")]
            case "vote":
                return [(say("⏭ 开票"), "skip")]
            case _:
                return []

    def ended(self, session: Session, now: float) -> Move:
        """Place all by their votes, and give points."""
        del now
        if not self.ballot.first and not self.ballot.votes:
            return session, []
        steps = {step.mark: step for step in session.steps}
        points = dict[str, int]()
        for one in self.ballot.ranked:
            won = POINTS.get(self.ballot.place(one), 0) if self.ballot.count(one) else 0
            member = steps[one].member
            points[member] = max(won, points.get(member, 0))
        session = replace(session, steps=tuple(steps[one] for one in self.ballot.ranked))
        return session, [Score(member, won) for member, won in points.items() if won]

    def captions(self, session: Session) -> list[Caption]:
        """Return the pictures, the first place first, with the votes that each got."""
        if not self._placed:
            return Game.captions(self, session)
        return [
            Caption(
                artwork=step.artworks[-1],
                name=session.name_of(step.member),
                words=step.words,
                mark=say("{votes} 票", votes=self._votes(step.mark)),
            )
            for step in session.steps
            if step.artworks
        ]

    def replayed(self, session: Session) -> list[Caption]:
        """Return the pictures from the last place to the first."""
        captions = self.captions(session)
        return captions[::-1] if self._placed else captions

    def credits(self, session: Session) -> list[str]:
        """Return the podium, and whose all others are."""
        if not self._placed:
            return Game.credits(self, session)
        return [
            say(
                "{place} {name}：{words}（{mark}，{votes} 票）",
                place=self._medal(step.mark),
                name=session.name_of(step.member),
                words=step.words,
                mark=self.ballot.mark(step.mark),
                votes=self._votes(step.mark),
            )
            for step in session.steps
        ]

    @property
    def _placed(self) -> bool:
        return bool(self.ballot.first or self.ballot.votes)

    def _medal(self, one: int) -> str:
        place = self.ballot.place(one)
        return MEDALS.get(place, f"{place}.") if self.ballot.count(one) else f"{place}."

    def _votes(self, one: int) -> str:
        first, more = self.ballot.rank(one)
        return f"{first}+{more}" if self.ballot.tied and one in self.ballot.tied else str(first)


# ── how entries become a vote ───────────────────────────────────────────────────────────────────


def _game(session: Session) -> Contest:
    assert isinstance(session.game, Contest)  # noqa: S101  it is its own
    return session.game


def _each(session: Session) -> int:
    """Return how many entries each may have."""
    return min(session.terms.per_member, MOST_EACH)


def _own(session: Session, key: str) -> list[Step | Pending]:
    """Return somebody's entries, oldest first."""
    mine = [one for one in (*session.steps, *session.pending) if one.member == key]
    return sorted(mine, key=lambda one: one.mark)


def _entries(session: Session) -> int:
    return len(session.steps) + len(session.pending)


def _dropped(session: Session, entry: Step | Pending) -> Move:
    """Return the session without an entry."""
    if isinstance(entry, Step):
        steps = tuple(one for one in session.steps if one != entry)
        return replace(session, steps=steps), []
    pending = tuple(one for one in session.pending if one != entry)
    return replace(session, pending=pending), [Stop(entry.mark)]


def _request(session: Session, said: str) -> Request:
    """Return what is drawn of an entry: its words, and the theme; all else is the same for all."""
    theme = session.request.prompt
    prompt = said if theme in said else f"{said}，{theme}"
    return replace(session.request, prompt=prompt)


def _shut(session: Session) -> Move:
    """Take no more entries."""
    if not _entries(session):
        return session.closed(say("没有人参赛")), []
    session = replace(session.untimed(ENTRY), game=replace(_game(session), stage="draw"))
    return _hung_up(session)


def _hung_up(session: Session) -> Move:
    """Have all entries hung for the vote, if they are all there and no more are taken."""
    game = _game(session)
    if game.stage != "draw" or session.pending:
        return session, []
    if not session.steps:
        return session.closed(say("一张也没画成")), []
    if len(session.steps) < LEAST:
        return session.closed(say("只有一份参赛作，不用投票")), []
    ballot = Ballot(order=_shuffled(session))
    session = replace(session, game=replace(game, stage="vote", ballot=ballot))
    return _sheets(session, ballot), []


def _shuffled(session: Session) -> tuple[int, ...]:
    """Return the marks of all steps in an order that tells nothing, and is the same each time."""

    def drawn(mark: int) -> str:
        return hashlib.sha256(f"{session.request.seed} {session.id} {mark}".encode()).hexdigest()

    return tuple(sorted((step.mark for step in session.steps), key=drawn))


def _sheets(session: Session, ballot: Ballot) -> Session:
    """Have what is voted on hung on as few sheets as it takes, with about as many on each."""
    artworks = {step.mark: step.artworks[-1] for step in session.steps}
    hung = ballot.open
    count = -(-len(hung) // A_SHEET)
    for number in range(count):
        part = hung[number * len(hung) // count : (number + 1) * len(hung) // count]
        session = session.exhibited(
            "sheet",
            artworks=tuple(artworks[one] for one in part),
            marks=tuple(ballot.mark(one) for one in part),
            title=session.called,
        )
    return session


def _counted(session: Session) -> Move:
    """Close the vote: of a tie there is one run-off, if it could end otherwise."""
    game = _game(session)
    leaders = game.ballot.leaders
    if not leaders:
        return session.closed(say("没有人投票")), []
    marks = game.ballot.marks(leaders)
    if len(leaders) == 1:
        name = session.name_of(_owner(session, leaders[0]))
        return session.closed(say("{name} 夺魁（{mark}）", name=name, mark=marks)), []
    run_off = game.ballot.run_off()
    if game.ballot.tied or not _could_decide(session, run_off):
        return session.closed(say("{marks} 平分秋色", marks=marks)), []
    session = replace(session.untimed(VOTE), game=replace(game, ballot=run_off))
    words = say("{marks} 平票，只在它们里再投一轮", marks=marks)
    return _sheets(session, run_off), [Say(text=words)]


def _vote_s(session: Session) -> float:
    return max(LEAST_VOTE_S, session.terms.turn_s / VOTE_SHARE)


def _owner(session: Session, mark: int) -> str:
    return next((step.member for step in session.steps if step.mark == mark), "")


def _choices(session: Session, ballot: Ballot, key: str) -> int:
    """Return among how many somebody can choose."""
    return sum(_owner(session, one) != key for one in ballot.open)


def _waited_for(session: Session, ballot: Ballot) -> list[str]:
    """Return the keys of members who can vote and have not."""
    return [
        member.key
        for member in session.active
        if member.key not in ballot.votes and _choices(session, ballot, member.key)
    ]


def _could_decide(session: Session, ballot: Ballot) -> bool:
    """Return whether anybody has a choice: who can vote for one alone would do it again."""
    return any(_choices(session, ballot, member.key) > 1 for member in session.active)


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def _closed() -> str:
    return say("已经截稿了，等着投票吧")


def _told(session: Session) -> list[str]:
    """Return how to enter, and who has."""
    how = say("✍️ 点“参赛”写一句，或者直接回复这条；同一个种子，比谁的词好")
    lines = [how]
    if (each := _each(session)) > 1:
        lines.append(say("每人最多 {count} 份", count=each))
    entries = [*session.steps, *session.pending]
    if entries:
        ordered = sorted(entries, key=lambda one: one.mark)
        names = dict.fromkeys(session.name_of(one.member) for one in ordered)
        people = say("、").join(names)
        lines.append(say("📥 已收 {count} 份：{names}", count=len(entries), names=people))
    return lines


def _left(session: Session, timer: str, now: float) -> list[str]:
    """Return how much time is left, unless it stands still."""
    if timer not in session.timers:
        return []
    time = rota.lasting(session.timers[timer] - now)
    if timer == ENTRY:
        return [say("⏳ 还有约 {time}截稿", time=time)]
    return [say("⏳ 还有约 {time}开票", time=time)]
