"""A job's own message: what it shows, and what it should; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot import progress
from bot.event import Chat
from bot.receipt import BETWEEN
from bot.reply import Delivery, Edit, Limits, Reply, Status
from bot.wording import Language
from generation.recipe import Preview

LONG_S = 60.0
"""A job that took longer ends with a new message: nobody is told of an edit."""
STALE_S = 5.0
"""A job of which nothing was heard for so long is not taken to be nearly done."""
JUST_S = 5.0
"""A message that is not older says of a job that waits what there is to say."""
TRIES = 3
"""A result that could not be edited in so often goes out as a message of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The message that told a job to be accepted, and is edited from then on."""

    job_id: int
    chat: Chat
    message: str
    """The platform's id."""
    reply: Reply
    """As it was sent."""
    language: Language
    sent_at: float
    """Seconds since the epoch, UTC."""
    pictured: bool = False
    """Whether a sketch was shown in it."""

    def edit(
        self, reply: Reply, *, last: bool = False, uploaded: Mapping[str, str] | None = None
    ) -> Edit:
        """Return what makes the message show something else.

        Args:
            reply: What it is to show.
            last: Whether the job ends with it.
            uploaded: By which the platform knows the files of its artworks.
        """
        return Edit(
            message=self.message,
            chat=self.chat,
            reply=reply,
            job_id=self.job_id,
            last=last,
            uploaded=uploaded or {},
            pictured=self.pictured,
        )

    def editable(self, limits: Limits, now: float) -> bool:
        """Return whether the platform still lets it be edited."""
        if not limits.edits:
            return False
        return limits.editable_s is None or now - self.sent_at < limits.editable_s

    def holds(self, delivery: Delivery, ended_at: float, limits: Limits) -> bool:
        """Return whether the end of the job fits into the message, and is noticed there.

        The same question has the same answer after a restart, whenever that is.

        Args:
            delivery: What the job ends with.
            ended_at: When that was decided.
            limits: Of the platform.
        """
        reply = delivery.reply
        room = limits.caption if reply.artworks or self.pictured else limits.text
        return (
            ended_at - self.sent_at <= LONG_S
            and not reply.fresh
            and not reply.originals
            and len(reply.artworks) <= limits.turns
            and len(reply.text) <= room
        )


@dataclass(slots=True)
class Bulletin:
    """What is known of a job that is not over, and what its message shows of it."""

    status: Status
    """The latest."""
    heard_at: float
    """Seconds since the epoch, UTC; so are all times here."""
    opening: Opening | None = None
    """None: not looked for yet, or the platform does not have it yet."""
    look_at: float = 0.0
    """When to look for it."""
    still: bool = False
    """Whether its message cannot be edited."""
    sketches: bool = False
    """Whether its message shows its pictures in the making."""
    shown: str = ""
    """The words that it shows; empty: those that it was sent with."""
    shown_at: float = 0.0
    shares: dict[int, float] = field(default_factory=dict[int, float])
    """How much of each picture is done, from 0 to 1."""
    previews: dict[int, Preview] = field(default_factory=dict[int, Preview])
    """The latest of each picture."""
    sketched: tuple[Preview, ...] = ()
    """The previews that it shows."""

    def hear(self, status: Status, now: float) -> None:
        """Note where the job is."""
        self.status, self.heard_at = status, now
        if not status.steps:  # it waits, or waits again
            self.shares.clear()
            self.previews.clear()
            return
        self.shares[status.number] = status.step / status.steps
        if status.preview is not None:
            self.previews[status.number] = status.preview

    def opened(self, opening: Opening, limits: Limits, now: float) -> None:
        """Note the job's message.

        It says already where a job waits that was just accepted.
        """
        self.opening = opening
        self.shown = opening.reply.text
        if not self.status.steps and now - opening.sent_at < JUST_S:
            self.shown = self.words(limits)

    def is_news(self, limits: Limits, now: float) -> bool:
        """Return whether the message should show something else than it does.

        One that stayed behind when its chat moved is left as it is.
        """
        if self.still:
            return False
        if self.opening is None:
            return now >= self.look_at
        if self.opening.chat.key != self.status.chat.key:
            return False
        new_sketch = self.sketches and bool(self.previews_to_show())
        return new_sketch or self.words(limits) != self.shown

    def words(self, limits: Limits) -> str:
        """Return the whole text of the message as it should be; empty: it has nothing to say."""
        if self.opening is None or self.opening.reply.wait is None:
            return ""
        with progress.spoken(self.opening.language):
            text = _replaced(self.opening.reply, self._now())
            return _clipped(text, limits.caption if self.opening.pictured else limits.text)

    def previews_to_show(self) -> tuple[Preview, ...]:
        """Return the pictures in the making that the message does not show yet."""
        found = tuple(preview for _, preview in sorted(self.previews.items()))
        return () if found == self.sketched else found

    def reply(self, words: str) -> Reply:
        """Return the message with these words."""
        assert self.opening is not None  # noqa: S101  who has words has it
        first = self.opening.reply
        start = first.wait[0] if first.wait else 0
        struck = tuple(span for span in first.struck if span[1] <= start)
        return replace(first, text=words, struck=struck, wait=None, to=None)

    def nearly_done(self, within_s: float, now: float) -> bool:
        """Return whether the job is drawn, or will be in so many seconds."""
        left = self.status.seconds_left
        silent_s = now - self.heard_at
        done = self._share() >= 1.0
        soon = left is not None and left - silent_s <= within_s
        return bool(self.shares) and silent_s <= STALE_S and (done or soon)

    def _now(self) -> str:
        if not self.status.steps:
            return progress.queued(self.status)
        finished = sum(share >= 1.0 for share in self.shares.values())
        return progress.drawing(self.status, self._share(), finished)

    def _share(self) -> float:
        return sum(self.shares.values()) / max(1, self.status.count)


def _replaced(reply: Reply, words: str) -> str:
    """Return the text of a reply with other words for where its job is, on a line of their own."""
    assert reply.wait is not None  # noqa: S101  asked before
    start, end = reply.wait
    before = reply.text[:start].removesuffix(BETWEEN)
    line = "" if not before or before.endswith("\n") else "\n"
    return f"{before}{line}{words}{reply.text[end:]}"


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
