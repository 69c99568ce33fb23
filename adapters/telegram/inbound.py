"""Telegram's updates to events; pure.

The inbox keeps an update together with who the bot was when it came: {"me": {"id", "username"},
"update": {…}}, so that it reads the same whenever it is read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import msgspec
from telegram import CallbackQuery as PressedButton
from telegram import Chat as TheirChat
from telegram import ChatMemberUpdated, Update
from telegram import Message as TheirMessage
from telegram import User as TheirUser
from telegram.constants import ChatMemberStatus, ChatType, MessageEntityType

from adapters.telegram.hidden import Hidden
from adapters.telegram.place import Place
from bot.action import Action
from bot.address import Address
from bot.event import (
    Attachment,
    Chat,
    Event,
    Joined,
    Left,
    Lookup,
    Message,
    Moved,
    Outsider,
    Press,
    Stray,
    Submission,
    User,
)
from bot.form import JOINT

PLATFORM = "telegram"
WANTED = (
    *("message", "channel_post", "callback_query"),
    *("inline_query", "chosen_inline_result", "my_chat_member"),
)
"""Kinds of updates that are asked for; an edited message asks for nothing new."""
DRAW = "draw"
"""Id of the inline result that has its words drawn."""
ADMIN = "admin"
"""What somebody is who speaks in the name of the group itself."""
WORDLESS = (
    *("voice", "audio", "video", "video_note", "animation", "document", "sticker"),
    *("location", "contact", "poll", "dice", "venue"),
)
"""What somebody may send that is neither words nor a picture."""
_IN = {ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.RESTRICTED}
_OUT = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who the bot is on Telegram."""

    id: int
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """What the bot listens to."""

    names: tuple[str, ...] = ("丹青",)
    prefixes: tuple[str, ...] = ()
    chats: frozenset[int] = field(default_factory=frozenset[int])
    """Where everybody is served; none, and no users: everywhere."""
    users: frozenset[int] = field(default_factory=frozenset[int])
    """Who is served wherever they are."""

    def serves(self, chat: int, user: int) -> bool:
        """Return whether somebody is served in a chat."""
        return not (self.chats or self.users) or chat in self.chats or user in self.users


class _Kept(msgspec.Struct, frozen=True):
    me: Me
    update: dict[str, Any]


def kept(me: Me, update: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the id of a raw update, and what the inbox keeps of it."""
    return str(update["update_id"]), msgspec.json.encode({"me": me, "update": update})


def to_event(body: bytes, ears: Ears) -> Event | None:
    """Return the event in a raw update as the inbox keeps it, or None if it is of no use.

    Raises:
        ValueError: This is no update of Telegram.
    """
    raw = msgspec.json.decode(body, type=_Kept)
    try:
        update = Update.de_json(raw.update, None)
        return _Reading(me=raw.me, ears=ears).event(update)
    except (KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise ValueError(f"no update of Telegram: {error!r}") from error


def callback_of(update: Mapping[str, Any]) -> str:
    """Return the id of the press of a button in a raw update; empty: there is none."""
    return str(update.get("callback_query", {}).get("id", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Reads what came for the bot as it was then."""

    me: Me
    ears: Ears

    def event(self, update: Update) -> Event | None:
        if (message := update.message or update.channel_post) is not None:
            return self._of_message(message)
        if update.callback_query is not None:
            return self._of_press(update.callback_query)
        if update.my_chat_member is not None:
            return _of_standing(update.my_chat_member)
        return self._of_inline(update)

    def _of_message(self, message: TheirMessage) -> Event | None:
        chat, user = _chat(message.chat), _author(message)
        if message.migrate_to_chat_id is not None:
            to = Chat(PLATFORM, str(message.migrate_to_chat_id), group=True)
            return Moved(id=str(message.message_id), chat=chat, to=to)
        if user is None or self._is_mine(message.via_bot) or not _says(message):
            return None
        said = self._said(message, chat, user)
        served = self.ears.serves(message.chat.id, int(user.id))
        if not said.to_me:
            return said if served and message.sticker is None else None
        if not served:
            return Outsider(id=said.id, chat=chat, user=user)
        return self._answered(message, said)

    def _said(self, message: TheirMessage, chat: Chat, user: User) -> Message:
        """Return what somebody said."""
        text = message.text or message.caption or ""
        rest = Address(
            names=self.ears.names,
            mentions=(f"@{self.me.username}",),
            prefixes=self.ears.prefixes,
        ).rest(text)
        replied = _replied(message)
        mine = replied is not None and self._is_mine(replied.from_user)
        return Message(
            id=_place(message),
            chat=chat,
            user=user,
            text=text if rest is None else rest,
            to_me=not chat.group or mine or rest is not None,
            attached=tuple(_pictures(message)),
            album=message.media_group_id or "",
            reply_to="" if replied is None else _beside(replied, message),
            replied=None if replied is None or mine else _author(replied),
            mentions=tuple(self._mentioned(message)),
            topic=str(message.message_thread_id or "") if message.is_topic_message else "",
        )

    def _answered(self, message: TheirMessage, said: Message) -> Event:
        """Return what is said with what it gets from the message that it answers."""
        replied = _replied(message)
        if replied is None:
            return said
        if not self._is_mine(replied.from_user):
            return said if said.attached else replace(said, attached=tuple(_pictures(replied)))
        entities = replied.entities or replied.caption_entities
        hidden = Hidden.read(entities, self.me.username)
        if hidden is None or said.text.startswith(("/", "／")):
            return said
        if hidden.form is not None:
            values = {JOINT: said.text}
            return Submission(
                id=said.id,
                chat=said.chat,
                user=said.user,
                action=hidden.form,
                values=values,
                topic=said.topic,
            )
        text = f"/{hidden.asks} {said.text}" if hidden.asks else said.text
        attached = (*hidden.attached, *said.attached)
        return replace(said, text=text, attached=attached, reply_to="")

    def _of_press(self, press: PressedButton) -> Event | None:
        """Return what a pressed button means."""
        message, user = press.message, _user(press.from_user)
        chat = Chat(PLATFORM, user.id) if message is None else _chat(message.chat)
        topic = message.message_thread_id if _in_topic(message) else None
        place = Place(
            callback=press.id,
            inline=press.inline_message_id or "",
            message=None if message is None else message.message_id,
            topic=topic,
        ).pack()
        if not self.ears.serves(int(chat.id), press.from_user.id):
            return Outsider(id=place, chat=chat, user=user, pressed=True)
        try:
            action = Action.unpack(press.data or "")
        except ValueError:
            return Stray(id=place, chat=chat, user=user)
        return Press(id=place, chat=chat, user=user, action=action)

    def _of_inline(self, update: Update) -> Event | None:
        """Return what somebody wants by way of the bot, in a chat that it need not be in."""
        query, chosen = update.inline_query, update.chosen_inline_result
        asked = query or chosen
        if asked is None or not self.ears.serves(asked.from_user.id, asked.from_user.id):
            return None
        user = _user(asked.from_user)
        chat = Chat(PLATFORM, user.id)
        if query is not None:
            return Lookup(id=Place(query=query.id).pack(), chat=chat, user=user, text=query.query)
        if chosen is None or chosen.result_id != DRAW or not chosen.inline_message_id:
            return None
        place = Place(inline=chosen.inline_message_id).pack()
        return Message(id=place, chat=chat, user=user, text=chosen.query, to_me=True)

    def _is_mine(self, user: TheirUser | None) -> bool:
        return user is not None and user.id == self.me.id

    def _mentioned(self, message: TheirMessage) -> Iterator[User]:
        """Yield who is named in a message; of an @name Telegram does not tell who that is."""
        for entity in (*message.entities, *message.caption_entities):
            named = entity.user if entity.type == MessageEntityType.TEXT_MENTION else None
            if named is not None and not self._is_mine(named):
                yield _user(named)


def _of_standing(changed: ChatMemberUpdated) -> Event | None:
    """Return what it means for a chat that the bot was let in, put out, blocked or let go on."""
    chat, id_ = _chat(changed.chat), str(int(changed.date.timestamp()))
    was, now = changed.old_chat_member.status, changed.new_chat_member.status
    if now in _OUT:
        return Left(id=id_, chat=chat)
    if was in _OUT and now in _IN and changed.chat.type in {ChatType.GROUP, ChatType.SUPERGROUP}:
        return Joined(id=id_, chat=chat)
    return None


def _chat(chat: TheirChat) -> Chat:
    return Chat(PLATFORM, str(chat.id), group=chat.type != ChatType.PRIVATE)


def _user(user: TheirUser) -> User:
    return User(PLATFORM, str(user.id), user.full_name)


def _author(message: TheirMessage) -> User | None:
    """Return who speaks: a person, or a group or channel in its own name; no other bot."""
    if (sender := message.sender_chat) is not None:
        roles = (ADMIN,) if sender.id == message.chat.id else ()
        return User(PLATFORM, str(sender.id), sender.title or "", roles=roles)
    user = message.from_user
    return None if user is None or user.is_bot else _user(user)


def _says(message: TheirMessage) -> bool:
    """Return whether somebody says something, or sends what they could have said more of."""
    if message.text or message.caption or any(_pictures(message)):
        return True
    wordless = any(getattr(message, kind) for kind in WORDLESS)
    return wordless and message.chat.type == ChatType.PRIVATE


def _place(message: TheirMessage) -> str:
    topic = message.message_thread_id if message.is_topic_message else None
    return Place(message=message.message_id, topic=topic).pack()


def _beside(replied: TheirMessage, message: TheirMessage) -> str:
    """Return the id of a message that is answered; it is in the topic of its answer."""
    topic = message.message_thread_id if message.is_topic_message else None
    return Place(message=replied.message_id, topic=topic).pack()


def _replied(message: TheirMessage) -> TheirMessage | None:
    """Return the message that one answers; in a topic all answer the one that opened it."""
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created is not None:
        return None
    return replied


def _in_topic(message: object) -> TypeGuard[TheirMessage]:
    return isinstance(message, TheirMessage) and bool(message.is_topic_message)


def _pictures(message: TheirMessage) -> Iterator[Attachment]:
    """Yield the picture of a message: a photo in its largest size, a file, a sticker that rests."""
    document, sticker = message.document, message.sticker
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        yield Attachment(ref=largest.file_id, size=largest.file_size or 0)
    elif document is not None and (document.mime_type or "").startswith("image/"):
        yield Attachment(ref=document.file_id, size=document.file_size or 0)
    elif sticker is not None and not (sticker.is_animated or sticker.is_video):
        yield Attachment(ref=sticker.file_id, size=sticker.file_size or 0)
