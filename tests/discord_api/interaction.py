"""What somebody wants of the bot: a command, a button, a form."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.discord_api.channel import Channel
from tests.discord_api.message import Message
from tests.discord_api.permission import ABROAD
from tests.discord_api.refusal import Json
from tests.discord_api.user import User

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
SAYS, DEFERS, DEFERS_UPDATE, UPDATES, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
INTO_GUILD, BY_USER = "0", "1"
"""How an app can be installed."""


class Answer(NamedTuple):
    """What the bot first said."""

    kind: int
    at: float
    data: Json


@dataclass(slots=True, eq=False, kw_only=True)
class Interaction:
    """One of them; its answer is waited for three seconds, what follows for fifteen minutes."""

    id: int
    token: str = field(repr=False)
    application_id: int
    kind: int
    person: User
    channel: Channel
    data: Json
    at: float
    clock: Callable[[], float] = field(repr=False)
    answer_s: float = 3.0
    owners: Json = field(default_factory=dict[str, str])
    """Who installed the app, by the way it was installed."""
    source: Message | None = None
    """Whose button was pressed, or whence a form was opened."""
    origin: "Interaction | None" = None
    """That opened a form."""
    target: Message | User | None = None
    """Of a command in a menu."""

    answer: Answer | None = None
    message: Message | None = None
    """What shows the answer; for buttons it may be the message that they are on."""
    modal: Json | None = None
    """That was opened."""
    choices: list[Json] | None = None
    """That were offered while somebody typed."""
    followups: list[Message] = field(default_factory=list[Message])
    deferred: bool = False
    """Whether what comes next fills the message that "is thinking"."""
    followed: int = 0
    """Messages sent after the answer, deleted ones too."""

    def __repr__(self) -> str:
        told = None if self.answer is None else self.answer.kind
        return f"<Interaction {self.id} {self.kind} of {self.person.name}, answered: {told}>"

    @property
    def acknowledged_at(self) -> float | None:
        """When the bot answered."""
        return None if self.answer is None else self.answer.at

    @property
    def latency_s(self) -> float | None:
        """How long the bot took to answer."""
        return None if self.answer is None else self.answer.at - self.at

    @property
    def failed(self) -> bool:
        """Whether the person was told that the app did not respond."""
        return self.answer is None and self.clock() - self.at > self.answer_s

    @property
    def ephemeral(self) -> bool:
        """Whether only the person sees the answer."""
        return self.message is not None and self.message.ephemeral

    @property
    def abroad(self) -> bool:
        """Whether the bot is only there because the person installed it."""
        guild = self.channel.guild
        return guild is not None and not guild.has_bot

    @property
    def content(self) -> str | None:
        """What the answer says by now."""
        return None if self.message is None else self.message.content

    @property
    def name(self) -> str:
        """What a message that answers it tells that it was."""
        return str(self.data.get("name", ""))

    # ── as it is told ───────────────────────────────────────────────────────────────────────

    def raw(self, size_limit: int) -> Json:
        """Return it as the bot is told of it."""
        channel, guild = self.channel, self.channel.guild
        permissions = 0 if guild is None else guild.permissions_of(self.person)
        told: Json = {
            "id": str(self.id),
            "application_id": str(self.application_id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(channel.id),
            "channel": channel.seen_with(permissions),
            "locale": self.person.locale,
            "app_permissions": str(ABROAD if self.abroad else channel.permissions),
            "entitlements": [],
            "authorizing_integration_owners": self.owners,
            "context": 1 if guild is None else 0,
            "attachment_size_limit": size_limit,
        }
        if guild is None:
            told["user"] = self.person.raw
        else:
            member = guild.members[self.person.id].raw
            told["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
            told["guild_id"], told["guild_locale"] = str(guild.id), guild.locale
            told["member"] = member | {"permissions": str(permissions)}
        if self.source is not None:
            told["message"] = self.source.raw
        return told

    def told_of_message(self) -> Json:
        """Return what a message tells of the interaction that it answers."""
        told: Json = {
            "application_id": str(self.application_id),
            "webhook_id": str(self.application_id),
            "interaction_metadata": self.metadata,
        }
        if self.kind == COMMAND:
            named = {"id": str(self.id), "type": self.kind, "name": self.name}
            told["interaction"] = named | {"user": self.person.raw}
        return told

    @property
    def metadata(self) -> Json:
        told: Json = {
            "id": str(self.id),
            "type": self.kind,
            "user": self.person.raw,
            "authorizing_integration_owners": self.owners,
        }
        if self.kind == COMPONENT and self.source is not None:
            told["interacted_message_id"] = str(self.source.id)
        if self.origin is not None:
            told["triggering_interaction_metadata"] = self.origin.metadata
        if isinstance(self.target, Message):
            told["target_message_id"] = str(self.target.id)
        elif self.target is not None:
            told["target_user"] = self.target.raw
        return told
