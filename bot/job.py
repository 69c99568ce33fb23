"""A request on its way through the studio."""

from dataclasses import dataclass
from enum import StrEnum

from bot.event import Chat, User
from bot.request import Request


class State(StrEnum):
    """The station that a job has reached; the names are those in the database."""

    QUEUED = "queued"
    DRAWING = "drawing"
    DRAWN = "drawn"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Origin:
    """A job, or one picture of it, that another job is derived from."""

    job_id: int
    number: int | None = None
    """Which picture, from 0; None: no one in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """That a job is a group session's: what is told of it is up to that, and no quota counts it."""

    session_id: int
    mark: int
    """By which the session knows it."""
    held: bool = False
    """Whether its words and pictures are kept back until the session reveals them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What comes before a job that waits."""

    jobs: int
    """Those being drawn, and those whose turn is sooner."""
    people: int
    """Others whose jobs these are."""
    cost: float
    """Of those that wait: steps × megapixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One accepted request, from queue to delivery."""

    id: int
    user: User
    chat: Chat
    reply_to: str
    """The message to answer."""
    request: Request
    parent: Origin | None = None
    """What it was derived from."""
    share: Share | None = None
    """The group session that it is of; None: it stands alone."""
    state: State = State.QUEUED
    attempts: int = 0
    """How often it was taken from the queue; with the id it names one attempt."""
    failures: int = 0
    """How many attempts ended with an error that may be tried again."""
    created_at: float = 0.0
    """Seconds since the epoch, UTC, as all times."""
    claimed_at: float | None = None
    """When the last attempt began."""
    drawn_at: float | None = None
    """When the pictures were labelled and kept."""
    ended_at: float | None = None
    """When it was delivered, failed or cancelled."""
