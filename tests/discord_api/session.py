"""Sessions of the bot, and what each of them is told."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import msgspec.json

from tests.discord_api.message import hidden
from tests.discord_api.refusal import Json

if TYPE_CHECKING:
    from tests.discord_api.gateway import Socket
    from tests.discord_api.guild import Guild

GUILDS, MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, DIRECT_MESSAGES, CONTENT = 1 << 9, 1 << 12, 1 << 15
KNOWN_INTENTS = 0b11_0011_0111_1111_1111_1111_1111
PRIVILEGED = {MEMBERS: "members", PRESENCES: "presences", CONTENT: "message_content"}
DAY_S = 24 * 3600.0
IDENTIFY_S = 5.0
RESUMABLE_S = 180.0
REPLAYED, FORGETFUL_REPLAYED = 50_000, 5_000
"""Events that a session keeps for a bot that comes back."""


@dataclass(slots=True, eq=False)
class Event:
    """What the bot is told of."""

    kind: str
    payload: Json | None
    """None for GUILD_CREATE, which is made for each session."""
    guild: "Guild | None"
    at: float
    secret: bool = False
    """Whether only the intent for contents shows what is in it."""
    joined: bool = True
    """Of GUILD_CREATE: False for a server that the bot was in before."""
    _told: dict[tuple[bool, bool], bytes] = field(default_factory=dict[tuple[bool, bool], bytes])

    def encoded(self, intents: int) -> bytes:
        """Return it as a session with some intents is told of it."""
        seen = not self.secret or bool(intents & CONTENT)
        key = (seen, bool(intents & MEMBERS))
        if key not in self._told:
            told = self.payload
            if told is None:
                assert self.guild is not None
                told = self.guild.created(all_members=key[1], joined=self.joined)
            self._told[key] = msgspec.json.encode(told if seen else hidden(told))
        return self._told[key]

    @property
    def intent(self) -> int:
        """What must be asked for to be told of it; 0 if nothing must."""
        if self.kind.startswith("MESSAGE_"):
            return DIRECT_MESSAGES if self.guild is None else GUILD_MESSAGES
        if self.kind.startswith("GUILD_MEMBER_"):
            return MEMBERS
        return GUILDS if self.kind.startswith(("GUILD_", "CHANNEL_", "THREAD_")) else 0


@dataclass(slots=True, eq=False)
class Session:
    """What began with an IDENTIFY, and lasts longer than its connection."""

    id: str
    intents: int
    shard: tuple[int, int]
    sent: deque[tuple[int, bytes]]
    """The numbers and frames of what it was told."""
    seq: int = 0
    socket: "Socket | None" = None
    lost_at: float | None = None

    def wants(self, event: Event) -> bool:
        """Say if it is told of something."""
        number, total = self.shard
        whose = 0 if event.guild is None else (event.guild.id >> 22) % total
        return whose == number and (not event.intent or bool(self.intents & event.intent))

    def tell(self, kind: str, encoded: bytes) -> None:
        """Tell it of something, at once or when it comes back."""
        self.seq += 1
        frame = b'{"op":0,"s":%d,"t":"%s","d":%s}' % (self.seq, kind.encode(), encoded)
        self.sent.append((self.seq, frame))
        if self.socket is not None:
            self.socket.send(frame)

    def after(self, seq: int) -> list[bytes] | None:
        """Return the frames after a number; None if they are not all there any more."""
        first = self.sent[0][0] if self.sent else self.seq + 1
        if seq + 1 < first:
            return None
        return [frame for number, frame in self.sent if number > seq]


class Sessions:
    """All that there are, and how many may be begun."""

    def __init__(
        self, clock: Callable[[], float], *, total: int, concurrency: int, keep: bool
    ) -> None:
        self._clock = clock
        self._keep = keep
        self.total = total
        self.concurrency = concurrency
        self.used = 0
        self._day_from: float | None = None
        self.begun: dict[int, deque[float]] = {}
        self._numbers = count(1)
        self.all: dict[str, Session] = {}
        self.sockets: set[Socket] = set()
        """All connections, with a session or not."""
        self.identifies = 0
        self.resumes = 0
        self.resumable_s = RESUMABLE_S

    @property
    def remaining(self) -> int:
        self._new_day()
        return max(0, self.total - self.used)

    @property
    def limit(self) -> Json:
        """How many sessions may be begun, as it is told."""
        left = self.remaining
        begun = self._clock() if self._day_from is None else self._day_from
        reset_s = DAY_S - (self._clock() - begun) if self.used else 0.0
        return {
            "total": self.total,
            "remaining": left,
            "reset_after": math.ceil(reset_s * 1000),
            "max_concurrency": self.concurrency,
        }

    def _new_day(self) -> None:
        if self._day_from is not None and self._clock() - self._day_from >= DAY_S:
            self._day_from, self.used = None, 0

    def too_soon(self, shard: int) -> bool:
        """Say if a session of a shard may not begin yet, and note it if it may."""
        begun = self.begun.setdefault(shard % self.concurrency, deque())
        while begun and self._clock() - begun[0] >= IDENTIFY_S:
            begun.popleft()
        if begun:
            return True
        begun.append(self._clock())
        return False

    def count(self) -> bool:
        """Count a session that begins; return whether it still may."""
        self.identifies += 1
        left = self.remaining
        if self._day_from is None:
            self._day_from = self._clock()
        self.used += 1
        return left > 0

    def begin(self, socket: "Socket", intents: int, shard: tuple[int, int]) -> Session:
        """Return a new session."""
        most = REPLAYED if self._keep else FORGETFUL_REPLAYED
        number = next(self._numbers)
        session = Session(f"{number:032x}", intents, shard, deque(maxlen=most), socket=socket)
        self.all[session.id] = session
        return session

    def resume(self, session_id: str, seq: int, socket: "Socket") -> list[bytes] | None:
        """Continue a session; return what it missed, None if it is over."""
        self.forget_old()
        session = self.all.get(session_id)
        missed = None if session is None else session.after(seq)
        if session is None or missed is None:
            return None
        if session.socket is not None:
            session.socket.abort()
        session.socket, session.lost_at = socket, None
        socket.session = session
        self.resumes += 1
        return missed

    def lose(self, socket: "Socket", *, ended: bool) -> None:
        """Note that a connection is no more, and perhaps its session with it."""
        self.sockets.discard(socket)
        session = socket.session
        if session is None or session.socket is not socket:
            return
        session.socket, session.lost_at = None, self._clock()
        if ended:
            self.all.pop(session.id, None)

    def forget_old(self) -> None:
        """End those that nobody came back to in time."""
        now = self._clock()
        for session in list(self.all.values()):
            if session.lost_at is not None and now - session.lost_at > self.resumable_s:
                del self.all[session.id]

    def tell(self, event: Event) -> None:
        """Tell of something all that want to know."""
        self.forget_old()
        for session in self.all.values():
            if session.wants(event):
                session.tell(event.kind, event.encoded(session.intents))
