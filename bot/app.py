"""The front half of the line: an update comes in, a job and an answer are kept."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aiosqlite import Connection

from bot import commands, texts
from bot.artwork import Artwork
from bot.command import Call, Desk
from bot.errors import DiskFull, NoRoom, NoSuchPicture, NotUnderstood, StudioError
from bot.event import Chat, Image, Message, Press, User
from bot.follow import Revision
from bot.job import Job
from bot.pace import Pace
from bot.parsing.parser import parse
from bot.policy import cost, settle
from bot.ports import Adapter
from bot.press import Presses
from bot.request import Request
from bot.revision import Reviser
from bot.rules import Rules
from bot.store.inbox import Update
from bot.store.store import Store
from bot.style import Styles
from bot.trace import JOB, UPDATE

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
        rules: Rules,
        pace: Pace,
        new_seed: Callable[[], int],
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._styles = styles
        self._rules = rules
        self._pace = pace
        self._new_seed = new_seed
        self._desk = Desk(store=store, styles=styles, pace=pace, quota=rules.quota)
        self._reviser = Reviser(store, styles)
        self._presses = Presses(store, styles, self._reviser, self._order_pressed)

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
        UPDATE.set(update.id)
        try:
            gone = await self._store.write(self._answer, update)
            if gone is not None:
                await asyncio.to_thread(self._store.gallery.remove_files, [gone])
        except DiskFull:
            log.error("update %d waits: the disk is full", update.id)  # noqa: TRY400  no bug
            await asyncio.sleep(DISK_S)
        except Exception:  # the boundary: a bug costs one answer, not the studio
            log.exception("update %d", update.id)
            await self._store.insist(self._apologise, update)

    async def order(
        self,
        db: Connection,
        user: User,
        chat: Chat,
        reply_to: str,
        request: Request,
        made: Revision | None = None,
    ) -> Job:
        """Put a request into the queue: the one door for whatever wants something drawn.

        Args:
            db: An open transaction.
            user: Whose turn it takes.
            chat: Where the answer goes.
            reply_to: The message to answer.
            request: As it was said.
            made: What it was derived from, and how.

        Raises:
            StudioError: It cannot be taken; nothing was changed.
        """
        if not self._store.gallery.has_room():
            raise NoRoom("磁盘快满了，暂时画不了新的画，请稍后再试，或告诉管理员")
        if self._rules.words is not None:
            request = self._rules.words.admit(request)
        settled = settle(request, self._styles, self._rules.policy)
        if settled.seed is None:
            settled = replace(settled, seed=self._new_seed())
        left = await self._within_quota(db, user, chat, settled.count)
        price = cost(self._styles.recipes(settled))
        queue = self._store.queue
        parent = made and made.parent
        job = await queue.submit(db, user, chat, reply_to, settled, price, parent)
        JOB.set(job.id)
        place = await queue.ahead(db, job)
        seconds = self._pace.seconds(place.cost + price)
        reply = texts.accepted(job, request, place, seconds, made, left)
        await self._store.outbox.put(db, chat, reply, job_id=job.id)
        return job

    async def _within_quota(self, db: Connection, user: User, chat: Chat, count: int) -> int | None:
        """Return how many pictures a person has left after so many more; None without a limit.

        Raises:
            QuotaUsed: They may not have them.
        """
        now, quota = self._store.now(), self._rules.quota
        if not quota.limits_anything(user):
            return None  # nothing to count a day's jobs for
        since = quota.day_of(now)
        mine = await self._store.usage.of_user(db, user, since)
        chats = await self._store.usage.of_chat(db, chat, since)
        quota.check(user, count, mine, chats, now)
        return quota.left(user, replace(mine, pictures=mine.pictures + count))

    async def _answer(self, db: Connection, update: Update) -> Artwork | None:
        """Answer, and return what was deleted."""
        gone = None
        if update.attempts >= MAX_ATTEMPTS:
            log.error("update %d is skipped: the process died on it before", update.id)
            await self._apologise(db, update)
            return None
        event = self._adapters[update.platform].to_event(update.body)
        match event:
            case Message(to_me=True):
                await self._on_message(db, event)
            case Press():
                gone = await self._on_press(db, event)
            case _:
                pass  # not said to the bot
        await self._store.inbox.done(db, update)
        return gone

    async def _on_message(self, db: Connection, message: Message) -> None:
        try:
            if not (await self._on_command(db, message) or await self._on_change(db, message)):
                has_source = any(image.role == "source" for image in message.images)
                request = parse(message.text, self._styles, has_source=has_source)
                request = _drawn_on(request, message.images)
                request = await self._preferred(db, message, request)
                await self.order(db, message.user, message.chat, message.id, request)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.outbox.put(db, message.chat, texts.refused(str(error), message.id))

    async def _preferred(self, db: Connection, message: Message, request: Request) -> Request:
        """Return a request with what its user, or else the chat, wants where nothing is said."""
        preferences = self._store.preferences
        mine = await preferences.get(db, message.user.key)
        here = await preferences.get(db, message.chat.key)
        return mine.over(here).applied(request)

    async def _on_command(self, db: Connection, message: Message) -> bool:
        """Do what a command says; False if the message is none."""
        found = commands.read(message.text)
        if found is None:
            return False
        command, argument = found
        call = Call(id=message.id, chat=message.chat, user=message.user, argument=argument)
        reply = (
            texts.refused(command.asks, message.id)
            if command.asks and not argument
            else await command.run(self._desk, db, call)
        )
        if reply is not None:
            await self._store.outbox.put(db, message.chat, reply)
        return True

    async def _on_change(self, db: Connection, message: Message) -> bool:
        """Order what changes an earlier picture; False if the message asks for no such thing."""
        change = self._reviser.change(message)
        if change is None:
            return False
        parent = await self._reviser.parent(db, message)
        if parent is None:
            return self._is_of_its_own(message)
        made = await self._reviser.revised(db, parent, change)
        await self.order(db, message.user, message.chat, message.id, made.request, made)
        return True

    def _is_of_its_own(self, message: Message) -> bool:
        """Return False if words that could be a change say what to draw as well.

        Raises:
            NoSuchPicture: They do not, and there is nothing to be changed.
        """
        try:
            parse(message.text, self._styles)
        except NotUnderstood as error:
            words = "要改哪一张？请回复那张画说，或者先画一张"
            raise NoSuchPicture(words) from error
        return False

    async def _on_press(self, db: Connection, press: Press) -> Artwork | None:
        try:
            return await self._presses.answer(db, press)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.outbox.put(db, press.chat, texts.refused(str(error), press.id))
        return None

    async def _order_pressed(self, db: Connection, press: Press, made: Revision) -> None:
        await self.order(db, press.user, press.chat, press.id, made.request, made)

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
