"""你画我猜: a word is drawn and looms out of its noise; who says it first has it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from bot import link
from bot.action import Action, Verb
from bot.errors import NotNow
from bot.form import Field, Form
from bot.game import rota
from bot.game.clause import clause
from bot.game.match import MOST_CHARS, graded, orders, plain
from bot.game.riddle import Riddle, Table, alone, knows, riddle
from bot.parsing.numeral import NUMERAL
from bot.parsing.text import fold, without
from bot.session import (
    Caption,
    Effect,
    Exhibit,
    Game,
    Hanging,
    Kind,
    Move,
    Pending,
    Pressed,
    Reveal,
    Say,
    Score,
    Session,
    Spoke,
    Step,
    Terms,
    Wall,
)
from bot.style import Style
from bot.terms import counted
from bot.wording import later, say

LOOK, NEXT = "look", "next"
"""Timers: until more of the picture is shown, and until the next word's turn."""
STEPS = (0.05, 0.15, 0.3, 0.55, 1.0)
"""Of a picture's steps: after which it is shown."""
NOISE = (0.75, 0.62, 0.5, 0.34, 0.0)
"""How much of it is hidden then: with the embedded model, colours, a hunch, a guess, the thing."""
BREATH_S = 6.0
"""Between what a word was and the next picture."""
HUSH_S = 10.0
"""Who guesses wrong again within this time is not told so."""
SET_POINTS = 2
"""For who has set a word that was guessed, but neither at first sight nor at last."""
MOST_MORE = 3
"""Characters beyond those of the word that a wrong guess has; longer, it may well be a wish."""
MOST_SET = 12
"""Characters of a word that a member sets."""
MOST_GOAL, MOST_ROUNDS = 100, 16
MOST_SLOW = 5
"""Rounds of which the replay shows two looks each; of more, one."""
MOST_LOST = 3
"""Pictures in a row that cannot be had; after these it is over."""
SMALL = "mini"
"""The embedded model: it knows things, and no stories."""
EASY: Table = "easy"
"""Where nobody says."""
LEVELS: Mapping[Table, str] = {
    "easy": later("简单"),
    "normal": later("普通"),
    "hard": later("成语"),
    "poem": later("诗句"),
}
SAID: Mapping[str, Table] = {
    **dict.fromkeys(("简单", "容易", "easy"), "easy"),
    **dict.fromkeys(("普通", "中等", "normal"), "normal"),
    **dict.fromkeys(("困难", "成语", "hard"), "hard"),
    **dict.fromkeys(("诗句", "唐诗", "古诗", "poem"), "poem"),
}
_FIRST, _LAST = r"(?<![^\s,、;:。])", r"(?=$|[\s,、;。])"
_LEVEL = re.compile(rf"{_FIRST}({'|'.join(SAID)}){_LAST}")
_GOAL = re.compile(
    rf"{_FIRST}(?<![每限].)(?<![每限]..)(?:先?到|抢|满|first\s+to|up\s+to)?\s*({NUMERAL})\s*(?:分|points?){_LAST}"
)
_ROUNDS = re.compile(rf"({NUMERAL})\s*题{_LAST}")
_TURNS = re.compile(r"[棒幅轮段局回]|rounds?|turns?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A word, and how much of it is shown."""

    riddle: Riddle
    mark: int
    """Of its picture."""
    setter: str = ""
    """Key of whoever has set it; empty: it is from a table."""
    step: Step | None = None
    """Its picture, once it is there."""
    plates: tuple[Hanging, ...] = ()
    """What is shown of it, one after the other."""
    look: int = 0
    """How many of these are."""
    near: tuple[str, ...] = ()
    """Keys of those who came near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a round ended."""

    member: str = ""
    """Key of who had it; empty: nobody."""
    look: int = 0
    """What was shown by then."""
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess(Game):
    """A game of guesses."""

    kind: ClassVar[Kind] = "guess"
    asks: ClassVar[frozenset[str]] = frozenset(["word"])
    usual: ClassVar[Terms] = Terms(turns=5, turn_s=100.0)
    wall: ClassVar[Wall] = "grid"

    table: Table = EASY
    goal: int = 0
    """Points that end it; 0: it ends with its rounds."""
    small: bool = True
    """Whether it is drawn by the embedded model."""
    steps: int = 20
    """Of a picture."""
    round: Round | None = None
    """What is guessed now, or is next."""
    ahead: tuple[Round, ...] = ()
    """What comes after: first what a member has set."""
    ends: tuple[End, ...] = ()
    """Of the rounds that are over, one for each step."""
    points: Mapping[str, int] = field(default_factory=dict[str, int])
    """By key."""
    hushed: Mapping[str, float] = field(default_factory=dict[str, float])
    """When somebody was last told that a guess is wrong."""
    late: tuple[str, ...] = ()
    """Keys of those who had the last word, too, but later."""
    used: tuple[str, ...] = ()
    """Words that were drawn."""
    lost: int = 0
    """Pictures in a row that could not be had."""

    # ── how it is opened ──

    @classmethod
    def read(cls, said: str) -> tuple[str, Self]:
        """Take out how hard it is to be, and up to how many points it goes."""
        found, table = _LEVEL.search(fold(said)), EASY
        if found is not None:
            table, said = SAID[found[1]], without(said, found)
        found, goal = _GOAL.search(fold(said)), 0
        if found is not None:
            goal, said = _goal(found[1]), without(said, found)
        found = _ROUNDS.search(fold(said))
        if found is not None:
            said = f"{without(said, found)}，{found[1]}轮"
        if goal and not _TURNS.search(fold(said)):
            said = f"{said}，{MOST_ROUNDS}轮"
        return said, cls(table=table, goal=goal)

    def suited(self, style: Style) -> Self:
        """Return it for a model, which must know what is in the table."""
        small = style.model == SMALL
        if small and self.table in {"hard", "poem"}:
            level = say(LEVELS[self.table])
            words = say("这个画风的模型还画不了{level}，换个画风，或者选简单、普通", level=level)
            raise NotNow(words)
        return replace(self, small=small, steps=style.steps)

    def anew(self) -> Self:
        """Return it as it was before it began."""
        return type(self)(table=self.table, goal=self.goal, small=self.small, steps=self.steps)

    def opened(self, session: Session, now: float) -> Move:
        """Say how it goes, and have the first word drawn."""
        del now
        words = say(
            "你画我猜，{level}，{until}。画从模糊到清楚，看出来就说，或者回复那张画；越早猜中分越多",
            level=say(LEVELS[self.table]),
            until=self._until(session),
        )
        session, effects = _fetched(session)
        return session, [Say(text=words), *effects]

    def _until(self, session: Session) -> str:
        if self.goal:
            return say("先到 {points} 分赢", points=self.goal)
        return say("{count} 题", count=_rounds(session))

    # ── guesses ──

    def wants(self, session: Session, spoke: Spoke) -> bool:
        """Return whether words may be a guess.

        What was said to nobody is one only if there is something in it; what was said to the bot,
        if it does not ask for a picture.
        """
        if spoke.to == "session" and not spoke.own:
            return True
        if len(spoke.text) > MOST_CHARS:
            return False
        if self.round is None or not self.round.look:
            asks = spoke.to == "session" and not orders(spoke.text)
            return asks or self._is_late(session, spoke)
        grade = graded(spoke.text, self.round.riddle)
        if spoke.to == "all":
            nears = grade == "near" and spoke.key not in self.round.near
            return grade in {"right", "sound"} or nears
        if spoke.to == "bot":
            short = len(plain(spoke.text)) <= len(self.round.riddle.text) + MOST_MORE
            return grade != "wrong" or (short and not orders(spoke.text))
        return grade != "wrong" or not orders(spoke.text)

    def _is_late(self, session: Session, spoke: Spoke) -> bool:
        """Return whether somebody says, right after another, what the last word was."""
        last = session.steps[-1] if session.steps else None
        if last is None or spoke.key in {last.member, *self.late}:
            return False
        return graded(spoke.text, alone(last.words)) in {"right", "sound"}

    def spoke(self, session: Session, spoke: Spoke, now: float) -> Move:
        """Take a guess."""
        if self.round is None or not self.round.look:
            return self._between(session, spoke)
        if len(spoke.text) > MOST_CHARS:
            raise NotNow(say("太长了，猜的词最多 {most} 个字", most=MOST_CHARS))
        grade = graded(spoke.text, self.round.riddle)
        if spoke.key == self.round.setter:
            if grade != "right":
                raise NotNow(say("这题是你出的，让别人猜吧"))
            words = say("{name} 自己说漏了嘴", name=spoke.name)
            return _revealed(session, words, now, End(look=self.round.look))
        if grade in {"right", "sound"}:
            return self._won(session, spoke, now, sounds=grade == "sound")
        if grade == "near" and spoke.key not in self.round.near:
            return self._neared(session, spoke)
        return self._wrong(session, spoke, now)

    def _between(self, session: Session, spoke: Spoke) -> Move:
        if self._is_late(session, spoke):
            game = replace(self, late=(*self.late, spoke.key))
            words = say("{name} 也猜中了，就慢了一步", name=spoke.name)
            return replace(session, game=game), [Say(text=words, to=spoke.message)]
        if not session.steps:
            raise NotNow(say("第一题还在画，马上就好"))
        raise NotNow(say("这一题已经揭晓，下一题马上来"))

    def _won(self, session: Session, spoke: Spoke, now: float, *, sounds: bool) -> Move:
        assert self.round is not None  # noqa: S101  looked at before
        look = self.round.look
        points = max(1, len(self.round.plates) - look + 1 - sounds)
        end = End(member=spoke.key, look=look, points=points)
        how = say("第 {look} 眼，+{points} 分", look=look, points=points)
        if sounds:
            how = say("{how}，音对字不同少一分", how=how)
        words = say("🎉 {name} 猜中了（{how}）", name=spoke.name, how=how)
        won = {spoke.key: points}
        if self.round.setter and 1 < look < len(self.round.plates):
            won[self.round.setter] = SET_POINTS
            setter = session.name_of(self.round.setter)
            more = say("出题的 {name} +{points}", name=setter, points=SET_POINTS)
            words = say("{words}；{more}", words=words, more=more)
        session = replace(session, game=replace(self, points=_added(self.points, won)))
        return _revealed(session, words, now, end, to=spoke.message)

    def _neared(self, session: Session, spoke: Spoke) -> Move:
        assert self.round is not None  # noqa: S101  looked at before
        near = replace(self.round, near=(*self.round.near, spoke.key))
        points = _added(self.points, {spoke.key: 1})
        words = say("{name} 沾边了，+1 分", name=spoke.name)
        session = replace(session, game=replace(self, round=near, points=points))
        return session, [Say(text=words, to=spoke.message)]

    def _wrong(self, session: Session, spoke: Spoke, now: float) -> Move:
        if spoke.to == "all":
            raise NotNow(say("不是"))
        if now < self.hushed.get(spoke.key, -HUSH_S) + HUSH_S:
            return session, []
        hushed = {key: at for key, at in self.hushed.items() if now < at + HUSH_S}
        hushed[spoke.key] = now
        return replace(session, game=replace(self, hushed=hushed)), [
            Say(text=say("不是，再看看"), to=spoke.message)
        ]

    # ── pictures ──

    def drawn(self, session: Session, step: Step, now: float) -> Move:
        """Have what is shown of a picture put together."""
        del now
        exhibit = session.exhibited(
            "bare", artworks=step.artworks, noise=NOISE[-len(step.artworks) :]
        )
        return _changed(exhibit, step.mark, step=step), []

    def hung(
        self, session: Session, exhibit: Exhibit, plates: Sequence[Hanging], now: float
    ) -> Move:
        """Keep what is shown of a picture; begin, if it is waited for."""
        one = next((one for one in _waiting(self) if _is_of(one, exhibit)), None)
        if one is None:
            return session, []
        if len(plates) < len(exhibit.artworks):
            return _missed(session, one.mark, say("图没有装好"), now)
        session = _changed(session, one.mark, plates=tuple(plates))
        if self.round is not None and self.round.mark == one.mark and NEXT not in session.timers:
            session = session.timed(NEXT, now)
        return session, []

    def undrawn(self, session: Session, pending: Pending, words: str, now: float) -> Move:
        """Take another word."""
        return _missed(session, pending.mark, words, now)

    # ── time ──

    def due(self, session: Session, name: str, now: float) -> Move:
        """Show more, or what it was; or the next."""
        if name == NEXT:
            return _begun(session, now)
        return _looked(session, now)

    def skipped(self, session: Session, by: str, now: float) -> Move:
        """Show more at once, as the host wants."""
        session.check_host(by)
        member = session.member(by)
        if self.round is None or not self.round.look or (member is not None and member.left):
            raise NotNow(say("现在没有可以跳过的"))
        return _looked(session.untimed(LOOK), now)

    def ended(self, session: Session, now: float) -> Move:
        """Say what the last word was, and hand out points."""
        del now
        effects = list[Effect]()
        if self.round is not None and self.round.look:
            session, effects = _told(session, say("不猜了"), End(look=self.round.look))
        effects += [Score(key, points) for key, points in self.points.items()]
        return session, effects

    # ── a word of a member's ──

    def pressed(self, session: Session, pressed: Pressed, now: float) -> Move:
        """Take the next word from a member: ask for it, or take what they tell in private."""
        if pressed.value not in {"word", "whisper"}:
            return Game.pressed(self, session, pressed, now)
        self._may_set(session)
        if pressed.value == "word" and not pressed.text:
            return session, [_asks(session, pressed)]
        text = self._word(session, pressed.text)
        session, draw = _asked(session, alone(text), pressed.key)
        effects: list[Effect] = [draw, Say(text=say("🤫 {name} 出好了下一题", name=pressed.name))]
        if pressed.value == "word":
            told = Say(text=taken(text, small=self.small), to=pressed.message, aside=True)
            effects.insert(1, told)
        return session, effects

    def _may_set(self, session: Session) -> None:
        """See that somebody may set the next word.

        Raises:
            NotNow: They may not.
        """
        if any(one.setter and not one.look for one in _waiting(self)):
            raise NotNow(say("下一题已经有人出好了，等它过了再来"))
        if len(session.steps) + (self.round is not None) >= _rounds(session):
            raise NotNow(say("后面没有题了，下一局再出吧"))
        if session.spent:
            raise NotNow(session.spent)

    def _word(self, session: Session, said: str) -> str:
        """Return the word that somebody sets.

        Raises:
            NotNow: It is none, too long, not wanted, or was there before.
        """
        text = clause(session, said)
        if not plain(text) or len(text) > MOST_SET:
            raise NotNow(say("词要短，最多 {most} 个字", most=MOST_SET))
        if any(graded(text, alone(one)) == "right" for one in self.used):
            raise NotNow(say("这个词这一局用过了，换一个"))
        return text

    # ── what is seen ──

    def told(self, session: Session, now: float) -> list[str]:
        """Return what was guessed, who leads, and what is shown now."""
        lines = [_ended(session, number) for number in range(len(self.ends))]
        if ranks := _ranks(session):
            lines.append(f"🏅 {ranks}")
        if session.phase != "open":
            return lines
        title = say(
            "{level} · 第 {number}/{count} 题",
            level=say(LEVELS[self.table]),
            number=len(session.steps) + 1,
            count=_rounds(session),
        )
        if self.goal:
            title = say("{title}，先到 {points} 分赢", title=title, points=self.goal)
        return [*lines, f"👀 {title} · {self._shown(session, now)}"]

    def _shown(self, session: Session, now: float) -> str:
        if self.round is None or not self.round.look:
            return say("马上来")
        told = _hint(self.round)
        if LOOK not in session.timers:
            return told
        looks = len(self.round.plates) - self.round.look
        left = session.timers[LOOK] - now + looks * _look_s(session, self.round)
        return say("{told}，还有约 {time}", told=told, time=rota.lasting(left))

    def buttons(self, session: Session) -> list[tuple[str, str]]:
        """Return that a word can be set, and more shown."""
        more = [(say("⏭ 下一眼"), "skip")] if self.round and self.round.look else []
        return [(say("🤫 我来出题"), "word"), *more]

    # ── the end ──

    def captions(self, session: Session) -> list[Caption]:
        """Return each picture with what it was, and who had it."""
        found = [
            Caption(
                artwork=step.artworks[-1],
                name=_who(session, end),
                words=step.words,
                mark=str(number),
            )
            for number, (step, end) in enumerate(zip(session.steps, self.ends, strict=True), 1)
            if step.artworks
        ]
        return found[-MOST_ROUNDS:]

    def replayed(self, session: Session) -> list[Caption]:
        """Return each picture as it loomed up, and at last what it was."""
        shown = self.captions(session)
        looks = slice(1, -1, 2) if len(shown) <= MOST_SLOW else slice(2, -1, 2)
        found = list[Caption]()
        for one in shown:
            artworks = session.steps[int(one.mark) - 1].artworks
            pairs = list(zip(artworks, NOISE[-len(artworks) :], strict=True))
            found += [
                Caption(artwork=artwork, words=say("猜！"), mark=one.mark, noise=share)
                for artwork, share in pairs[looks]
            ]
            found.append(one)
        return found

    def authors(self, session: Session) -> list[str]:
        """Return who has points, the most first; or else who was there."""
        ranked = sorted(self.points, key=lambda key: -self.points[key])
        keys = ranked or [member.key for member in session.active]
        return [session.name_of(key) for key in keys]

    def credits(self, session: Session) -> list[str]:
        """Return who has how much, and what there was."""
        ranks = _ranks(session)
        lines = [_ended(session, number) for number in range(len(self.ends))]
        return [f"🏅 {ranks}", *lines] if ranks else lines


# ── rounds ──────────────────────────────────────────────────────────────────────────────────────


def _game(session: Session) -> Guess:
    assert isinstance(session.game, Guess)  # noqa: S101  it is its own
    return session.game


def _waiting(game: Guess) -> tuple[Round, ...]:
    """Return what is guessed, and what comes after."""
    return (*([game.round] if game.round else []), *game.ahead)


def _ranks(session: Session) -> str:
    ranked = sorted(_game(session).points.items(), key=lambda one: -one[1])
    return say("、").join(
        say("{name} {points} 分", name=session.name_of(key), points=points)
        for key, points in ranked
    )


def _rounds(session: Session) -> int:
    return min(session.terms.turns, MOST_ROUNDS)


def _look_s(session: Session, one: Round) -> float:
    return session.terms.turn_s / len(one.plates)


def _fetched(session: Session) -> Move:
    """Have a word of the table drawn, unless there is one already, or nothing more may be."""
    game = _game(session)
    rounds = len(session.steps) + len(_waiting(game))
    if game.round is not None and (game.ahead or rounds >= _rounds(session)):
        return session, []
    seed = session.request.seed or 0
    found = None if session.spent else riddle(game.table, seed, game.used)
    if found is None:
        return session, []
    session, draw = _asked(session, found)
    return session, [draw]


def _asked(session: Session, one: Riddle, setter: str = "") -> tuple[Session, Effect]:
    """Have a word drawn; what somebody has set comes before what else is ahead."""
    game = _game(session)
    stages = tuple(sorted({max(1, round(share * _steps(session))) for share in STEPS}))
    request = replace(
        session.request,
        prompt=one.text,
        poem=bool(one.source),
        stages=stages,
        seed=((session.request.seed or 0) + len(game.used)) % 2**63,
        hires=1.0,
        upscale=1,
    )
    session, draw = session.asked(session.host, "", request, held=True)
    new = Round(riddle=one, mark=draw.mark, setter=setter)
    used = (*game.used, one.text)
    if game.round is None:
        return replace(session, game=replace(game, round=new, used=used)), draw
    ahead = (new, *game.ahead) if setter else (*game.ahead, new)
    return replace(session, game=replace(game, ahead=ahead, used=used)), draw


def _steps(session: Session) -> int:
    return session.request.steps or _game(session).steps


def _changed(session: Session, mark: int, **new: Any) -> Session:
    """Return the session with something new of a round, by the mark of its picture."""
    game = _game(session)

    def changed(one: Round) -> Round:
        return replace(one, **new) if one.mark == mark else one

    now = changed(game.round) if game.round else None
    return replace(session, game=replace(game, round=now, ahead=tuple(map(changed, game.ahead))))


def _is_of(one: Round, exhibit: Exhibit) -> bool:
    return one.step is not None and one.step.artworks == exhibit.artworks


def _missed(session: Session, mark: int, words: str, now: float) -> Move:
    """Go on without a picture that cannot be had."""
    game = _game(session)
    gone = next((one for one in _waiting(game) if one.mark == mark), None)
    if gone is None:
        return session, []
    lost = game.lost + 1
    ahead = tuple(one for one in game.ahead if one.mark != mark)
    left = game.round if game.round is not None and game.round.mark != mark else None
    session = replace(session, game=replace(game, round=left, ahead=ahead, lost=lost))
    if lost >= MOST_LOST:
        return session.closed(say("画不出题来：{words}", words=words)), []
    effects = list[Effect]()
    if gone.setter:
        name = session.name_of(gone.setter)
        effects.append(Say(text=say("{name} 出的题没画成：{words}", name=name, words=words)))
    if left is None and NEXT not in session.timers:
        session, more = _called(session)
        effects += more
        if (called := _game(session).round) is not None and called.plates:
            session = session.timed(NEXT, now)
    return session, effects


def _called(session: Session) -> Move:
    """Make what comes next the round, drawn or not; without anything it is over."""
    game = _game(session)
    if game.ahead:
        session = replace(session, game=replace(game, round=game.ahead[0], ahead=game.ahead[1:]))
        return session, []
    session, effects = _fetched(session)
    if effects:
        return session, effects
    return session.closed(say("没有题了")), []


def _begun(session: Session, now: float) -> Move:
    """Show the next picture, if it is there; have one more drawn meanwhile."""
    effects = list[Effect]()
    if _game(session).round is None:
        session, effects = _called(session)
    game = _game(session)
    if game.round is None or not game.round.plates or game.round.look:
        return session, effects  # it begins when it is there
    session = replace(session, game=replace(game, lost=0, late=()))
    session, first = _looked(session, now)
    session, more = _fetched(session)
    return session, [*effects, *first, *more]


def _looked(session: Session, now: float) -> Move:
    """Show more of the picture; of one that is all shown, what it was."""
    game = _game(session)
    one = game.round
    if one is None:
        return session, []
    if one.look >= len(one.plates):
        return _revealed(session, say("没人猜中"), now, End(look=one.look))
    one = replace(one, look=one.look + 1)
    session = replace(session, game=replace(game, round=one))
    session = session.timed(LOOK, now + _look_s(session, one))
    words = say(
        "第 {number}/{count} 题，猜！{hint}",
        number=len(session.steps) + 1,
        count=_rounds(session),
        hint=_hint(one),
    )
    return session, [Say(text=words, plate=one.plates[one.look - 1])]


def _hint(one: Round) -> str:
    return say(
        "{length} 个字 · 第 {look}/{looks} 眼",
        length=len(one.riddle.text),
        look=one.look,
        looks=len(one.plates),
    )


def _revealed(session: Session, words: str, now: float, end: End, to: str = "") -> Move:
    """Say what a word was, and go on to the next, or end."""
    session, effects = _told(session, words, end, to)
    if why := _over(session):
        return session.closed(why), effects
    return session.timed(NEXT, now + BREATH_S), effects


def _told(session: Session, words: str, end: End, to: str = "") -> Move:
    """Show the picture of a round that is over, and say what it was."""
    game = _game(session)
    one = game.round
    assert one is not None  # noqa: S101  it is shown
    assert one.step is not None  # noqa: S101  likewise
    step = replace(one.step, words=one.riddle.text, member=end.member)
    session = replace(
        session.untimed(LOOK),
        steps=(*session.steps, step),
        game=replace(game, round=None, ends=(*game.ends, end), late=(), hushed={}),
    )
    text = say("{words}。谜底：{word}", words=words, word=one.riddle.text)
    if one.riddle.source:
        text = say("{text}（{source}）", text=text, source=one.riddle.source)
    if ranks := _ranks(session):
        text = f"{text}\n🏅 {ranks}"
    shown = Say(text=text, to=to, artworks=step.artworks[-1:], job_id=step.job_id)
    return session, [Reveal(one.mark), shown]


def _over(session: Session) -> str:
    """Return why there is no next round; empty: there is one."""
    game = _game(session)
    best = max(game.points, key=lambda key: game.points[key], default="")
    if game.goal and best and game.points[best] >= game.goal:
        return say("{name} 先到 {points} 分", name=session.name_of(best), points=game.goal)
    if len(session.steps) >= _rounds(session):
        return say("{count} 题猜完了", count=len(session.steps))
    return ""


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def taken(text: str, *, small: bool) -> str:
    """Return what is said to whoever has set a word, and to nobody else."""
    told = say("收到，下一题就是它")
    if small and not knows(text):
        return say("{told}；我只会画常见的东西，不一定像", told=told)
    return told


def _asks(session: Session, pressed: Pressed) -> Say:
    """Return what asks a member for a word, so that nobody else reads it."""
    words = say("🤫 悄悄告诉我下一题画什么，最多 {most} 个字", most=MOST_SET)
    form = Form(
        action=Action(Verb.PLAY, session.id, "word"),
        title=say("我来出题"),
        fields=(Field(name="word", label=say("词"), most=MOST_SET, help=say("例如：骑车的熊猫")),),
    )
    return Say(text=words, to=pressed.message, aside=True, form=form, link=link.whisper(session))


def _ended(session: Session, number: int) -> str:
    end, step = _game(session).ends[number], session.steps[number]
    who = _who(session, end)
    if end.points:
        who = say("{who}，第 {look} 眼 +{points}", who=who, look=end.look, points=end.points)
    return say("{number}. {word}（{who}）", number=number + 1, word=step.words, who=who)


def _who(session: Session, end: End) -> str:
    return session.name_of(end.member) if end.member else say("没人猜中")


def _added(points: Mapping[str, int], won: Mapping[str, int]) -> dict[str, int]:
    return {key: points.get(key, 0) + won.get(key, 0) for key in (*points, *won)}


def _goal(said: str) -> int:
    goal = counted(said)
    if not 1 <= goal <= MOST_GOAL:
        raise NotNow(say("分数要在 1 到 {most} 之间", most=MOST_GOAL))
    return goal
