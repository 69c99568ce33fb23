"""People, and what they do."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.discord_api.acting import (
    act,
    button,
    command_data,
    find_command,
    menu,
    owners,
    submitted,
    values,
)
from tests.discord_api.channel import Channel
from tests.discord_api.command import CHAT, ON_MESSAGE, ON_USER
from tests.discord_api.component import BUTTON
from tests.discord_api.file import Upload, kind_of
from tests.discord_api.interaction import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
)
from tests.discord_api.mention import KINDS, Allowed, mentions
from tests.discord_api.message import DEFAULT, REPLY, Body, Message
from tests.discord_api.option import Filled
from tests.discord_api.user import User
from tests.discord_api.world import World

CONTENT = 2000


class Person:
    """Somebody who uses Discord."""

    def __init__(self, world: World, user: User) -> None:
        self._world = world
        self.user = user
        world.users[user.id] = user
        self.direct = world.talk_with(user)
        """Where they talk with the bot."""
        self.installed = False
        """Whether they have installed the app for themselves, to use it anywhere."""

    def __repr__(self) -> str:
        return f"<Person {self.id} {self.name!r}>"

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def mention(self) -> str:
        return self.user.mention

    @property
    def avatar(self) -> bytes | None:
        """What others see of them."""
        return self.user.avatar

    @avatar.setter
    def avatar(self, png: bytes | None) -> None:
        self.user.avatar = png

    @property
    def refuses_directs(self) -> bool:
        """Whether they take no messages of the bot, but for answers to what they do."""
        return self.id in self._world.refuses_directs

    @refuses_directs.setter
    def refuses_directs(self, refuses: bool) -> None:
        (self._world.refuses_directs.add if refuses else self._world.refuses_directs.discard)(
            self.id
        )

    # ── messages ────────────────────────────────────────────────────────────────────────────

    def says(
        self,
        channel: Channel,
        text: str,
        *,
        to: Message | None = None,
        pings: bool = True,
        mentions: "Sequence[Person | User]" = (),
        attachments: Sequence[bytes | tuple[str, bytes]] = (),
    ) -> Message:
        """Write something.

        Args:
            channel: Where.
            text: What; @name is made a mention of those who are mentioned.
            to: The message that it answers.
            pings: Whether whoever wrote that is told.
            mentions: Who is mentioned, at the beginning if their names are not in it.
            attachments: Files, perhaps with their names.
        """
        self._check_may_write(channel)
        for one in mentions:
            name = f"@{one.name}"
            fits = name in text
            text = text.replace(name, one.mention) if fits else f"{one.mention} {text}".strip()
        assert len(text) <= CONTENT, "no app of Discord sends such a message"
        assert text or attachments, "there is nothing in it"
        body = self._body(text, to if pings else None)
        body.attachments = [
            self._world.files.store(_upload(one), channel.id) for one in attachments
        ]
        kind = DEFAULT if to is None else REPLY
        return self._world.post(channel, self.user, body, kind=kind, reply_to=to)

    def _body(self, text: str, pinged: Message | None) -> Body:
        allowed = Allowed(frozenset(KINDS) - {"everyone"})
        found = mentions(text, allowed, self._world.users, None)
        if pinged is not None and pinged.author not in found.users:
            found.users.append(pinged.author)
            found.pinged.append(pinged.author.mention)
        return Body(content=text, mentions=found)

    def edits(self, message: Message, text: str) -> None:
        """Change what was said."""
        assert message.author is self.user, "that is somebody else's"
        body = self._body(text, None)
        body.attachments = message.attachments
        self._world.edit(message, body)

    def deletes(self, message: Message) -> None:
        """Take a message away, one's own, or any as an admin."""
        guild = message.channel.guild
        admin = guild is not None and guild.permissions_of(self.user) != guild.everyone
        own = message.author is self.user or message.seen_by is self.user
        assert own or admin, "that is somebody else's"
        self._world.remove(message)

    def _check_may_write(self, channel: Channel) -> None:
        """Object where a scene has somebody write what Discord would not let them."""
        assert not channel.gone, "that channel is no more"
        if channel.is_direct:
            assert channel is self.direct, "that is somebody else's talk with the bot"
            return
        guild = channel.guild
        assert guild is not None
        assert self.id in guild.members, f"{self.name} is not in {guild.title}"
        admin = guild.permissions_of(self.user) != guild.everyone
        assert admin or not channel.locked, "that thread is locked"
        if channel.archived:
            channel.unarchive()

    # ── commands ────────────────────────────────────────────────────────────────────────────

    def commands(self, channel: Channel, name: str, **options: Any) -> Interaction:
        """Use a slash command.

        Args:
            channel: Where.
            name: Of the command in any language, with spaces before commands in it.
            options: What is filled in, by the names of the options in any language: texts,
                numbers, people, channels, and bytes for files.
        """
        return self._commands(channel, name, COMMAND, self._filled(channel), options)

    def completes(
        self, channel: Channel, name: str, option: str, typed: str, **others: Any
    ) -> Interaction:
        """Type in an option; what is offered comes as `.choices`."""
        filled = self._filled(channel)
        filled.focused, filled.focused_text = option, typed
        return self._commands(channel, name, AUTOCOMPLETE, filled, others)

    def _filled(self, channel: Channel) -> Filled:
        return Filled(self._world, self.user.locale, channel.guild)

    def _commands(
        self, channel: Channel, name: str, kind: int, filled: Filled, options: dict[str, Any]
    ) -> Interaction:
        first, *path = name.removeprefix("/").split()
        command, whose = find_command(
            self._world, channel, self.user, first, CHAT, installed=self.installed
        )
        data = command_data(command, filled, path, options)
        return act(self._world, self.user, channel, kind, data, owners=whose)

    def chooses_on(self, message: Message, name: str) -> Interaction:
        """Choose a command in the menu of a message."""
        self._check_sees(message)
        channel = message.channel
        command, whose = find_command(
            self._world, channel, self.user, name, ON_MESSAGE, installed=self.installed
        )
        data = command_data(command, self._filled(channel), [], {})
        data["target_id"] = str(message.id)
        data["resolved"] = {"messages": {str(message.id): message.raw}}
        more = {"owners": whose, "target": message}
        return act(self._world, self.user, channel, COMMAND, data, **more)

    def chooses_on_person(self, person: "Person", channel: Channel, name: str) -> Interaction:
        """Choose a command in the menu of a person."""
        command, whose = find_command(
            self._world, channel, self.user, name, ON_USER, installed=self.installed
        )
        filled = self._filled(channel)
        target = filled.user(person.user)
        data = command_data(command, filled, [], {}) | {"target_id": target}
        more = {"owners": whose, "target": person.user}
        return act(self._world, self.user, channel, COMMAND, data, **more)

    # ── buttons, menus, forms ───────────────────────────────────────────────────────────────

    def presses(self, label: str, message: Message) -> Interaction:
        """Press a button."""
        self._check_sees(message)
        found = button(message, label)
        return self._presses(message, found["custom_id"], BUTTON, id=found["id"])

    def presses_data(self, message: Message, custom_id: str) -> Interaction:
        """Press a button that is not there: a forged one, or one of an old message."""
        return self._presses(message, custom_id, BUTTON)

    def selects(
        self, message: Message, label: str | Sequence[str], custom_id: str | None = None
    ) -> Interaction:
        """Choose something in a menu, the only one if it is not named."""
        self._check_sees(message)
        found = menu(message, custom_id)
        labels = [label] if isinstance(label, str) else list(label)
        chosen = values(found, labels)
        return self._presses(
            message, found["custom_id"], found["type"], id=found["id"], values=chosen
        )

    def _presses(self, message: Message, custom_id: str, kind: int, **more: Any) -> Interaction:
        data = {"custom_id": custom_id, "component_type": kind, "id": 1} | more
        of = message.interaction
        whose = of.owners if of is not None else self._owners(message.channel)
        return act(
            self._world, self.user, message.channel, COMPONENT, data, source=message, owners=whose
        )

    def submits(
        self, interaction: Interaction, values: Mapping[str, str | Sequence[str]]
    ) -> Interaction:
        """Fill in the form that an interaction opened, and send it.

        Args:
            interaction: That opened it.
            values: By label; what is not named stays as it was filled in beforehand.
        """
        assert interaction.person is self.user, "that is somebody else's form"
        assert interaction.modal is not None, "no form was opened"
        return act(
            self._world,
            self.user,
            interaction.channel,
            MODAL_SUBMIT,
            submitted(interaction.modal, values),
            source=interaction.source,
            origin=interaction,
            owners=interaction.owners,
        )

    def _owners(self, channel: Channel) -> dict[str, str]:
        return owners(channel, self.user, (0, 1), installed=self.installed)

    def _check_sees(self, message: Message) -> None:
        assert not message.deleted, "that message is no more"
        assert message.seen_by in (None, self.user), "only somebody else sees that"
        assert not message.channel.is_direct or message.channel is self.direct, "not theirs"


def _upload(given: bytes | tuple[str, bytes]) -> Upload:
    name, data = given if isinstance(given, tuple) else ("", given)
    mime, suffix = kind_of(data)
    return Upload(name or f"image.{suffix}", mime, data)
