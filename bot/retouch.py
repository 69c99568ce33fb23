"""Pictures drawn anew in part: where a copy was painted over, or what was handed in is clear."""

import asyncio
from dataclasses import dataclass, replace

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.errors import NoSuchPicture, NothingPainted
from bot.event import Image, Message
from bot.follow import Follow, Revision, derived, on_picture, only
from bot.job import Job, Origin
from bot.overpaint import Overpaint, overpaint
from bot.parsing.repaint import repaint, says_where
from bot.request import Request
from bot.revision import Reviser
from bot.store.store import Store
from bot.style import Styles
from bot.wording import say


@dataclass(frozen=True, slots=True)
class Looked:
    """What a picture that came with a message is a copy of."""

    artwork: Artwork
    found: Overpaint | None
    """Where they differ; None: the artwork's file is gone."""


class Retoucher:
    """Makes a request of words and of where they are meant."""

    def __init__(self, store: Store, styles: Styles, reviser: Reviser) -> None:
        self._store = store
        self._styles = styles
        self._reviser = reviser

    async def look(self, message: Message) -> Looked | None:
        """Compare what came with a message with the picture that it answers; None: with none.

        It takes its time, and belongs before the transaction in which `painted` is asked.
        """
        copy = _source(message)
        if not message.reply_to or copy is None or _mask(message):
            return None
        read, store = self._store.read, self._store
        about = await read(store.queue.about, message.chat, message.reply_to)
        if about is None:
            return None
        artworks = [
            artwork
            for artwork in await read(store.gallery.of, about.job_id)
            if about.number in (None, artwork.number)
        ]
        return await asyncio.to_thread(self._nearest, artworks, copy)

    async def painted(
        self, db: Connection, message: Message, looked: Looked | None
    ) -> Revision | None:
        """Return what a painted-over copy asks for, in answer to the picture that it is of.

        Args:
            db: An open transaction.
            message: That the copy came with.
            looked: What `look` has found; None: no such picture, and then there is nothing to do.

        Raises:
            NothingPainted: It is a copy, and as the picture is.
            NotUnderstood: It is not said what is to be drawn there.
            NoSuchPicture: The picture's file is gone.
            DiskFull: What is drawn on cannot be kept.
        """
        if looked is None:
            return None
        artwork, found = looked.artwork, looked.found
        job = await self._store.queue.get(db, artwork.job_id)
        if job is None:
            return None
        if found is None:
            raise NoSuchPicture(say("那张画的文件不在了，改不了；可以说“再来一张”"))
        if found.kind == "same":
            words = "没看到涂过的地方：请在图上涂一下要改的地方再发；不用涂，就回复那张画说要改什么"
            raise NothingPainted(say(words))
        change = repaint(message.text, self._styles)
        if change.sides or change.upscale:  # that is asked of the whole picture
            return None
        source = await asyncio.to_thread(self._reviser.drawn, artwork)
        mask = await asyncio.to_thread(self._store.sources.keep_ours, "mask", found.mask)
        return _revision(job, artwork, change, source, mask)

    def filled(self, message: Message) -> Request | None:
        """Return what is to be drawn in the clear parts of a picture that came with a message.

        None if it is clear nowhere, comes with a mask, or words are about the whole of it.
        """
        source = _source(message)
        if source is None or not source.clear or _mask(message) or not says_where(message.text):
            return None
        change = repaint(message.text, self._styles)
        request = derived(Request(prompt=""), change)
        size = (source.width, source.height)
        return replace(request, source=source.sha256, source_px=size, mask=source.clear)

    def _nearest(self, artworks: list[Artwork], copy: Image) -> Looked | None:
        """Return the picture that something is a copy of, and where they differ.

        If a picture's file is gone, that picture and no difference; of no picture, None.
        """
        content = self._store.sources.read(copy.sha256)
        found: list[tuple[float, int, Artwork, Overpaint]] = []
        for artwork in artworks:
            try:
                compared = overpaint(artwork.path.read_bytes(), content)
            except OSError:
                return Looked(artwork, None)
            if compared.kind != "other":
                found.append((compared.share, artwork.id, artwork, compared))
        return Looked(*min(found)[2:]) if found else None


def _revision(job: Job, artwork: Artwork, change: Follow, source: Image, mask: Image) -> Revision:
    several = job.request.count > 1
    before = only(job.request, artwork.number) if several else job.request
    if any(old not in before.prompt for old, _ in change.replace):
        # what is to go has no name in the prompt: the part is all that comes
        come = "，".join(new for _, new in change.replace)
        change = replace(change, prompt=come, replace=())
    request = on_picture(derived(before, change), source, change)
    told = [say("涂过的地方重画"), change.prompt and f"＋{change.prompt}", change.difference]
    return Revision(
        request=replace(request, mask=mask.sha256, seed=change.changes.get("seed"), notes=()),
        parent=Origin(job.id, artwork.number if several else None),
        before=before,
        difference=" ".join(filter(None, told)),
    )


def _source(message: Message) -> Image | None:
    """Return the picture that came with a message; of several the last counts."""
    return next((image for image in reversed(message.images) if image.role == "source"), None)


def _mask(message: Message) -> bool:
    return any(image.role == "mask" for image in message.images)
