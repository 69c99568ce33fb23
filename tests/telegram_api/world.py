"""All that the server knows."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251  ids, from a seed
from typing import Any

from tests.telegram_api.chat import Chat
from tests.telegram_api.fault import Faults
from tests.telegram_api.file import Files, Media
from tests.telegram_api.flood import Flood
from tests.telegram_api.message import Message
from tests.telegram_api.query import CallbackQuery, InlineQuery
from tests.telegram_api.refusal import Json, bad
from tests.telegram_api.spec import SPEC, Spec
from tests.telegram_api.update import Update, Updates
from tests.telegram_api.user import User

TOKEN = "7000000001:AAFakeFakeFakeFakeFakeFakeFakeFake_0"  # noqa: S105  opens nothing
FORGETFUL_MESSAGES = 100
"""In each chat."""
FORGETFUL_CALLS = 2_000
FORGETFUL_QUERIES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What kind of bot the server knows, and how strict it is."""

    token: str = TOKEN
    username: str = "danqing_bot"
    name: str = "丹青"
    can_read_all: bool = False
    supports_inline: bool = True
    flood: bool = False
    keep_bytes: bool = True
    """False keeps memory flat: bytes, old messages and old calls are dropped."""
    spec: Path | None = SPEC
    """The description of the Bot API; nothing is held against it where it is not there."""
    seed: int = 0


@dataclass(slots=True, eq=False)
class Call:
    """A call to the server."""

    method: str
    params: Json
    at: float
    chat_id: int | None = None
    status: int = 0
    """As answered; 0 while it is not, and for those that never are."""
    description: str = ""
    """Of a refusal."""
    files: dict[str, int] = field(default_factory=dict[str, int])
    """The sizes of its files, in bytes, by name."""


@dataclass(slots=True)
class Hook:
    """Where updates are brought to."""

    url: str
    secret: str
    most: int
    """So many are brought at once."""
    error: str = ""
    """Why the last one was not taken."""
    error_date: int = 0


class World:
    """The accounts, the chats, the files, the queues; methods and people change it."""

    def __init__(self, setting: Setting, clock: Callable[[], float] | None) -> None:
        self.setting = setting
        self.clock = clock or time.monotonic
        self.random = Random(setting.seed)  # noqa: S311  no secret
        self._epoch = time.time() - self.clock()
        self.bot = User(
            id=int(setting.token.split(":")[0]),
            name=setting.name,
            username=setting.username,
            is_bot=True,
        )
        self.spec = Spec.load(setting.spec)
        self.files = Files(self.clock, self.random, setting.keep_bytes)
        self.updates = Updates(self.clock, self.random)
        self.flood = Flood(self.clock, on=setting.flood)
        self.faults = Faults()
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.avatars: dict[int, bytes] = {}
        """Of people and chats, by id."""
        self._portraits: dict[int, tuple[bytes, Media]] = {}
        self.chats: dict[int, Chat] = {}
        self.callbacks: dict[str, CallbackQuery] = {}
        self.inline: dict[str, InlineQuery] = {}
        self.inline_messages: dict[str, Message] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        """By scope, as its fields joined, and language."""
        self.hook: Hook | None = None
        """Where updates are brought to; None: they are asked for."""
        self.query_life_s = 15.0
        """So long a pressed button or an inline query can be answered."""
        self.calls: deque[Call] = deque(maxlen=None if setting.keep_bytes else FORGETFUL_CALLS)
        self.refused: list[str] = []
        self.told: deque[Update] = deque(maxlen=1000)
        """The newest updates that the bot was given."""
        self.numbers = count(1)
        """For ids that have no order: queries, albums, people."""
        self._account_messages = count(self.random.randrange(2, 500))
        self._moved = asyncio.Event()

    @property
    def date(self) -> int:
        """The time of day, in seconds since 1970."""
        return int(self._epoch + self.clock())

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

    def refuse(self, words: str) -> None:
        """Note what should never have been asked."""
        self.refused.append(words)
        if not self.setting.keep_bytes:
            del self.refused[1000:]

    def portrait(self, owner: int) -> Media | None:
        """Return the avatar of a person or a chat as a photo."""
        data = self.avatars.get(owner)
        if data is None:
            return None
        known, media = self._portraits.get(owner, (None, None))
        if media is None or known != data or not media.largest.data:
            media = self.files.photo(data)
            self._portraits[owner] = (data, media)
        return media

    def user(self, user_id: int) -> Json | None:
        """Return a known user as JSON."""
        user = self.users.get(user_id)
        return user and user.raw

    def chat(self, chat_id: Any) -> Chat:
        """Return a chat by id or @name.

        Raises:
            Refusal: There is none.
        """
        if chat_id in (None, ""):
            raise bad("chat_id is empty")
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else self._named(str(chat_id))
        if chat is None:
            raise bad("chat not found")
        return chat

    def _named(self, name: str) -> Chat | None:
        if name.startswith("@"):
            wanted = name[1:].lower()
            shown = (chat for chat in self.chats.values() if not chat.private)
            return next((c for c in shown if (c.username or "").lower() == wanted), None)
        return self.chats.get(int(name)) if name.lstrip("-").isdigit() else None

    def add(self, message: Message) -> Message:
        """Put a new message into its chat, and drop the oldest if memory is to stay flat."""
        chat = message.chat
        chat.messages.append(message)
        message.show(self.clock())
        if not self.setting.keep_bytes:
            for old in chat.messages[:-FORGETFUL_MESSAGES]:
                old.reply_to = None
                self.inline_messages.pop(old.inline_id or "", None)
            del chat.messages[:-FORGETFUL_MESSAGES]
        return message

    def remove(self, message: Message) -> None:
        """Take a message out of its chat."""
        message.deleted = True
        for shown in (message.chat.messages, message.chat.pinned):
            if message in shown:
                shown.remove(message)
        self.move()

    def message_id(self, chat: Chat) -> int:
        """Return the next: supergroups and channels count for themselves, others together."""
        if chat.kind in {"private", "group"}:
            return next(self._account_messages)
        chat.last_id += 1
        return chat.last_id

    def tell(self, kind: str, payload: Json) -> Update | None:
        """Give the bot an update, if it wants such ones."""
        update = self.updates.add(kind, payload)
        if update is not None:
            self.told.append(update)
            for fault in self.spec.faults_of_update(update.raw):
                self.refuse(f"the fake's own update: {fault}")
        self.move()
        return update

    def hear(self, message: Message, *, edited: bool = False) -> None:
        """Give the bot a message, if it gets to see it."""
        if not self.hears(message):
            return
        kind = "channel_post" if message.chat.kind == "channel" else "message"
        self.tell(f"edited_{kind}" if edited else kind, message.raw)

    def hears(self, message: Message) -> bool:
        """Say if the bot gets to see what somebody wrote."""
        chat = message.chat
        if chat.private:
            return chat.started and not chat.blocked
        if chat.kind == "channel":
            return chat.bot_is_admin
        if chat.bot_status in {"left", "kicked"}:
            return False
        plain = not (self.setting.can_read_all or chat.bot_is_admin)
        return not plain or message.service is not None or self._meant(message)

    def _meant(self, message: Message) -> bool:
        """Say if a message is for the bot: a command, a mention, an answer, sent through it."""
        if message.via == self.bot:
            return True
        if message.reply_to is not None and message.reply_to.author == self.bot:
            return True
        name = f"@{self.bot.username}".lower()
        for entity in message.entities:
            words = message.content.body.part(entity).lower()
            if entity["type"] == "mention" and words == name:
                return True
            if entity["type"] == "bot_command" and words.partition("@")[2] in ("", name[1:]):
                return True
            if entity["type"] == "text_mention" and entity["user"]["id"] == self.bot.id:
                return True
        return False

    def alive(self, at: float) -> bool:
        """Say if what began then can still be answered."""
        return self.clock() - at <= self.query_life_s

    def forget_queries(self, queries: dict[str, Any]) -> None:
        """Keep only the newest, if memory is to stay flat."""
        if not self.setting.keep_bytes:
            surplus = len(queries) - FORGETFUL_QUERIES
            for key in list(queries)[: max(0, surplus)]:
                del queries[key]

    def known_faults(self, faults: Iterable[str], method: str) -> None:
        """Note where a call or an answer is not as the description has it."""
        for fault in faults:
            self.refuse(f"{method}: {fault}")
