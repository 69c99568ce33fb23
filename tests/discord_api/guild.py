"""Servers, which the API calls guilds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.discord_api.channel import Channel
from tests.discord_api.permission import ALL, EVERYONE, bits
from tests.discord_api.refusal import Json
from tests.discord_api.user import User

if TYPE_CHECKING:
    from tests.discord_api.person import Person
    from tests.discord_api.world import World

FILE_BYTES = 10 << 20


@dataclass(slots=True, eq=False)
class Member:
    """Somebody in a server."""

    user: User
    joined_at: str
    roles: tuple[int, ...] = ()

    @property
    def plain(self) -> Json:
        """It without the user, as messages tell of it."""
        return {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": self.joined_at,
            "nick": None,
            "pending": False,
            "premium_since": None,
            "roles": [str(role) for role in self.roles],
            "mute": False,
            "deaf": False,
        }

    @property
    def raw(self) -> Json:
        return self.plain | {"user": self.user.raw}


class Guild:
    """A server with people in it."""

    def __init__(self, world: "World", title: str, owner: User, *, has_bot: bool) -> None:
        self._world = world
        self.id = world.ids.mint()
        self.title = title
        self.owner = owner
        self.has_bot = False
        self.size_limit = world.setting.size_limit
        """Of each file, in bytes; a boosted server takes more."""
        self.locale = "zh-CN"
        self.everyone = EVERYONE
        """What all may do, as bits."""
        self.granted = 0
        """What the bot may do besides, as bits."""
        self.bot_role = world.ids.mint()
        self.admin_role = world.ids.mint()
        self.bot_joined = world.stamp()
        self.members: dict[int, Member] = {}
        if has_bot:
            self.lets_in_bot(tell=False)

    def __repr__(self) -> str:
        return f"<Guild {self.id} {self.title!r}>"

    # ── who is there ────────────────────────────────────────────────────────────────────────

    def add(self, user: User, *, admin: bool = False) -> None:
        """Have somebody in it."""
        roles = (self.admin_role,) if admin else ()
        self.members[user.id] = Member(user, self._world.stamp(), roles)

    def joins(self, person: "Person") -> None:
        """Have somebody come in."""
        self.add(person.user)
        told = self.members[person.id].raw | {"guild_id": str(self.id)}
        self._world.tell("GUILD_MEMBER_ADD", told, self)

    def leaves(self, person: "Person") -> None:
        """Have somebody go out."""
        del self.members[person.id]
        told: Json = {"guild_id": str(self.id), "user": person.user.raw}
        self._world.tell("GUILD_MEMBER_REMOVE", told, self)

    def lets_in_bot(self, *, tell: bool = True) -> None:
        """Let the bot in."""
        self.has_bot = True
        self.bot_joined = self._world.stamp()
        bot = self._world.bot
        self.members[bot.id] = Member(bot, self.bot_joined, (self.bot_role,))
        if tell:
            self._world.tell("GUILD_CREATE", None, self)

    def puts_out_bot(self) -> None:
        """Put the bot out."""
        self.has_bot = False
        self.members.pop(self._world.bot.id, None)
        self._world.tell("GUILD_DELETE", {"id": str(self.id)}, self)

    # ── channels ────────────────────────────────────────────────────────────────────────────

    def channel(self, name: str) -> Channel:
        """Return the channel of a name, made now if there is none."""
        found = next((one for one in self.channels if one.name == name), None)
        if found is None:
            found = Channel(self._world, name, guild=self)
            found.position = len(self.channels)
            self._world.channels[found.id] = found
            if self.has_bot:
                self._world.tell_of(found, "CHANNEL_CREATE", found.raw)
        return found

    @property
    def channels(self) -> list[Channel]:
        """Of those that are there, threads left out."""
        return [one for one in self._places() if not one.is_thread]

    @property
    def threads(self) -> list[Channel]:
        return [one for one in self._places() if one.is_thread]

    def _places(self) -> list[Channel]:
        return [one for one in self._world.channels.values() if one.guild is self and not one.gone]

    # ── permissions ─────────────────────────────────────────────────────────────────────────

    def forbid(self, *names: str) -> None:
        """Let the bot do something no more, in any channel that is there."""
        for channel in self.channels:
            channel.forbid(*names)

    def allow(self, *names: str) -> None:
        """Let the bot do again what it could not."""
        for channel in self.channels:
            channel.allow(*names)

    def forbid_all(self, *names: str) -> None:
        """Let nobody do something any more but admins."""
        self.everyone &= ~bits(*names)
        if self.has_bot:
            role = self._role(self.id, "@everyone", self.everyone, 0)
            told: Json = {"guild_id": str(self.id), "role": role}
            self._world.tell("GUILD_ROLE_UPDATE", told, self)

    def grant(self, *names: str) -> None:
        """Let the bot do what not all may, as the link asks for by which it was let in."""
        self.granted |= bits(*names)

    @property
    def bot_permissions(self) -> int:
        return self.everyone | self.granted if self.has_bot else 0

    def permissions_of(self, user: User) -> int:
        """Return what somebody may do, as bits."""
        member = self.members.get(user.id)
        if user is self.owner or (member and self.admin_role in member.roles):
            return ALL
        return self.everyone

    # ── as it is told ───────────────────────────────────────────────────────────────────────

    def _role(self, number: int, name: str, permissions: int, position: int) -> Json:
        return {
            "id": str(number),
            "name": name,
            "permissions": str(permissions),
            "position": position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": number == self.bot_role,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }

    @property
    def raw(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.title,
            "owner_id": str(self.owner.id),
            "roles": [
                self._role(self.id, "@everyone", self.everyone, 0),
                self._role(self.admin_role, "管理员", ALL, 2),
                self._role(self.bot_role, self._world.bot.name, self.granted, 1),
            ],
            "preferred_locale": self.locale,
            **_STANDARD,
        }

    def created(self, *, all_members: bool, joined: bool) -> Json:
        """Return it as GUILD_CREATE tells of it."""
        bot = self._world.bot.id
        shown = [one.raw for one in self.members.values() if all_members or one.user.id == bot]
        there: Json = {} if joined else {"unavailable": False}  # that it is left out tells of it
        return (
            self.raw
            | there
            | {
                "joined_at": self.bot_joined,
                "large": False,
                "member_count": len(self.members),
                "members": shown,
                "channels": [one.raw for one in self.channels],
                "threads": [one.raw for one in self.threads if not one.archived],
                "voice_states": [],
                "presences": [],
                "stage_instances": [],
                "guild_scheduled_events": [],
                "soundboard_sounds": [],
            }
        )


_STANDARD: Json = {
    "icon": None, "description": None, "home_header": None, "splash": None,
    "discovery_splash": None, "features": [], "banner": None, "application_id": None,
    "region": "hongkong", "afk_channel_id": None, "afk_timeout": 300, "system_channel_id": None,
    "system_channel_flags": 0, "widget_enabled": False, "widget_channel_id": None,
    "verification_level": 0, "default_message_notifications": 0, "mfa_level": 0,
    "explicit_content_filter": 0, "max_presences": None, "max_members": 500_000,
    "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "vanity_url_code": None,
    "premium_tier": 0, "premium_subscription_count": 0, "rules_channel_id": None,
    "safety_alerts_channel_id": None, "public_updates_channel_id": None,
    "premium_progress_bar_enabled": False, "nsfw": False, "nsfw_level": 0, "emojis": [],
    "stickers": [], "incidents_data": None,
}  # fmt: skip
