"""What comes in: a platform-neutral message or button press."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.action import Action


@dataclass(frozen=True, slots=True)
class User:
    """A person on one platform."""

    platform: str
    id: str
    name: str = ""
    roles: tuple[str, ...] = field(default=(), compare=False)
    """What the platform says of them in this chat: "admin", "owner"; see bot/role.py."""

    @property
    def key(self) -> str:
        """The person across the whole bot, as "telegram:123"."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Chat:
    """A group or a private talk on one platform."""

    platform: str
    id: str
    group: bool = False

    @property
    def key(self) -> str:
        """The chat across the whole bot, as "telegram:-456"."""
        return f"{self.platform}:{self.id}"


Role = Literal["source", "mask"]
"""What an image is for: to be drawn on, or to say where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that came with a message and was taken in."""

    role: Role
    sha256: str
    """Of the file that is kept; bot/store/sources.py opens it."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    clear: str = ""
    """Where it was clear, white in a file of that SHA-256; empty: nowhere, or nearly everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture that came with a message, and is still with its platform."""

    ref: str
    """By which the platform hands it out."""
    size: int = 0
    """Bytes; 0: the platform does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Words that someone sent."""

    id: str
    """The platform's own id of the message; a reply names it."""
    chat: Chat
    user: User
    text: str
    to_me: bool = False
    """Said to the bot: in private, by name, by trigger word or in reply to it."""
    images: tuple[Image, ...] = ()
    """Of each role the last one counts."""
    attached: tuple[Attachment, ...] = ()
    """Pictures to be drawn on, that are to be fetched and taken in first (bot/intake.py)."""
    album: str = ""
    """By which messages are known that were sent as one; empty: it stands alone."""
    reply_to: str = ""
    """The message that it answers, by the platform's id; empty: none."""
    replied: User | None = None
    """Who wrote that message, where the platform tells."""
    mentions: tuple[User, ...] = ()
    """Who is named in it, where the platform tells, without the bot; in order."""
    topic: str = ""
    """The part of the chat that it was said in, where that has parts that are no chats themselves;
    empty: the chat as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that someone pressed."""

    id: str
    chat: Chat
    user: User
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form that someone has filled in."""

    id: str
    chat: Chat
    user: User
    action: Action
    """The form's."""
    values: Mapping[str, str]
    """What was filled in, by names of fields as the platform was given them. Whatever is not there
    stays as it was."""
    topic: str = ""
    """The part of the chat that it is in, as of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A button or form that is none of ours: forged, of another bot, or of a version before."""

    id: str
    chat: Chat
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Words for which somebody wants to see, anywhere, what pictures of theirs there are."""

    id: str
    chat: Chat
    """Their private talk with the bot."""
    user: User
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """Somebody has spoken to the bot for whom, or where, it is not meant to be."""

    id: str
    chat: Chat
    user: User
    pressed: bool = False
    """Whether it was by a button."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A chat goes on under another id."""

    id: str
    chat: Chat
    to: Chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The bot was let into a group."""

    id: str
    chat: Chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The bot was put out of a chat, or blocked: nothing can be said there."""

    id: str
    chat: Chat


Said = Message | Press | Submission | Stray | Lookup | Outsider
"""What someone wants."""
Event = Said | Moved | Joined | Left
"""What someone wants, or what has become of a chat."""
