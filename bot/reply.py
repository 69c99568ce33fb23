"""What goes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.action import Action
from bot.artwork import Artwork
from bot.event import Attachment, Chat
from bot.form import Form
from generation.recipe import Preview


@dataclass(frozen=True, slots=True)
class Button:
    """A label and what pressing it means."""

    label: str
    action: Action


def in_rows(buttons: Sequence[Button], most: int) -> tuple[tuple[Button, ...], ...]:
    """Return buttons in rows of so many."""
    return tuple(tuple(buttons[at : at + most]) for at in range(0, len(buttons), most))


@dataclass(frozen=True, slots=True)
class Named:
    """A person whom a text names."""

    start: int
    """In characters of the text."""
    end: int
    user: str
    """Key of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """A result as one line among those of others."""

    user: str
    """Key of who asked for it."""
    name: str
    """What they are called."""
    text: str
    """What it is; the name stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A labelled picture that is no artwork, but put together of some: a family tree, samples."""

    path: Path
    """PNG; or GIF, which moves."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""

    @property
    def filename(self) -> str:
        """What whoever saves it sees; it tells nothing, as the name of a kept plate is a hash."""
        return f"danqing-{self.path.stem[:12]}{self.path.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Words, artworks and buttons for one chat; the adapter fits them to its platform."""

    text: str
    artworks: tuple[Artwork, ...] = ()
    plate: Plate | None = None
    """A picture that goes with it, and is no artwork."""
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows of buttons."""
    to: str | None = None
    """The message that this answers."""
    aside: bool = False
    """Whether it is for whoever pressed what this answers, and soon of no use: where a platform can
    say it to them alone, or in passing, it does."""
    form: Form | None = None
    """What can be filled in; whoever pressed or handed in what this answers, is asked to."""
    originals: bool = False
    """Whether the artworks, and the plate, go out as files, just as they are."""
    struck: tuple[tuple[int, int], ...] = ()
    """Start and end, in characters of the text, of what is struck through: said, but not done."""
    wait: tuple[int, int] | None = None
    """Start and end, in characters of the text, of where its job is. The message becomes that of
    the job: what is so later takes the place of these words."""
    among: Among | None = None
    """What is said of it where it goes out with others; None: it goes alone."""
    named: tuple[Named, ...] = ()
    """People whom the text names, for platforms that can call them."""
    fresh: bool = False
    """Whether it is an answer of its own, though it ends a job whose message could be edited."""
    asks: str = ""
    """Name of the command whose argument this asks for: what is said in answer to it is that."""
    attached: tuple[Attachment, ...] = ()
    """Pictures that go with what is said in answer to a question, besides those that come then."""
    veiled: bool = False
    """Whether its sketches are to be seen only by who wants to, where a platform can do that; of
    artworks each knows it (`Artwork.flagged`)."""
    link: str = ""
    """What a link carries that leads here from anywhere: [A-Za-z0-9_-]{1,64}; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A reply on its way out."""

    id: int
    """Never used twice; what a platform offers against repeats is made from it."""
    chat: Chat
    reply: Reply
    job_id: int | None = None
    last: bool = False
    """The job ends with this: nothing more will be said of it."""
    repeated: bool = False
    """It may have arrived before: the process died while it was being sent."""
    again: bool = False
    """Whether it was tried before, and surely did not arrive, or may have."""
    uploaded: Mapping[str, str] = field(default_factory=dict[str, str])
    """By which the platform knows files that it has already, by their SHA-256."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform has."""

    id: str
    """The platform's own."""
    number: int | None = None
    """The one picture of the delivery that it shows, from 0; None: all of them, or none."""
    uploads: tuple[tuple[str, str], ...] = ()
    """SHA-256 of a file that the platform got with it, and by what the platform knows that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a message of ours is to show from now on: these words and buttons, and no others.

    It may come twice. One that changes nothing has succeeded.
    """

    message: str
    """The platform's id."""
    chat: Chat
    reply: Reply
    """With at most `Limits.turns` artworks."""
    job_id: int | None
    """None: the message is no job's."""
    last: bool = False
    """The job ends with this."""
    uploaded: Mapping[str, str] = field(default_factory=dict[str, str])
    """As of a Delivery."""
    sketch: bytes | None = None
    """A labelled picture of the pictures in the making, as PNG."""
    pictured: bool = False
    """Whether the message bears a sketch already. It stays where no picture takes its place: the
    words are then those under a picture."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in so much time; so many at once, if none were made for as long."""

    calls: int
    per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a platform can do with messages."""

    edits: bool = False
    """Whether a message can be edited. If not, `Adapter.show` is told where jobs are."""
    private_s: float = 1.5
    """Least seconds between a call and an edit in a private chat."""
    group_s: float = 4.0
    """The same in a group, all its jobs together."""
    editable_s: float | None = None
    """Age at which a message cannot be edited any more, seconds; None: always."""
    sketches: bool = False
    """Whether a message can show a picture in the making."""
    turns: int = 0
    """Pictures that a message of words can be turned into."""
    album: int = 1
    """Pictures that go out together; of 1, results never wait for each other."""
    text: int = 4096
    """Characters of a message of words that can be edited; new ones the adapter splits."""
    caption: int = 1024
    """Characters of words with pictures."""
    passing: bool = False
    """Whether somebody can be answered in passing, beside all else. If it is too late for that, the
    adapter says that it did not arrive, and what is `aside` comes again as any other reply."""
    forms: bool = False
    """Whether a form opens before whoever pressed: it goes in passing, too."""
    private_rate: Rate | None = None
    """Calls to a private chat; None: as many as one likes. Each picture of an album is one."""
    group_rate: Rate | None = None
    """Calls to a group."""
    all_rate: Rate | None = None
    """Calls to all chats together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where a job is right now; worth showing, not worth keeping."""

    job_id: int
    chat: Chat
    ahead: int = 0
    """Jobs that are drawn before this one."""
    seconds_left: float | None = None
    """None while nothing is known of the engine's speed."""
    number: int = 0
    """Which picture of the job is being drawn, from 0."""
    count: int = 1
    step: int = 0
    """0 while the job waits or its model loads."""
    steps: int = 0
    """0 while the job waits."""
    paused: str | None = None
    """Why nothing is drawn for the chat for now, empty if nobody said; None: it is."""
    preview: Preview | None = None
