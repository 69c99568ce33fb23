"""Telegram as a platform: the connection."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, InvalidToken, TelegramError

from adapters.locale import said
from adapters.telegram import fault, inbound
from adapters.telegram.config import TelegramConfig
from adapters.telegram.editor import Editor
from adapters.telegram.inbound import ADMIN, Ears, Me
from adapters.telegram.limits import MESSAGES, MOST
from adapters.telegram.menu import Menu
from adapters.telegram.place import Place
from adapters.telegram.polling import Poller
from adapters.telegram.sender import Sender
from adapters.telegram.wire import Wire
from bot.address import ChatConfig
from bot.errors import BadImage, NotSent
from bot.event import Attachment, Chat, Event, User
from bot.reply import Delivery, Edit, Limits, Sent, Status
from bot.role import Roles
from bot.wording import say

log = logging.getLogger(__name__)

SETTLE_S = 0.7
"""A press that has no answer by then is told that it was seen."""
ROLES_S = 300.0
"""How long is remembered what somebody is in a group."""
REMEMBERED = 10_000
"""People in groups of whom that is."""
AGAIN_S, SLOWEST_S = 1.0, 60.0
"""Between two attempts to reach Telegram, at first and at most."""

Hear = Callable[[Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Takes updates, each an id and a body; returns when they are on disk."""


class TelegramAdapter:
    """Speaks to Telegram."""

    def __init__(
        self, config: TelegramConfig, chat: ChatConfig, roles: Roles, limits: Limits = MESSAGES
    ) -> None:
        """Begin; nothing is called before `run`.

        Args:
            config: [telegram].
            chat: What the bot is called in groups.
            roles: Operators, who have more commands in their menus.
            limits: What Telegram can do with messages.
        """
        self._config = config
        self._ears = Ears(
            names=chat.names,
            prefixes=chat.prefixes,
            chats=frozenset(config.chats),
            users=frozenset(config.users),
        )
        self.limits = limits
        """What Telegram can do with messages."""
        self._wire = Wire(config)
        self._bot = self._wire.bot
        self._me: Me | None = None
        self._menu = Menu(self._bot, roles)
        self._sender = Sender(self._bot, lambda: self._known, self._settled, limits.private_rate)
        self._editor = Editor(self._bot, lambda: self._known)
        self._presses = dict[str, asyncio.TimerHandle]()
        self._settling = set[asyncio.Task[None]]()
        self._roles = dict[tuple[str, str], tuple[float, tuple[str, ...]]]()
        self.connected = False
        """Whether updates come."""

    # ── in ──────────────────────────────────────────────────────────────────────────────────

    async def run(self, hear: Hear) -> None:
        """Bring updates in, until cancelled.

        Raises:
            ConfigError: Telegram does not know the token, or the webhook cannot be listened at.
        """
        try:
            self._me = await self._introduced()
            log.info("telegram: @%s", self._me.username)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._menu.show())
                await self._way_in(hear)
        finally:
            self.connected = False
            for timer in self._presses.values():
                timer.cancel()
            await self._wire.close()

    def to_event(self, body: bytes) -> Event | None:
        """Return the event in a raw update as the inbox keeps it.

        Raises:
            ValueError: This is no update of Telegram.
        """
        return inbound.to_event(body, self._ears)

    async def _introduced(self) -> Me:
        """Return who the bot is, as soon as Telegram can be reached."""
        wait_s = AGAIN_S
        while True:
            try:
                await self._bot.initialize()
            except InvalidToken as error:
                raise _unknown_token() from error
            except TelegramError as error:
                log.warning(
                    said("telegram: out of reach: %s", "telegram：连不上，过一会儿再试：%s"), error
                )
                await asyncio.sleep(fault.wait_of(error) or wait_s)
                wait_s = min(SLOWEST_S, 2 * wait_s)
            else:
                return Me(id=self._bot.id, username=self._bot.username)

    async def _way_in(self, hear: Hear) -> None:
        async def take(updates: Sequence[Mapping[str, Any]]) -> None:
            await hear([inbound.kept(self._known, update) for update in updates])
            for callback in filter(None, map(inbound.callback_of, updates)):
                self._pressed(callback)

        def note(connected: bool) -> None:  # noqa: FBT001  it says what it is about
            self.connected = connected

        if self._config.mode == "webhook":
            from adapters.telegram.webhook import Webhook

            await Webhook(self._bot, self._config).run(take, note)
        else:
            await Poller(self._bot, self._wire.polls, self._config.poll_s).run(take, note)

    # ── out ─────────────────────────────────────────────────────────────────────────────────

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        """Send a reply, in as many messages as it takes.

        Raises:
            NotSent: It did not go out, or nobody knows.
            ChatMoved: The chat has another id by now.
        """
        try:
            sent = await self._sender.send(delivery)
        except TelegramError as error:
            raise fault.of_send(error) from error
        self._answer(delivery.reply.to)
        return sent

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        """Have a message show something else.

        Raises:
            MessageGone: It is deleted, or cannot become this.
            NotSent: It does not show it, or nobody knows.
            ChatMoved: The chat has another id by now.
        """
        try:
            sent = await self._editor.edit(edit)
        except TelegramError as error:
            raise fault.of_edit(error) from error
        self._answer(edit.reply.to)
        return sent

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        """Keep a message in sight, or no more; nobody is called for it.

        Raises:
            NotSent: It is not kept so: hopeless where the bot may not, or the message is gone.
        """
        number = Place.read(message).message
        if number is None:
            raise NotSent("no message of a chat of Telegram", hopeless=True, refused=True)
        try:
            if on:
                await self._bot.pin_chat_message(int(chat.id), number, disable_notification=True)
            else:
                await self._bot.unpin_chat_message(int(chat.id), number)
        except TelegramError as error:
            done = fault.says(error, fault.PINNED_ALREADY)
            if not done and (on or not fault.says(error, fault.NOT_PINNED)):
                raise fault.of_pin(error) from error

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        """Return none: what belongs together stays in its topic, if the group has such."""
        del chat, message, title
        return None

    async def show(self, status: Status) -> None:
        """Show nothing: messages are edited."""
        del status

    # ── asked ───────────────────────────────────────────────────────────────────────────────

    async def fetch(self, attachment: Attachment) -> bytes:
        """Return a picture that came with a message.

        Raises:
            BadImage: It is larger than Telegram hands out, or not there any more.
            NotSent: Telegram does not answer.
        """
        if attachment.size > MOST.download_bytes:
            raise _too_large()
        try:
            file = await self._bot.get_file(attachment.ref)
            return bytes(await file.download_as_bytearray())
        except (BadRequest, InvalidToken) as error:  # of a path that is over it says 404
            if "too big" in str(error).casefold():
                raise _too_large() from error
            raise BadImage(say("这张图已经取不到了，请再发一次")) from error
        except TelegramError as error:
            raise fault.of_send(error) from error

    async def avatar(self, user: User) -> bytes | None:
        """Return somebody's avatar; None if there is none, or they do not show it.

        Raises:
            NotSent: Telegram does not answer.
        """
        try:
            if int(user.id) < 0:
                chat = await self._bot.get_chat(int(user.id))
                ref = chat.photo.big_file_id if chat.photo else None
            else:
                found = await self._bot.get_user_profile_photos(int(user.id), limit=1)
                ref = found.photos[0][-1].file_id if found and found.photos else None
            if ref is None:
                return None
            file = await self._bot.get_file(ref)
            return bytes(await file.download_as_bytearray())
        except BadRequest:
            return None
        except TelegramError as error:
            raise NotSent(str(error)) from error

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        """Return whether somebody owns or runs a group.

        Raises:
            NotSent: Telegram does not answer.
        """
        if user.roles or not chat.group or int(user.id) < 0:
            return user.roles
        key, now = (user.id, chat.id), time.monotonic()
        at, told = self._roles.get(key, (-ROLES_S, ()))
        if now - at < ROLES_S:
            return told
        try:
            member = await self._bot.get_chat_member(int(chat.id), int(user.id))
        except BadRequest:
            return ()
        except TelegramError as error:
            raise NotSent(str(error)) from error
        found = {ChatMemberStatus.OWNER: ("owner",), ChatMemberStatus.ADMINISTRATOR: (ADMIN,)}
        told = found.get(ChatMemberStatus(member.status), ())
        if len(self._roles) >= REMEMBERED:
            self._roles.clear()
        self._roles[key] = (now, told)
        return told

    # ── presses ─────────────────────────────────────────────────────────────────────────────

    def _pressed(self, callback: str) -> None:
        """Have a press answered soon, with words or without: until then its button turns."""
        loop = asyncio.get_running_loop()
        self._presses[callback] = loop.call_later(SETTLE_S, self._answer_plainly, callback)

    def _answer(self, to: str | None) -> None:
        """Answer a press without words, that was answered in another way."""
        callback = Place.read(to).callback
        if callback in self._presses:
            self._answer_plainly(callback)

    def _answer_plainly(self, callback: str) -> None:
        if self._settled(callback):
            task = asyncio.ensure_future(self._tell_seen(callback))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    def _settled(self, callback: str) -> bool:
        """Take a press to have its answer; False if it had one before."""
        timer = self._presses.pop(callback, None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    async def _tell_seen(self, callback: str) -> None:
        try:
            await self._bot.answer_callback_query(callback)
        except TelegramError as error:
            log.info("a press is not answered: %s", error)

    @property
    def _known(self) -> Me:
        """Who the bot is.

        Raises:
            NotSent: Telegram was not reached yet.
        """
        if self._me is None:
            raise NotSent("telegram was not reached yet")
        return self._me


def _too_large() -> BadImage:
    most = MOST.download_bytes >> 20
    return BadImage(say("这张图太大了，Telegram 只让我取 {most} MB 以内的", most=most))


def _unknown_token() -> Exception:
    from adapters.config import ConfigError  # which imports this package's config

    return ConfigError(
        [
            said(
                "telegram.token: Telegram does not know it; get it from @BotFather",
                "telegram.token：Telegram 不认这个令牌，请到 @BotFather 那里重新拿",
            )
        ]
    )
