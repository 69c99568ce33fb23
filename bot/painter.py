"""The back half of the line: a job leaves the queue, artworks reach the outbox."""

import asyncio
import errno
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

from aiosqlite import Connection

from bot import texts
from bot.courier import Courier
from bot.errors import DiskFull, StudioError
from bot.event import Image
from bot.job import Job, State
from bot.label import covered
from bot.pace import Pace
from bot.policy import cost
from bot.ports import Engine
from bot.referee import Referee
from bot.reply import Status
from bot.store.gallery import Written
from bot.store.store import Store
from bot.style import Styles
from bot.trace import JOB
from bot.wording import LANGUAGE
from generation.errors import EngineError, EngineLost
from generation.recipe import Picture, Progress, Recipe

log = logging.getLogger(__name__)

MAX_FAILURES = 3
"""A job that has cost the engine its life this often is not tried again."""
CUT_SHORT = 2
"""Attempts that the bot did not survive, after which a job may be why."""
MAX_ATTEMPTS = 30
"""Nor is one that was begun so often, as after a crash of the bot: it was drawn alone then, and
the bot dies of other things sooner."""
LOOK_S = 1.0
"""How often to look for work when nothing is heard."""
ANNOUNCE_S = 2.0
"""Least time between two announcements to those who wait."""
AGAIN_S = 10.0
"""How often they are told when none has begun: the time that is left goes down."""
ANNOUNCED = 10
"""Waiting jobs that are told how far they have come when another begins."""

Labeller = Callable[[Picture, Job, int], bytes]
"""Labelled PNG of a picture of a job, and which one it is."""


@dataclass(slots=True)
class Easel:
    """A job that is being drawn."""

    job: Job
    recipes: list[Recipe] = field(default_factory=list[Recipe])
    task: asyncio.Task[None] | None = None
    done: dict[int, float] = field(default_factory=dict[int, float])
    """Of the cost of each picture, by its place in the job."""
    previews: bool = True
    """Whether its pictures are shown in the making."""

    def come(self, progress: Progress) -> float:
        """Note how far a picture has come, and return the cost of what was done since last time.

        Its steps are taken for equal: those of a draft are cheaper than those of its refinement,
        but what is off evens out by the end of the picture.
        """
        before = self.done.get(progress.index, 0.0)
        share = progress.step / progress.steps if progress.steps else 0.0
        self.done[progress.index] = cost([self.recipes[progress.index]]) * share
        return self.done[progress.index] - before

    def cost_left(self) -> float:
        """Return what is still to do."""
        return cost(self.recipes) - sum(self.done.values())


class Painter:
    """Takes jobs in turn and has each drawn, labelled and kept."""

    def __init__(  # noqa: PLR0913, PLR0917  all that stands before and behind it in the line
        self,
        store: Store,
        styles: Styles,
        engine: Engine,
        courier: Courier,
        label: Labeller,
        pace: Pace,
        referee: Referee,
        in_flight: int,
    ) -> None:
        self._store = store
        self._styles = styles
        self._engine = engine
        self._courier = courier
        self._label = label
        self._pace = pace
        self._referee = referee
        self._in_flight = in_flight
        self._going = dict[int, Easel]()
        self._suspect: Job | None = None
        self._room = True
        self._announced_at = 0.0
        self._moved = False

    async def run(self) -> None:
        """Keep up to in_flight jobs going, until cancelled; the engine batches them."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen = self._store.commits
                await self._stop_cancelled()
                if self._has_room():
                    await self._fill(tasks)
                await self._announce()
                await self._store.after(seen, LOOK_S)

    async def paint(self, job: Job) -> None:
        """See one claimed job through, to a reply in the outbox."""
        queue = self._store.queue
        JOB.set(job.id)
        try:
            easel = self._going.setdefault(job.id, Easel(job))
            easel.recipes = self._styles.recipes(job.request)
            wanted = self._store.preferences.previews
            held = job.share is not None and job.share.held
            easel.previews = not held and await self._store.read(wanted, job.user, job.chat)
            await self._keep(job, await self._draw(easel))
        except EngineError as error:
            log.warning("job %d, attempt %d: %s", job.id, job.attempts, error)
            if error.retry and job.failures + 1 < MAX_FAILURES and job.attempts < MAX_ATTEMPTS:
                await self._store.insist(queue.move, job, State.QUEUED, failed=True)
            else:
                await self._store.insist(self._give_up, job, error)
        except DiskFull:
            log.error("job %d waits: the disk is full", job.id)  # noqa: TRY400  no bug to trace
            await self._store.insist(queue.move, job, State.QUEUED)
        except Exception as error:  # the boundary: a bug costs one job, not the painter
            log.exception("job %d", job.id)
            await self._store.insist(self._give_up, job, error)
        finally:
            self._going.pop(job.id, None)
            self._weigh()

    async def _fill(self, tasks: asyncio.TaskGroup) -> None:
        """Begin jobs while there is room.

        A suspect is drawn alone: if it is what kills the engine or the bot, it dies with no other
        in flight, and the innocent are not blamed for it.
        """
        begun = False
        while len(self._going) < self._in_flight and not self._suspect_goes():
            job, self._suspect = self._suspect or await self._claim(), None
            if job is None:
                break
            if _is_suspect(job) and self._going:
                self._suspect = job
                break
            if not self._going:
                self._pace.begin()
            easel = self._going[job.id] = Easel(job)  # takes its place before its task begins
            easel.task = tasks.create_task(self.paint(job))
            begun = True
        self._moved = self._moved or begun

    def _has_room(self) -> bool:
        """Return whether to begin anything; while the disk is full, jobs wait."""
        had, self._room = self._room, self._store.gallery.has_room()
        if had and not self._room:
            log.warning("the disk is nearly full: waiting jobs are not begun")
        return self._room

    async def _draw(self, easel: Easel) -> list[Picture]:
        if easel.job.attempts > MAX_ATTEMPTS:
            raise EngineLost("begun too often: it may be what ends the bot itself")
        return await self._engine.draw(
            easel.recipes, partial(self._tell, easel), owner=easel.job.user.key
        )

    async def _claim(self) -> Job | None:
        queue = self._store.queue
        if not await self._store.read(queue.claimable):
            return None
        return await self._store.insist(queue.claim)

    def _suspect_goes(self) -> bool:
        return any(_is_suspect(easel.job) for easel in self._going.values())

    async def _stop_cancelled(self) -> None:
        """Stop drawing what its user has cancelled."""
        if not self._going:
            return
        for id_ in await self._store.read(self._store.queue.cancelled, list(self._going)):
            easel = self._going.get(id_)
            if easel is not None and easel.task is not None:
                easel.task.cancel()
                await asyncio.wait([easel.task])

    async def _keep(self, job: Job, pictures: Sequence[Picture]) -> None:
        """Label, write and enter the pictures; or leave no trace of them."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._written, job, pictures))
        try:
            files = await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._store.gallery.discard(await writing)
            raise
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(str(error)) from error
            raise
        canvas = await self._referee.canvas(job, pictures)
        if await self._store.write(self._enter, job, pictures, files, canvas):
            self._store.gallery.entered(files)
        else:
            self._store.gallery.discard(files)

    def _written(self, job: Job, pictures: Sequence[Picture]) -> list[Written]:
        pngs = [self._label(picture, job, number) for number, picture in enumerate(pictures)]
        covers = [covered(picture) for picture in pictures]
        recipes = [picture.recipe for picture in pictures]
        return self._store.gallery.write(job, recipes, pngs, covers)

    async def _enter(
        self,
        db: Connection,
        job: Job,
        pictures: Sequence[Picture],
        files: list[Written],
        canvas: Image | None,
    ) -> bool:
        """Enter artworks and the reply together; False if the job was cancelled meanwhile."""
        moved = await self._store.queue.move(db, job, State.DRAWN)
        if moved is None:
            return False
        job = moved  # its chat may have another id since it was claimed
        await self._speak_to(db, job)
        seconds = _seconds(pictures)
        await self._store.usage.spent(db, job, seconds)
        artworks = await self._store.gallery.keep(db, job, files)
        if job.share is not None:
            await self._referee.drawn(db, job, artworks, seconds, canvas)
            return True
        notes = dict.fromkeys(note for picture in pictures for note in picture.notes)
        reply = texts.finished(job, artworks, tuple(notes))
        await self._store.outbox.put(db, job.chat, reply, job_id=job.id, last=True)
        return True

    async def _give_up(self, db: Connection, job: Job, error: Exception) -> None:
        moved = await self._store.queue.move(db, job, State.FAILED, failed=True)
        if moved is not None:
            job = moved
            await self._speak_to(db, job)
            if job.share is not None:
                await self._referee.undrawn(db, job, texts.regret(error))
                return
            reply = texts.failed(job, error)
            await self._store.outbox.put(db, job.chat, reply, job_id=job.id, last=True)

    async def _speak_to(self, db: Connection, job: Job) -> None:
        """Say what follows in the language of whoever asked for the job; a write says it alone."""
        LANGUAGE.set(await self._store.preferences.language(db, job.user, job.chat))

    def _tell(self, easel: Easel, progress: Progress) -> None:
        """Learn the engine's pace from a step, and show it."""
        done = easel.come(progress)
        if done > 0:
            self._pace.step(done)
        self._weigh()
        self._courier.show(
            Status(
                job_id=easel.job.id,
                chat=easel.job.chat,
                seconds_left=self._pace.seconds(easel.cost_left() * len(self._going)),
                number=progress.index,
                count=len(easel.recipes),
                step=progress.step,
                steps=progress.steps,
                preview=progress.preview if easel.previews else None,
            )
        )

    def _cost(self, job: Job) -> float:
        """Return what a job that waits will cost; nothing if its style has gone meanwhile."""
        try:
            return cost(self._styles.recipes(job.request))
        except StudioError:  # it fails in its turn
            return 0.0

    def _weigh(self) -> None:
        """Tell the pace how much is left of what is being drawn."""
        self._pace.under_way = sum(easel.cost_left() for easel in self._going.values())

    async def _announce(self) -> None:
        """Tell those who wait how far they have come: when one has begun, and now and then."""
        now = self._store.now()
        if now - self._announced_at < (ANNOUNCE_S if self._moved else AGAIN_S):
            return
        self._announced_at, self._moved = now, False
        queue = self._store.queue
        waiting = await self._store.read(queue.in_state, State.QUEUED, ANNOUNCED)
        self._weigh()  # those that were just begun have their recipes by now
        for job in waiting:
            place = await self._store.read(queue.ahead, job)
            pause = await self._store.read(self._store.pauses.of, job.chat.key)
            self._courier.show(
                Status(
                    job_id=job.id,
                    chat=job.chat,
                    ahead=place.jobs,
                    seconds_left=self._pace.wait(place.cost + self._cost(job)),
                    count=job.request.count,
                    paused=None if pause is None else pause.reason,
                )
            )


def _is_suspect(job: Job) -> bool:
    """Return whether a claimed job may be what ends those that draw it."""
    return job.failures > 0 or job.attempts - 1 - job.failures >= CUT_SHORT


def _seconds(pictures: Sequence[Picture]) -> float:
    """Return how long the engine took; a stage tells of the whole way up to it."""
    ways = [replace(picture.recipe, until=None) for picture in pictures]
    last = [way != after for way, after in pairwise([*ways, None])]
    return sum(picture.seconds for picture, ends in zip(pictures, last, strict=True) if ends)
