"""The front half of the line: an update comes in, a job and an answer are kept."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aiosqlite import Connection

from bot import texts
from bot.action import Verb
from bot.errors import DiskFull, NoRoom, NoSuchJob, StudioError
from bot.event import Chat, Image, Message, Press, User
from bot.job import Job
from bot.pace import Pace
from bot.parsing.parser import parse
from bot.policy import PolicyConfig, cost, settle
from bot.ports import Adapter
from bot.request import Request
from bot.store.inbox import Update
from bot.store.store import Store
from bot.style import Styles
from bot.words.judge import Words

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""An update that the process has died on so often is not tried again."""
DISK_S = 5.0
"""How long to wait for room on a full disk."""


class App:
    """Receives every event of every platform."""

    def __init__(
        self,
        store: Store,
        adapters: Mapping[str, Adapter],
        styles: Styles,
        policy: PolicyConfig,
        pace: Pace,
        new_seed: Callable[[], int],
        words: Words | None = None,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._styles = styles
        self._policy = policy
        self._pace = pace
        self._new_seed = new_seed
        self._words = words

    async def hear(self, platform: str, update_id: str, body: bytes) -> None:
        """Keep an update; when this returns, the platform may be told that it has arrived.

        Raises:
            DiskFull: It was not kept.
        """
        await self._store.write(self._store.inbox.receive, platform, update_id, body)

    async def run(self) -> None:
        """Answer what the inbox holds, in order, for ever."""
        while True:
            seen = self._store.commits
            while (update := await self._store.read(self._store.inbox.next)) is not None:
                await self.receive(update)
            await self._store.after(seen)

    async def receive(self, update: Update) -> None:
        """Answer one update: the job, the answer and the note that it is done are one commit."""
        try:
            await self._store.write(self._answer, update)
        except DiskFull:
            log.error("update %d waits: the disk is full", update.id)  # noqa: TRY400  no bug
            await asyncio.sleep(DISK_S)
        except Exception:  # the boundary: a bug costs one answer, not the studio
            log.exception("update %d", update.id)
            await self._store.insist(self._apologise, update)

    async def order(
        self, db: Connection, user: User, chat: Chat, reply_to: str, request: Request
    ) -> Job:
        """Put a request into the queue: the one door for whatever wants something drawn.

        Raises:
            StudioError: It cannot be taken; nothing was changed.
        """
        if not self._store.gallery.has_room():
            raise NoRoom("磁盘快满了，暂时画不了新的画，请稍后再试，或告诉管理员")
        if self._words is not None:
            request = self._words.admit(request)
        settled = settle(request, self._styles, self._policy)
        if settled.seed is None:
            settled = replace(settled, seed=self._new_seed())
        price = cost(self._styles.recipes(settled))
        job = await self._store.queue.submit(db, user, chat, reply_to, settled, price)
        ahead, before = await self._store.queue.ahead(db, job)
        reply = texts.accepted(job, ahead, self._pace.seconds(before + price))
        await self._store.outbox.put(db, chat, reply, job_id=job.id)
        return job

    async def _answer(self, db: Connection, update: Update) -> None:
        if update.attempts >= MAX_ATTEMPTS:
            log.error("update %d is skipped: the process died on it before", update.id)
            await self._apologise(db, update)
            return
        event = self._adapters[update.platform].to_event(update.body)
        match event:
            case Message(to_me=True):
                await self._on_message(db, event)
            case Press():
                await self._on_press(db, event)
            case _:
                pass  # not said to the bot
        await self._store.inbox.done(db, update)

    async def _on_message(self, db: Connection, message: Message) -> None:
        try:
            has_source = any(image.role == "source" for image in message.images)
            request = parse(message.text, self._styles, has_source=has_source)
            request = _drawn_on(request, message.images)
            await self.order(db, message.user, message.chat, message.id, request)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.outbox.put(db, message.chat, texts.refused(str(error), message.id))

    async def _on_press(self, db: Connection, press: Press) -> None:
        try:
            match press.action.verb:
                case Verb.CANCEL:
                    job = await self._store.queue.cancel(db, press.action.target, press.user)
                    reply = texts.cancelled(job, press.id)
                    await self._store.outbox.put(db, job.chat, reply, job_id=job.id, last=True)
                case Verb.REDO:
                    job = await self._store.queue.get(db, press.action.target)
                    if job is None or job.chat.key != press.chat.key:
                        raise NoSuchJob("找不到这个任务了")
                    again = replace(job.request, seed=None, notes=())
                    await self.order(db, press.user, press.chat, press.id, again)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.outbox.put(db, press.chat, texts.refused(str(error), press.id))

    async def _apologise(self, db: Connection, update: Update) -> None:
        """Answer in the chat, if the update names one, that its words could not be handled."""
        try:
            event = self._adapters[update.platform].to_event(update.body)
        except (KeyError, ValueError):
            event = None
        if event is not None:
            await self._store.outbox.put(db, event.chat, texts.apology(event.id))
        await self._store.inbox.done(db, update)


def _drawn_on(request: Request, images: Iterable[Image]) -> Request:
    """Return the request with what it is to be drawn on."""
    for image in images:
        match image.role:
            case "source":
                size = image.width, image.height
                request = replace(request, source=image.sha256, source_px=size)
            case "mask":
                request = replace(request, mask=image.sha256)
    return request
