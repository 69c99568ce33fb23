"""The fake: a Discord that is there for one test."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import web

from tests.discord_api import gateway
from tests.discord_api.channel import Channel
from tests.discord_api.fault import Fault, Planned
from tests.discord_api.file import plain_avatar
from tests.discord_api.guild import Guild
from tests.discord_api.handling import handle
from tests.discord_api.interaction import Interaction
from tests.discord_api.limit import Limits
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.refusal import Json
from tests.discord_api.session import Event
from tests.discord_api.user import User
from tests.discord_api.world import Call, Setting, World

PATIENCE_S = 20.0
MOST_BYTES = 80 << 20
MALFORMED: Json = {"id": "not a number", "channel_id": None}


class FakeDiscord:
    """A Discord with people in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.port = 0
        self.routes: list[web.RouteDef] = []
        """More than Discord has."""
        self.people: dict[str, Person] = {}
        """By name; the newest of one name."""
        self.servers: dict[str, Guild] = {}
        """By title; the newest of one title."""
        self._numbers = count(1)
        self._runner: web.AppRunner | None = None
        self._late: asyncio.TimerHandle | None = None

    # ── where it is ─────────────────────────────────────────────────────────────────────────

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def bot(self) -> User:
        return self.world.bot

    @property
    def bot_id(self) -> int:
        return self.world.bot.id

    @property
    def application_id(self) -> int:
        return self.world.application_id

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def cdn_base(self) -> str:
        return f"http://127.0.0.1:{self.port}/cdn"

    async def comes_up(self) -> None:
        """Listen, at the same port as before."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_routes(self.routes)
        app.router.add_route("*", "/api/v10/{path:.*}", self._call)
        app.router.add_get("/cdn/{path:.+}", self._file)
        app.router.add_get("/", self._gateway)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.files.base, self.world.gateway_url = self.cdn_base, self.gateway_url

    async def goes_down(self) -> None:
        """Listen no more; who waits is hung up on."""
        self.world.faults.release()
        self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _call(self, request: web.Request) -> web.StreamResponse:
        return await handle(self.world, request)

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        return await gateway.serve(self.world, request)

    async def _file(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        kind, *rest = path.split("/")
        if kind == "avatars":
            return self._avatar(rest)
        if kind == "embed":
            return web.Response(body=plain_avatar(), content_type="image/png")
        found = self.world.files.at(path, dict(request.query))
        if found is None:
            words = "This content is no longer available."
            return web.Response(status=404, text=words)
        return web.Response(body=found.data, content_type=found.mime)

    def _avatar(self, path: list[str]) -> web.Response:
        number, name = path if len(path) == 2 else ("", "")
        user = self.world.users.get(int(number)) if number.isdigit() else None
        wanted = name.rpartition(".")[0]
        if user is None or user.avatar is None or wanted != user.avatar_hash:
            return web.Response(status=404)
        return web.Response(body=user.avatar, content_type="image/png")

    # ── who is there ────────────────────────────────────────────────────────────────────────

    def person(self, name: str, username: str | None = None, locale: str = "zh-CN") -> Person:
        """Return somebody new."""
        called = username or f"user{next(self._numbers)}"
        user = User(self.world.ids.mint(), called, name, locale=locale)
        person = self.people[name] = Person(self.world, user)
        return person

    def server(
        self,
        title: str,
        *people: Person,
        admins: Sequence[Person] = (),
        has_bot: bool = True,
        size_limit: int | None = None,
    ) -> Guild:
        """Return a server that the bot has been in for long, with a channel called 大厅.

        Args:
            title: What it is called.
            people: Who is in it.
            admins: Who runs it; the first of them, or of all, made it.
            has_bot: False for one that the bot is not in.
            size_limit: Of each file, in bytes.
        """
        runs = [*admins, *people]
        owner = runs[0].user if runs else self.world.owner
        guild = Guild(self.world, title, owner, has_bot=has_bot)
        if size_limit is not None:
            guild.size_limit = size_limit
        self.world.guilds[guild.id] = self.servers[title] = guild
        for person in people:
            guild.add(person.user, admin=person in admins)
        for person in admins:
            guild.add(person.user, admin=True)
        guild.has_bot, there = False, guild.has_bot
        guild.channel("大厅")
        if there:  # told with its channel in it, as a server that is joined now
            guild.has_bot = True
            self.world.tell("GUILD_CREATE", None, guild)
        return guild

    # ── what happened ───────────────────────────────────────────────────────────────────────

    def messages(self, channel: Channel, seen_by: Person | None = None) -> list[Message]:
        """Return what is to be seen in a channel, newest last.

        Args:
            channel: The channel.
            seen_by: Who looks: they see ephemeral messages to them too.
        """
        sees = {None} if seen_by is None else {None, seen_by.user}
        return [one for one in channel.messages.values() if one.seen_by in sees]

    def said(self, channel: Channel, seen_by: Person | None = None) -> list[Message]:
        """Return what the bot has said there."""
        return [one for one in self.messages(channel, seen_by) if one.author is self.bot]

    @property
    def calls(self) -> list[Call]:
        """All calls, in order."""
        return list(self.world.calls)

    @property
    def interactions(self) -> list[Interaction]:
        """What was wanted of the bot, in order."""
        return list(self.world.interactions.values())

    @property
    def events(self) -> list[Event]:
        """What the bot was told of, if it wanted to know; the newest thousand."""
        return list(self.world.told)

    @property
    def refused(self) -> list[str]:
        """What should never have been asked."""
        return self.world.refused

    @property
    def identifies(self) -> int:
        """How many sessions were begun."""
        return self.world.sessions.identifies

    @property
    def resumes(self) -> int:
        """How many sessions were continued."""
        return self.world.sessions.resumes

    @property
    def connected(self) -> bool:
        """Whether the bot has a session and a connection."""
        return any(session.socket is not None for session in self.world.sessions.all.values())

    async def until(self, fact: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
        """Wait until something is so; it is looked at after every call.

        Raises:
            TimeoutError: It is not so by then; it says what was called last.
        """
        deadline = time.monotonic() + timeout_s
        while not (found := fact()):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"not so after {timeout_s} s; {self._lately()}")
            await self.world.moved(min(left_s, 0.2))
        return found

    def _lately(self) -> str:
        """Return what was called last."""
        calls = list(self.world.calls)[-8:]
        told = "; ".join(f"{call.name} {call.status} {call.description}" for call in calls)
        return f"connected: {self.connected}; refused: {self.refused}; lately called: {told}"

    # ── what goes wrong with calls ──────────────────────────────────────────────────────────

    @property
    def limits(self) -> Limits:
        """The limits on calls."""
        return self.world.limits

    def fail_next(
        self, name: str | None, fault: Fault, times: int = 1, channel: Channel | None = None
    ) -> Planned:
        """Have the next calls of a method, a route, both ("POST /channels/…") or any go wrong."""
        where = None if channel is None else channel.id
        return self.world.faults.plan(Planned(name, fault, times, where))

    def release(self) -> None:
        """Let all go that hang."""
        self.world.faults.release()

    # ── what goes wrong on the gateway ──────────────────────────────────────────────────────

    def drop(self) -> None:
        """Cut all connections of the gateway; their sessions can be resumed."""
        for socket in list(self.world.sessions.sockets):
            socket.abort()

    def close(self, code: int) -> None:
        """Close all connections of the gateway with a code."""
        for socket in list(self.world.sessions.sockets):
            socket.close(code)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Say that all sessions are invalid; what is not resumable is over."""
        sessions = self.world.sessions
        for session in list(sessions.all.values()):
            if session.socket is not None:
                session.socket.say(gateway.INVALID, data=resumable)
            if resumable:
                continue
            del sessions.all[session.id]
            if session.socket is not None:
                session.socket.session = None

    def wants_heartbeat(self) -> None:
        """Ask all for a heartbeat at once."""
        for socket in list(self.world.sessions.sockets):
            socket.say(gateway.HEARTBEAT)

    def reconnect(self) -> None:
        """Ask all to connect anew."""
        for socket in list(self.world.sessions.sockets):
            socket.say(gateway.RECONNECT)

    def gateway_late(self, seconds: float | None = None) -> None:
        """Let nobody onto the gateway for so long, without end for None, no longer for 0."""
        if self._late is not None:
            self._late.cancel()
        self.world.late = True
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._late = loop.call_later(seconds, self._on_time)

    def _on_time(self) -> None:
        self.world.late = False
        self.world.move()

    def arrives(self, kind: str, payload: Json, guild: Guild | None = None) -> Event:
        """Tell the bot of anything, also of what nobody knows yet."""
        return self.world.tell(kind, payload, guild)

    def malformed_event(
        self, kind: str = "INTERACTION_CREATE", payload: Json | None = None
    ) -> None:
        """Tell the bot of something that is not as it should be."""
        event = Event(kind, MALFORMED if payload is None else payload, None, self.world.clock())
        for session in self.world.sessions.all.values():
            session.tell(kind, event.encoded(session.intents))

    def redeliver(self, event: Event) -> None:
        """Tell the bot of something once more."""
        self.world.sessions.tell(event)


@asynccontextmanager
async def fake_discord(
    clock: Callable[[], float] | None = None, **setting: Any
) -> AsyncGenerator[FakeDiscord]:
    """Open a Discord; see `Setting` for what it can be told."""
    discord = FakeDiscord(World(Setting(**setting), clock))
    await discord.comes_up()
    try:
        yield discord
    finally:
        await discord.goes_down()
