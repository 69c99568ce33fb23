"""All that the server knows."""

import asyncio
import base64
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random  # noqa: TID251  tokens, from a seed
from typing import Any

import msgspec.json

from tests.discord_api.channel import DIRECT_TALK, Channel
from tests.discord_api.command import Commands
from tests.discord_api.fault import Faults
from tests.discord_api.file import Files
from tests.discord_api.guild import FILE_BYTES, Guild
from tests.discord_api.interaction import Interaction
from tests.discord_api.limit import Limits
from tests.discord_api.message import EPHEMERAL, HAS_THREAD, Body, Message, Showing
from tests.discord_api.refusal import Json
from tests.discord_api.session import Event, Session, Sessions
from tests.discord_api.snowflake import Snowflakes
from tests.discord_api.spec import SPEC, Spec
from tests.discord_api.user import User

BOT_ID, APPLICATION_ID = 1_250_000_000_000_000_001, 1_249_000_000_000_000_777
TOKEN = f"{base64.b64encode(str(BOT_ID).encode()).decode().rstrip('=')}.GFakeX.{'F' * 38}"
"""Opens nothing."""
MAY_READ = 1 << 19
"""Of an application: the intent for contents is granted, as it is to one in few servers."""
MAY_SEE_MEMBERS, MAY_SEE_PRESENCES = 1 << 15, 1 << 13
FORGETFUL_MESSAGES, FORGETFUL_CALLS, FORGETFUL_INTERACTIONS = 100, 2_000, 1_000
"""Messages are counted in each channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What kind of bot the server knows, and how strict it is."""

    token: str = TOKEN
    username: str = "danqing"
    name: str = "丹青"
    message_content: bool = False
    """The privileged intents that the application is granted."""
    members: bool = False
    presences: bool = False
    compress: bool = True
    """Whether it sends compressed what is asked for so."""
    session_start_limit: int = 1000
    max_concurrency: int = 1
    shards: int = 1
    """That are recommended."""
    late: bool = False
    """Whether the gateway refuses until it is let: discord.gateway_late(0)."""
    size_limit: int = FILE_BYTES
    """Of each file, in bytes."""
    limits: bool = False
    """Whether calls are limited in number."""
    pings: bool = False
    """True: a ping is nothing that should never have been."""
    keep_bytes: bool = True
    """False keeps memory flat: bytes, old messages and old calls are dropped."""
    spec: Path | None = SPEC
    """The description of the API; nothing is held against it where it is not there."""
    seed: int = 0


@dataclass(slots=True, eq=False)
class Call:
    """A call to the server."""

    method: str
    route: str
    """With the names of what varies in braces."""
    path: str
    json: Any
    at: float
    channel_id: int | None = None
    status: int = 0
    """As answered; 0 while it is not, and for those that never are."""
    code: int = 0
    description: str = ""
    """Of a refusal."""
    files: dict[str, int] = field(default_factory=dict[str, int])
    """The sizes of its files, in bytes, by name."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.route}"


class World:
    """The accounts, servers, messages and sessions; calls and people change it."""

    answer_s = 3.0
    """So long a first answer to an interaction is taken."""
    token_life_s = 900.0
    """So long more can be said to one."""
    nonce_life_s = 180.0
    """So long the nonce of a message is known."""
    heartbeat_s = 41.25
    deaf = False
    """Whether the gateway leaves heartbeats without an answer."""
    needs_shards = False
    """Whether the gateway takes no fewer shards than are recommended."""

    def __init__(self, setting: Setting, clock: Callable[[], float] | None) -> None:
        self.setting = setting
        self.token = setting.token
        self.clock = clock or time.monotonic
        self.random = Random(setting.seed)  # noqa: S311  no secret
        self._epoch = time.time() - self.clock()
        self.ids = Snowflakes(lambda: self.now)
        self.bot = User(_bot_id(setting.token), setting.username, setting.name, is_bot=True)
        self.application_id = APPLICATION_ID
        self.owner = User(self.ids.mint(), "zhuren", "主人")
        self.gateway_url = ""
        """The server says it."""
        self.spec = Spec.load(setting.spec)
        keep = setting.keep_bytes
        self.files = Files(lambda: self.now, self.ids.mint, keep=keep)
        self.limits = Limits(self.clock, lambda: self.now, on=setting.limits)
        self.faults = Faults()
        self.commands = Commands(self.ids.mint, self.clock)
        self.sessions = Sessions(
            self.clock,
            total=setting.session_start_limit,
            concurrency=setting.max_concurrency,
            keep=keep,
        )
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        """Threads and talks with the bot too."""
        self.interactions: dict[int, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}
        self.nonces: dict[tuple[int, str], Message] = {}
        self.late = setting.late
        self.refuses_directs: set[int] = set()
        """Who takes no messages of the bot."""
        self.calls: deque[Call] = deque(maxlen=None if keep else FORGETFUL_CALLS)
        self.hear: Callable[[Call], object] = lambda _: None
        """Told of each call before it is done, and of what the bot says on the gateway."""
        self.refused: list[str] = []
        self.told: deque[Event] = deque(maxlen=1000)
        """The newest events."""
        self._moved = asyncio.Event()

    # ── time ────────────────────────────────────────────────────────────────────────────────

    @property
    def now(self) -> float:
        """The time of day, in seconds since 1970."""
        return self._epoch + self.clock()

    def stamp(self) -> str:
        """Return the time of day as the API tells it."""
        return datetime.fromtimestamp(self.now, UTC).isoformat()

    def move(self) -> None:
        """Wake who waits for something to happen."""
        self._moved.set()

    async def moved(self, longest_s: float) -> None:
        """Wait until something happens, or for so long."""
        self._moved.clear()
        try:
            await asyncio.wait_for(self._moved.wait(), longest_s)
        except TimeoutError:
            return

    # ── what should never have been ─────────────────────────────────────────────────────────

    def refuse(self, words: str) -> None:
        """Note what should never have been asked."""
        self.refused.append(words)
        if not self.setting.keep_bytes:
            del self.refused[1000:]

    def known_faults(self, faults: Iterable[str], name: str) -> None:
        """Note where a call or an answer is not as the description has it."""
        for fault in faults:
            self.refuse(f"{name}: {fault}")

    def reset_token(self) -> None:
        """End all sessions; the token that the bot has is none any more."""
        self.token = f"{self.token[:-4]}NEW{self.random.randrange(10)}"
        for session in list(self.sessions.all.values()):
            if session.socket is not None:
                session.socket.close(4004)
        self.sessions.all.clear()

    # ── accounts ────────────────────────────────────────────────────────────────────────────

    @property
    def application_flags(self) -> int:
        granted = (
            (self.setting.message_content, MAY_READ),
            (self.setting.members, MAY_SEE_MEMBERS),
            (self.setting.presences, MAY_SEE_PRESENCES),
        )
        return sum(flag for is_granted, flag in granted if is_granted)

    def talk_with(self, user: User) -> Channel:
        """Return a new place where somebody talks with the bot."""
        talk = Channel(self, user.name, kind=DIRECT_TALK, whose=user)
        self.channels[talk.id] = talk
        return talk

    def guilds_of(self, session: Session) -> list[Guild]:
        """Return the servers that a session is told of."""
        number, total = session.shard
        return [
            guild
            for guild in self.guilds.values()
            if guild.has_bot and (guild.id >> 22) % total == number
        ]

    def ready(self, session: Session) -> bytes:
        """Return what a session is told first."""
        user = self.bot.raw | {"mfa_enabled": True, "verified": True, "email": None}
        told: Json = {
            "v": 10,
            "user": user,
            "guilds": [{"id": str(one.id), "unavailable": True} for one in self.guilds_of(session)],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.gateway_url,
            "shard": list(session.shard),
            "application": {"id": str(self.application_id), "flags": self.application_flags},
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
            "_trace": ["[]"],
        }
        return msgspec.json.encode(told)

    # ── events ──────────────────────────────────────────────────────────────────────────────

    def tell(
        self, kind: str, payload: Json | None, guild: Guild | None = None, *, secret: bool = False
    ) -> Event:
        """Tell the bot of something."""
        event = Event(kind, payload, guild, self.clock(), secret)
        self.told.append(event)
        for fault in self.spec.faults_of_event(kind, payload):
            self.refuse(f"the fake's own event: {fault}")
        self.sessions.tell(event)
        self.move()
        return event

    def tell_of(self, channel: Channel, kind: str, payload: Json) -> None:
        """Tell the bot of something in a channel, if it sees that."""
        guild = channel.guild
        if guild is None or guild.has_bot:
            self.tell(kind, payload, guild)

    def tell_of_message(self, message: Message, kind: str) -> None:
        """Tell the bot of a message, if it sees such ones."""
        channel = message.channel
        if message.ephemeral or not channel.may("VIEW_CHANNEL"):
            return
        new = kind == "MESSAGE_CREATE"
        told = (message.fresh if new else message.raw) | {"channel_type": channel.kind}
        guild = channel.guild
        if guild is not None:
            told["guild_id"] = str(guild.id)
            member = guild.members.get(message.author.id)
            if member is not None:
                told["member"] = member.plain
        secret = not (
            guild is None or message.author is self.bot or self.bot in message.body.mentions.users
        )
        self.tell(kind, told, guild, secret=secret)

    # ── messages ────────────────────────────────────────────────────────────────────────────

    def post(
        self,
        channel: Channel,
        author: User,
        body: Body,
        *,
        kind: int = 0,
        reply_to: Message | None = None,
        interaction: Interaction | None = None,
        nonce: str | int | None = None,
    ) -> Message:
        """Put a new message into its channel, and tell of it."""
        message = Message(
            id=self.ids.mint(),
            channel=channel,
            author=author,
            timestamp=self.stamp(),
            kind=kind,
            body=body,
            reply_to=reply_to,
            interaction=interaction,
            seen_by=_alone(interaction, body),
            nonce=nonce,
        )
        channel.messages[message.id] = message
        self.show(message)
        self._forget(channel)
        self.tell_of_message(message, "MESSAGE_CREATE")
        return message

    def show(self, message: Message) -> None:
        """Note what a message shows from now on."""
        showing = Showing(self.clock(), message.content, len(message.attachments))
        message.edits.append(showing)

    def edit(self, message: Message, body: Body) -> None:
        """Give a message a new body, and tell of it."""
        message.body = body
        message.edited = self.stamp()
        self.show(message)
        self.tell_of_message(message, "MESSAGE_UPDATE")

    def remove(self, message: Message) -> None:
        """Take a message out of its channel, and tell of it."""
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        message.channel.deleted.add(message.id)
        if message.thread is not None:
            message.body.flags &= ~HAS_THREAD
        if message.ephemeral or not message.channel.may("VIEW_CHANNEL"):
            return self.move()
        told: Json = {"id": str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild is not None:
            told["guild_id"] = str(message.channel.guild.id)
        self.tell("MESSAGE_DELETE", told, message.channel.guild)
        return None

    def _forget(self, channel: Channel) -> None:
        """Drop the oldest of a channel if memory is to stay flat."""
        if self.setting.keep_bytes:
            return
        while len(channel.messages) > FORGETFUL_MESSAGES:
            old = channel.messages.pop(next(iter(channel.messages)))
            old.reply_to = old.interaction = None

    def remember(self, interaction: Interaction) -> None:
        """Keep an interaction, and forget the oldest if memory is to stay flat."""
        self.interactions[interaction.id] = interaction
        self.tokens[interaction.token] = interaction
        if not self.setting.keep_bytes and len(self.interactions) > FORGETFUL_INTERACTIONS:
            old = self.interactions.pop(next(iter(self.interactions)))
            self.tokens.pop(old.token, None)

    def remember_nonce(self, message: Message) -> None:
        """Keep the nonce of a message for a while."""
        self.nonces[message.channel.id, str(message.nonce)] = message
        while len(self.nonces) > FORGETFUL_CALLS:
            del self.nonces[next(iter(self.nonces))]


def _alone(interaction: Interaction | None, body: Body) -> User | None:
    """Return who sees a message alone, None if all do."""
    return interaction.person if interaction is not None and body.flags & EPHEMERAL else None


def _bot_id(token: str) -> int:
    """Return whose token it is, which its first part says."""
    first = token.partition(".")[0]
    try:
        return int(base64.b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:
        return BOT_ID
