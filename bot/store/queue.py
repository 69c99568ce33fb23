"""The fair queue: whoever was drawn the least for is next, and a restart loses nothing.

Each person has a counter of what was drawn for them, in cost (steps × megapixels). The open lane
with the least counter, in a room below its limit, is next; a person who comes back is lifted to
the least counter among those who wait, so that absence saves nothing up.

Source: Sheng et al. 2024, Fairness in Serving Large Language Models (virtual token counter),
arXiv:2401.00588, Algorithm 2; charged when a job is claimed, because its cost is known then.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence

import msgspec
from aiosqlite import Connection

from bot.errors import NoSuchJob, QueueFull
from bot.event import Chat, User
from bot.job import Job, Origin, Place, Share, State
from bot.request import Request
from bot.store.compact import compact
from bot.store.limits import QueueConfig
from bot.wording import later, say

INSERT = """
INSERT INTO jobs (user, user_name, chat, chat_group, reply_to, request, cost, created_at,
                  parent_id, parent_number, session_id, mark, held)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *
"""

GET = "SELECT * FROM jobs WHERE id = ?"
CANCELLED = """
SELECT id FROM jobs WHERE id IN (SELECT value FROM json_each(?)) AND state = 'cancelled'
"""

# A message of ours about a job, or the words that one answers.
ABOUT = """
SELECT job_id, number FROM messages WHERE chat = :chat AND message = :message
UNION ALL
SELECT max(id), NULL FROM jobs WHERE chat = :chat AND reply_to = :message HAVING max(id) NOTNULL
LIMIT 1
"""

RECENT = """
SELECT * FROM jobs WHERE user = ? AND chat = ? AND state NOT IN ('failed', 'cancelled')
    AND session_id IS NULL AND (ended_at IS NULL OR ended_at >= ?)
ORDER BY id DESC LIMIT 1
"""

OF_SESSION = """
SELECT * FROM jobs WHERE session_id = ? AND mark = ? ORDER BY id DESC LIMIT 1
"""

NEWCOMER = "INSERT INTO people (user) VALUES (?) ON CONFLICT (user) DO NOTHING"

LIFT = """
UPDATE people
SET served = max(served, coalesce((SELECT min(served) FROM lanes), (SELECT served FROM level)))
WHERE user = ? AND waiting = 0 AND drawing = 0
"""

NEXT_ROOM = """
SELECT chat FROM rooms WHERE best IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope IN ('', chat))
ORDER BY best, head LIMIT 1
"""

NEXT_LANE = "SELECT head FROM lanes WHERE chat = ? AND open = 1 ORDER BY served, head LIMIT 1"

TAKE = """
UPDATE jobs SET state = 'drawing', attempts = attempts + 1, claimed_at = ? WHERE id = ?
RETURNING *
"""

CHARGE = "UPDATE people SET served = served + ? WHERE user = ?"

LEVEL = """
UPDATE level SET served = max(served, (SELECT served FROM people WHERE user = ?))
"""

# Only the attempt that was claimed last may move its job on (a fencing token), and only from
# where it is: a late answer finds nothing to change.
MOVE = """
UPDATE jobs SET state = :state, failures = failures + :failed,
                drawn_at = coalesce(:drawn_at, drawn_at), ended_at = :ended_at
WHERE id = :id AND attempts = :attempts AND state = :before RETURNING *
"""

# Whoever plays a group session looks at once what became of the picture that it waits for.
STIR = "UPDATE sessions SET due_at = 0 WHERE id = ? AND phase = 'open'"

COUNT_PERSON = """
UPDATE people SET waiting = waiting + :waiting, backlog = backlog + :waiting * :cost,
                  drawing = drawing + :drawing WHERE user = :user
"""

COUNT_ROOM = """
INSERT INTO rooms (chat, waiting, drawing) VALUES (:chat, :waiting, :drawing)
ON CONFLICT (chat) DO UPDATE SET waiting = waiting + :waiting, drawing = drawing + :drawing
"""

HEAD = "SELECT min(id) FROM jobs WHERE state = 'queued' AND chat = ? AND user = ?"

OPEN_LANE = """
INSERT INTO lanes (chat, user, head, served, open) VALUES (?, ?, ?, 0, 0)
ON CONFLICT (chat, user) DO UPDATE SET head = excluded.head
"""

CLOSE_LANE = "DELETE FROM lanes WHERE chat = ? AND user = ?"

LANES_OF = "SELECT chat FROM lanes WHERE user = ?"

REFRESH_LANES = """
UPDATE lanes SET (served, open) = (
    SELECT served, drawing < :per_user FROM people WHERE people.user = lanes.user
) WHERE user = :user
"""

REFRESH_ROOM = """
UPDATE rooms SET (best, head) = (
    SELECT served, head FROM lanes
    WHERE lanes.chat = rooms.chat AND open = 1 AND rooms.drawing < :per_chat
    ORDER BY served, head LIMIT 1
) WHERE chat = :chat
"""

FORGET_ROOM = "DELETE FROM rooms WHERE chat = ? AND waiting = 0 AND drawing = 0"

# Jobs and cost before a job: those being drawn, the person's own older ones, and as many of each
# other person's as fit below the counter at which the job is due.
AHEAD = """
WITH mine AS (
    SELECT count(*) AS jobs, coalesce(sum(cost), 0) AS cost FROM jobs
    WHERE state = 'queued' AND chat = :chat AND user = :user AND id < :id
), due AS (
    SELECT served + (SELECT cost FROM mine) AS at FROM people WHERE user = :user
), others AS (
    SELECT user,
           min(waiting, 1 + cast(((SELECT at FROM due) - served) * waiting / backlog AS INTEGER))
               AS jobs, backlog / waiting AS each
    FROM people WHERE waiting > 0 AND served <= (SELECT at FROM due) AND user <> :user
), drawn AS (
    SELECT user FROM jobs WHERE state = 'drawing'
)
SELECT (SELECT count(*) FROM drawn) + (SELECT jobs FROM mine) + coalesce(sum(jobs), 0) AS jobs,
       (SELECT cost FROM mine) + coalesce(sum(jobs * each), 0) AS cost,
       (SELECT count(*) FROM (SELECT user FROM drawn UNION SELECT user FROM others)
        WHERE user <> :user) AS people
FROM others
"""

WAITING = "SELECT waiting FROM people WHERE user = ?"

WAITING_IN = "SELECT waiting FROM rooms WHERE chat = ?"

LATEST = "SELECT * FROM jobs ORDER BY id DESC LIMIT ?"

OPEN_OF = "SELECT * FROM jobs WHERE user = ? AND state IN ('queued', 'drawing') ORDER BY id"

# The plus keeps SQLite off the index of chats, where it would read all jobs that a chat ever had.
OPEN_IN = """
SELECT * FROM jobs WHERE +chat = ? AND state IN ('queued', 'drawing', 'drawn') ORDER BY id
"""

BUSY = "SELECT coalesce(sum(drawing), 0), coalesce(sum(waiting), 0) FROM rooms"

IN_STATE = "SELECT * FROM jobs WHERE state = ? ORDER BY id LIMIT ?"

# What waits for the end of a pause is not on its way.
OPEN_JOBS = """
SELECT EXISTS (SELECT 1 FROM rooms WHERE waiting > 0
        AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope IN ('', chat)))
    OR EXISTS (SELECT 1 FROM jobs WHERE state = 'drawing')
"""

OLDEST = """
SELECT id, created_at, ended_at < ? AS over,
       EXISTS (SELECT 1 FROM artworks WHERE job_id = jobs.id) AS kept
FROM jobs WHERE id > ? ORDER BY id LIMIT ?
"""

REMOVE = (
    "DELETE FROM messages WHERE job_id = ?",
    "DELETE FROM outbox WHERE job_id = ?",
    "UPDATE jobs SET parent_id = NULL, parent_number = NULL WHERE parent_id = ?",
    "DELETE FROM jobs WHERE id = ?",
)

# Images that jobs name, group sessions that are played, and updates that wait; the second
# condition is that of the index.
WANTED = """
SELECT value FROM json_each(?) WHERE EXISTS (
    SELECT 1 FROM jobs WHERE json_extract(request, '$.source') = value
        AND json_extract(request, '$.source') > ''
) OR EXISTS (
    SELECT 1 FROM jobs WHERE json_extract(request, '$.mask') = value
        AND json_extract(request, '$.mask') > ''
) OR EXISTS (
    SELECT 1 FROM sessions WHERE phase <> 'closed' AND instr(state, value)
) OR EXISTS (
    SELECT 1 FROM updates WHERE handled_at IS NULL AND instr(CAST(body AS TEXT), value)
)
"""

# There messages are numbered anew: a job answers none any more.
MOVE_CHAT = "UPDATE jobs SET chat = :to, reply_to = '' WHERE chat = :chat"

# People are the same wherever they wait.
REBUILD_ROOM = (
    "DELETE FROM lanes WHERE chat = :chat",
    "DELETE FROM rooms WHERE chat = :chat",
    """
INSERT INTO lanes (chat, user, head, served, open)
    SELECT chat, user, min(id), served, drawing < :per_user
    FROM jobs JOIN people USING (user) WHERE state = 'queued' AND chat = :chat GROUP BY user
""",
    """
INSERT INTO rooms (chat, waiting, drawing)
    SELECT chat, sum(state = 'queued'), sum(state = 'drawing')
    FROM jobs WHERE state IN ('queued', 'drawing') AND chat = :chat GROUP BY chat
""",
    REFRESH_ROOM,
)

RECOVER = "UPDATE jobs SET state = 'queued' WHERE state = 'drawing'"

REBUILD = """
DELETE FROM lanes;
DELETE FROM rooms;
UPDATE people SET waiting = 0, backlog = 0, drawing = 0;
INSERT INTO people (user, waiting, backlog, drawing)
    SELECT user, sum(state = 'queued'), total(iif(state = 'queued', cost, 0)),
           sum(state = 'drawing')
    FROM jobs WHERE state IN ('queued', 'drawing') GROUP BY user
    ON CONFLICT (user) DO UPDATE SET
        waiting = excluded.waiting, backlog = excluded.backlog, drawing = excluded.drawing;
INSERT INTO lanes (chat, user, head, served, open)
    SELECT chat, user, min(id), served, drawing < {per_user}
    FROM jobs JOIN people USING (user) WHERE state = 'queued' GROUP BY chat, user;
INSERT INTO rooms (chat, waiting, drawing)
    SELECT chat, sum(state = 'queued'), sum(state = 'drawing')
    FROM jobs WHERE state IN ('queued', 'drawing') GROUP BY chat;
UPDATE rooms SET (best, head) = (
    SELECT served, head FROM lanes
    WHERE lanes.chat = rooms.chat AND open = 1 AND rooms.drawing < {per_chat}
    ORDER BY served, head LIMIT 1
);
"""


class Queue:
    """Jobs by station; the only writer of a job's state."""

    def __init__(self, config: QueueConfig, now: Callable[[], float]) -> None:
        self._config = config
        self._at_once = {
            "per_user": config.drawing_per_user,
            "per_chat": config.drawing_per_chat,
        }
        self._now = now

    async def submit(  # noqa: PLR0913  all of a row
        self,
        db: Connection,
        user: User,
        chat: Chat,
        reply_to: str,
        request: Request,
        cost: float,
        parent: Origin | None = None,
        *,
        most: int | None = None,
        share: Share | None = None,
    ) -> Job:
        """Accept a request.

        Args:
            db: An open transaction.
            user: Whose turn it takes.
            chat: Where it counts, and where the answer goes.
            reply_to: The message to answer.
            request: Settled, with its seed.
            cost: Steps × megapixels, all pictures together.
            parent: What it was derived from.
            most: Jobs of this user that may wait, if not as many as of everybody.
            share: The group session that it is of.

        Raises:
            QueueFull: The user or the chat has too many jobs waiting.
        """
        await self._check_limits(db, user, chat, most or self._config.waiting_per_user)
        await db.execute(NEWCOMER, (user.key,))
        await db.execute(LIFT, (user.key,))
        words = compact(request)
        row = await _one(
            db,
            INSERT,
            (
                *(user.key, user.name, chat.key, chat.group, reply_to, words, cost, self._now()),
                *((parent.job_id, parent.number) if parent else (None, None)),
                *((share.session_id, share.mark, share.held) if share else (None, 0, False)),
            ),
        )
        await self._count(db, row, waiting=1, drawing=0)
        return _job(row)

    async def claimable(self, db: Connection) -> bool:
        """Return whether there is a job that may be taken now."""
        return await _maybe(db, NEXT_ROOM, ()) is not None

    async def claim(self, db: Connection) -> Job | None:
        """Take the next job in turn, or None when nobody who waits may be served now."""
        room = await _maybe(db, NEXT_ROOM, ())
        if room is None:
            return None
        lane = await _one(db, NEXT_LANE, (room["chat"],))
        row = await _one(db, TAKE, (self._now(), lane["head"]))
        await db.execute(LEVEL, (row["user"],))
        if row["attempts"] == 1:  # another attempt is not charged again
            await db.execute(CHARGE, (row["cost"], row["user"]))
        await self._count(db, row, waiting=-1, drawing=1)
        return _job(row)

    async def move(
        self, db: Connection, job: Job, state: State, *, failed: bool = False
    ) -> Job | None:
        """Note that a job has gone from its state to another; None if it was not there any more.

        Args:
            db: An open transaction.
            job: As it was when claimed or read.
            state: Where it is now.
            failed: Whether the attempt ended in an error.
        """
        ended = state in {State.DELIVERED, State.FAILED, State.CANCELLED}
        found = {
            "state": state,
            "failed": failed,
            "drawn_at": self._now() if state is State.DRAWN else None,
            "ended_at": self._now() if ended else None,
            "id": job.id,
            "attempts": job.attempts,
            "before": job.state,
        }
        row = await _maybe(db, MOVE, found)
        if row is None:
            return None
        if row["session_id"] is not None and state in {State.FAILED, State.CANCELLED}:
            await db.execute(STIR, (row["session_id"],))
        await self._count(
            db,
            row,
            waiting=(state is State.QUEUED) - (job.state is State.QUEUED),
            drawing=(state is State.DRAWING) - (job.state is State.DRAWING),
        )
        return _job(row)

    async def cancel(self, db: Connection, job_id: int, user: User) -> Job:
        """Stop a job of this user that waits or is being drawn.

        Raises:
            NoSuchJob: It is somebody else's, or already over.
        """
        job = await self.get(db, job_id)
        if job is None:
            raise NoSuchJob(say("找不到这个任务了"))
        if job.user.key != user.key:
            raise NoSuchJob(say("这是别人的任务，只有本人可以取消"))
        if job.state not in {State.QUEUED, State.DRAWING}:
            raise NoSuchJob(say("这个任务已经结束了，不用取消"))
        stopped = await self.move(db, job, State.CANCELLED)
        if stopped is None:
            raise NoSuchJob(say("这个任务已经结束了，不用取消"))
        return stopped

    async def get(self, db: Connection, job_id: int) -> Job | None:
        """Return a job by its id."""
        row = await _maybe(db, GET, (job_id,))
        return None if row is None else _job(row)

    async def of_session(self, db: Connection, session_id: int, mark: int) -> Job | None:
        """Return the job of a group session that this knows by a mark."""
        row = await _maybe(db, OF_SESSION, (session_id, mark))
        return None if row is None else _job(row)

    async def cancelled(self, db: Connection, ids: Sequence[int]) -> set[int]:
        """Return which of some jobs are cancelled, by id."""
        rows = await db.execute_fetchall(CANCELLED, (json.dumps(list(ids)),))
        return {row["id"] for row in rows}

    async def about(self, db: Connection, chat: Chat, message: str) -> Origin | None:
        """Return the job, or the picture of it, that a message in a chat is about."""
        row = await _maybe(db, ABOUT, {"chat": chat.key, "message": message})
        return None if row is None else Origin(row["job_id"], row["number"])

    async def recent(self, db: Connection, user: User, chat: Chat, within_s: float) -> Job | None:
        """Return what a user has asked for last in a chat, unless it was over longer ago."""
        row = await _maybe(db, RECENT, (user.key, chat.key, self._now() - within_s))
        return None if row is None else _job(row)

    async def ahead(self, db: Connection, job: Job) -> Place:
        """Return what comes before a waiting job."""
        row = await _one(db, AHEAD, {"user": job.user.key, "chat": job.chat.key, "id": job.id})
        return Place(jobs=int(row["jobs"]), people=int(row["people"]), cost=float(row["cost"]))

    async def in_state(self, db: Connection, state: State, limit: int) -> list[Job]:
        """Return the oldest jobs at a station."""
        return [_job(row) for row in await db.execute_fetchall(IN_STATE, (state, limit))]

    async def open_of(self, db: Connection, user: User) -> list[Job]:
        """Return what a user waits for, oldest first."""
        return [_job(row) for row in await db.execute_fetchall(OPEN_OF, (user.key,))]

    async def open_in(self, db: Connection, chat: str) -> list[Job]:
        """Return what a chat, by key, waits for until it is delivered, oldest first."""
        return [_job(row) for row in await db.execute_fetchall(OPEN_IN, (chat,))]

    async def busy(self, db: Connection) -> tuple[int, int]:
        """Return how many jobs are being drawn, and how many wait."""
        row = await _one(db, BUSY, ())
        return int(row[0]), int(row[1])

    async def latest(self, db: Connection, limit: int) -> list[Job]:
        """Return the newest jobs, newest first."""
        return [_job(row) for row in await db.execute_fetchall(LATEST, (limit,))]

    async def idle(self, db: Connection) -> bool:
        """Return whether nothing waits to be drawn, or is being drawn."""
        row = await _one(db, OPEN_JOBS, ())
        return not row[0]

    async def wanted(self, db: Connection, images: Sequence[str]) -> set[str]:
        """Return those of the images, by SHA-256, that a job or a waiting update names."""
        rows = await db.execute_fetchall(WANTED, (json.dumps(images),))
        return {row[0] for row in rows}

    async def forget(self, db: Connection, before: float, after: int, limit: int) -> int | None:
        """Remove some of the jobs that were over before a time and have no artwork left.

        Args:
            db: An open transaction.
            before: The time.
            after: Where to go on, by id.
            limit: How many to look at.

        Returns where to go on; None at the end.
        """
        last = None
        for row in await db.execute_fetchall(OLDEST, (before, after, limit)):
            if row["created_at"] >= before:
                return None
            last = row["id"]
            if row["over"] and not row["kept"]:
                await self.remove(db, last)
        return last

    async def remove(self, db: Connection, job_id: int) -> None:
        """Remove a job that is over, with what was said of it; its artworks are gone already."""
        for statement in REMOVE:
            await db.execute(statement, (job_id,))

    async def move_chat(self, db: Connection, chat: str, to: str) -> None:
        """Have what was asked for in a chat be of another, by keys, each in its turn."""
        async with db.execute(MOVE_CHAT, {"chat": chat, "to": to}) as cursor:
            moved = cursor.rowcount
        for key in (chat, to) if moved else ():
            for statement in REBUILD_ROOM:
                await db.execute(statement, {"chat": key, **self._at_once})

    async def recover(self, db: Connection) -> None:
        """Put back what was being drawn when the process died, and count everything anew."""
        await db.execute(RECOVER)
        await self.rebuild(db)

    async def rebuild(self, db: Connection) -> None:
        """Make people, lanes and rooms again from the jobs."""
        for statement in REBUILD.format(**self._at_once).split(";\n"):
            await db.execute(statement)

    async def _check_limits(self, db: Connection, user: User, chat: Chat, most: int) -> None:
        person = await _maybe(db, WAITING, (user.key,))
        if person is not None and person["waiting"] >= most:
            words = later("你还有 {count} 个任务在排队，等画好一个再来吧")
            raise QueueFull(say(words, count=person["waiting"]))
        room = await _maybe(db, WAITING_IN, (chat.key,))
        if room is not None and room["waiting"] >= self._config.waiting_per_chat:
            words = later("这里已经有 {count} 个任务在排队，等画好一些再来吧")
            raise QueueFull(say(words, count=room["waiting"]))

    async def _count(self, db: Connection, row: sqlite3.Row, *, waiting: int, drawing: int) -> None:
        """Bring people, lanes and rooms up to date after a job has moved."""
        user, chat = row["user"], row["chat"]
        change = {"waiting": waiting, "drawing": drawing, "cost": row["cost"]}
        await db.execute(COUNT_PERSON, {**change, "user": user})
        await db.execute(COUNT_ROOM, {"waiting": waiting, "drawing": drawing, "chat": chat})
        (head,) = await _one(db, HEAD, (chat, user))
        if head is None:
            await db.execute(CLOSE_LANE, (chat, user))
        else:
            await db.execute(OPEN_LANE, (chat, user, head))
        await db.execute(REFRESH_LANES, {"user": user, "per_user": self._config.drawing_per_user})
        lanes = await db.execute_fetchall(LANES_OF, (user,))
        for room in {chat, *(lane["chat"] for lane in lanes)}:
            await db.execute(
                REFRESH_ROOM, {"chat": room, "per_chat": self._config.drawing_per_chat}
            )
        await db.execute(FORGET_ROOM, (chat,))


async def _maybe(
    db: Connection, statement: str, values: Iterable[object] | dict[str, object]
) -> sqlite3.Row | None:
    """Return the first row, if there is one.

    All are fetched in one go: while a cursor is open, its connection sees an old snapshot.
    """
    for row in await db.execute_fetchall(statement, values):
        return row
    return None


async def _one(
    db: Connection, statement: str, values: Iterable[object] | dict[str, object]
) -> sqlite3.Row:
    row = await _maybe(db, statement, values)
    if row is None:
        raise LookupError(statement)
    return row


def _origin(row: sqlite3.Row) -> Origin | None:
    return None if row["parent_id"] is None else Origin(row["parent_id"], row["parent_number"])


def _share(row: sqlite3.Row) -> Share | None:
    if row["session_id"] is None:
        return None
    return Share(session_id=row["session_id"], mark=row["mark"], held=bool(row["held"]))


def _job(row: sqlite3.Row) -> Job:
    platform, _, user_id = row["user"].partition(":")
    chat_platform, _, chat_id = row["chat"].partition(":")
    return Job(
        id=row["id"],
        user=User(platform, user_id, row["user_name"]),
        chat=Chat(chat_platform, chat_id, bool(row["chat_group"])),
        reply_to=row["reply_to"],
        request=msgspec.json.decode(row["request"], type=Request),
        parent=_origin(row),
        share=_share(row),
        state=State(row["state"]),
        attempts=row["attempts"],
        failures=row["failures"],
        created_at=row["created_at"],
        claimed_at=row["claimed_at"],
        drawn_at=row["drawn_at"],
        ended_at=row["ended_at"],
    )
