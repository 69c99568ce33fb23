"""discord.py's clients of the gateway, of which only the events are used, as they came.

Beside what discord.py does, the one for a single connection goes on where the last process left
the events, begins again when not even the first connection could be made (Rapptz/discord.py#10520),
and does not fall over an event that cannot be read.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
import yarl
from discord import (
    AutoShardedClient,
    Client,
    ConnectionClosed,
    GatewayNotFound,
    HTTPException,
    Intents,
    MemberCacheFlags,
)
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from adapters.discord.inbound import WANTED
from adapters.discord.session import Session

log = logging.getLogger(__name__)

AGAIN_S = 5.0
"""Between two new sessions, as Discord asks."""
CONNECT_S = 60.0
HASTY_S = 1.0
"""A connection that did not last longer is not made anew at once."""
FATAL = {4004, 4010, 4011, 4012, 4013, 4014}
"""Codes with which a connection ends for good."""
OVER = {4007, 4009}
"""Codes after which a session cannot be gone on with: a wrong number, or too late."""
LEFT = 4000
"""The code with which it is left so that its session can be gone on with; any but 1000 and 1001."""
UP = {"READY", "RESUMED"}
"""Events that say that others come."""


class Frame(msgspec.Struct, frozen=True):
    """What comes, unread."""

    op: int = -1
    t: str | None = None
    s: int | None = None
    d: msgspec.Raw = msgspec.Raw(b"null")


Hear = Callable[[str, dict[str, Any] | None, int], None]
"""Takes an event, its kind and its number; one of no use comes without what is in it. Of several
connections each has numbers of its own: they are 0, and nothing is told of where they began."""
Note = Callable[[bool], None]
"""Is told whether events come."""


class Ear:
    """Hands on the events that matter."""

    def __init__(self, session: Session, bot: int, hear: Hear, note: Note) -> None:
        self.session = session
        self.bot = bot
        self._hear = hear
        self._note = note

    def take(self, frame: str, *, single: bool) -> None:
        """Take a frame; what cannot be read is no event."""
        try:
            found = msgspec.json.decode(frame, type=Frame)
            data = self._wanted(found)
        except msgspec.MsgspecError as error:
            log.warning("discord: an event cannot be read: %s", error)
            return
        if found.t in UP:
            self._note(True)  # noqa: FBT003  of the name
        if found.t is not None:
            known = found.t in WANTED or single
            self._hear(found.t, data if known else None, (found.s or 0) if single else 0)

    def lost(self) -> None:
        """Note that no events come."""
        self._note(False)  # noqa: FBT003  of the name

    def _wanted(self, frame: Frame) -> dict[str, Any] | None:
        if frame.t is None or frame.t not in WANTED | {"READY"}:
            return None
        return msgspec.json.decode(frame.d, type=dict[str, Any])


def intents_of(*, reads: bool) -> Intents:
    """Return which events are asked for.

    Args:
        reads: Whether Discord lets the bot read what is not said to it.
    """
    found = Intents.none()
    found.guilds = found.guild_messages = found.dm_messages = True
    found.message_content = reads
    return found


def _options(*, reads: bool, proxy: str) -> dict[str, Any]:
    return {
        "intents": intents_of(reads=reads),
        "member_cache_flags": MemberCacheFlags.none(),
        "chunk_guilds_at_startup": False,
        "max_messages": None,
        "enable_debug_events": True,
        "proxy": proxy or None,
    }


def _read_only_needed(client: Client) -> None:
    """Have discord.py make nothing of events but what it needs for the connection itself."""
    parsers = client._connection.parsers  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    for kind in parsers.keys() - UP:
        del parsers[kind]


class Single(Client):
    """One connection."""

    def __init__(self, ear: Ear, gateway: str, *, reads: bool, proxy: str) -> None:
        super().__init__(**_options(reads=reads, proxy=proxy))
        _read_only_needed(self)
        self._ear = ear
        self._gateway = yarl.URL(gateway)

    async def on_socket_raw_receive(self, frame: str) -> None:
        """Take what has come; discord.py calls it."""
        self._ear.take(frame, single=True)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Count a new session; discord.py calls it."""
        del shard_id, initial
        self._ear.session.start()

    async def connect(self, *, reconnect: bool = True) -> None:
        """Bring events in until the connection ends for good.

        Raises:
            ConnectionClosed: It has, with a code that says why.
        """
        del reconnect
        wait, first = ExponentialBackoff[bool](), True
        while not self.is_closed():
            began = self.loop.time()
            try:
                await self._listen(initial=first)
            except ReconnectWebSocket as error:
                if self.loop.time() - began < HASTY_S:
                    await asyncio.sleep(wait.delay())
                if not error.resume or self.ws.socket.close_code in OVER:
                    self._ear.session.ended()
            except ConnectionClosed as error:
                self._ear.session.ended()
                if error.code in FATAL:
                    raise
                await asyncio.sleep(wait.delay())
            except (
                *(OSError, TimeoutError, HTTPException, GatewayNotFound, aiohttp.ClientError),
            ) as error:
                log.warning("discord: no events: %s", error)
                await asyncio.sleep(wait.delay())
            self._ear.lost()
            first = False

    async def _listen(self, *, initial: bool) -> None:
        """Go on with the session that there is, or begin one."""
        held = self._ear.session.resumable(self._ear.bot)
        told: dict[str, Any] = {"initial": initial, "gateway": self._gateway}
        if held is None:
            await _may_begin(self._ear.session, initial=initial)  # the connection need not wait
        else:
            told |= {"gateway": yarl.URL(held.gateway), "resume": True}
            told |= {"session": held.session, "sequence": held.seq}
        made = DiscordWebSocket.from_client(self, **told)
        self.ws = await asyncio.wait_for(made, CONNECT_S)
        while True:
            try:
                await self.ws.poll_event()
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                # what discord.py makes of it, nobody asks for: it was heard as it came
                log.debug("discord.py cannot read an event", exc_info=True)

    async def close(self) -> None:
        """Leave, so that the session can be gone on with."""
        self._ear.session.left()
        if self.ws is not None and self.ws.open:  # pyright: ignore[reportUnnecessaryComparison]
            with contextlib.suppress(Exception):
                await self.ws.close(code=LEFT)
        await super().close()


class Sharded(AutoShardedClient):
    """As many connections as Discord recommends."""

    def __init__(self, ear: Ear, shards: int, gateway: str, *, reads: bool, proxy: str) -> None:
        # of all connections: that is how discord.py is told
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        super().__init__(**_options(reads=reads, proxy=proxy), shard_count=shards)
        _read_only_needed(self)
        self._ear = ear

    async def on_socket_raw_receive(self, frame: str) -> None:
        """Take what has come; discord.py calls it."""
        self._ear.take(frame, single=False)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait until a new session may begin, and count it; discord.py calls it."""
        await _may_begin(self._ear.session, initial=initial and not shard_id)
        self._ear.session.start()


async def _may_begin(session: Session, *, initial: bool) -> None:
    """Return when a new session may begin."""
    wait_s = max(session.due_s(), 0.0 if initial else AGAIN_S)
    if wait_s > AGAIN_S:
        log.warning("discord: too many new sessions; the next one begins in %.0f s", wait_s)
    await asyncio.sleep(wait_s)
