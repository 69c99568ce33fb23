"""Edits each job's own message while it waits and is drawn; what fails is worth no second try."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from aiosqlite import Connection

from bot.attempt import ended
from bot.bulletin import Bulletin, Opening
from bot.channel import Channels
from bot.errors import ChatMoved, MessageGone, NotSent
from bot.ports import Adapter
from bot.reply import Edit, Limits, Status
from bot.store.leaving import leave
from bot.store.moving import move
from bot.store.store import Store
from generation.recipe import Preview

log = logging.getLogger(__name__)

LOOK_S = 0.25
"""How often what waits for its time is looked at."""
AGAIN_S = 1.0
"""How often a message is looked for that is not sent yet."""
SILENT_S = 600.0
"""A job of which nothing was heard for so long is forgotten, until something is."""

Sketcher = Callable[[Status, Sequence[Preview]], bytes]
"""Labelled PNG of the pictures of a job in the making, side by side."""


class Herald:
    """Knows what each message shows, and what it should."""

    def __init__(
        self,
        store: Store,
        adapters: Mapping[str, Adapter],
        channels: Channels,
        sketcher: Sketcher | None,
    ) -> None:
        """Begin.

        Args:
            store: Where the messages of jobs are kept.
            adapters: By platform.
            channels: That all calls go through.
            sketcher: Makes sketches, if they are to be shown.
        """
        self._store = store
        self._adapters = adapters
        self._channels = channels
        self._sketcher = sketcher
        self._bulletins = dict[int, Bulletin]()
        self._editing = dict[str, asyncio.Task[None]]()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Edit what is due, for ever; a slow chat keeps no other waiting."""
        try:
            while True:
                if not self._begin():
                    await self._news.wait()
                self._news.clear()
                await asyncio.sleep(LOOK_S)  # nothing else tells that a time has come
        finally:
            await ended(*self._editing.values())

    def hear(self, status: Status) -> None:
        """Note where a job is."""
        now = self._channels.now()
        bulletin = self._bulletins.setdefault(status.job_id, Bulletin(status, now))
        bulletin.hear(status, now)
        self._news.set()

    def end(self, job_id: int) -> None:
        """Forget a job: its last word is about to be said. The caller holds its channel."""
        self._bulletins.pop(job_id, None)

    def leave(self, chat: str) -> None:
        """Forget the jobs of a chat, by key: nothing is shown there any more."""
        for job_id, bulletin in list(self._bulletins.items()):
            if bulletin.status.chat.key == chat:
                del self._bulletins[job_id]

    def more(self, chat: str, without: Iterable[int], within_s: float) -> bool:
        """Return whether another job of a chat, by key, will be done in so many seconds."""
        now, known = self._channels.now(), set(without)
        return any(
            bulletin.nearly_done(within_s, now)
            for job_id, bulletin in self._bulletins.items()
            if bulletin.status.chat.key == chat and job_id not in known
        )

    async def refresh(self, chat: str) -> None:
        """Edit the message of a chat, by key, that was not edited the longest, if it is time."""
        async with self._channels.to(chat).turn:
            while (bulletin := self._due(chat)) is not None:
                if not self._is_time(bulletin) or await self._edited(bulletin):
                    return

    def _begin(self) -> bool:
        """Begin to edit wherever it is time; return whether there is more to come."""
        now = self._channels.now()
        for job_id, bulletin in list(self._bulletins.items()):
            if now - bulletin.heard_at > SILENT_S:
                del self._bulletins[job_id]
        news = {b.status.chat.key: b for b in self._bulletins.values() if self._is_news(b)}
        for chat, bulletin in news.items():
            if chat not in self._editing and self._is_time(bulletin):
                task = asyncio.ensure_future(self.refresh(chat))
                self._editing[chat] = task
                task.add_done_callback(lambda done, chat=chat: self._edited_in(chat, done))
        return bool(news)

    def _edited_in(self, chat: str, done: asyncio.Task[None]) -> None:
        self._editing.pop(chat)
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("an edit in %s", chat, exc_info=error)  # a bug costs one edit

    def _due(self, chat: str) -> Bulletin | None:
        waiting = [
            bulletin
            for bulletin in self._bulletins.values()
            if bulletin.status.chat.key == chat and self._is_news(bulletin)
        ]
        return min(waiting, key=lambda bulletin: bulletin.shown_at, default=None)

    def _is_news(self, bulletin: Bulletin) -> bool:
        return bulletin.is_news(self._limits(bulletin), self._channels.now())

    def _is_time(self, bulletin: Bulletin) -> bool:
        return self._channels.spare(self._limits(bulletin), bulletin.status.chat)

    def _limits(self, bulletin: Bulletin) -> Limits:
        return self._adapters[bulletin.status.chat.platform].limits

    async def _edited(self, bulletin: Bulletin) -> bool:
        """Show what a message should show; False if there was nothing to call the platform for."""
        if bulletin.opening is None:
            await self._look_up(bulletin)
            return False
        limits, now = self._limits(bulletin), self._channels.now()
        if not bulletin.opening.editable(limits, now):
            bulletin.still = True
            return False
        self._channels.count(limits, bulletin.status.chat)  # at once: others ask for room meanwhile
        words = bulletin.words(limits)
        edit = await self._sketched(bulletin, bulletin.opening.edit(bulletin.reply(words)))
        bulletin.shown, bulletin.shown_at = words, now
        await self._call(bulletin, edit)
        return True

    async def _look_up(self, bulletin: Bulletin) -> None:
        """Find the message of a job; one that is over, or has none, is left alone."""
        job_id, limits = bulletin.status.job_id, self._limits(bulletin)
        over, opening = await self._store.read(self._found, job_id)
        now = self._channels.now()
        bulletin.sketches = limits.sketches and self._sketcher is not None
        if over:
            self._bulletins.pop(job_id, None)
        elif not limits.edits:
            bulletin.still = True
        elif opening is None:
            bulletin.look_at = now + AGAIN_S
        else:
            bulletin.opened(opening, limits, now)

    async def _found(self, db: Connection, job_id: int) -> tuple[bool, Opening | None]:
        outbox = self._store.outbox
        return await outbox.over(db, job_id), await outbox.opening(db, job_id)

    async def _sketched(self, bulletin: Bulletin, edit: Edit) -> Edit:
        """Return an edit with the pictures in the making, if they are to be seen and are new."""
        found = bulletin.previews_to_show() if bulletin.sketches else ()
        limits = self._limits(bulletin)
        if not found or self._sketcher is None or len(edit.reply.text) > limits.caption:
            return edit
        if not edit.pictured:
            await self._store.insist(self._store.outbox.pictured, bulletin.status.job_id)
            assert bulletin.opening is not None  # noqa: S101  it was edited
            bulletin.opening = replace(bulletin.opening, pictured=True)
        bulletin.sketched = found
        sketch = await asyncio.to_thread(self._sketcher, bulletin.status, found)
        return replace(edit, sketch=sketch)

    async def _call(self, bulletin: Bulletin, edit: Edit) -> None:
        chat = edit.chat
        channel, adapter = self._channels.to(chat.key), self._adapters[chat.platform]
        try:
            await adapter.edit(edit)
        except MessageGone as error:
            log.info("the message of job %d is left as it is: %s", edit.job_id, error)
            bulletin.still = True
        except ChatMoved as error:
            log.info("%s goes on as %s; job %d shows only its end", chat.key, error.to, edit.job_id)
            bulletin.still = True
            moved = replace(chat, id=error.to)
            await self._store.insist(move, self._store, chat.key, moved.key)
        except NotSent as error:
            log.info("an edit for job %d is dropped: %s", edit.job_id, error)
            if error.retry_after_s:
                channel.hush(error.retry_after_s, self._channels.now())
                bulletin.shown = ""  # what is so by then is shown then
            if error.final:
                self.leave(chat.key)
                await self._store.insist(leave, self._store, chat.key)
        finally:
            channel.called(adapter.limits, chat, self._channels.now())
