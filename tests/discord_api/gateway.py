"""The gateway: a socket that tells the bot what happens."""

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.discord_api.refusal import Json
from tests.discord_api.session import KNOWN_INTENTS, PRIVILEGED, Event, Session
from tests.discord_api.world import Call, World

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 1, 2, 3, 4, 6, 7
MEMBERS, INVALID, HELLO, ACK = 8, 9, 10, 11
NAMES = {HEARTBEAT: "HEARTBEAT", IDENTIFY: "IDENTIFY", PRESENCE: "PRESENCE", RESUME: "RESUME",
         MEMBERS: "REQUEST_GUILD_MEMBERS"}  # fmt: skip
UNKNOWN_OP, NO_JSON, NOT_IDENTIFIED, WRONG_TOKEN, IDENTIFIED = 4001, 4002, 4003, 4004, 4005
WRONG_SEQ, TOO_FAST, TIMED_OUT, WRONG_SHARD, MORE_SHARDS = 4007, 4008, 4009, 4010, 4011
WRONG_VERSION, WRONG_INTENTS, NOT_GRANTED = 4012, 4013, 4014
ENDING = {1000, 1001, WRONG_TOKEN, WRONG_SEQ, TIMED_OUT, 4010, 4011, 4012, 4013, 4014}
"""After these no session is resumed."""
LONGEST_BYTES = 4096
SENT, WITHIN_S = 120, 60.0
GUILDS_A_SHARD = 2500


class Socket:
    """A connection; what is sent on it waits in line."""

    def __init__(
        self, ws: web.WebSocketResponse, cut: Callable[[], object], *, compressed: bool
    ) -> None:
        self.session: Session | None = None
        self.closed_with: int | None = None
        """The code that the fake closed it with."""
        self.abort = cut
        self._ws = ws
        self._deflate = zlib.compressobj() if compressed else None
        self._line: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._writing = asyncio.ensure_future(self._write())

    def send(self, frame: bytes) -> None:
        """Send a frame when it is its turn."""
        self._line.append(frame)
        self._filled.set()

    def say(self, op: int, data: Any = None) -> None:
        """Send something that is no event."""
        told: Json = {"op": op, "d": data, "s": None, "t": None}
        self.send(json.dumps(told).encode())

    def close(self, code: int) -> None:
        """Close it, after what is still in line."""
        self.closed_with = code
        self._filled.set()

    async def end(self) -> None:
        """Send no more."""
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._line:
                await self._put(self._line.popleft())
            if self.closed_with is not None:
                await self._ws.close(code=self.closed_with)
                return

    async def _put(self, frame: bytes) -> None:
        if self._ws.closed:
            return
        if self._deflate is None:
            await self._ws.send_frame(frame, WSMsgType.TEXT)
            return
        packed = self._deflate.compress(frame) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self._ws.send_frame(packed, WSMsgType.BINARY)


class Talk:
    """What is said on one connection."""

    def __init__(self, world: World, ws: web.WebSocketResponse, socket: Socket) -> None:
        self._world = world
        self._ws = ws
        self._sent: deque[float] = deque()
        self.socket = socket

    async def run(self) -> None:
        """Talk until it ends."""
        sessions, socket = self._world.sessions, self.socket
        sessions.sockets.add(socket)
        beat_s = self._world.heartbeat_s
        socket.say(HELLO, {"heartbeat_interval": int(beat_s * 1000), "_trace": ["[]"]})
        try:
            while True:
                message = await self._next(beat_s * 1.5)
                if message is None:
                    break
                self._take(message)
        finally:
            code = socket.closed_with or self._ws.close_code
            sessions.lose(socket, ended=code in ENDING)
            await socket.end()
            self._world.move()

    async def _next(self, longest_s: float) -> WSMessage | None:
        """Return what the bot says, None if it is gone or says nothing for too long."""
        try:
            message = await self._ws.receive(longest_s)
        except TimeoutError:
            self.socket.closed_with = TIMED_OUT
            await self._ws.close(code=TIMED_OUT)
            return None
        return message if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) else None

    def _take(self, message: WSMessage) -> None:
        data = message.data if isinstance(message.data, bytes) else message.data.encode()
        if len(data) > LONGEST_BYTES:
            return self._fault(NO_JSON, f"a payload of {len(data)} bytes")
        if self._too_many():
            return self._fault(TOO_FAST, "more than 120 payloads a minute")
        try:
            said = json.loads(data)
            op, given = int(said["op"]), said.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._fault(NO_JSON, "a payload that is no JSON")
        name = NAMES.get(op)
        if name is None:
            return self._fault(UNKNOWN_OP, f"op {op}, which the fake does not have")
        self._world.hear(Call("GATEWAY", name, name, given, self._world.clock()))
        try:
            self._do(op, given)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._fault(NO_JSON, f"{name} is not as it should be: {error!r}")
        self._world.move()
        return None

    def _too_many(self) -> bool:
        now = self._world.clock()
        self._sent.append(now)
        while now - self._sent[0] > WITHIN_S:
            self._sent.popleft()
        return len(self._sent) > SENT

    def _do(self, op: int, given: Any) -> None:
        if op == HEARTBEAT:
            if not self._world.deaf:
                self.socket.say(ACK)
        elif op == IDENTIFY:
            self._identify(given)
        elif op == RESUME:
            self._resume(given)
        elif self.socket.session is None:
            self._fault(NOT_IDENTIFIED, "something before IDENTIFY")
        elif op == MEMBERS:
            self._members(given)

    def _fault(self, code: int, words: str, *, benign: bool = False) -> None:
        """Close it, and note what should never have been said."""
        if not benign:
            self._world.refuse(f"gateway {code}: {words}")
        self.socket.close(code)

    # ── sessions ────────────────────────────────────────────────────────────────────────────

    def _identify(self, given: Json) -> None:
        world, sessions = self._world, self._world.sessions
        if self.socket.session is not None:
            return self._fault(IDENTIFIED, "IDENTIFY twice")
        if not sessions.count():
            world.reset_token()
            return self._fault(WRONG_TOKEN, "no session may begin today any more")
        if given["token"] != world.token:
            return self._fault(WRONG_TOKEN, "", benign=True)
        missing = {"os", "browser", "device"} - given["properties"].keys()
        if missing:
            return self._fault(NO_JSON, f"IDENTIFY without properties {sorted(missing)}")
        shard = self._shard(given.get("shard") or [0, 1])
        if shard is not None and self._granted(given["intents"]):
            self._begin(shard, given["intents"])
        return None

    def _begin(self, shard: tuple[int, int], intents: int) -> None:
        """Begin a session, if that is not too soon after another."""
        world, sessions = self._world, self._world.sessions
        if sessions.too_soon(shard[0]):
            return self.socket.say(INVALID, data=False)
        session = sessions.begin(self.socket, intents, shard)
        self.socket.session = session
        session.tell("READY", world.ready(session))
        for guild in world.guilds_of(session):
            event = Event("GUILD_CREATE", None, guild, world.clock(), joined=False)
            if session.wants(event):
                session.tell(event.kind, event.encoded(session.intents))
        return None

    def _shard(self, given: list[int]) -> tuple[int, int] | None:
        """Return which of how many shards, None if there is no such one."""
        number, total = given
        if not 0 <= number < total:
            self._fault(WRONG_SHARD, f"shard {number} of {total}")
            return None
        if total < self._world.setting.shards and self._world.needs_shards:
            self._fault(MORE_SHARDS, f"{total} shards")
            return None
        return number, total

    def _granted(self, intents: int) -> bool:
        if intents & ~KNOWN_INTENTS:
            self._fault(WRONG_INTENTS, f"intents {intents:b}")
            return False
        for bit, name in PRIVILEGED.items():
            if intents & bit and not getattr(self._world.setting, name):
                self._fault(NOT_GRANTED, f"the intent {name} is not granted", benign=True)
                return False
        return True

    def _resume(self, given: Json) -> None:
        world = self._world
        if self.socket.session is not None:
            return self._fault(IDENTIFIED, "RESUME in a session")
        if given["token"] != world.token:
            return self._fault(WRONG_TOKEN, "", benign=True)
        session = world.sessions.all.get(str(given["session_id"]))
        if session is not None and given["seq"] > session.seq:
            return self._fault(WRONG_SEQ, f"RESUME from {given['seq']}, which is not told yet")
        missed = world.sessions.resume(str(given["session_id"]), given["seq"], self.socket)
        if missed is None or self.socket.session is None:
            return self.socket.say(INVALID, data=False)
        for frame in missed:
            self.socket.send(frame)
        self.socket.session.tell("RESUMED", b'{"_trace":[]}')
        return None

    def _members(self, given: Json) -> None:
        """Tell who is in a server."""
        assert self.socket.session is not None
        guild = self._world.guilds[int(given["guild_id"])]
        told: Json = {
            "guild_id": str(guild.id),
            "members": [member.raw for member in guild.members.values()],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        if given.get("nonce") is not None:
            told["nonce"] = given["nonce"]
        self.socket.session.tell("GUILD_MEMBERS_CHUNK", json.dumps(told).encode())


async def serve(world: World, request: web.Request) -> web.StreamResponse:
    """Answer somebody who wants to be told."""
    if world.late:
        return web.Response(status=503, text="upstream connect error")
    ws = web.WebSocketResponse(compress=False, autoping=True, max_msg_size=1 << 20)
    await ws.prepare(request)
    query = request.query
    compressed = world.setting.compress and query.get("compress") == "zlib-stream"
    assert request.transport is not None
    socket = Socket(ws, request.transport.abort, compressed=compressed)
    talk = Talk(world, ws, socket)
    if query.get("v") != "10" or query.get("encoding", "json") != "json":
        world.refuse(f"gateway: only version 10 in JSON, not {request.query_string}")
        talk.socket.close(WRONG_VERSION)
    await talk.run()
    return ws
