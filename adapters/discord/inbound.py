"""Discord's events to events of ours; pure.

The inbox keeps an event together with who the bot was when it came: {"me": {"id", …}, "type",
"data": {…}}, so that it reads the same whenever it is read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from adapters.discord.hidden import FILL, PICK, Question, Ref
from adapters.discord.options import words_of
from adapters.discord.place import Kind, Place
from bot.action import Action
from bot.address import Address
from bot.asking import opens_form
from bot.event import (
    Attachment,
    Chat,
    Event,
    Joined,
    Left,
    Message,
    Outsider,
    Press,
    Said,
    Stray,
    Submission,
    User,
)

PLATFORM = "discord"
COMMAND, COMPONENT, COMPLETION, MODAL = 2, 3, 4, 5
"""Kinds of interactions."""
EPHEMERAL = 1 << 6
"""A message that only one person sees."""
MANAGES = (1 << 3) | (1 << 5)
"""Administrator, or may manage the server."""
SENDS, SENDS_IN_THREADS, VIEWS = 1 << 11, 1 << 38, 1 << 10
THREADS = {10, 11, 12}
PLAIN, ANSWER = 0, 19
"""Kinds of messages that people write."""
WANTED = {
    *("INTERACTION_CREATE", "MESSAGE_CREATE", "GUILD_CREATE", "CHANNEL_DELETE", "THREAD_DELETE"),
}
MEMBER = "member"
"""What everybody is in a server, of whom the platform told anything."""
ADMIN = "admin"
_NAMED = re.compile(r"<@!?(\d{1,20})>")
_EMOJI = re.compile(r"<a?:\w{1,40}:\d{1,20}>")


class Me(msgspec.Struct, frozen=True):
    """Who the bot is on Discord."""

    id: int
    """Of the person that it is."""
    application: int
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """What the bot listens to."""

    names: tuple[str, ...] = ("丹青",)
    prefixes: tuple[str, ...] = ()
    servers: frozenset[int] = field(default_factory=frozenset[int])
    """Where everybody is served; none, and no users: everywhere."""
    users: frozenset[int] = field(default_factory=frozenset[int])
    """Who is served wherever they are."""

    def serves(self, server: int | None, user: int) -> bool:
        """Return whether somebody is served in a server, or in private."""
        return not (self.servers or self.users) or server in self.servers or user in self.users


class _Kept(msgspec.Struct, frozen=True):
    me: Me
    type: str
    data: dict[str, Any]


def kept(me: Me, type_: str, data: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the id of an event, and what the inbox keeps of it."""
    if type_ == "GUILD_CREATE":
        data = {
            "id": data["id"],
            "joined_at": data.get("joined_at"),
            "system_channel_id": data.get("system_channel_id"),
            "channels": [one for one in data.get("channels", []) if one.get("type") == PLAIN][:1],
        }
    when = data["joined_at"] if type_ == "GUILD_CREATE" else ""
    body = msgspec.json.encode({"me": me, "type": type_, "data": data})
    return f"{data['id']}{when and '.'}{when}", body


def to_event(body: bytes, ears: Ears) -> Event | None:
    """Return the event in what the inbox keeps, or None if it is of no use.

    Raises:
        ValueError: This is no event of Discord.
    """
    raw = msgspec.json.decode(body, type=_Kept)
    return event_of(raw.me, raw.type, raw.data, ears)


def event_of(me: Me, type_: str, data: Mapping[str, Any], ears: Ears) -> Event | None:
    """Return the event in what Discord sent, or None if it is of no use.

    Raises:
        ValueError: This is no event of Discord.
    """
    try:
        return _Reading(me=me, ears=ears).event(type_, data)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"no event of Discord: {error!r}") from error


def place_of(data: Mapping[str, Any], *, private: bool = False) -> Place:
    """Return where the answers to an interaction belong.

    Args:
        data: The interaction.
        private: Whether only whoever asked is to see them.
    """
    message = data.get("message")
    hidden_ = message is not None and bool(message.get("flags", 0) & EPHEMERAL)
    kind: Kind = "p" if message is not None else "c"
    return Place(
        interaction=int(data["id"]),
        kind=kind,
        token=data["token"],
        private=hidden_ or (private and kind == "c"),
        outside=not _may_write(data),
        message=None if message is None else int(message["id"]),
    )


def custom_id_of(data: Mapping[str, Any]) -> str:
    """Return what a button, an option or a modal means; empty: it is none of them."""
    told: Mapping[str, Any] = data.get("data") or {}
    values: Sequence[object] = told.get("values") or ()
    custom_id = str(told.get("custom_id", ""))
    if custom_id.startswith(FILL):
        return custom_id.partition("#")[2]  # what it was a form of
    return str(values[0]) if custom_id.startswith(PICK) and values else custom_id


def asks_form(data: Mapping[str, Any]) -> bool:
    """Return whether a form is the answer to an interaction: nothing may be said before it."""
    if data["type"] != COMPONENT:
        return False
    try:
        return opens_form(Action.unpack(custom_id_of(data)))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Reads what came for the bot as it was then."""

    me: Me
    ears: Ears

    def event(self, type_: str, data: Mapping[str, Any]) -> Event | None:
        match type_:
            case "INTERACTION_CREATE":
                return self._of_interaction(data)
            case "MESSAGE_CREATE":
                return self._of_message(data)
            case "GUILD_CREATE":
                return _joined(data)
            case "CHANNEL_DELETE" | "THREAD_DELETE":
                return Left(id=data["id"], chat=Chat(PLATFORM, data["id"], group=True))
            case _:
                return None

    # ── messages ────────────────────────────────────────────────────────────────────────────

    def _of_message(self, data: Mapping[str, Any]) -> Event | None:
        author = data["author"]
        written = data.get("type", PLAIN) in {PLAIN, ANSWER}
        if not written or author.get("bot") or data.get("webhook_id"):
            return None
        said = self._said(data)
        if said is None:
            return None
        if not self.ears.serves(_int(data.get("guild_id")), int(author["id"])):
            return Outsider(id=said.id, chat=said.chat, user=said.user) if said.to_me else None
        if not said.to_me:
            return said
        return self._answered(data.get("referenced_message"), said)

    def _said(self, data: Mapping[str, Any]) -> Message | None:
        """Return what somebody said; None if that is nothing."""
        named = {one["id"]: one for one in data.get("mentions", ())}
        text = _EMOJI.sub("", data.get("content", ""))
        attached = tuple(pictures_of(data, data["channel_id"]))
        if not text.strip() and not attached:
            return None
        rest = Address(
            names=self.ears.names,
            mentions=(f"<@{self.me.id}>", f"<@!{self.me.id}>"),
            prefixes=self.ears.prefixes,
        ).rest(text)
        replied = data.get("referenced_message")
        mine = replied is not None and replied["author"]["id"] == str(self.me.id)
        chat = Chat(PLATFORM, data["channel_id"], group="guild_id" in data)
        people = [one for id_, one in named.items() if id_ != str(self.me.id)]
        return Message(
            id=Place(message=int(data["id"])).pack(),
            chat=chat,
            user=_user(data["author"], data.get("member")),
            text=_with_names(text if rest is None else rest, named),
            to_me=not chat.group or mine or rest is not None,
            attached=attached,
            reply_to="" if replied is None else replied["id"],
            replied=None if replied is None or mine else _user(replied["author"]),
            mentions=tuple(_user(one, one.get("member")) for one in people if not one.get("bot")),
        )

    def _answered(self, replied: Mapping[str, Any] | None, said: Message) -> Event:
        """Return what is said with what it gets from the message that it answers."""
        if replied is None:
            return said
        if replied["author"]["id"] != str(self.me.id):
            pictures = tuple(pictures_of(replied, said.chat.id))
            return said if said.attached else replace(said, attached=pictures)
        question = next(filter(None, map(Question.read, _custom_ids(replied))), None)
        if question is None or said.text.startswith(("/", "／")):
            return said
        return replace(
            said,
            text=_asked(question, said.text),
            attached=(*question.attached, *said.attached),
            reply_to="",
        )

    # ── interactions ────────────────────────────────────────────────────────────────────────

    def _of_interaction(self, data: Mapping[str, Any]) -> Event | None:
        if data["type"] not in {COMMAND, COMPONENT, MODAL}:
            return None
        chat, user = _chat(data), _asker(data)
        words = words_of(data) if data["type"] == COMMAND else None
        place = place_of(data, private=words is not None and words.private)
        if not self.ears.serves(_int(data.get("guild_id")), int(user.id)):
            return Outsider(id=place.pack(), chat=chat, user=user, pressed=True)
        if words is not None:
            return self._commanded(
                data,
                place,
                Message(
                    id=place.pack(),
                    chat=chat,
                    user=user,
                    text=words.text,
                    to_me=True,
                    attached=words.attached,
                ),
            )
        if data["type"] == MODAL:
            return self._handed_in(data, place, chat, user)
        return _pressed(place, chat, user, custom_id_of(data))

    def _commanded(self, data: Mapping[str, Any], place: Place, said: Message) -> Event:
        """Return what a command says, with the person or the message that it was chosen on."""
        told = data["data"]
        resolved, target = told.get("resolved", {}), told.get("target_id")
        people = resolved.get("users", {})
        members = resolved.get("members", {})
        named = tuple(_user(one, members.get(id_)) for id_, one in people.items())
        message = resolved.get("messages", {}).get(target)
        if message is None:
            return replace(said, mentions=named)
        answered = replace(said, reply_to=message["id"], mentions=())
        return self._answered(message, answered)

    def _handed_in(self, data: Mapping[str, Any], place: Place, chat: Chat, user: User) -> Said:
        """Return what was filled in."""
        custom_id, values = custom_id_of(data), dict(_values(data["data"]["components"]))
        question = Question.read(custom_id)
        if question is not None:
            return Message(
                id=place.pack(),
                chat=chat,
                user=user,
                text=_asked(question, next(iter(values.values()), "")),
                to_me=True,
                attached=question.attached,
            )
        try:
            action = Action.unpack(custom_id)
        except ValueError:
            return Stray(id=place.pack(), chat=chat, user=user)
        return Submission(id=place.pack(), chat=chat, user=user, action=action, values=values)


def _pressed(place: Place, chat: Chat, user: User, custom_id: str) -> Event | None:
    """Return what a pressed button, or a chosen option, means."""
    try:
        action = Action.unpack(custom_id)
    except ValueError:
        return Stray(id=place.pack(), chat=chat, user=user)
    return Press(id=place.pack(), chat=chat, user=user, action=action)


def _joined(data: Mapping[str, Any]) -> Event | None:
    """Return that the bot was let into a server, where there is a channel to say so."""
    channel = data.get("system_channel_id") or next(
        (one["id"] for one in data.get("channels", ())), None
    )
    return channel and Joined(id=data["id"], chat=Chat(PLATFORM, channel, group=True))


def _asked(question: Question, words: str) -> str:
    """Return the words that answer a question as if the command had been said with them."""
    return f"/{question.asks} {words}" if question.asks else words


def _chat(data: Mapping[str, Any]) -> Chat:
    return Chat(PLATFORM, data["channel_id"], group="guild_id" in data)


def _asker(data: Mapping[str, Any]) -> User:
    """Return who has asked, with what they are in the server."""
    member = data.get("member")
    if member is None:
        return _user(data["user"])
    roles = [MEMBER, *member.get("roles", ())]
    if int(member.get("permissions", 0)) & MANAGES:
        roles.append(ADMIN)
    return replace(_user(member["user"], member), roles=tuple(roles))


def _user(user: Mapping[str, Any], member: Mapping[str, Any] | None = None) -> User:
    nick = (member or {}).get("nick")
    return User(PLATFORM, user["id"], nick or user.get("global_name") or user["username"])


def _may_write(data: Mapping[str, Any]) -> bool:
    """Return whether the bot may write where it was asked; in its own private talks it may."""
    if "guild_id" not in data:
        return data.get("context", 1) == 1
    channel = data.get("channel", {})
    writes = SENDS_IN_THREADS if channel.get("type") in THREADS else SENDS
    needed = VIEWS | writes
    installed = data.get("authorizing_integration_owners", {"0": ""})
    return "0" in installed and int(data.get("app_permissions", needed)) & needed == needed


def _with_names(text: str, people: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a text in which people are named as everybody reads it."""

    def name(found: re.Match[str]) -> str:
        one = people.get(found[1])
        return found[0] if one is None else f"@{_user(one, one.get('member')).name}"

    return _NAMED.sub(name, text)


def pictures_of(message: Mapping[str, Any], channel: str) -> Iterator[Attachment]:
    """Yield the pictures of a message."""
    for one in message.get("attachments", ()):
        if _is_picture(one):
            where = message.get("channel_id", channel), message["id"], one["id"]
            found = Ref(*where, one.get("url", ""))
            yield Attachment(ref=found.pack(), size=int(one.get("size", 0)))


def _is_picture(attachment: Mapping[str, Any]) -> bool:
    """Return whether a file is a picture, by what is told of it."""
    kind = attachment.get("content_type") or ""
    name = str(attachment.get("filename", "")).casefold()
    return kind.startswith("image/") or name.endswith((".png", ".jpg", ".jpeg", ".webp", ".gif"))


def _custom_ids(message: Mapping[str, Any]) -> Iterator[str]:
    for row in message.get("components", ()):
        for one in row.get("components", ()):
            yield str(one.get("custom_id", ""))


def _values(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what was filled in by fields: each stands in a row, or under a label."""
    for one in components:
        for inner in (*one.get("components", ()), *filter(None, [one.get("component")])):
            yield inner["custom_id"], inner.get("value", "")


def _int(snowflake: str | None) -> int | None:
    return None if snowflake is None else int(snowflake)
