"""The front half of the line: an update comes in, a job and an answer are kept."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aiosqlite import Connection

from bot import commands, texts
from bot.artwork import Artwork
from bot.avatar import Avatars
from bot.command import Call, Desk
from bot.errors import DiskFull, NoRoom, NoSuchPicture, NotUnderstood, StudioError
from bot.event import Chat, Event, Image, Message, Press, Stray, Submission, User
from bot.follow import Revision
from bot.gate import Gate
from bot.job import Job, State
from bot.pace import Pace
from bot.parsing.parser import parse
from bot.policy import cost, settle
from bot.ports import Adapter
from bot.press import Presses
from bot.purse import Purse
from bot.request import Request
from bot.retouch import Retoucher
from bot.revision import Reviser
from bot.rules import Rules
from bot.store.inbox import Update
from bot.store.store import Store
from bot.style import Styles
from bot.trace import JOB, UPDATE
from bot.vital import Look
from bot.wording import LANGUAGE, say

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""An update that the process has died on so often is not tried again."""
BURST_S = 5.0
"""What a button asks for is not ordered twice within this time, though it is drawn at once."""
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
        look: Look | None = None,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._styles = styles
        self._rules = rules
        self._pace = pace
        self._new_seed = new_seed
        self._purse = Purse(store, rules.quota)
        self._desk = Desk(
            store=store,
            styles=styles,
            pace=pace,
            rules=rules,
            purse=self._purse,
            new_seed=new_seed,
            look=look,
        )
        self._gate = Gate(store, rules)
        self._reviser = Reviser(store, styles)
        self._retoucher = Retoucher(store, styles, self._reviser)
        self._avatars = Avatars(store, adapters)
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
            portrayed = await self._looked_at(update)
            gone = await self._store.write(self._answer, update, portrayed)
            if gone is not None:
                await asyncio.to_thread(self._store.gallery.remove_files, [gone])
        except DiskFull:
            log.error("update %d waits: the disk is full", update.id)  # noqa: TRY400  no bug
            await asyncio.sleep(DISK_S)
        except Exception:  # the boundary: a bug costs one answer, not the studio
            log.exception("update %d", update.id)
            await self._store.insist(self._apologise, update)

    async def _looked_at(self, update: Update) -> Message | StudioError | None:
        """Do what takes time, before anything is locked; see `_answer` for what is returned."""
        if update.attempts >= MAX_ATTEMPTS:
            return None
        event = self._adapters[update.platform].to_event(update.body)
        await self._retoucher.look(event)
        return await self._avatars.handed_in(event)

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
            raise NoRoom(say("磁盘快满了，暂时画不了新的画，请稍后再试，或告诉管理员"))
        request = self._admitted(request)
        settled = settle(request, self._styles, self._rules.policy)
        if settled.seed is None:
            settled = replace(settled, seed=self._new_seed())
        left = await self._purse.spend(db, user, chat, settled.count)
        price = cost(self._styles.recipes(settled))
        queue = self._store.queue
        parent = made and made.parent
        most = self._rules.roles.waiting(user, chat)
        job = await queue.submit(db, user, chat, reply_to, settled, price, parent, most=most)
        JOB.set(job.id)
        place = await queue.ahead(db, job)
        seconds = self._pace.wait(place.cost + price)
        usual = await self._store.preferences.holding(db, user, chat)
        verbosity = usual.verbosity or "full"
        reply = texts.accepted(job, request, place, seconds, made, left, verbosity)
        if (pause := await self._store.pauses.of(db, chat.key)) is not None:
            reply = texts.paused(reply, pause.reason)
        await self._store.outbox.put(db, chat, reply, job_id=job.id)
        return job

    def _admitted(self, request: Request) -> Request:
        """Return the request in words that are drawn here.

        Raises:
            NotWanted: It has others.
        """
        return request if self._rules.words is None else self._rules.words.admit(request)

    async def _answer(
        self, db: Connection, update: Update, portrayed: Message | StudioError | None = None
    ) -> Artwork | None:
        """Answer, and return what was deleted.

        Args:
            db: An open transaction.
            update: What to answer.
            portrayed: The message with the avatar that it speaks of, or why there is none.
        """
        gone = None
        if update.attempts >= MAX_ATTEMPTS:
            log.error("update %d is skipped: the process died on it before", update.id)
            await self._apologise(db, update)
            return None
        event = self._adapters[update.platform].to_event(update.body)
        await self._speak_to(db, event)
        match event:
            case Message(to_me=True) | Press() | Submission() if not await self._gate.lets_in(
                db, event
            ):
                pass
            case Message(to_me=True) if isinstance(portrayed, StudioError):
                await self._refuse(db, event, portrayed)
            case Message(to_me=True):
                said = portrayed if isinstance(portrayed, Message) else event
                await self._on_message(db, said)
            case Press() | Submission():
                gone = await self._on_press(db, event)
            case Stray():
                words = say("这个按钮已经不能用了")
                await self._store.outbox.put(db, event.chat, texts.refused_aside(words, event.id))
            case _:
                pass  # not said to the bot
        await self._store.inbox.done(db, update)
        return gone

    async def _speak_to(self, db: Connection, event: Event | None) -> None:
        """Say what follows in the language of whoever hears it."""
        if event is not None and not (isinstance(event, Message) and not event.to_me):
            LANGUAGE.set(await self._store.preferences.language(db, event.user, event.chat))

    async def _on_message(self, db: Connection, message: Message) -> None:
        try:
            if not (
                await self._on_command(db, message)
                or await self._on_paint(db, message)
                or await self._on_change(db, message)
            ):
                usual = await self._store.preferences.holding(db, message.user, message.chat)
                request = self._retoucher.filled(message) or parse(
                    *(message.text, self._styles),
                    has_source=any(image.role == "source" for image in message.images),
                    usual_count=usual.count or 1,
                )
                request = usual.applied(_drawn_on(request, message.images))
                await self.order(db, message.user, message.chat, message.id, request)
        except DiskFull:
            raise
        except StudioError as error:
            await self._refuse(db, message, error)

    async def _on_command(self, db: Connection, message: Message) -> bool:
        """Do what a command says; False if the message is none."""
        operator = self._rules.roles.is_operator(message.user, message.chat)
        found = commands.read(message.text, operator=operator)
        if found is None:
            return False
        command, argument = found
        call = Call(
            id=message.id,
            chat=message.chat,
            user=message.user,
            argument=argument,
            reply_to=message.reply_to,
            replied=message.replied,
            mentions=message.mentions,
        )
        reply = (
            texts.refused(say(command.asks), message.id)
            if command.asks and not (argument or (command.answers and call.is_answer))
            else await command.run(self._desk, db, call)
        )
        if reply is not None:
            await self._store.outbox.put(db, message.chat, reply)
        return True

    async def _on_paint(self, db: Connection, message: Message) -> bool:
        """Order what a painted-over copy of a picture asks for; False if the message has none."""
        made = await self._retoucher.painted(db, message)
        if made is not None:
            await self.order(db, message.user, message.chat, message.id, made.request, made)
        return made is not None

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
            words = say("要改哪一张？请回复那张画说，或者先画一张")
            raise NoSuchPicture(words) from error
        return False

    async def _on_press(self, db: Connection, press: Press | Submission) -> Artwork | None:
        try:
            if isinstance(press, Press) and press.action.verb in commands.PRESSES:
                reply = await commands.PRESSES[press.action.verb](self._desk, db, press)
                await self._store.outbox.put(db, press.chat, reply)
                return None
            if isinstance(press, Press):
                return await self._presses.answer(db, press)
            await self._presses.submit(db, press)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.acts.refused(db, type(error).__name__)
            await self._store.outbox.put(db, press.chat, texts.refused_aside(str(error), press.id))
        return None

    async def _refuse(self, db: Connection, message: Message, error: StudioError) -> None:
        await self._store.acts.refused(db, type(error).__name__)
        await self._store.outbox.put(db, message.chat, texts.refused(str(error), message.id))

    async def _order_pressed(
        self, db: Connection, press: Press | Submission, made: Revision
    ) -> None:
        """Order what a button or form asks for, unless the same is on its way."""
        queue = self._store.queue
        same = settle(self._admitted(made.request), self._styles, self._rules.policy)
        for job in await queue.open_of(db, press.user):
            waits = job.state is State.QUEUED or job.created_at > self._store.now() - BURST_S
            here = job.chat.key == press.chat.key and job.parent == made.parent
            if waits and here and _is_same(job.request, same):
                place = await queue.ahead(db, job)
                seconds = self._pace.wait(place.cost + cost(self._styles.recipes(job.request)))
                reply = texts.ordered_already(job, place, seconds, press.id)
                await self._store.outbox.put(db, press.chat, reply)
                return
        await self.order(db, press.user, press.chat, press.id, made.request, made)

    async def _apologise(self, db: Connection, update: Update) -> None:
        """Answer in the chat, if the update names one, that its words could not be handled."""
        try:
            event = self._adapters[update.platform].to_event(update.body)
        except (KeyError, ValueError):
            event = None
        if event is not None:
            await self._speak_to(db, event)
            await self._store.outbox.put(db, event.chat, texts.apology(event.id))
        await self._store.inbox.done(db, update)


def _is_same(job: Request, asked: Request) -> bool:
    """Return whether a job draws what is asked for; a seed that nobody named is any."""
    seed = job.seed if asked.seed is None else asked.seed
    return replace(job, notes=()) == replace(asked, seed=seed, notes=())


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
