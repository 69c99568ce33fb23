"""A group session: people in a chat who make pictures together.

Here is what a session is, what can happen to it and what it can ask for. bot/play.py has the rules
that all kinds share, bot/game/ what is each one's own; all of it is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from bot.action import Action, Verb
from bot.errors import NotNow
from bot.event import Chat, Image
from bot.form import Form
from bot.reply import Button
from bot.request import Request
from bot.style import Style
from bot.unfold import single
from bot.wording import Language, later, say

Kind = Literal["relay", "scroll", "contest", "guess", "chorus"]
Phase = Literal["open", "closing", "closed"]
"""Being played; its finale is being made; over."""
Display = Literal["bare", "sheet", "finale"]
"""Pictures without what they were made of; one with all of them for a vote; poster and replay."""

Wall = Literal["filmstrip", "grid", "scroll"]
"""A strip of all steps, pictures side by side, or one long picture."""

IDLE = "idle"
"""The timer of a session in which nothing happens."""
MISSES = 2
"""Turns in a row that a member lets pass before theirs are not waited for any more."""
MOST_CHARS = 200
"""Of a theme, or of what is said in a turn."""
MOST_MEMBERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who takes part."""

    key: str
    """Of the user, as "telegram:123"."""
    name: str
    missed: int = 0
    """Turns in a row that they have let pass."""
    left: bool = False
    """Whether they take no more turns, until they come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a session may take."""

    turns: int = 12
    """Steps, entries or rounds after which it is over."""
    turn_s: float = 120.0
    """Seconds for a turn, or for all to hand something in."""
    pictures: int = 60
    """That it may have drawn; its members' own are not touched."""
    seconds: float = 1800.0
    """Of the engine, likewise."""
    idle_s: float = 900.0
    """After so long without a turn it reminds, and after as long again it closes."""
    strength: float | None = None
    """How much of the last picture is drawn anew, above 0 to 1, where a turn is drawn over it;
    None: as the kind has it."""
    per_member: int = 1
    """Entries of one member, where several may be had."""
    wanted: tuple[str, ...] = ()
    """One of these must be in what is said in a turn; empty: none."""
    unwanted: tuple[str, ...] = ()
    """None of these may be."""
    members: int = MOST_MEMBERS
    """Who take part at the same time."""
    by_invitation: bool = False
    """Whether only who is invited may join."""
    invited: tuple[str, ...] = ()
    """Who is, by key, the host among them."""

    def admit(self, key: str) -> bool:
        """Return whether somebody may join."""
        return not self.by_invitation or key in self.invited


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A picture that was asked for, and is not there yet."""

    mark: int
    """By which it is known in the session; never used twice."""
    member: str
    """Key of whose it is."""
    words: str
    """As they said them."""
    message: str = ""
    """The message in which they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A picture of the session."""

    mark: int
    member: str
    words: str
    artworks: tuple[int, ...]
    """Ids; more than one where it is shown in stages."""
    job_id: int
    canvas: Image | None = None
    """What the next is drawn on."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What is to be put together of pictures, for all to see."""

    mark: int
    form: Display
    artworks: tuple[int, ...] = ()
    marks: tuple[str, ...] = ()
    """What stands on each, as 甲."""
    title: str = ""
    noise: tuple[float, ...] = ()
    """How much of each is hidden, from 0 to 1; empty: nothing."""
    to: str = ""
    """The message that asked for it."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """A plate as the session knows it."""

    name: str
    """Of its file."""
    width: int
    height: int


# ── what happens ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoke:
    """Somebody has said something where it is played."""

    key: str
    name: str
    text: str
    message: str
    answers: str = ""
    """The message that it answers, whoever wrote that; empty: none."""
    to: Literal["session", "bot", "all"] = "all"
    """To whom: to the session itself, as in answer to one of its messages; to the bot; to nobody
    in particular."""
    own: bool = False
    """Whether it was said where nothing else is going on: in a place of its own, or in private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Somebody wants something by a button or a command."""

    key: str
    name: str
    value: str
    """What, as "skip"; what is one of several ends in its number."""
    message: str = ""
    text: str = ""
    """What was said or filled in with it; the key of whom it is about."""
    whom: str = ""
    """What they are called whom it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture is there."""

    mark: int
    job_id: int
    artworks: tuple[int, ...]
    seconds: float = 0.0
    """Of the engine."""
    canvas: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undrawn:
    """A picture cannot be had."""

    mark: int
    words: str
    """Why; for people."""


@dataclass(frozen=True, slots=True)
class Due:
    """A timer has run out."""

    name: str


@dataclass(frozen=True, slots=True)
class Hung:
    """What was to be put together is there; of a finale: replay, poster and what else there is."""

    mark: int
    plates: tuple[Hanging, ...]


@dataclass(frozen=True, slots=True)
class Back:
    """The bot was out of the chat, and is in it again."""

    away_s: float


Turn = Spoke | Pressed | Drawn | Undrawn | Due | Hung | Back


# ── what is to be done ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say something where it is played."""

    text: str
    to: str = ""
    """The message that it answers; empty: the session's opening."""
    artworks: tuple[int, ...] = ()
    job_id: int | None = None
    """The job whose picture it shows."""
    plate: Hanging | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    aside: bool = False
    """Whether it is for whoever pressed alone."""
    file: bool = False
    """Whether the plate goes out as a file, just as it is."""
    form: Form | None = None
    """What whoever pressed is asked to fill in; it comes back as what they press, with a text."""
    link: str = ""
    """Where to go with the form on platforms on which others would read it here (bot/link.py)."""
    home: bool = False
    """Whether it is said where the session was opened, wherever it was played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Have a picture drawn."""

    mark: int
    member: str
    request: Request
    parent: Step | None = None
    """What it comes from."""
    held: bool = False
    """Whether nobody is to find it before it is revealed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Have a picture drawn no more."""

    mark: int


@dataclass(frozen=True, slots=True)
class Reveal:
    """Let everybody find what was held back."""

    mark: int = 0
    """Of the one picture; 0: of all."""


@dataclass(frozen=True, slots=True)
class Score:
    """Somebody has won points, for the list of the chat."""

    member: str
    points: int


Effect = Say | Draw | Stop | Reveal | Score
Move = tuple["Session", list[Effect]]
"""A session as it is after a turn, and what is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """A picture as it is shown among others."""

    artwork: int
    """Id."""
    name: str = ""
    """Who."""
    words: str = ""
    mark: str = ""
    """A number or letter."""
    noise: float = 0.0
    """How much of it is hidden, from 0 to 1."""


Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge, pixels."""


class Game:
    """What is one kind's own; its state is frozen, and each method returns what comes of a turn.

    Whoever may not do what they want is told by a StudioError; then nothing has changed.
    """

    kind: ClassVar[Kind]
    usual: ClassVar[Terms] = Terms()
    """What a session takes where nobody says."""
    wall: ClassVar[Wall] = "filmstrip"
    """How its pictures hang in the end."""
    drawn_on: ClassVar[bool] = False
    """Whether each picture is drawn on the one before."""

    asks: ClassVar[frozenset[str]] = frozenset()
    """Of the buttons that are its own: what those want that are answered with a form."""

    leftwards: bool = False
    """Whether each part of a scroll goes on to the left of the one before."""

    @classmethod
    def read(cls, said: str) -> tuple[str, Self]:
        """Take what is the kind's own out of the words that open a session.

        Returns what is left of them, and the game.
        """
        return said, cls()

    def suited(self, style: Style) -> Self:
        """Return it as it is played in a style.

        Raises:
            NotNow: It cannot be.
        """
        del style
        return self

    def anew(self) -> Self:
        """Return it as it was before it began, for another session like it."""
        return type(self)()

    def overlap(self, session: "Session") -> int:
        """Return how many columns a part of a scroll repeats of the one before, pixels."""
        del session
        return 0

    def cut(self, width: int, height: int) -> Box:
        """Return which part of a picture the next is drawn on, where one is."""
        return 0, 0, width, height

    def opened(self, session: "Session", now: float) -> Move:
        """Begin."""
        raise NotImplementedError

    def wants(self, session: "Session", spoke: Spoke) -> bool:
        """Return whether words are a turn; of what is not meant for the bot, too."""
        raise NotImplementedError

    def spoke(self, session: "Session", spoke: Spoke, now: float) -> Move:
        """Take words that are a turn."""
        raise NotImplementedError

    def pressed(self, session: "Session", pressed: Pressed, now: float) -> Move:
        """Take a button of the kind's own."""
        raise NotNow(say("这一局现在用不上这个"))

    def drawn(self, session: "Session", step: Step, now: float) -> Move:
        """Take a picture, which is not among the steps yet."""
        raise NotImplementedError

    def undrawn(self, session: "Session", pending: Pending, words: str, now: float) -> Move:
        """Go on without a picture."""
        raise NotImplementedError

    def due(self, session: "Session", name: str, now: float) -> Move:
        """Go on after a timer."""
        raise NotImplementedError

    def hung(
        self, session: "Session", exhibit: Exhibit, plates: Sequence[Hanging], now: float
    ) -> Move:
        """Show what was put together, other than the finale; most kinds have nothing else."""
        del exhibit, plates, now
        return session, []

    def joined(self, session: "Session", member: Member, now: float) -> Move:
        """Go on with one more member, or with one who is back."""
        del member, now
        return session, []

    def skipped(self, session: "Session", by: str, now: float) -> Move:
        """Go on without waiting for whom it waits."""
        del session, by, now
        raise NotNow(say("现在没有可以跳过的"))

    def undone(self, session: "Session", now: float) -> Move:
        """Take the last step back."""
        del session, now
        raise NotNow(say("这种局不能撤回"))

    def told(self, session: "Session", now: float) -> list[str]:
        """Return the lines of the board that are the kind's own."""
        raise NotImplementedError

    def buttons(self, session: "Session") -> list[tuple[str, str]]:
        """Return labels and values of the buttons that are the kind's own."""
        del session
        return []

    def ended(self, session: "Session", now: float) -> Move:
        """Do what is to be done when it is over, before its finale."""
        del now
        return session, []

    def captions(self, session: "Session") -> list[Caption]:
        """Return its pictures as the finale shows them, in order."""
        return [
            Caption(
                artwork=step.artworks[-1],
                name=session.name_of(step.member),
                words=step.words,
                mark=str(number),
            )
            for number, step in enumerate(session.steps, 1)
            if step.artworks
        ]

    def replayed(self, session: "Session") -> list[Caption]:
        """Return its pictures as the replay shows them, in order."""
        return self.captions(session)

    def authors(self, session: "Session") -> list[str]:
        """Return what those are called who made something of it, each once."""
        return list(dict.fromkeys(session.name_of(step.member) for step in session.steps))

    def credits(self, session: "Session") -> list[str]:
        """Return what the finale tells of who did what."""
        return [
            say("{name}：{words}", name=session.name_of(step.member), words=step.words)
            for step in session.steps
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Members, what they have made, and what is waited for."""

    id: int
    chat: Chat
    """Where it was opened; its board is there."""
    place: Chat
    """Where it is played: there, or in a place of its own."""
    topic: str = ""
    """The part of the place in which it is played."""
    opening: str = ""
    """The message that opened it."""
    host: str
    """Key of a member."""
    members: tuple[Member, ...]
    """In the order of their coming."""
    theme: str
    request: Request
    """What is the same in all its pictures: style, shape, what is to be avoided."""
    terms: Terms
    game: Game
    phase: Phase = "open"
    language: Language = "zh"
    opened_at: float
    """Seconds since the epoch, UTC, as all times."""
    closed_at: float | None = None
    steps: tuple[Step, ...] = ()
    pending: tuple[Pending, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    """Still to be put together."""
    timers: Mapping[str, float] = field(default_factory=dict[str, float])
    """When each runs out."""
    left_s: Mapping[str, float] | None = None
    """While it is paused: how much each timer had left."""
    undo: tuple[str, ...] = ()
    """Keys of those who want the last step back."""
    locked: bool = False
    """Whether nobody new may join."""
    reminded: bool = False
    """Whether it was said that nothing happens."""
    pictures: int = 0
    """That were asked for."""
    seconds: float = 0.0
    """That the engine has spent."""
    marks: int = 0
    """That were given out."""
    why: str = ""
    """Why it is over, in words."""

    @property
    def style(self) -> str:
        """What it is painted in, where that was said."""
        return say("、").join(self.request.styles)

    @property
    def title(self) -> str:
        """What it is called: its kind, and its theme if it has one."""
        kind = say(TITLES[self.game.kind])
        return say("{kind}《{theme}》", kind=kind, theme=self.theme) if self.theme else kind

    @property
    def called(self) -> str:
        """What stands over its pictures: its theme, or its kind if it has none."""
        return self.theme or say(TITLES[self.game.kind])

    @property
    def subject(self) -> str:
        """What is to be painted, and in which style."""
        theme = self.theme or say("画什么都行")
        return f"{theme} · {self.style}" if self.style else theme

    # ── who ──

    @property
    def active(self) -> tuple[Member, ...]:
        """Members who take turns."""
        return tuple(member for member in self.members if not member.left)

    @property
    def paused(self) -> bool:
        """Whether no turn is taken until it goes on."""
        return self.left_s is not None

    def member(self, key: str) -> Member | None:
        """Return a member, there or gone."""
        return next((one for one in self.members if one.key == key), None)

    def name_of(self, key: str) -> str:
        """Return what a member is called."""
        found = self.member(key)
        return found.name if found and found.name else say("有人")

    def check_host(self, key: str) -> None:
        """See that somebody is the host, or that there is no host any more.

        Raises:
            NotNow: It is somebody else.
        """
        host = self.member(self.host)
        if key != self.host and host is not None and not host.left:
            raise NotNow(say("只有主持人 {name} 可以", name=self.name_of(self.host)))

    def changed(self, member: Member) -> Self:
        """Return the session with something new of a member."""
        members = tuple(member if one.key == member.key else one for one in self.members)
        return replace(self, members=members)

    # ── time ──

    def timed(self, name: str, at: float) -> Self:
        """Return the session with a timer."""
        return replace(self, timers={**self.timers, name: at})

    def untimed(self, *names: str) -> Self:
        """Return the session without some timers."""
        kept = {name: at for name, at in self.timers.items() if name not in names}
        return replace(self, timers=kept)

    @property
    def due_at(self) -> float | None:
        """When the next timer runs out; None: there is none."""
        return min(self.timers.values(), default=None)

    @property
    def next_timer(self) -> str:
        """The timer that runs out next."""
        return min(self.timers, key=lambda name: (self.timers[name], name))

    # ── pictures ──

    def asked(
        self,
        key: str,
        words: str,
        request: Request,
        *,
        message: str = "",
        parent: Step | None = None,
        held: bool = False,
    ) -> tuple[Self, Draw]:
        """Return the session with one more picture that is waited for, and what asks for it."""
        mark = self.marks + 1
        request = replace(request, prompt=single(request.prompt))  # one is one, of the budget too
        pending = Pending(mark=mark, member=key, words=words, message=message)
        after = replace(
            self, marks=mark, pictures=self.pictures + 1, pending=(*self.pending, pending)
        )
        return after, Draw(mark=mark, member=key, request=request, parent=parent, held=held)

    def exhibited(self, form: Display, **more: Any) -> Self:
        """Return the session with something to be put together of pictures."""
        mark = self.marks + 1
        exhibit = Exhibit(mark=mark, form=form, **more)
        return replace(self, marks=mark, exhibits=(*self.exhibits, exhibit))

    @property
    def spent(self) -> str:
        """Why no more pictures may be drawn, in words; empty: more may be."""
        if self.pictures >= self.terms.pictures:
            return say("这一局的张数用完了")
        return say("这一局的引擎时间用完了") if self.seconds >= self.terms.seconds else ""

    def closed(self, why: str) -> Self:
        """Return the session, over: its finale is made next; bot/play.py does the rest."""
        return replace(self, phase="closing", why=why)


TITLES: Mapping[str, str] = {
    "relay": later("接龙"),
    "scroll": later("长卷"),
    "contest": later("斗图"),
    "guess": later("你画我猜"),
    "chorus": later("众笔"),
}


def people(names: Sequence[str], most: int) -> str:
    """Return names for a sentence; of many the first, and how many there are."""
    named = say("、").join(names[:most])
    return say("{people} 等 {count} 人", people=named, count=len(names)) if names[most:] else named


def button(session: Session, label: str, value: str) -> Button:
    """Return a button of a session."""
    return Button(label, Action(Verb.PLAY, session.id, value))
