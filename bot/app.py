"""The front half of the line: an update comes in, a job and an answer are kept."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

from aiosqlite import Connection

from bot import commands, lookup, quota, texts
from bot.artwork import Artwork
from bot.attempt import attempted
from bot.command import Desk
from bot.errors import DiskFull, NoRoom, StudioError
from bot.event import (
    Chat,
    Event,
    Joined,
    Left,
    Lookup,
    Message,
    Moved,
    Outsider,
    Press,
    Said,
    Stray,
    Submission,
    User,
)
from bot.follow import Revision
from bot.gate import Gate
from bot.intake import Heard, Intake, joined
from bot.job import Job, Share, State
from bot.pace import Pace
from bot.policy import cost, settle
from bot.ports import Adapter
from bot.press import Presses
from bot.purse import Purse
from bot.referee import Referee
from bot.reply import Reply
from bot.request import Request
from bot.retouch import Retoucher
from bot.revision import Reviser
from bot.rules import Rules
from bot.store.inbox import Update
from bot.store.leaving import leave
from bot.store.moving import move
from bot.store.store import Store
from bot.style import Styles
from bot.talk import Talk
from bot.trace import JOB, UPDATE
from bot.turns import Arrived, Turns
from bot.vital import Look
from bot.wording import LANGUAGE, say

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
"""An update that the process has died on so often again is not tried once more."""
AT_ONCE = 512
"""Updates that are on their way to an answer; the others wait on the disk."""
BURST_S = 5.0
"""What a button asks for is not ordered twice within this time, though it is drawn at once."""
FEW = 4
"""So many things that people say to each other are listened to in one commit."""
SHARED = 1000
"""Jobs of group sessions that may wait for one member: the session has its own bounds."""
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
        self.referee = Referee(store, styles, rules, self.order, new_seed)
        """Leads the group sessions."""
        self._desk = Desk(
            store=store,
            styles=styles,
            pace=pace,
            rules=rules,
            purse=self._purse,
            new_seed=new_seed,
            referee=self.referee,
            look=look,
        )
        self._gate = Gate(store, rules)
        self._suspects = asyncio.Lock()
        reviser = Reviser(store, styles)
        retoucher = Retoucher(store, styles, reviser)
        self._intake = Intake(store, adapters, rules, retoucher)
        self._talk = Talk(self._desk, reviser, retoucher, self.order)
        self._presses = Presses(store, styles, reviser, self._order_pressed)

    async def hear(self, platform: str, update_id: str, body: bytes) -> None:
        """Keep an update; when this returns, the platform may be told that it has arrived.

        Raises:
            DiskFull: It was not kept.
        """
        await self._store.hurry(self._store.inbox.receive, platform, update_id, body)

    async def hear_all(self, platform: str, updates: Sequence[tuple[str, bytes]]) -> None:
        """Keep updates that came together, each an id and a body: all of them, or none.

        Raises:
            DiskFull: They were not kept.
        """
        await self._store.hurry(self._store.inbox.receive_all, platform, updates)

    async def run(self) -> None:
        """Answer what the inbox holds, for ever: one's own in order, those of others beside."""
        turns, last = Turns(self._answer_together, self._store.now), 0
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen, room = self._store.commits, AT_ONCE - turns.waiting
                found = await self._store.read(self._store.inbox.waiting, last, max(0, room))
                last = found[-1].id if found else last
                arrived = [Arrived(update=one, event=self._event(one)) for one in found]
                for one in await self._unheard(arrived, turns):
                    turns.put(one, tasks)
                if not found:
                    await self._store.after(seen)

    async def _unheard(self, arrived: Sequence[Arrived], turns: Turns) -> Sequence[Arrived]:
        """Listen to what people say to each other, all in one commit; return all else.

        A lively group says much that is nothing, and all of it is kept before it is listened to. In
        its turn stays what somebody says after what is not answered yet.
        """
        talk, others = list[Arrived](), list[Arrived]()
        waiting = set[str]()
        for one in arrived:
            if self._is_talk(one) and one.whose not in waiting and not turns.has(one):
                talk.append(one)
            else:
                others.append(one)
                waiting.add(one.whose)
        if len(talk) < FEW:
            return arrived
        listening = await attempted(self._store.hurry(self._overhear, talk))
        if (error := listening.exception()) is None:
            return others
        log.error("%d that were overheard", len(talk), exc_info=error)  # one of them is to blame
        return arrived

    def _is_talk(self, arrived: Arrived) -> bool:
        """Return whether something is just said in a group, to nobody that we know of."""
        event = arrived.event
        said = isinstance(event, Message) and not (event.to_me or event.album)
        return said and not self._store.inbox.outlived(arrived.update)

    async def _overhear(self, db: Connection, talk: Sequence[Arrived]) -> None:
        for one in talk:
            UPDATE.set(one.update.id)
            if isinstance(one.event, Message):
                await self._listen(db, one.event)
        await self._store.inbox.all_done(db, [one.update for one in talk])

    async def _listen(self, db: Connection, message: Message) -> None:
        """Take what was not said to the bot to a session that it may be meant for."""
        try:
            await self.referee.hear(db, message)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.outbox.put(db, message.chat, texts.refused(str(error), message.id))

    async def receive(self, *updates: Update) -> None:
        """Answer an update, or those that were sent as one.

        The job, the answer and the note that it is done are one commit.
        """
        await self._answer_together(
            [Arrived(update=update, event=self._event(update)) for update in updates]
        )

    async def _answer_together(self, arrived: Sequence[Arrived]) -> None:
        updates = [one.update for one in arrived]
        UPDATE.set(updates[0].id)
        events = [one.event for one in arrived]
        suspect = any(self._store.inbox.outlived(update) for update in updates)
        # one of those that outlived a process may have ended it; none beside it is to blame
        async with self._suspects if suspect else nullcontext():
            while True:
                if await self._answered(updates, events, suspect=suspect):
                    return
                await asyncio.sleep(DISK_S)

    async def _answered(
        self, updates: Sequence[Update], events: Sequence[Event | None], *, suspect: bool
    ) -> bool:
        """Answer; False if the disk is full, and it has to be done again."""
        try:
            if any(update.attempts >= MAX_ATTEMPTS for update in updates):
                log.error("update %d is skipped: the process died on it before", updates[0].id)
                await self._store.insist(self._apologise, updates, events)
                return True
            if suspect:
                await self._store.write(self._begun, updates)
            heard = await self._intake.heard(_as_one(events))
            gone = await self._store.answer(self._answer, updates, heard)
            if gone is not None:
                await asyncio.to_thread(self._store.gallery.remove_files, [gone])
        except DiskFull:
            log.error("update %d waits: the disk is full", updates[0].id)  # noqa: TRY400  no bug
            return False
        except Exception:  # the boundary: a bug costs one answer, not the studio
            log.exception("update %d", updates[0].id)
            await self._store.insist(self._apologise, updates, events)
        return True

    async def _begun(self, db: Connection, updates: Iterable[Update]) -> None:
        for update in updates:
            await self._store.inbox.begun(db, update)

    def _event(self, update: Update) -> Event | None:
        """Return the event in an update; None if it is of no use, or none can be read."""
        before = UPDATE.set(update.id)
        try:
            return self._adapters[update.platform].to_event(update.body)
        except (KeyError, ValueError):
            log.exception("update %d cannot be read", update.id)
            return None
        finally:
            UPDATE.reset(before)

    async def order(
        self,
        db: Connection,
        user: User,
        chat: Chat,
        reply_to: str,
        request: Request,
        made: Revision | None = None,
        *,
        share: Share | None = None,
    ) -> Job:
        """Put a request into the queue: the one door for whatever wants something drawn.

        Who asks for themselves is told that it is there, and has it counted; what a group session
        asks for is of its own budget, and told on its board.

        Args:
            db: An open transaction.
            user: Whose turn it takes.
            chat: Where the answer goes.
            reply_to: The message to answer.
            request: As it was said.
            made: What it was derived from, and how.
            share: What it is of a group session.

        Raises:
            StudioError: It cannot be taken; nothing was changed.
        """
        if not self._store.gallery.has_room():
            raise NoRoom(say("磁盘快满了，暂时画不了新的画，请稍后再试，或告诉管理员"))
        request = self._admitted(request)
        settled = settle(request, self._styles, self._rules.policy)
        if settled.seed is None:
            settled = replace(settled, seed=self._new_seed())
        left = quota.Left() if share else await self._purse.spend(db, user, chat, settled.count)
        price = cost(self._styles.recipes(settled))
        parent = made and made.parent
        most = SHARED if share else self._rules.roles.waiting(user, chat)
        job = await self._store.queue.submit(
            *(db, user, chat, reply_to, settled, price, parent), most=most, share=share
        )
        JOB.set(job.id)
        if share is None:
            await self._acknowledge(db, job, request, price, made, left)
        return job

    async def _acknowledge(
        self,
        db: Connection,
        job: Job,
        asked: Request,
        price: float,
        made: Revision | None,
        left: quota.Left,
    ) -> None:
        """Tell whoever has asked for a job that it is in the queue."""
        place = await self._store.queue.ahead(db, job)
        seconds = self._pace.wait(place.cost + price)
        usual = await self._store.preferences.holding(db, job.user, job.chat)
        reply = texts.accepted(job, asked, place, seconds, made, left, usual.verbosity or "full")
        if (pause := await self._store.pauses.of(db, job.chat.key)) is not None:
            reply = texts.paused(reply, pause.reason)
        await self._store.outbox.put(db, job.chat, reply, job_id=job.id)

    def _admitted(self, request: Request) -> Request:
        """Return the request in words that are drawn here.

        Raises:
            NotWanted: It has others.
        """
        return request if self._rules.words is None else self._rules.words.admit(request)

    async def _answer(
        self, db: Connection, updates: Sequence[Update], heard: Heard
    ) -> Artwork | None:
        """Answer an event, and return what was deleted.

        Args:
            db: An open transaction.
            updates: In which the event came.
            heard: The event, with what its answer takes.
        """
        await self._speak_to(db, heard.event)
        gone = await self._answered_to(db, heard)
        for update in updates:
            await self._store.inbox.done(db, update)
        return gone

    async def _answered_to(self, db: Connection, heard: Heard) -> Artwork | None:
        match event := heard.event:
            case Message(to_me=True) | Press() | Submission():
                if await self._gate.lets_in(db, event):
                    return await self._served(db, event, heard)
            case Message():  # not said to the bot, but it may be a guess
                await self._listen(db, event)
            case Stray() | Lookup() | Outsider():
                if (reply := await self._told(db, event)) is not None:
                    await self._store.outbox.put(db, event.chat, reply)
            case Joined() | Moved() | Left():
                await self._on_chat(db, event)
            case None:
                pass
        return None

    async def _told(self, db: Connection, event: Stray | Lookup | Outsider) -> Reply | None:
        """Return what is said where nothing is done."""
        match event:
            case Stray():
                return texts.refused_aside(say("这个按钮已经不能用了"), event.id)
            case Outsider():
                return texts.not_for(event)
            case Lookup():
                known = await self._gate.knows(db, event.user)
                return await lookup.found(self._desk, db, event) if known else None

    async def _on_chat(self, db: Connection, event: Joined | Moved | Left) -> None:
        """Do what follows from what has become of a chat."""
        match event:
            case Joined():
                here = await self._store.preferences.of_chat(db, event.chat)
                LANGUAGE.set(here.language or "zh")
                await self._store.outbox.put(db, event.chat, texts.greeting())
                await self.referee.back(db, event.chat)
            case Moved():
                await move(db, self._store, event.chat.key, event.to.key)
            case Left():
                await leave(db, self._store, event.chat.key)

    async def _speak_to(self, db: Connection, event: Event | None) -> None:
        """Say what follows in the language of whoever hears it."""
        if isinstance(event, Said) and not (isinstance(event, Message) and not event.to_me):
            LANGUAGE.set(await self._store.preferences.language(db, event.user, event.chat))

    async def _served(
        self, db: Connection, event: Message | Press | Submission, heard: Heard
    ) -> Artwork | None:
        if not isinstance(event, Message):
            return await self._on_press(db, event)
        try:
            if heard.refusal is None and await self.referee.hear(db, event):
                return None
            await self._talk.answer(db, event, heard)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.acts.refused(db, type(error).__name__)
            await self._store.outbox.put(db, event.chat, texts.refused(str(error), event.id))
        return None

    async def _on_press(self, db: Connection, press: Press | Submission) -> Artwork | None:
        try:
            if isinstance(press, Press) and press.action.verb in commands.PRESSES:
                reply = await commands.PRESSES[press.action.verb](self._desk, db, press)
                if reply is not None:
                    await self._store.outbox.put(db, press.chat, reply)
                return None
            if isinstance(press, Press):
                return await self._presses.answer(db, press)
            if (submit := commands.FORMS.get(press.action.verb)) is not None:
                await submit(self._desk, db, press)
                return None
            await self._presses.submit(db, press)
        except DiskFull:
            raise
        except StudioError as error:
            await self._store.acts.refused(db, type(error).__name__)
            await self._store.outbox.put(db, press.chat, texts.refused_aside(str(error), press.id))
        return None

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

    async def _apologise(
        self, db: Connection, updates: Iterable[Update], events: Iterable[Event | None]
    ) -> None:
        """Answer in the chat, if anyone has spoken there, that it could not be handled."""
        event = next((event for event in events if isinstance(event, Said)), None)
        if event is not None:
            await self._speak_to(db, event)
            await self._store.outbox.put(db, event.chat, texts.apology(event.id))
        for update in updates:
            await self._store.inbox.done(db, update)


def _as_one(events: Sequence[Event | None]) -> Event | None:
    """Return what was sent as one as one event."""
    messages = [event for event in events if isinstance(event, Message)]
    return joined(messages) if len(messages) > 1 else events[0]


def _is_same(job: Request, asked: Request) -> bool:
    """Return whether a job draws what is asked for; a seed that nobody named is any."""
    seed = job.seed if asked.seed is None else asked.seed
    return replace(job, notes=()) == replace(asked, seed=seed, notes=())
