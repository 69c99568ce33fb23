"""What goes out."""

from dataclasses import dataclass

from bot.action import Action
from bot.artwork import Artwork
from bot.event import Chat
from generation.recipe import Preview


@dataclass(frozen=True, slots=True)
class Button:
    """A label and what pressing it means."""

    label: str
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Words, artworks and buttons for one chat; the adapter fits them to its platform."""

    text: str
    artworks: tuple[Artwork, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows of buttons."""
    to: str | None = None
    """The message that this answers."""
    originals: bool = False
    """Whether the artworks go out as files, just as they are."""
    struck: tuple[tuple[int, int], ...] = ()
    """Start and end, in characters of the text, of what is struck through: said, but not done."""


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


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the platform has."""

    id: str
    """The platform's own."""
    number: int | None = None
    """The one picture of the job that it shows, from 0; None: all of them, or none."""


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
    preview: Preview | None = None
