"""Brings replies to the platform that they are for: each at least once, in order in its chat."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from aiosqlite import Connection

from bot.errors import NotSent
from bot.job import State
from bot.ports import Adapter
from bot.reply import Delivery, Sent, Status
from bot.store.outbox import Parcel
from bot.store.store import Store
from bot.trace import JOB

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
"""A reply that could not be sent so often is given up."""
LOOK_S = 1.0
"""How often replies that wait for their time are looked at."""
SLOWEST_S = 60.0
"""The longest wait between two attempts that the platform did not ask for."""


class Courier:
    """Knows which adapter speaks to which platform."""

    def __init__(self, store: Store, adapters: Mapping[str, Adapter]) -> None:
        self._store = store
        self._adapters = adapters
        self._serving = dict[str, asyncio.Task[None]]()
        self._shown = dict[int, Status]()
        self._showing = dict[int, asyncio.Task[None]]()

    async def run(self) -> None:
        """Send what the outbox holds, for ever; a slow chat keeps no other waiting."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen = self._store.commits
                for chat in await self._store.read(self._store.outbox.chats):
                    if chat not in self._serving:
                        task = tasks.create_task(self._serve(chat))
                        self._serving[chat] = task
                        task.add_done_callback(lambda _, chat=chat: self._serving.pop(chat))
                await self._store.after(seen, LOOK_S)

    async def send(self, parcel: Parcel) -> None:
        """Send one reply, and note what became of it.

        The note "sending" is on disk before the platform is called: a reply found in that state
        may have arrived, and goes out marked as a repeat.
        """
        delivery = parcel.delivery
        JOB.set(delivery.job_id)
        await self._store.insist(self._store.outbox.sending, delivery)
        try:
            messages = await self._adapters[delivery.chat.platform].send(delivery)
        except NotSent as error:
            log.warning("reply %d, attempt %d: %s", delivery.id, parcel.attempts + 1, error)
            await self._keep_for_later(parcel, error)
        except Exception:  # the boundary: a bug of an adapter costs one reply, not the courier
            log.exception("reply %d, attempt %d", delivery.id, parcel.attempts + 1)
            await self._keep_for_later(parcel, NotSent("a bug", arrived=None))
        else:
            await self._store.insist(self._arrived, delivery, messages)

    def show(self, status: Status) -> None:
        """Show where a job is, if its platform can; only the newest is worth showing."""
        job_id = status.job_id
        self._shown[job_id] = status
        if job_id not in self._showing:
            task = asyncio.ensure_future(self._show_latest(job_id))
            self._showing[job_id] = task
            task.add_done_callback(lambda _: self._showing.pop(job_id))

    async def _show_latest(self, job_id: int) -> None:
        while (status := self._shown.pop(job_id, None)) is not None:
            adapter = self._adapters.get(status.chat.platform)
            if adapter is not None:
                await adapter.show(status)

    async def _serve(self, chat: str) -> None:
        """Send what is due in one chat, in order."""
        while (parcel := await self._store.read(self._store.outbox.next, chat)) is not None:
            if parcel.due_at > self._store.now():
                return
            await self.send(parcel)

    async def _keep_for_later(self, parcel: Parcel, error: NotSent) -> None:
        if error.final or parcel.attempts + 1 >= MAX_ATTEMPTS:
            await self._store.insist(self._give_up, parcel.delivery)
            return
        wait_s = error.retry_after_s or min(SLOWEST_S, 2.0**parcel.attempts)
        await self._store.insist(
            self._store.outbox.later, parcel.delivery, wait_s, arrived=error.arrived
        )

    async def _arrived(self, db: Connection, delivery: Delivery, messages: Sequence[Sent]) -> None:
        await self._store.outbox.sent(db, delivery, messages)
        await self._end(db, delivery, State.DELIVERED)

    async def _give_up(self, db: Connection, delivery: Delivery) -> None:
        log.error("reply %d is given up", delivery.id)
        await self._store.outbox.failed(db, delivery)
        await self._end(db, delivery, State.FAILED)

    async def _end(self, db: Connection, delivery: Delivery, state: State) -> None:
        """A job whose pictures have left, or never will, is over."""
        if not delivery.last or delivery.job_id is None:
            return
        job = await self._store.queue.get(db, delivery.job_id)
        if job is not None and job.state is State.DRAWN:
            await self._store.queue.move(db, job, state)
