"""What becomes of a session: the rules that all kinds share.

`take` is the whole of it: a session and what has happened in, the session after that and what is to
be done out. It knows no clock, no database and no platform; bot/referee.py carries out what it
asks for, in the transaction of what has happened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from bot.errors import NotNow
from bot.session import (
    IDLE,
    TITLES,
    Back,
    Drawn,
    Due,
    Effect,
    Exhibit,
    Hanging,
    Hung,
    Member,
    Move,
    Pending,
    Pressed,
    Reveal,
    Say,
    Session,
    Spoke,
    Step,
    Stop,
    Turn,
    Undrawn,
    button,
    people,
)
from bot.wording import say

NAMED = 8
"""People whom a finale names above; below it names all."""
ALBUM = 10
"""Pictures that are shown together in the end."""
LEAST_S = 30.0
"""What is left of each time at least when the bot is back: nobody is passed over at that moment."""


def take(session: Session, turn: Turn, now: float) -> tuple[Session, tuple[Effect, ...]]:
    """Return what comes of a turn: the session after it, and what is to be done.

    Raises:
        StudioError: It is not to be done so; nothing has changed.
    """
    after, effects = _taken(session, turn, now)
    if session.phase == "open" and after.phase == "closing":
        after, more = _over(after, now)
        effects = [*effects, *more]
    elif after.phase == "open" and not after.paused and _stirs(turn):
        after = replace(after.timed(IDLE, now + after.terms.idle_s), reminded=False)
    return _stopped(after, now), tuple(effects)


def _stopped(session: Session, now: float) -> Session:
    """Return a session whose timers stand still while it is paused, those set meanwhile too."""
    if session.left_s is None or not session.timers:
        return session
    left = {name: max(0.0, at - now) for name, at in session.timers.items()}
    return replace(session, left_s={**session.left_s, **left}, timers={})


def begin(session: Session, now: float) -> tuple[Session, tuple[Effect, ...]]:
    """Return a new session that has begun, and what is to be done."""
    after, effects = session.game.opened(session, now)
    return after.timed(IDLE, now + session.terms.idle_s), tuple(effects)


def _stirs(turn: Turn) -> bool:
    """Return whether a turn shows that somebody is there, or that something happens."""
    return not isinstance(turn, Due | Back)


def _taken(session: Session, turn: Turn, now: float) -> Move:
    if isinstance(turn, Hung):
        return _hung(session, turn, now)
    if session.phase != "open":
        return _late(session, turn)
    return _of_people(session, turn, now) or _of_things(session, turn, now)


def _of_people(session: Session, turn: Turn, now: float) -> Move | None:
    match turn:
        case Spoke():
            return _spoke(session, turn, now)
        case Pressed() if turn.value in COMMON:
            return COMMON[turn.value](session, turn, now)
        case Pressed():
            return _of_kind(session, turn, now)
        case _:
            return None


def _of_things(session: Session, turn: Turn, now: float) -> Move:
    match turn:
        case Drawn():
            return _drawn(session, turn, now)
        case Undrawn():
            return _undrawn(session, turn, now)
        case Due():
            return _due(session, turn, now)
        case Back():
            return _back(session, turn, now)
        case _:
            raise TypeError(turn)


def _back(session: Session, turn: Back, now: float) -> Move:
    """Go on with the time that was left, and say what is waited for."""
    least = now + LEAST_S
    timers = {name: max(least, at + turn.away_s) for name, at in session.timers.items()}
    session = replace(session, timers=timers)
    waits = session.game.told(session, now)[-1:]
    return session, [Say(text="\n".join([say("我回来了，接着玩"), *waits]))]


def _late(session: Session, turn: Turn) -> Move:
    """Take what comes when it is over: a picture that nobody waits for, or somebody too late."""
    if isinstance(turn, Pressed) and turn.value == "show":
        return session.exhibited("finale", to=turn.message), []
    if isinstance(turn, Spoke | Pressed):
        raise NotNow(say("这一局已经结束了，可以再来一局：/开局"))
    return session, []


def _spoke(session: Session, turn: Spoke, now: float) -> Move:
    _going(session)
    session, before = _with(session, turn, now)
    after, effects = session.game.spoke(session, turn, now)
    return after, [*before, *effects]


def _with(session: Session, turn: Spoke | Pressed, now: float) -> Move:
    """Return the session with whoever takes part in it as a member."""
    known = session.member(turn.key)
    if known is not None and not known.left:
        return (session if known.missed == 0 else session.changed(replace(known, missed=0))), []
    if known is None and not session.terms.admit(turn.key):
        raise NotNow(say("这一局只请了几个人玩，先看着吧，等下一局"))
    if known is None and session.locked:
        raise NotNow(say("这一局不再加人了"))
    if len(session.active) >= session.terms.members:
        raise NotNow(say("这一局人满了，最多 {most} 人", most=session.terms.members))
    member = Member(key=turn.key, name=turn.name)
    if known is None:
        session = replace(session, members=(*session.members, member))
    else:
        session = session.changed(member)
    return session.game.joined(session, member, now)


def _drawn(session: Session, turn: Drawn, now: float) -> Move:
    pending = next((one for one in session.pending if one.mark == turn.mark), None)
    session = replace(session, seconds=session.seconds + turn.seconds)
    if pending is None:  # it was given up meanwhile
        return session, []
    step = Step(
        mark=turn.mark,
        member=pending.member,
        words=pending.words,
        artworks=turn.artworks,
        job_id=turn.job_id,
        canvas=turn.canvas,
        message=pending.message,
    )
    return session.game.drawn(_without(session, pending), step, now)


def _undrawn(session: Session, turn: Undrawn, now: float) -> Move:
    pending = next((one for one in session.pending if one.mark == turn.mark), None)
    if pending is None:
        return session, []
    return session.game.undrawn(_without(session, pending), pending, turn.words, now)


def _without(session: Session, pending: Pending) -> Session:
    return replace(session, pending=tuple(one for one in session.pending if one != pending))


def _due(session: Session, turn: Due, now: float) -> Move:
    session = session.untimed(turn.name)
    if turn.name != IDLE:
        return session.game.due(session, turn.name, now)
    if session.pending or session.exhibits:  # the engine is what is slow
        return session.timed(IDLE, now + session.terms.idle_s), []
    if session.reminded:
        return session.closed(say("好久没人接了")), []
    words = say("还有人在吗？再没有人接，这一局就先收了")
    after = replace(session, reminded=True).timed(IDLE, now + session.terms.idle_s)
    return after, [Say(text=words)]


def _hung(session: Session, turn: Hung, now: float) -> Move:
    exhibit = next((one for one in session.exhibits if one.mark == turn.mark), None)
    if exhibit is None:
        return session, []
    kept = tuple(one for one in session.exhibits if one != exhibit)
    session = replace(session, exhibits=kept)
    if exhibit.form != "finale":
        return session.game.hung(session, exhibit, turn.plates, now)
    over = replace(session, phase="closed", closed_at=session.closed_at or now)
    return over, _finale(over, exhibit, turn.plates)


# ── what a button or command wants, whatever the kind ───────────────────────────────────────────


def _of_kind(session: Session, turn: Pressed, now: float) -> Move:
    _going(session)
    session, before = _with(session, turn, now)
    after, effects = session.game.pressed(session, turn, now)
    return after, [*before, *effects]


def _going(session: Session) -> None:
    """See that turns are taken.

    Raises:
        NotNow: They are not.
    """
    if session.paused:
        raise NotNow(say("这一局暂停着，等主持人点“继续”"))


def _end(session: Session, turn: Pressed, now: float) -> Move:
    del now
    session.check_host(turn.key)
    return session.closed(say("{name} 说就到这里", name=turn.name)), []


def _join(session: Session, turn: Pressed, now: float) -> Move:
    known = session.member(turn.key)
    if known is not None and not known.left:
        raise NotNow(say("你已经在这一局里了"))
    after, effects = _with(session, turn, now)
    words = say("{name} 加入了，现在 {count} 人", name=turn.name, count=len(after.active))
    return after, [Say(text=words, to=turn.message, aside=True), *effects]


def _leave(session: Session, turn: Pressed, now: float) -> Move:
    known = session.member(turn.key)
    if known is None or known.left:
        raise NotNow(say("你不在这一局里"))
    after = session.changed(replace(known, left=True))
    effects: list[Effect] = [Say(text=say("{name} 先走了", name=turn.name), to=turn.message)]
    if turn.key == session.host and after.active:
        host = after.active[0]
        after = replace(after, host=host.key)
        effects.append(Say(text=say("现在由 {name} 主持", name=host.name)))
    if not after.active:
        return after.closed(say("人都走了")), effects
    try:
        after, more = after.game.skipped(after, turn.key, now)
    except NotNow:
        return after, effects
    return after, [*effects, *more]


def _skip(session: Session, turn: Pressed, now: float) -> Move:
    _going(session)
    return session.game.skipped(session, turn.key, now)


def _undo(session: Session, turn: Pressed, now: float) -> Move:
    """Take a vote to take the last step back; a majority of the members decides."""
    member = session.member(turn.key)
    if member is None or member.left:
        raise NotNow(say("不在这一局里的人不能投票撤回，先点加入"))
    if not session.steps:
        raise NotNow(say("还没有可以撤回的"))
    if turn.key in session.undo:
        raise NotNow(say("你已经投过撤回了"))
    undone = session.game.undone(replace(session, undo=()), now)  # before anybody votes in vain
    there = {one.key for one in session.active}
    votes = (*(key for key in session.undo if key in there), turn.key)
    need = len(session.active) // 2 + 1
    if len(votes) < need:
        words = say(
            "{name} 想撤回上一步，同意的也点撤回（{votes}/{need}）",
            name=turn.name,
            votes=len(votes),
            need=need,
        )
        return replace(session, undo=votes), [Say(text=words, to=turn.message)]
    return undone


def _pause(session: Session, turn: Pressed, now: float) -> Move:
    session.check_host(turn.key)
    if session.paused:
        raise NotNow(say("已经暂停着了"))
    words = say("先暂停，主持人点“继续”再接着玩")
    return _stopped(replace(session, left_s={}), now), [Say(text=words, to=turn.message)]


def _resume(session: Session, turn: Pressed, now: float) -> Move:
    session.check_host(turn.key)
    if session.left_s is None:
        raise NotNow(say("没有暂停"))
    timers = {name: now + left for name, left in session.left_s.items()}
    after = replace(session, left_s=None, timers=timers)
    return after, [Say(text=say("继续！"), to=turn.message)]


def _lock(session: Session, turn: Pressed, now: float) -> Move:
    del now
    session.check_host(turn.key)
    words = say("又可以加人了") if session.locked else say("不再加人了")
    return replace(session, locked=not session.locked), [Say(text=words, to=turn.message)]


def _hand(session: Session, turn: Pressed, now: float) -> Move:
    """Make somebody else the host: who is named, or the next member."""
    del now
    session.check_host(turn.key)
    others = [one for one in session.active if one.key != session.host]
    named = [one for one in others if turn.text in {one.key, one.name}]
    host = next(iter(named or ([] if turn.text else others)), None)
    if host is None:
        raise NotNow(say("要交给谁？那个人得先加入这一局"))
    words = say("现在由 {name} 主持", name=host.name)
    return replace(session, host=host.key), [Say(text=words)]


def _invite(session: Session, turn: Pressed, now: float) -> Move:
    """Let one more person join where only who is invited may."""
    del now
    session.check_host(turn.key)
    terms = session.terms
    if not terms.by_invitation:
        raise NotNow(say("这一局谁都能来，点“加入”就行"))
    if terms.admit(turn.text):
        raise NotNow(say("{name} 已经请过了", name=turn.whom))
    invited = replace(terms, invited=(*terms.invited, turn.text))
    words = say("{name} 也可以来，点“加入”就行", name=turn.whom)
    return replace(session, terms=invited), [Say(text=words, to=turn.message)]


COMMON: Mapping[str, Callable[[Session, Pressed, float], Move]] = {
    "join": _join,
    "leave": _leave,
    "skip": _skip,
    "undo": _undo,
    "pause": _pause,
    "resume": _resume,
    "lock": _lock,
    "hand": _hand,
    "invite": _invite,
    "end": _end,
}
"""What buttons and commands want, whatever the kind."""


# ── the end ─────────────────────────────────────────────────────────────────────────────────────


def _over(session: Session, now: float) -> Move:
    """End a session: what is under way is stopped, and its finale is asked for."""
    session, effects = session.game.ended(session, now)
    effects += [Stop(pending.mark) for pending in session.pending]
    effects.append(Reveal())
    session = replace(
        session, timers={}, left_s=None, pending=(), exhibits=(), undo=(), closed_at=now
    )
    if session.steps:
        words = say("收局：{why}。正在装裱……", why=session.why)
        return session.exhibited("finale"), [*effects, Say(text=words)]
    words = say("收局：{why}。这一局还没有画", why=session.why)
    return replace(session, phase="closed"), [*effects, Say(text=words)]


def _albums(pictures: Sequence[int]) -> list[tuple[int, ...]]:
    """Return pictures as albums that any platform shows, about as large; at least one."""
    count = max(1, -(-len(pictures) // ALBUM))
    ends = [len(pictures) * number // count for number in range(count + 1)]
    return [tuple(pictures[start:end]) for start, end in pairwise(ends)]


def _finale(session: Session, exhibit: Exhibit, plates: Sequence[Hanging]) -> list[Effect]:
    """Return all that the finale shows: the pictures, then what was put together of them."""
    kind = say(TITLES[session.game.kind])
    names = people(session.game.authors(session), NAMED)
    head = say("{kind} · {names}", kind=kind, names=names)
    if session.theme:
        title = say("《{theme}》", theme=session.theme)
        head = say("{title} · {kind} · {names}", title=title, kind=kind, names=names)
    pictures = tuple(step.artworks[-1] for step in session.steps)
    lines = [head, *session.game.credits(session)]
    home = bool(exhibit.to)  # somebody asked to see it again
    effects: list[Effect] = [
        Say(text=head if at else "\n".join(lines), artworks=album, to=exhibit.to, home=home)
        for at, album in enumerate(_albums(pictures))
    ]
    if plates and len(pictures) == 1:  # that was just shown, and the poster tells all there is
        effects = []
    for number, plate in enumerate(plates):
        last = number == len(plates) - 1
        again = ((button(session, say("🔁 再来一局"), "again"),),) if last else ()
        file = plate.width > 3 * plate.height  # a scroll, which would be shown too small
        effects.append(
            Say(text=head, plate=plate, to=exhibit.to, buttons=again, file=file, home=home)
        )
    return effects
