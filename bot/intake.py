"""What an event takes before it can be answered, with nothing locked: pictures, avatars, roles."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.action import Action, Verb
from bot.avatar import Avatars
from bot.errors import BadImage, NoAvatar, NotSent, StudioError
from bot.event import Attachment, Event, Image, Message, Press, Submission
from bot.ports import Adapter
from bot.retouch import Looked, Retoucher
from bot.rules import Rules
from bot.store.store import Store
from bot.wording import LANGUAGE, say

LIMIT_S = 30.0
"""How long a platform has to hand out a picture."""
FETCHED = 8
"""Messages whose pictures are fetched at the same time."""
OPENED = 2
"""Pictures that are opened at the same time, or wait to be: threads are for others, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An event with all that its answer takes."""

    event: Event | None
    """None: it is of no use."""
    refusal: StudioError | None = None
    """Why it cannot be answered as it wants."""
    looked: Looked | None = None
    """What the picture that came with it is a copy of."""


class Intake:
    """Fetches it; a platform may take its time."""

    def __init__(
        self, store: Store, adapters: Mapping[str, Adapter], rules: Rules, retoucher: Retoucher
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._rules = rules
        self._retoucher = retoucher
        self._avatars = Avatars(store, adapters)
        self._fetching = asyncio.Semaphore(FETCHED)
        self._opening = asyncio.Semaphore(OPENED)

    async def heard(self, event: Event | None) -> Heard:
        """Return an event with what it takes.

        Raises:
            DiskFull: What came with it cannot be kept.
        """
        if isinstance(event, Message | Press | Submission):
            event = await self._with_roles(event)
        if not isinstance(event, Message) or not event.to_me:
            return Heard(event=event)
        LANGUAGE.set(
            await self._store.read(self._store.preferences.language, event.user, event.chat)
        )
        try:
            event = await self._avatars.handed_in(await self._with_pictures(event))
        except (BadImage, NoAvatar) as error:
            return Heard(event=event, refusal=error)
        return Heard(event=event, looked=await self._retoucher.look(event))

    async def _with_roles(self, event: Message | Press | Submission) -> Event:
        """Return an event with what its user is in the group, where that may matter."""
        roles, chat = self._rules.roles, event.chat
        commands = isinstance(event, Message) and event.to_me and event.text.startswith(("/", "／"))
        opens = isinstance(event, Press | Submission) and _opens(event.action)
        if not chat.group or not (commands or opens or roles.asks_platform):
            return event
        if isinstance(event, Message) and not event.to_me:
            return event
        try:
            told = await self._adapters[chat.platform].roles_of(event.user, chat)
        except NotSent:  # then they are nobody in particular
            return event
        return replace(event, user=replace(event.user, roles=told))

    async def _with_pictures(self, message: Message) -> Message:
        """Return a message with what came with it taken in.

        Raises:
            BadImage: One cannot be had or used.
            DiskFull: One cannot be kept.
        """
        asks_back = not (message.text.strip() or message.reply_to)
        if not message.attached or asks_back or await self._is_banned(message):
            return message
        async with self._fetching:
            found = [await self._taken(message, one) for one in message.attached]
        return replace(message, images=(*found, *message.images))

    async def _taken(self, message: Message, attachment: Attachment) -> Image:
        adapter = self._adapters[message.chat.platform]
        try:
            async with asyncio.timeout(LIMIT_S):
                content = await adapter.fetch(attachment)
        except (NotSent, TimeoutError) as error:
            words = "这张图现在取不下来，请过一会儿再发一次"
            raise BadImage(say(words)) from error
        async with self._opening:
            return await asyncio.to_thread(self._store.sources.keep, "source", content)

    async def _is_banned(self, message: Message) -> bool:
        """Return whether somebody is not served anyway; the gate tells them."""
        return await self._store.read(self._store.bans.of, message.user) is not None


def _opens(action: Action) -> bool:
    """Return whether a button opens a group session, which a chat may leave to few."""
    return action.verb is Verb.OPEN or (action.verb, action.value) == (Verb.PLAY, "again")


def joined(messages: Sequence[Message]) -> Message:
    """Return messages that were sent as one, in order: the words of one, the pictures of all."""
    said = next((message for message in messages if message.text), messages[0])
    return replace(
        said,
        to_me=any(message.to_me for message in messages),
        attached=tuple(one for message in messages for one in message.attached),
        images=tuple(one for message in messages for one in message.images),
        album="",
    )
