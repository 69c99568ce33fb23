"""The session with Discord's gateway, kept over restarts: what was missed meanwhile comes then.

A new session costs one of a thousand a day; whoever spends them all loses the token. So there is a
bucket of them (bot/channel.py), and it is kept as well.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bot.channel import Bucket
from bot.reply import Rate

log = logging.getLogger(__name__)

STARTS = Rate(100, 10_000.0)
"""New sessions: a hundred at once, and one each hundred seconds; 964 in a day at most."""
KEEP_S = 600.0
"""A session that was left longer ago is not asked for: Discord has forgotten it."""
SAVE_S = 1.0
"""How often it is noted which event came last; what comes twice is known by its id."""


class Held(msgspec.Struct):
    """What is kept."""

    full_at: float = 0.0
    """Of the bucket; seconds since the epoch, UTC."""
    session: str = ""
    gateway: str = ""
    """Where the session goes on."""
    seq: int = 0
    """The last event."""
    seen_at: float = 0.0
    """When it came."""
    whose: int = 0
    """Id of the bot."""


class Session:
    """Knows where the events were left."""

    def __init__(self, file: Path | None, now: Callable[[], float] = time.time) -> None:
        """Read what is kept.

        Args:
            file: Where; None: nowhere.
            now: Seconds since the epoch, UTC.
        """
        self._file = file
        self._now = now
        self._held = _read(file)
        self._saved_at = 0.0

    def resumable(self, bot: int) -> Held | None:
        """Return the session of a bot if it may still be there."""
        held = self._held
        fresh = self._now() - held.seen_at < KEEP_S
        return held if held.session and held.whose == bot and fresh else None

    def begun(self, bot: int, session: str, gateway: str, seq: int) -> None:
        """Note that a session has begun."""
        held = self._held
        held.session, held.gateway, held.whose = session, gateway, bot
        held.seq, held.seen_at = seq, self._now()
        self._save()

    def seen(self, seq: int) -> None:
        """Note that an event is on disk, or is none that matters."""
        held, now = self._held, self._now()
        held.seq, held.seen_at = max(seq, held.seq), now
        if now - self._saved_at >= SAVE_S:
            self._save()

    def ended(self) -> None:
        """Note that the session is over."""
        self._held.session = ""
        self._save()

    def left(self) -> None:
        """Note where the events are left."""
        if self._held.session:
            self._save()

    def due_s(self) -> float:
        """Return in how many seconds a new session may begin."""
        now = self._now()
        return Bucket(self._held.full_at).due(STARTS, 1, now) - now

    def start(self) -> None:
        """Count a new session, which begins now."""
        bucket = Bucket(self._held.full_at)
        bucket.take(STARTS, 1, self._now())
        self._held.full_at = bucket.full_at
        self._save()

    def _save(self) -> None:
        self._saved_at = self._now()
        if self._file is None:
            return
        part = self._file.with_suffix(".part")
        try:
            part.write_bytes(msgspec.json.encode(self._held))
            part.replace(self._file)
        except OSError as error:
            log.warning("discord: where the events were left is not kept: %s", error)


def _read(file: Path | None) -> Held:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Held) if file else Held()
    except (OSError, msgspec.MsgspecError):
        return Held()
