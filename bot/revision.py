"""A change that someone wants in a picture that is there, made into a request of its own."""

import asyncio
from dataclasses import replace

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.errors import LabelMissing, NoSuchPicture
from bot.event import Image, Message
from bot.follow import Follow, Revision, derived, on_picture, only
from bot.job import Job, Origin, State
from bot.label import uncovered
from bot.parsing.follow import follow
from bot.store.store import Store
from bot.style import Styles
from bot.wording import say

RECENT_S = 600.0
"""How long what someone says without naming a picture is about their last one."""
ENDED = {State.FAILED, State.CANCELLED}


class Reviser:
    """Finds what a change is about, and makes it."""

    def __init__(self, store: Store, styles: Styles) -> None:
        self._store = store
        self._styles = styles

    def change(self, message: Message) -> Follow | None:
        """Return the change that a message asks for; None if it asks for none.

        With a picture of one's own, words are about that one.

        Raises:
            TooLong: The message is not read at all.
        """
        if any(image.role == "source" for image in message.images):
            return None
        return follow(message.text, self._styles)

    async def parent(self, db: Connection, message: Message) -> Origin | None:
        """Return what a change is about: what is answered, or else the last of a short while."""
        if message.reply_to:
            return await self._store.queue.about(db, message.chat, message.reply_to)
        job = await self._store.queue.recent(db, message.user, message.chat, RECENT_S)
        return None if job is None else Origin(job.id)

    async def revised(self, db: Connection, parent: Origin, change: Follow) -> Revision:
        """Make a change.

        Args:
            db: An open transaction.
            parent: What it is about.
            change: What is asked for.

        Raises:
            NoSuchPicture: There is none, or it cannot be told which; says so.
            DiskFull: What it starts from cannot be kept.
        """
        job = await self._store.queue.get(db, parent.job_id)
        if job is None:
            raise NoSuchPicture(say("找不到这张画了"))
        number = _number(job, parent, change)
        before = job.request if number is None else only(job.request, number)
        request = derived(before, change)
        if change.needs_picture(before):
            image = await self._source(db, job, number or 0)
            request = on_picture(request, image, change)
        return Revision(
            request=replace(request, notes=()),
            parent=Origin(job.id, number),
            before=before,
            difference=change.difference,
        )

    async def _source(self, db: Connection, job: Job, number: int) -> Image:
        """Return a picture of a job, as it was drawn, as one that can be drawn on."""
        artworks = await self._store.gallery.of(db, job.id)
        if not artworks:
            if job.state in ENDED:
                raise NoSuchPicture(say("那张没有画成，改不了"))
            raise NoSuchPicture(say("那张还没画好，画好了再说一次"))
        for artwork in artworks:
            if artwork.number == number:
                return await asyncio.to_thread(self.drawn, artwork)
        raise NoSuchPicture(say("找不到这张画了"))

    def drawn(self, artwork: Artwork) -> Image:
        """Return a picture as it was drawn, as one that can be drawn on. Call it in a thread.

        Raises:
            NoSuchPicture: Its file is gone.
            DiskFull: It cannot be kept.
        """
        try:
            png = uncovered(*self._store.gallery.files(artwork))
        except (OSError, LabelMissing) as error:
            raise NoSuchPicture(say("那张画的文件不在了，改不了；可以说“再来一张”")) from error
        return self._store.sources.keep_ours("source", png)


def _number(job: Job, parent: Origin, change: Follow) -> int | None:
    """Return which picture of a job is meant, from 0; None of the only one, or if all are."""
    count = job.request.count
    number = parent.number if change.index is None else change.index - 1
    if number is not None and not 0 <= number < count:
        raise NoSuchPicture(say("#{job} 只有 {count} 张", job=job.id, count=count))
    if count == 1:
        return None
    if number is None and change.is_of_one:
        raise NoSuchPicture(say(change.which, job=job.id, count=count))
    return number
