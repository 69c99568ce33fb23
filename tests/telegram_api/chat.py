"""Chats, their topics and who is in them."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.telegram_api.refusal import Json, bad, forbidden
from tests.telegram_api.user import User

if TYPE_CHECKING:
    from tests.telegram_api.message import Message

Kind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "left", "kicked"]
ADMIN_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "can_pin_messages",
)  # fmt: skip
FORBIDDEN_TO = {
    "text": "not enough rights to send text messages to the chat",
    "photo": "not enough rights to send photos to the chat",
    "document": "not enough rights to send documents to the chat",
    "video": "not enough rights to send videos to the chat",
    "animation": "not enough rights to send animations to the chat",
}
FORBIDS = {"text", "photos", "documents", "videos", "animations", "media"}
PLURAL = {
    "photo": "photos", "document": "documents", "video": "videos", "animation": "animations",
    "text": "text",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Topic:
    """A topic of a forum; its id is that of the message that opened it."""

    id: int
    name: str
    opened_by: "Message"
    closed: bool = False


@dataclass(slots=True, eq=False)
class Chat:
    """A conversation."""

    id: int
    kind: Kind
    title: str
    bot_id: int
    username: str | None = None
    is_forum: bool = False
    topics: dict[str, Topic] = field(default_factory=dict[str, Topic])
    """By name."""
    statuses: dict[int, Status] = field(default_factory=dict[int, Status])
    """Of each who was ever in it, by id."""
    users: dict[int, User] = field(default_factory=dict[int, User])
    messages: list["Message"] = field(default_factory=list["Message"])
    """What is to be seen in it, newest last."""
    pinned: list["Message"] = field(default_factory=list["Message"])
    bot_may_pin: bool = True
    """Whether that is among the rights of the bot, where it is an administrator."""
    actions: deque[tuple[float, str]] = field(
        default_factory=lambda: deque[tuple[float, str]](maxlen=1000)
    )
    """When the bot was seen typing, uploading."""
    forbids: set[str] = field(default_factory=set[str])
    """What members may not send: text, photos, documents, videos, animations, media."""
    gone: bool = False
    """Deleted: nobody finds it."""
    upgraded_to: int | None = None
    started: bool = False
    """Of a private chat: the person has written to the bot once."""
    blocked: bool = False
    """Of a private chat: by the person."""
    deactivated: bool = False
    """Of a private chat: the account is no more."""
    last_id: int = 0
    """Of its own count of messages; private chats and basic groups have none."""

    def __repr__(self) -> str:
        return f"<Chat {self.id} {self.kind} {self.title}: {len(self.messages)} messages>"

    @property
    def private(self) -> bool:
        return self.kind == "private"

    @property
    def raw(self) -> Json:
        """Return it as messages name it."""
        if self.private:
            user = next(user for user in self.users.values() if user.id == self.id)
            name: Json = {"first_name": user.name}
        else:
            name = {"title": self.title}
        fields = {"id": self.id, "type": self.kind, **name}
        if self.username:
            fields["username"] = self.username
        if self.is_forum:
            fields["is_forum"] = True
        return fields

    def add(self, user: User, status: Status = "member") -> None:
        self.users[user.id] = user
        self.statuses[user.id] = status

    def status(self, user_id: int) -> Status:
        return self.statuses.get(user_id, "left")

    @property
    def bot_status(self) -> Status:
        return self.status(self.bot_id)

    @property
    def bot_is_admin(self) -> bool:
        return self.bot_status in {"administrator", "creator"}

    def member(self, user_id: int, status: Status | None = None) -> Json:
        """Return a ChatMember, as it is or with another status."""
        user, status = self.users[user_id].raw, status or self.status(user_id)
        fields: Json = {"status": status, "user": user}
        if status == "creator":
            fields["is_anonymous"] = False
        elif status == "kicked":
            fields["until_date"] = 0
        elif status == "administrator":
            fields |= {"can_be_edited": False, "is_anonymous": False, "can_promote_members": False}
            fields |= dict.fromkeys(ADMIN_RIGHTS, True)
            fields["can_pin_messages"] = user_id != self.bot_id or self.bot_may_pin
            if self.kind == "channel":
                fields |= {"can_post_messages": True, "can_edit_messages": True}
            if self.is_forum:
                fields["can_manage_topics"] = True
        return fields

    def members(self, *statuses: Status) -> list[int]:
        return [user for user, status in self.statuses.items() if status in statuses]

    def topic_of(self, topic_id: int) -> Topic | None:
        return next((topic for topic in self.topics.values() if topic.id == topic_id), None)

    def message(self, message_id: int | None) -> "Message | None":
        """Return a message that is still there."""
        for message in reversed(self.messages):
            if message.id == message_id:
                return message
        return None

    def check_open(self) -> None:
        """Refuse where the bot does not get in at all."""
        if self.gone:
            raise bad("chat not found", benign=True)
        if self.upgraded_to is not None:
            refusal = bad("group chat was upgraded to a supergroup chat", benign=True)
            refusal.parameters = {"migrate_to_chat_id": self.upgraded_to}
            raise refusal
        if self.private:
            self._check_private()
        elif self.bot_status == "kicked":
            raise forbidden(f"bot was kicked from the {self.kind} chat")
        elif self.bot_status == "left":
            raise forbidden(f"bot is not a member of the {self.kind} chat")

    def _check_private(self) -> None:
        if self.deactivated:
            raise forbidden("user is deactivated")
        if self.blocked:
            raise forbidden("bot was blocked by the user")
        if not self.started:
            raise forbidden("bot can't initiate conversation with a user")

    def check_may_send(self, kinds: Iterable[str]) -> None:
        """Refuse what the bot has no right to send: text, photo, document, video, animation."""
        if self.kind == "channel" and not self.bot_is_admin:
            raise bad("need administrator rights in the channel chat", benign=True)
        if self.bot_is_admin:
            return
        for kind in kinds:
            if PLURAL[kind] in self.forbids or (kind != "text" and "media" in self.forbids):
                raise bad(FORBIDDEN_TO[kind], benign=True)

    def thread(self, thread_id: int | None, answered: "Message | None") -> Topic | None:
        """Return the topic in which a message lands.

        Args:
            thread_id: As it was asked for.
            answered: The message that it answers; without a thread it goes where that is.
        """
        if thread_id is None:
            topic = answered.topic if answered is not None and self.is_forum else None
        else:
            topic = self.topic_of(thread_id) if self.is_forum else None
            if topic is None:
                raise bad("message thread not found", benign=True)
        if topic is not None and topic.closed and not self.bot_is_admin:
            raise bad("TOPIC_CLOSED", benign=True)
        return topic
