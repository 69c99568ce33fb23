"""Somebody's avatar as the picture to draw on, where a message wants it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bot.errors import NoAvatar, NotSent
from bot.event import Message, User
from bot.parsing.portrait import Portrait, portrait
from bot.ports import Adapter
from bot.store.store import Store
from bot.wording import say

LIMIT_S = 20.0
"""How long a platform has to hand an avatar out."""


class Avatars:
    """Fetches them, outside of any transaction: a platform may take its time."""

    def __init__(self, store: Store, adapters: Mapping[str, Adapter]) -> None:
        self._store = store
        self._adapters = adapters

    async def handed_in(self, message: Message) -> Message:
        """Return a message with the avatar that it speaks of as its picture, and the other words.

        One that speaks of none, or came with a picture, stays what it is.

        Raises:
            NoAvatar: There is none to be had.
            BadImage: It cannot be used.
            DiskFull: It cannot be kept.
        """
        wanted = None if message.images else portrait(message.text)
        if wanted is None:
            return message
        whose = _whose(message, wanted)
        if whose is None:
            raise NoAvatar(say("要用谁的头像？请 @ 那个人，或者回复他说的话"))
        content = await self._fetched(whose)
        image = await asyncio.to_thread(self._store.sources.keep, "source", content)
        return replace(message, text=wanted.words, images=(image,), reply_to="")

    async def _fetched(self, user: User) -> bytes:
        adapter = self._adapters[user.platform]
        try:
            async with asyncio.timeout(LIMIT_S):
                content = await adapter.avatar(user)
        except (NotSent, TimeoutError) as error:
            raise NoAvatar(say("头像现在取不到，请过一会儿再试，或者直接发一张图")) from error
        if content is None:
            raise NoAvatar(say("这里拿不到头像，请直接发一张图，说要画成什么样"))
        return content


def _whose(message: Message, wanted: Portrait) -> User | None:
    """Return whose avatar is meant; None if nobody was named."""
    if wanted.whose == "mine":
        return message.user
    return message.mentions[0] if message.mentions else message.replied
