"""Where people talk: channels, threads, talks with the bot."""

from typing import TYPE_CHECKING

from tests.discord_api.permission import BITS, DIRECT, bits, has
from tests.discord_api.refusal import Json
from tests.discord_api.user import User

if TYPE_CHECKING:
    from tests.discord_api.guild import Guild
    from tests.discord_api.message import Message
    from tests.discord_api.world import World

TEXT, DIRECT_TALK, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
VIEWING = "VIEW_CHANNEL"


class Channel:
    """A channel of a server, a thread in one, or what somebody talks with the bot."""

    def __init__(
        self,
        world: "World",
        name: str,
        *,
        id: int | None = None,  # noqa: A002  as Discord calls it
        kind: int = TEXT,
        guild: "Guild | None" = None,
        parent: "Channel | None" = None,
        whose: User | None = None,
    ) -> None:
        self.world = world
        self.id = id or world.ids.mint()
        self.kind = kind
        self.name = name
        self.guild = guild
        self.parent = parent
        """Of a thread."""
        self.recipient = whose if kind == DIRECT_TALK else None
        """Who talks with the bot here."""
        self.owner = whose
        """Who opened a thread."""
        self.position = 0
        self.denied = 0
        """What the bot may not do here, as bits."""
        self.messages: dict[int, Message] = {}
        """All that were not deleted, by id, the oldest first."""
        self.deleted: set[int] = set()
        """The ids of those that were."""
        self.gone = False
        self.archived = False
        self.locked = False
        self.lasts_minutes = 4320
        self.made = world.stamp()
        self.archived_changed = self.made

    def __repr__(self) -> str:
        return f"<Channel {self.id} {self.name!r}>"

    @property
    def is_thread(self) -> bool:
        return self.kind in (PUBLIC_THREAD, PRIVATE_THREAD)

    @property
    def is_direct(self) -> bool:
        return self.kind == DIRECT_TALK

    @property
    def guild_id(self) -> int | None:
        return None if self.guild is None else self.guild.id

    @property
    def there(self) -> bool:
        """Whether the bot can know of it."""
        return not self.gone and (self.guild is None or self.guild.has_bot)

    @property
    def permissions(self) -> int:
        """What the bot may do here, as bits."""
        if self.guild is None:
            return DIRECT | bits("VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY")
        denied = self.denied | (self.parent.denied if self.parent is not None else 0)
        return self.guild.bot_permissions & ~denied

    def may(self, name: str) -> bool:
        """Say if the bot may do something here."""
        return has(self.permissions, name)

    @property
    def last_message_id(self) -> str | None:
        return str(next(reversed(self.messages))) if self.messages else None

    # ── what becomes of it ──────────────────────────────────────────────────────────────────

    def forbid(self, *names: str) -> None:
        """Let the bot do something no more, here and in the threads here."""
        self.denied |= bits(*names)
        self._changed()

    def allow(self, *names: str) -> None:
        """Let the bot do again what it could not."""
        self.denied &= ~bits(*names)
        self._changed()

    def thread(self, name: str, *, by: User | None = None, private: bool = False) -> "Channel":
        """Return the thread of a name, opened now if there is none."""
        assert self.guild is not None, "there are no threads in a talk with the bot"
        assert not self.is_thread, "there are no threads in threads"
        known = (one for one in self.guild.threads if one.parent is self and one.name == name)
        thread = next(known, None)
        if thread is None:
            kind = PRIVATE_THREAD if private else PUBLIC_THREAD
            thread = self.opens(name, kind, by or self.guild.owner)
        return thread

    def opens(self, name: str, kind: int, owner: User, id: int | None = None) -> "Channel":  # noqa: A002
        """Return a new thread."""
        thread = Channel(
            self.world, name, id=id, kind=kind, guild=self.guild, parent=self, whose=owner
        )
        self.world.channels[thread.id] = thread
        self.world.tell_of(thread, "THREAD_CREATE", thread.raw | {"newly_created": True})
        return thread

    def archive(self, *, locked: bool = False) -> None:
        """Put a thread away; a locked one only moderators bring back."""
        assert self.is_thread, "only threads are archived"
        self.archived, self.locked = True, locked
        self.archived_changed = self.world.stamp()
        self._changed()

    def unarchive(self) -> None:
        """Bring a thread back."""
        self.archived = self.locked = False
        self.archived_changed = self.world.stamp()
        self._changed()

    def delete(self) -> None:
        """Take a channel away, with its threads."""
        assert self.guild is not None, "a talk with the bot is never deleted"
        self.gone = True
        if self.is_thread:
            assert self.parent is not None
            told: Json = {"id": str(self.id), "guild_id": str(self.guild.id), "type": self.kind}
            self.world.tell_of(self, "THREAD_DELETE", told | {"parent_id": str(self.parent.id)})
            return
        for thread in self.guild.threads:
            if thread.parent is self:
                thread.gone = True
        self.world.tell_of(self, "CHANNEL_DELETE", self.raw)

    def _changed(self) -> None:
        kind = "THREAD_UPDATE" if self.is_thread else "CHANNEL_UPDATE"
        if self.guild is not None and self.guild.has_bot:
            self.world.tell_of(self, kind, self.raw)

    # ── as it is told ───────────────────────────────────────────────────────────────────────

    @property
    def raw(self) -> Json:
        told: Json = {
            "id": str(self.id),
            "type": self.kind,
            "flags": 0,
            "last_message_id": self.last_message_id,
        }
        if self.recipient is not None:
            return told | {"recipients": [self.recipient.raw]}
        told |= {"guild_id": str(self.guild_id), "name": self.name, "rate_limit_per_user": 0}
        return told | (self._thread() if self.is_thread else self._text())

    def _text(self) -> Json:
        return {
            "position": self.position,
            "parent_id": None,
            "topic": None,
            "nsfw": False,
            "permission_overwrites": self._overwrites(),
        }

    def _thread(self) -> Json:
        assert self.parent is not None
        assert self.owner is not None
        metadata: Json = {
            "archived": self.archived,
            "archive_timestamp": self.archived_changed,
            "auto_archive_duration": self.lasts_minutes,
            "locked": self.locked,
            "create_timestamp": self.made,
        }
        if self.kind == PRIVATE_THREAD:
            metadata["invitable"] = True
        return {
            "parent_id": str(self.parent.id),
            "owner_id": str(self.owner.id),
            "thread_metadata": metadata,
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": 1,
        }

    def _overwrites(self) -> list[Json]:
        if not self.denied:
            return []
        bot = str(self.world.bot.id)
        return [{"id": bot, "type": 1, "allow": "0", "deny": str(self.denied)}]

    def seen_with(self, permissions: int) -> Json:
        """Return it as an interaction tells of it: with what the person may do."""
        return self.raw if self.is_direct else self.raw | {"permissions": str(permissions)}


def lacks(channel: Channel, *names: str) -> str | None:
    """Return the first permission that the bot lacks in a channel."""
    assert set(names) <= BITS.keys()
    return next((name for name in names if not channel.may(name)), None)
