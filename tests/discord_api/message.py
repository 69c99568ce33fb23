"""A message as the server keeps it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.discord_api.channel import Channel
from tests.discord_api.component import BUTTON, named
from tests.discord_api.file import Attachment
from tests.discord_api.mention import Mentions
from tests.discord_api.refusal import Json
from tests.discord_api.user import User

if TYPE_CHECKING:
    from tests.discord_api.interaction import Interaction

DEFAULT, PIN_NOTE, THREAD_NOTE = 0, 6, 18
REPLY, COMMAND_REPLY, THREAD_STARTER, MENU_REPLY = 19, 20, 21, 23
SUPPRESS_EMBEDS, EPHEMERAL, LOADING, HAS_THREAD, SILENT = 1 << 2, 1 << 6, 1 << 7, 1 << 5, 1 << 12
COMPONENTS_V2 = 1 << 15


class Showing(NamedTuple):
    """What a message showed from when on."""

    at: float
    content: str
    attachments: int


@dataclass(slots=True, kw_only=True)
class Body:
    """What is in a message."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list[Json])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    components: list[Json] = field(default_factory=list[Json])
    mentions: Mentions = field(default_factory=Mentions)
    flags: int = 0

    @property
    def empty(self) -> bool:
        return not (self.content or self.embeds or self.attachments or self.components)


@dataclass(slots=True, eq=False, kw_only=True)
class Message:
    """A message."""

    id: int
    channel: Channel
    author: User
    timestamp: str
    kind: int = DEFAULT
    body: Body = field(default_factory=Body)
    reply_to: "Message | None" = None
    interaction: "Interaction | None" = None
    """That it answers."""
    seen_by: User | None = None
    """Of an ephemeral one, the only one to see it."""
    nonce: str | int | None = None
    edited: str | None = None
    thread: Channel | None = None
    """That was opened from it."""
    pinned: bool = False
    deleted: bool = False
    edits: list[Showing] = field(default_factory=list[Showing])
    """What it has shown since when, as it first was at the beginning."""

    def __repr__(self) -> str:
        # short: what it answers and what is around it go on without end
        what = {"content": self.content, "files": len(self.attachments), "rows": self.rows}
        flags = {"ephemeral": self.ephemeral, "loading": self.loading, "deleted": self.deleted}
        told = {name: said for name, said in {**what, **flags}.items() if said}
        return f"<Message {self.id} of {self.author.name} in {self.channel.name}: {told}>"

    # ── what is to be seen ──────────────────────────────────────────────────────────────────

    @property
    def content(self) -> str:
        return self.body.content

    @property
    def embeds(self) -> list[Json]:
        return self.body.embeds

    @property
    def attachments(self) -> list[Attachment]:
        return self.body.attachments

    @property
    def components(self) -> list[Json]:
        """The rows, as they are sent."""
        return self.body.components

    @property
    def rows(self) -> list[list[str]]:
        """What is written on the buttons and menus."""
        return [[named(one) for one in row["components"]] for row in self.components]

    @property
    def buttons(self) -> list[str]:
        """What is written on the buttons, row after row."""
        return [named(one) for one in self.items if one["type"] == BUTTON]

    @property
    def items(self) -> list[Json]:
        """The buttons and menus, row after row."""
        return [one for row in self.components for one in row["components"]]

    @property
    def ephemeral(self) -> bool:
        return self.seen_by is not None

    @property
    def loading(self) -> bool:
        """Whether the bot "is thinking"."""
        return bool(self.body.flags & LOADING)

    @property
    def pinged(self) -> list[str]:
        """Who was told of it with a ping, as it is written in the text."""
        return self.body.mentions.pinged

    @property
    def by_bot(self) -> bool:
        return self.author.is_bot

    # ── as it is told ───────────────────────────────────────────────────────────────────────

    @property
    def raw(self) -> Json:
        """Return it whole."""
        told = self.plain
        if self.reply_to is not None:
            gone = self.reply_to.deleted
            told["referenced_message"] = None if gone else self.reply_to.plain
        return told

    @property
    def fresh(self) -> Json:
        """It as it is told once, when it is sent: who fetches it later does not see its nonce."""
        return self.raw if self.nonce is None else self.raw | {"nonce": self.nonce}

    @property
    def plain(self) -> Json:
        """It without the message that it answers."""
        body, world = self.body, self.channel.world
        told: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.kind,
            "author": self.author.raw,
            "content": body.content,
            "timestamp": self.timestamp,
            "edited_timestamp": self.edited,
            "tts": False,
            "pinned": self.pinned,
            "flags": body.flags,
            "mention_everyone": body.mentions.everyone,
            "mentions": [user.raw for user in body.mentions.users],
            "mention_roles": [str(role) for role in body.mentions.roles],
            "attachments": [world.files.raw(one) for one in body.attachments],
            "embeds": body.embeds,
            "components": body.components,
        }
        if self.reply_to is not None:
            told["message_reference"] = reference(self.reply_to)
        if self.interaction is not None:
            told |= self.interaction.told_of_message()
        if self.thread is not None:
            told["thread"] = self.thread.raw
        return told


def reference(message: Message) -> Json:
    """Return a reference to a message."""
    told: Json = {"type": 0, "channel_id": str(message.channel.id), "message_id": str(message.id)}
    guild = message.channel.guild_id
    return told if guild is None else told | {"guild_id": str(guild)}


def hidden(raw: Json) -> Json:
    """Return a message without what only the intent for contents shows."""
    emptied: Json = {"content": "", "attachments": [], "embeds": [], "components": []}
    return raw | emptied
