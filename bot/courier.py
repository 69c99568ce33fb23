"""Brings replies to the platform that they are for: each at least once, in order in its chat.

A job has one message: its acknowledgement, edited while it waits and is drawn (bot/herald.py), and
edited into its end where that fits and is noticed; else the end is a new message, and the old one
says so. Pictures that wait for those of others (bot/fold.py) let words pass.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiosqlite import Connection

from bot.bulletin import TRIES, Opening
from bot.channel import Channels, Sleep
from bot.errors import ChatMoved, MessageGone, NotSent
from bot.fold import FOLD_S, calls, folded, next_of, own, places
from bot.herald import Herald, Sketcher
from bot.job import State
from bot.ports import Adapter
from bot.progress import closed, spoken, unsent
from bot.reply import Delivery, Reply, Sent, Status
from bot.store.leaving import leave
from bot.store.moving import move
from bot.store.outbox import Parcel
from bot.store.store import Store
from bot.trace import JOB

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
"""A reply that was refused, or of which nobody knows whether it arrived, so often is given up."""
KEEP_S = 24 * 3600.0
"""How long a reply is kept for a platform that cannot be reached."""
LOOK_S = 1.0
"""How often replies that wait for their time are looked at."""
SLOWEST_S = 60.0
"""The longest wait between two attempts that the platform did not ask for."""

Lane = tuple[str, bool]
"""A chat, by key, and whether what is said in passing there, or all else."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of replies that were handed over."""

    messages: Sequence[Sent]
    edited: bool = False
    """Whether the job's own message shows it."""


class Courier:
    """Knows which adapter speaks to which platform."""

    def __init__(
        self,
        store: Store,
        adapters: Mapping[str, Adapter],
        sketcher: Sketcher | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Begin.

        Args:
            store: Where replies are kept.
            adapters: By platform.
            sketcher: Makes sketches, if they are to be shown.
            sleep: Returns when a platform that takes no more calls does so again.
        """
        self._store = store
        self._adapters = adapters
        self.channels = Channels(store.now, sleep)
        """That all calls go through."""
        self._herald = Herald(store, adapters, self.channels, sketcher)
        self._serving = dict[Lane, asyncio.Task[None]]()
        self._looked = dict[Lane, tuple[int, float]]()
        """The newest reply when it was last served, and when that was."""
        self._under_way = set[int]()
        self._shown = dict[int, Status]()
        self._showing = dict[int, asyncio.Task[None]]()

    async def run(self) -> None:
        """Send what the outbox holds, for ever; a slow chat keeps no other waiting."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._herald.run())
            while True:
                seen = self._store.commits
                newest = await self._store.read(self._store.outbox.chats)
                for lane in self._worth_a_look(newest):
                    task = tasks.create_task(self.serve(lane[0], passing=lane[1]))
                    self._serving[lane] = task
                    task.add_done_callback(lambda _, lane=lane: self._serving.pop(lane))
                await self._store.after(seen, LOOK_S)

    def _worth_a_look(self, newest: Mapping[str, int]) -> list[Lane]:
        """Return where something is new, and every now and then all else: its time may have come.

        Were all that waits looked at after each commit, each reply would cost a look at all others.

        Args:
            newest: The newest reply that waits for a chat, by key.
        """
        now, looked = asyncio.get_running_loop().time(), dict[Lane, tuple[int, float]]()
        found = list[Lane]()
        for chat, id_ in newest.items():
            for lane in ((chat, False), (chat, True)):
                known, at = looked[lane] = self._looked.get(lane, (0, 0.0))
                if lane not in self._serving and (known != id_ or now >= at + LOOK_S):
                    looked[lane] = id_, now
                    found.append(lane)
        self._looked = looked
        return found

    async def serve(self, chat: str, *, passing: bool = False) -> None:
        """Send what is due in a chat, by key, in order.

        Args:
            chat: The chat.
            passing: Whether what is said in passing; it waits for nothing else.
        """
        while parcels := await self._next(chat, passing=passing):
            await self.send(*parcels)

    async def refresh(self, chat: str) -> None:
        """Edit the message of a job in a chat, by key, if there is news and it is time."""
        await self._herald.refresh(chat)

    async def send(self, *parcels: Parcel) -> None:
        """Send one reply, or results that go together, and note what became of it.

        It waits until the platform takes so many calls. Only then, and before the platform is
        called, the note "sending" is on disk: a reply found in that state may have arrived, and
        goes out marked as a repeat. What goes together is noted together: all of it has arrived,
        or none.
        """
        chat, attempt = parcels[0].delivery.chat, parcels[0].attempts + 1
        number = parcels[0].delivery.id
        JOB.set(parcels[0].delivery.job_id)
        channel, adapter = self.channels.to(chat.key), self._adapters[chat.platform]
        async with channel.aside if self._passes(parcels[0]) else channel.turn:
            self._end_progress(parcels)
            await self.channels.wait(adapter.limits, chat, calls(parcels))
            if not await self._begun(parcels):
                return
            try:
                with spoken(parcels[0].language):
                    handed = await self._hand_over(parcels, adapter)
            except NotSent as error:
                log.warning("reply %d, attempt %d: %s", number, attempt, error)
                await self._keep_for_later(parcels, error)
            except ChatMoved as error:
                log.info("reply %d, attempt %d: to %s from now on", number, attempt, error.to)
                await self._follow(parcels, replace(chat, id=error.to).key)
            except Exception:  # the boundary: a bug of an adapter costs one reply, not the courier
                log.exception("reply %d, attempt %d", number, attempt)
                await self._keep_for_later(parcels, NotSent("a bug", arrived=None))
            else:
                await self._store.insist(self._arrived, parcels, handed)
            finally:
                self._under_way.difference_update(_ids(parcels))
                channel.called(adapter.limits, chat, self._store.now(), calls(parcels))

    def show(self, status: Status) -> None:
        """Show where a job is, as its platform can; only the newest is worth showing."""
        adapter = self._adapters.get(status.chat.platform)
        if adapter is None:
            return
        self._herald.hear(status)
        if adapter.limits.edits:
            return
        job_id = status.job_id
        self._shown[job_id] = status
        if job_id not in self._showing:
            task = asyncio.ensure_future(self._show_latest(job_id, adapter))
            self._showing[job_id] = task
            task.add_done_callback(lambda _: self._showing.pop(job_id))

    async def _show_latest(self, job_id: int, adapter: Adapter) -> None:
        while (status := self._shown.pop(job_id, None)) is not None:
            await adapter.show(status)

    def _passes(self, parcel: Parcel) -> bool:
        """Return whether a reply is said in passing; what could not be, is said like all."""
        limits = self._adapters[parcel.delivery.chat.platform].limits
        reply = parcel.delivery.reply
        passes = (limits.passing and reply.aside) or (limits.forms and reply.form is not None)
        return passes and not parcel.attempts

    async def _next(self, chat: str, *, passing: bool) -> tuple[Parcel, ...]:
        """Return what goes out next in a chat; none: nothing yet."""
        waiting = await self._store.read(self._store.outbox.waiting, chat)
        parcels = [parcel for parcel in waiting if self._passes(parcel) is passing]
        channel, now = self.channels.to(chat), self._store.now()
        if not parcels or (now < channel.quiet_until and not passing):
            return ()
        if not self._under_way.isdisjoint(_ids(parcels)):  # of a chat that has just moved
            return ()
        if passing:
            return (parcels[0],)
        if parcels[0].kind == "closes" and not channel.free(now):
            return ()
        ended = [p.delivery.job_id for p in parcels if p.delivery.last and p.delivery.job_id]
        more = self._herald.more(chat, ended, FOLD_S)
        limits = self._adapters[parcels[0].delivery.chat.platform].limits
        return next_of(parcels, limits, now, more=more)

    def _end_progress(self, parcels: Sequence[Parcel]) -> None:
        """Say nothing more of jobs but how they have ended."""
        for parcel in parcels:
            if parcel.delivery.last and parcel.delivery.job_id is not None:
                self._herald.end(parcel.delivery.job_id)

    async def _begun(self, parcels: Sequence[Parcel]) -> bool:
        """Note that replies are about to be sent; False if they wait there no more."""
        self._under_way.update(_ids(parcels))
        deliveries = [parcel.delivery for parcel in parcels]
        begun = await self._store.insist(self._store.outbox.sending, *deliveries)
        if not begun:
            self._under_way.difference_update(_ids(parcels))
        return begun

    async def _hand_over(self, parcels: Sequence[Parcel], adapter: Adapter) -> Handed:
        """Have the platform show what is said, in the job's own message or in a new one.

        Raises:
            NotSent: It does not, or nobody knows.
            ChatMoved: It does not.
        """
        parcel = parcels[0]
        if len(parcels) > 1:
            return Handed(await adapter.send(folded(parcels)))
        opening = await self._place_for(parcel, adapter)
        if opening is not None:
            delivery = parcel.delivery
            edit = opening.edit(delivery.reply, last=delivery.last, uploaded=delivery.uploaded)
            try:
                return Handed(await adapter.edit(edit), edited=True)
            except MessageGone as error:
                log.info("the message of job %d is left as it is: %s", opening.job_id, error)
        if parcel.kind == "closes":
            return Handed(())
        sent = await adapter.send(parcel.delivery)
        return Handed(sent, edited=await self._was_edited(parcel, sent))

    async def _was_edited(self, parcel: Parcel, sent: Sequence[Sent]) -> bool:
        """Return whether the platform has found a result in the job's own message.

        That is where an attempt before has put it, though nobody was told.
        """
        job_id = parcel.delivery.job_id
        if job_id is None or not (parcel.attempts and parcel.delivery.last):
            return False
        opening = await self._store.read(self._store.outbox.opening, job_id)
        return opening is not None and opening.message in {one.id for one in sent}

    async def _place_for(self, parcel: Parcel, adapter: Adapter) -> Opening | None:
        """Return the job's own message, if this belongs into it."""
        job_id, limits = parcel.delivery.job_id, adapter.limits
        if job_id is None or not (parcel.delivery.last or parcel.kind == "closes"):
            return None
        opening = await self._store.read(self._store.outbox.opening, job_id)
        if opening is None or not opening.editable(limits, self._store.now()):
            return None
        if parcel.kind == "closes":
            return opening
        fits = opening.holds(parcel.delivery, parcel.created_at, limits)
        return opening if fits and parcel.attempts < TRIES else None

    async def _keep_for_later(self, parcels: Sequence[Parcel], error: NotSent) -> None:
        chat, attempts = parcels[0].delivery.chat.key, parcels[0].attempts
        if error.final:
            self._herald.leave(chat)
            await self._store.insist(leave, self._store, chat)
            return
        if error.retry_after_s:
            self.channels.to(chat).hush(error.retry_after_s, self._store.now())
        if self._hopeless(parcels[0], error):
            await self._store.insist(
                self._give_up, parcels, muted=error.refused and not error.hopeless
            )
            return
        wait_s = error.retry_after_s or min(SLOWEST_S, 2.0**attempts)
        await self._store.insist(self._later, parcels, wait_s, arrived=error.arrived)

    def _hopeless(self, parcel: Parcel, error: NotSent) -> bool:
        """Return whether a reply is given up; a platform out of reach may be back tomorrow."""
        if error.hopeless:
            return True
        if error.refused or error.arrived is not False:
            return parcel.attempts + 1 >= MAX_ATTEMPTS
        return self._store.now() - parcel.created_at > KEEP_S

    async def _follow(self, parcels: Sequence[Parcel], to: str) -> None:
        """Have what is kept of a chat be of another, by key; the replies go out there at once."""
        await self._store.insist(self._moved, parcels, to)
        if parcels[0].attempts + 1 >= MAX_ATTEMPTS:  # it moves in a circle
            await self._store.insist(self._give_up, parcels)

    async def _moved(self, db: Connection, parcels: Sequence[Parcel], to: str) -> None:
        await self._later(db, parcels, 0.0, arrived=False)
        await move(db, self._store, parcels[0].delivery.chat.key, to)

    async def _later(
        self, db: Connection, parcels: Sequence[Parcel], wait_s: float, *, arrived: bool | None
    ) -> None:
        for parcel in parcels:
            await self._store.outbox.later(db, parcel.delivery, wait_s, arrived=arrived)

    async def _arrived(self, db: Connection, parcels: Sequence[Parcel], handed: Handed) -> None:
        for parcel, place in zip(parcels, places(parcels), strict=True):
            delivery, together = parcel.delivery, len(parcels) > 1
            messages = own(handed.messages, place) if together else handed.messages
            await self._store.outbox.sent(db, delivery, messages)
            await self._end(db, delivery, State.DELIVERED)
            if delivery.last and not handed.edited:
                numbers = (place.first, place.last) if together else ()
                await self._close(db, delivery, numbers)

    async def _give_up(
        self, db: Connection, parcels: Sequence[Parcel], *, muted: bool = False
    ) -> None:
        """Note that replies never arrive.

        A chat that has refused one of a group session so often will have none: its sessions rest
        until the bot is spoken to, and then they do not tell all that happened meanwhile.
        """
        first = parcels[0].delivery
        if muted and await self._store.outbox.muted(db, first):
            await self._store.sessions.leave(db, first.chat.key)
        for parcel in parcels:
            delivery = parcel.delivery
            log.error("reply %d is given up", delivery.id)
            await self._store.outbox.failed(db, delivery)
            await self._end(db, delivery, State.FAILED)
            if delivery.last:
                await self._close(db, delivery, (), sent=False)

    async def _end(self, db: Connection, delivery: Delivery, state: State) -> None:
        """A job whose pictures have left, or never will, is over."""
        if not delivery.last or delivery.job_id is None:
            return
        job = await self._store.queue.get(db, delivery.job_id)
        if job is not None and job.state is State.DRAWN:
            await self._store.queue.move(db, job, state)

    async def _close(
        self, db: Connection, delivery: Delivery, place: Sequence[int], *, sent: bool = True
    ) -> None:
        """Have the job's own message say that its result is a message of its own."""
        job_id, outbox = delivery.job_id, self._store.outbox
        limits = self._adapters[delivery.chat.platform].limits
        if job_id is None or not limits.edits:
            return
        opening = await outbox.opening(db, job_id)
        job = await self._store.queue.get(db, job_id)
        if opening is None or job is None:
            return
        with spoken(opening.language):
            words = closed(job_id, job.state, place) if sent else unsent(job_id)
            await outbox.put(db, delivery.chat, Reply(text=words), job_id=job_id, kind="closes")


def _ids(parcels: Iterable[Parcel]) -> Iterable[int]:
    return (parcel.delivery.id for parcel in parcels)
