"""Discord as a platform: the connection."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from discord import (
    ConnectionClosed,
    HTTPException,
    LoginFailure,
    NotFound,
    PrivilegedIntentsRequired,
)

from adapters.discord import fault, hidden, inbound
from adapters.discord.answering import Answering
from adapters.discord.config import DiscordConfig
from adapters.discord.editor import Editor
from adapters.discord.gateway import Ear, Sharded, Single
from adapters.discord.hidden import Ref
from adapters.discord.inbound import ADMIN, MANAGES, Ears, Me
from adapters.discord.limits import MESSAGES, MOST
from adapters.discord.menu import Menu
from adapters.discord.place import Place
from adapters.discord.sender import Sender
from adapters.discord.session import Session
from adapters.discord.wire import Wire
from adapters.locale import said
from bot.address import ChatConfig
from bot.errors import BadImage, DiskFull, NotSent
from bot.event import Attachment, Chat, Event, User
from bot.reply import Delivery, Edit, Limits, Sent, Status
from bot.style import Styles
from bot.wording import say

log = logging.getLogger(__name__)

AGAIN_S, SLOWEST_S = 1.0, 60.0
"""Between two attempts to reach Discord, at first and at most."""
FULL_S = 5.0
"""How long to wait for room on a full disk."""
TOGETHER = 200
"""Events that are kept at once, at most."""
ROLES_S = 300.0
"""How long is remembered what somebody is in a server."""
REMEMBERED = 10_000
READS = (1 << 18) | (1 << 19)
"""Flags of an application that may read what is not said to it."""
LOST = {400, 401, 403, 404}
"""What is said of a file that is not to be had by that link, or at all."""
FEW_STARTS = 5
"""New sessions that are left for whoever knows what they are doing."""
PIN = "/channels/{channel_id}/messages/pins/{message_id}"
THREAD = "/channels/{channel_id}/messages/{message_id}/threads"
ARCHIVED_MIN = 1440
"""A thread in which nothing is said for so long is put away, minutes; who speaks brings it back."""
JUST_S = 600.0
"""The bot was let into a server just now if it was not longer ago."""

Hear = Callable[[Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Takes events, each an id and a body; returns when they are on disk."""
Arrived = tuple[str, Mapping[str, Any] | None, int]
"""Kind of an event, what is in it if that is of use, and its number."""


class DiscordAdapter:
    """Speaks to Discord."""

    def __init__(
        self,
        config: DiscordConfig,
        chat: ChatConfig,
        styles: Styles,
        session: Path | None = None,
        limits: Limits = MESSAGES,
    ) -> None:
        """Begin; nothing is called before `run`.

        Args:
            config: [discord].
            chat: What the bot is called in servers.
            styles: Offered to who types.
            session: The file in which it is kept where events were left; None: nowhere.
            limits: What Discord can do with messages.
        """
        self._config = config
        self._ears = Ears(
            names=chat.names,
            prefixes=chat.prefixes,
            servers=frozenset(config.servers),
            users=frozenset(config.users),
        )
        self.limits = limits
        """What Discord can do with messages."""
        self._wire = Wire(config)
        self._session = Session(session)
        self._answering = Answering(self._wire, styles)
        self._sender = Sender(self._wire, self._answering)
        self._editor = Editor(self._wire)
        self._menu = Menu(self._wire)
        self._coming = asyncio.Queue[Arrived]()
        self._roles = dict[tuple[str, str], tuple[float, tuple[str, ...]]]()
        self.connected = False
        """Whether events come."""

    # ── in ──────────────────────────────────────────────────────────────────────────────────

    async def run(self, hear: Hear) -> None:
        """Bring events in, until cancelled.

        Raises:
            ConfigError: Discord does not know the token, or will not have the bot as it is.
        """
        try:
            me = await self._introduced()
            log.info("discord: %s", me.username)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._menu.show())
                tasks.create_task(self._take(hear))
                await self._listen(me)
        finally:
            self.connected = False
            self._answering.close()
            self._session.left()
            await self._wire.close()

    def to_event(self, body: bytes) -> Event | None:
        """Return the event in what the inbox keeps.

        Raises:
            ValueError: This is no event of Discord.
        """
        return inbound.to_event(body, self._ears)

    async def _introduced(self) -> Me:
        """Return who the bot is, as soon as Discord can be reached."""
        wait_s = AGAIN_S
        while True:
            try:
                return await self._wire.open()
            except LoginFailure as error:
                raise _unknown_token() from error
            except fault.Failure as error:
                words = said("discord: out of reach: %s", "discord：连不上，过一会儿再试：%s")
                log.warning(words, error)
                await asyncio.sleep(wait_s)
                wait_s = min(SLOWEST_S, 2 * wait_s)

    async def _listen(self, me: Me) -> None:
        """Have events come; a connection that falls over is made anew."""
        wait_s = AGAIN_S
        while True:
            client = None
            try:
                client = await self._client(me)
                await client.start(self._config.token.get_secret_value())
            except (LoginFailure, ConnectionClosed, PrivilegedIntentsRequired) as error:
                if (told := _for_good(error)) is not None:
                    raise told from error
                log.warning("discord: no events: %s", error)
            except fault.Unreachable as error:
                log.warning("discord: no events: %s: %s", type(error).__name__, error)
            except Exception:  # the boundary: nothing that comes may end the studio
                log.exception("discord: no events")
            finally:
                self.connected = False
                if client is not None and not client.is_closed():
                    await client.close()
            await asyncio.sleep(wait_s)
            wait_s = min(SLOWEST_S, 2 * wait_s)

    async def _client(self, me: Me) -> Single | Sharded:
        """Return a client for as many connections as it takes."""
        told = await self._wire.call("GET", "/gateway/bot")
        await self._has_starts(me, told["session_start_limit"])
        reads = bool(int(self._wire.application.get("flags", 0)) & READS)
        ear = Ear(self._session, me.id, self._heard, self._note)
        shards, proxy = self._config.shards or int(told["shards"]), self._config.proxy
        gateway = self._config.gateway_url or str(told["url"])
        if shards > 1:
            return Sharded(ear, shards, gateway, reads=reads, proxy=proxy)
        return Single(ear, gateway, reads=reads, proxy=proxy)

    async def _has_starts(self, me: Me, limit: Mapping[str, Any]) -> None:
        """Return when Discord lets the bot begin a new session, if it will need one."""
        if limit["remaining"] > FEW_STARTS or self._session.resumable(me.id) is not None:
            return
        wait_s = limit["reset_after"] / 1000
        log.error(
            said(
                "discord: hardly any new session is left for today; the next begins in %.0f s",
                "discord：今天的新会话快用完了，%.0f 秒后再连",
            ),
            wait_s,
        )
        await asyncio.sleep(wait_s)

    def _note(self, connected: bool) -> None:  # noqa: FBT001  it says what it is about
        self.connected = connected

    def _heard(self, type_: str, data: Mapping[str, Any] | None, seq: int) -> None:
        """Take an event; what is none is answered here and now."""
        if data is not None and type_ == "INTERACTION_CREATE":
            try:
                self._wire.has_room(str(data.get("channel_id")), data.get("attachment_size_limit"))
                if self._answering.at_once(data):
                    data = None
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                log.warning("discord: an interaction cannot be read: %r", error)
                data = None
        self._coming.put_nowait((type_, data, seq))

    async def _take(self, hear: Hear) -> None:
        """Have what comes kept, all at once that has come meanwhile; then say that it was heard."""
        while True:
            arrived = [await self._coming.get()]
            while len(arrived) < TOGETHER and not self._coming.empty():
                arrived.append(self._coming.get_nowait())
            bodies = [self._body_of(type_, data) for type_, data, _ in arrived]
            await self._keep(hear, [body for body in bodies if body is not None])
            for (type_, data, seq), body in zip(arrived, bodies, strict=True):
                if type_ == "INTERACTION_CREATE" and data is not None and body is not None:
                    self._answering.acknowledge(data)
                self._come_to(type_, data, seq)

    def _come_to(self, type_: str, data: Mapping[str, Any] | None, seq: int) -> None:
        """Note that an event is on disk, or is none that matters; in the order of their coming."""
        if type_ == "READY" and data is not None:
            where = str(data["session_id"]), str(data["resume_gateway_url"])
            self._session.begun(self._wire.known.id, *where, seq)
        elif seq:
            self._session.seen(seq)

    async def _keep(self, hear: Hear, bodies: Sequence[tuple[str, bytes]]) -> None:
        """Return when events are on disk."""
        while bodies:
            try:
                await hear(bodies)
            except DiskFull:
                log.error("discord: the disk is full")  # noqa: TRY400  no bug
                await asyncio.sleep(FULL_S)
            else:
                return

    def _body_of(self, type_: str, data: Mapping[str, Any] | None) -> tuple[str, bytes] | None:
        """Return what the inbox keeps of an event, and its id; None if it is of no use."""
        if data is None:
            return None
        try:
            event = inbound.event_of(self._wire.known, type_, data, self._ears)
            if event is None or _is_old(type_, data):
                return None
            return inbound.kept(self._wire.known, type_, data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("discord: an event cannot be read: %r", error)
            return None

    # ── out ─────────────────────────────────────────────────────────────────────────────────

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        """Send a reply, in as many messages as it takes.

        Raises:
            NotSent: It did not go out, or nobody knows.
        """
        try:
            return await self._sender.send(delivery)
        except fault.Failure as error:
            raise fault.of_send(error) from error

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        """Have a message show something else.

        Raises:
            MessageGone: It is deleted, or cannot be edited any more.
            NotSent: It does not show it, or nobody knows.
        """
        try:
            return await self._editor.edit(edit)
        except fault.Failure as error:
            raise fault.of_edit(error) from error

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        """Keep a message in sight, or no more; nobody is called for it.

        Raises:
            NotSent: It is not kept so: hopeless where the bot may not, or the message is gone, or
                there are too many.
        """
        number = Place.read(message).message
        if number is None:
            raise NotSent("no message of Discord", hopeless=True, refused=True)
        method = "PUT" if on else "DELETE"
        try:
            await self._wire.call(method, PIN, channel_id=int(chat.id), message_id=number)
        except fault.Failure as error:
            if on or fault.code_of(error) != fault.UNKNOWN_MESSAGE:
                raise fault.of_pin(error) from error

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        """Open a thread under a message; None in private, in a thread, and where it may not.

        Raises:
            NotSent: Discord does not answer.
        """
        number = Place.read(message).message
        if number is None or not chat.group:
            return None
        name = " ".join(title.split())[: MOST.thread].strip() or "…"
        body = {"name": name, "auto_archive_duration": ARCHIVED_MIN}
        try:
            made = await self._wire.call(
                "POST", THREAD, json=body, channel_id=int(chat.id), message_id=number
            )
            thread = str(made["id"])
        except fault.Failure as error:
            if fault.code_of(error) == fault.HAS_THREAD:
                thread = str(number)
            elif fault.is_refused(error):
                log.info("discord: no thread is opened: %s", error)
                return None
            else:
                raise fault.of_send(error) from error
        return Chat(inbound.PLATFORM, thread, group=True)

    async def show(self, status: Status) -> None:
        """Show nothing: messages are edited."""
        del status

    # ── asked ───────────────────────────────────────────────────────────────────────────────

    async def fetch(self, attachment: Attachment) -> bytes:
        """Return a picture that came with a message.

        Raises:
            BadImage: It is too large, or not there any more.
            NotSent: Discord does not answer.
        """
        if attachment.size > MOST.download_bytes:
            most = MOST.download_bytes >> 20
            raise BadImage(say("这张图太大了，最多 {most} MB", most=most))
        if (user := hidden.whose(attachment.ref)) is not None:
            found = await self.avatar(User(inbound.PLATFORM, user))
            if found is None:
                raise BadImage(say("这里拿不到头像，请直接发一张图，说要画成什么样"))
            return found
        try:
            return await self._fetched(attachment.ref)
        except HTTPException as error:
            if error.status in LOST:
                raise BadImage(say("这张图已经取不到了，请再发一次")) from error
            raise fault.of_send(error) from error
        except fault.Failure as error:
            raise fault.of_send(error) from error

    async def avatar(self, user: User) -> bytes | None:
        """Return somebody's avatar; None if there is none.

        Raises:
            NotSent: Discord does not answer.
        """
        try:
            told = await self._wire.call("GET", "/users/{user_id}", user_id=int(user.id))
            if not told.get("avatar"):
                return None
            url = f"{self._config.cdn_base}/avatars/{user.id}/{told['avatar']}.png?size=512"
            return await self._wire.fetched(url)
        except NotFound:
            return None
        except fault.Failure as error:
            raise fault.of_send(error) from error

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        """Return whether somebody owns or runs the server of a channel.

        Raises:
            NotSent: Discord does not answer.
        """
        if user.roles or not chat.group:
            return user.roles
        key, now = (user.id, chat.id), time.monotonic()
        at, told = self._roles.get(key, (-ROLES_S, ()))
        if now - at < ROLES_S:
            return told
        try:
            told = await self._asked_roles(user, chat)
        except NotFound:
            return ()
        except fault.Failure as error:
            raise fault.of_send(error) from error
        if len(self._roles) >= REMEMBERED:
            self._roles.clear()
        self._roles[key] = (now, told)
        return told

    async def _asked_roles(self, user: User, chat: Chat) -> tuple[str, ...]:
        channel = await self._wire.call("GET", "/channels/{channel_id}", channel_id=int(chat.id))
        where = int(channel["guild_id"])
        server = await self._wire.call("GET", "/guilds/{guild_id}", guild_id=where)
        if server["owner_id"] == user.id:
            return ("owner", ADMIN)
        path = "/guilds/{guild_id}/members/{user_id}"
        member = await self._wire.call("GET", path, guild_id=where, user_id=int(user.id))
        mine = {*member["roles"], server["id"]}
        runs = any(
            int(one["permissions"]) & MANAGES for one in server["roles"] if one["id"] in mine
        )
        return (inbound.MEMBER, *member["roles"], *([ADMIN] if runs else []))

    async def _fetched(self, packed: str) -> bytes:
        """Return a picture by its link, or by what its message says that is now: links expire.

        Raises:
            BadImage: It is not in its message any more.
        """
        ref = Ref.read(packed)
        if ref is None:
            return await self._wire.fetched(packed)
        url = ref.url or self._answering.links.get(packed, "")
        if url:
            try:
                return await self._wire.fetched(url)
            except HTTPException as error:
                if error.status not in LOST:
                    raise
        path = "/channels/{channel_id}/messages/{message_id}"
        channel, message = int(ref.channel), int(ref.message)
        there = await self._wire.call("GET", path, channel_id=channel, message_id=message)
        for one in there["attachments"]:
            if one["id"] == ref.attachment:
                return await self._wire.fetched(str(one["url"]))
        raise BadImage(say("这张图已经取不到了，请再发一次"))


def _is_old(type_: str, data: Mapping[str, Any]) -> bool:
    """Return whether it was long ago that the bot was let in: at a start all servers are told."""
    if type_ != "GUILD_CREATE":
        return False
    since = datetime.fromisoformat(str(data["joined_at"]))
    return time.time() - since.timestamp() > JUST_S


def _unknown_token() -> Exception:
    return _config_error(
        said(
            "discord.token: Discord does not know it; get it from the developer portal, Bot, "
            "Reset Token",
            "discord.token：Discord 不认这个令牌，请到开发者后台 Bot 那一页 Reset Token 重新拿",
        )
    )


def _for_good(error: Exception) -> Exception | None:
    """Return what has to be changed before events come again; None: nothing."""
    if isinstance(error, LoginFailure):
        return _unknown_token()
    code = 4014 if isinstance(error, PrivilegedIntentsRequired) else getattr(error, "code", 0)
    match code:
        case 4004:
            return _unknown_token()
        case 4010 | 4011:
            return _config_error(
                said(
                    "discord.shards: Discord wants another number of connections; leave it at 0",
                    "discord.shards：Discord 要的连接数不是这个，写 0 就会自动选",
                )
            )
        case 4013 | 4014:
            return _config_error(
                said(
                    "discord: an intent is not allowed; in the developer portal, Bot, switch "
                    "Message Content Intent on, or off and on again",
                    "discord：有一项 Intent 没有开；请到开发者后台 Bot 那一页打开 Message Content "
                    "Intent（开着就关掉再开）",
                )
            )
        case 4012:
            return _config_error(
                said(
                    "discord: Discord does not speak this version any more; update danqing",
                    "discord：这个版本的接口 Discord 已经不用了，请升级丹青",
                )
            )
        case _:
            return None


def _config_error(fault: str) -> Exception:
    from adapters.config import ConfigError  # which imports this package's config

    return ConfigError([fault])
