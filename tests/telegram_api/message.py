"""A message as the server keeps it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.file import Media
from tests.telegram_api.refusal import Json
from tests.telegram_api.text import Text
from tests.telegram_api.user import User


class Showing(NamedTuple):
    """What a message showed from when on."""

    at: float
    text: str
    has_photo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is in a message."""

    body: Text = field(default_factory=Text)
    media: Media | None = None
    above: bool = False
    spoiler: bool = False
    preview: Json | None = None

    @property
    def kind(self) -> str:
        return "text" if self.media is None else self.media.kind

    def shows_as(self, other: "Content") -> bool:
        """Say if nobody sees a difference."""
        mine, theirs = (
            (content.body, content.media and (content.kind, content.media.sha256), content.above)
            for content in (self, other)
        )
        return mine == theirs and self.spoiler == other.spoiler

    @property
    def raw(self) -> Json:
        name, entities = (
            ("text", "entities") if self.media is None else ("caption", "caption_entities")
        )
        fields: Json = {} if self.media is None else dict(self.media.raw)
        if self.body.text:
            fields[name] = self.body.text
        if self.body.entities:
            fields[entities] = list(self.body.entities)
        if self.media is not None and self.above:
            fields["show_caption_above_media"] = True
        if self.spoiler:
            fields["has_media_spoiler"] = True
        if self.preview is not None:
            fields["link_preview_options"] = self.preview
        return fields


@dataclass(slots=True, eq=False, kw_only=True)
class Message:
    """A message."""

    id: int
    chat: Chat
    date: int
    author: User | None = None
    """None in a channel."""
    content: Content = field(default_factory=Content)
    markup: Json | None = None
    """Any reply markup: an inline keyboard, force_reply."""
    reply_to: "Message | None" = None
    topic: Topic | None = None
    by_bot: bool = False
    """Sent by the bot; in a channel that cannot be seen."""
    album: str | None = None
    """The same for all that came together."""
    via: User | None = None
    """The bot through which it was sent inline."""
    origin: Json | None = None
    """Of a forwarded one."""
    service: Json | None = None
    """The fields of a service message."""
    anonymous: bool = False
    """Written in the name of the chat."""
    inline_id: str | None = None
    edit_date: int | None = None
    deleted: bool = False
    edits: list[Showing] = field(default_factory=list[Showing])
    """What it has shown since when, the first text first."""

    def __repr__(self) -> str:
        # short: what it answers and what is around it go on without end
        who = self.author.name if self.author else self.chat.title
        what = {"text": self.text, "service": self.service, "rows": self.rows}
        told = {"kind": self.content.kind, **{name: said for name, said in what.items() if said}}
        return f"<Message {self.id} of {who} in {self.chat.title}: {told}>"

    @property
    def text(self) -> str:
        """The text or the caption."""
        return self.content.body.text

    @property
    def entities(self) -> tuple[Json, ...]:
        return self.content.body.entities

    @property
    def rows(self) -> list[list[str]]:
        """The labels of its buttons, row by row."""
        return [[str(button["text"]) for button in row] for row in self.keyboard]

    @property
    def buttons(self) -> list[str]:
        """The labels of its buttons."""
        return [label for row in self.rows for label in row]

    @property
    def keyboard(self) -> list[list[Json]]:
        """Its inline buttons as they were sent."""
        rows: Any = (self.markup or {}).get("inline_keyboard", [])
        return cast("list[list[Json]]", rows)

    @property
    def photos(self) -> list[bytes]:
        """The photo in its largest size, as Telegram keeps it: a list of one or none."""
        return self._bytes("photo")

    @property
    def documents(self) -> list[bytes]:
        """The document as it was uploaded: a list of one or none."""
        return self._bytes("document")

    @property
    def animations(self) -> list[bytes]:
        """What moves, as it was uploaded: a list of one or none."""
        return self._bytes("animation")

    def _bytes(self, kind: str) -> list[bytes]:
        media = self.content.media
        return [media.largest.data] if media is not None and media.kind == kind else []

    @property
    def file_id(self) -> str | None:
        """The id of its file, of the largest size of a photo."""
        return self.content.media and self.content.media.largest.file_id

    @property
    def filename(self) -> str | None:
        """The name of its document."""
        return self.content.media and self.content.media.filename

    @property
    def force_reply(self) -> bool:
        return bool((self.markup or {}).get("force_reply"))

    @property
    def thread(self) -> "Message":
        """The message that began the chain of answers."""
        first = self
        while first.reply_to is not None:
            first = first.reply_to
        return first

    @property
    def raw(self) -> Json:
        """The JSON as an update carries it."""
        fields = self._own()
        answered = self.reply_to
        if answered is None and self.topic is not None:
            answered = self.topic.opened_by  # so says the real server of whoever answers nothing
        if answered is not None and not answered.deleted and answered is not self:
            fields["reply_to_message"] = answered._own()
        return fields

    @property
    def inaccessible(self) -> Json:
        """The JSON of a message that is no more."""
        return {"chat": self.chat.raw, "message_id": self.id, "date": 0}

    def _own(self) -> Json:
        """Return it without the message that it answers."""
        fields: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.raw}
        fields |= self._sender()
        if self.topic is not None:
            fields |= {"message_thread_id": self.topic.id, "is_topic_message": True}
        elif self.reply_to is not None and self.chat.kind == "supergroup":
            fields["message_thread_id"] = self.thread.id
        optional = {
            "edit_date": self.edit_date,
            "media_group_id": self.album,
            "via_bot": self.via and self.via.raw,
            "forward_origin": self.origin,
        }
        fields |= {name: value for name, value in optional.items() if value is not None}
        if self.keyboard:
            fields["reply_markup"] = self.markup
        return fields | self.content.raw | (self.service or {})

    def _sender(self) -> Json:
        if self.author is None:
            return {"sender_chat": self.chat.raw}
        if self.anonymous:
            return {"from": self.author.raw, "sender_chat": self.chat.raw}
        return {"from": self.author.raw}

    def show(self, at: float) -> None:
        """Note what it shows from now on."""
        self.edits.append(Showing(at, self.text, bool(self.photos or self.content.kind == "photo")))
