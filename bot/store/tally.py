"""Numbers for the operator; each is read from an index, or from what is open."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiosqlite import Connection

# By platform, which is what a key begins with.
ROOMS = """
SELECT substr(chat, 1, instr(chat, ':') - 1) AS platform, sum(waiting) AS waiting,
       sum(drawing) AS drawing
FROM rooms GROUP BY platform
"""

OPEN = """
SELECT (SELECT count(*) FROM jobs WHERE state = 'drawn') AS drawn,
       (SELECT count(*) FROM outbox WHERE state IN ('new', 'sending')) AS replies,
       (SELECT count(*) FROM updates WHERE handled_at IS NULL) AS updates,
       (SELECT bytes FROM gallery) AS bytes
"""

NEWEST = "SELECT coalesce(max(id), 0) AS id FROM outbox"

# A job ends with one reply that is marked the last.
ENDED = """
SELECT outbox.id, jobs.created_at, claimed_at, drawn_at, jobs.state = 'cancelled' AS cancelled
FROM outbox JOIN jobs ON jobs.id = job_id
WHERE outbox.id > ? AND last = 1 ORDER BY outbox.id LIMIT ?
"""


# The last artwork from before is found from the newest on; what came after is counted.
SINCE = """
SELECT count(*) AS count FROM artworks WHERE id > (
    SELECT coalesce((SELECT id FROM artworks WHERE made_at < ? ORDER BY id DESC LIMIT 1), 0)
)
"""

BANS = "SELECT count(*) AS count FROM bans WHERE until IS NULL OR until > ?"

PAUSES = """
SELECT count(*) FILTER (WHERE scope = '') AS everywhere,
       count(*) FILTER (WHERE scope <> '') AS chats FROM pauses
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is open."""

    waiting: Mapping[str, int]
    """Jobs in the queue, by platform; where there is none, the platform may be missing."""
    drawing: int
    drawn: int
    """Jobs whose pictures are not delivered yet."""
    replies: int
    """On their way out."""
    updates: int
    """Not answered yet."""
    gallery_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How long a job took that is over."""

    waited_s: float | None
    """Until the attempt that ended it began; None: none was begun."""
    drawn_s: float | None
    """From then until its pictures were labelled and kept; None: it has failed."""
    cancelled: bool = False
    """It was neither drawn nor did it fail: somebody stopped it."""


async def tally(db: Connection) -> Tally:
    """Count what is open."""
    rooms = list(await db.execute_fetchall(ROOMS))
    (found,) = await db.execute_fetchall(OPEN)
    return Tally(
        waiting={row["platform"]: row["waiting"] for row in rooms},
        drawing=sum(row["drawing"] for row in rooms),
        drawn=found["drawn"],
        replies=found["replies"],
        updates=found["updates"],
        gallery_bytes=found["bytes"],
    )


async def newest(db: Connection) -> int:
    """Return where to begin to look for what ends from now on."""
    (found,) = await db.execute_fetchall(NEWEST)
    return found["id"]


async def ended(db: Connection, after: int, limit: int = 1000) -> tuple[int, list[Ended]]:
    """Return where to go on, and some of the jobs that have ended since; none: these are all."""
    last, jobs = after, list[Ended]()
    for row in await db.execute_fetchall(ENDED, (after, limit)):
        last, begun, drawn = row["id"], row["claimed_at"], row["drawn_at"]
        jobs.append(
            Ended(
                waited_s=None if begun is None else begun - row["created_at"],
                drawn_s=None if begun is None or drawn is None else drawn - begun,
                cancelled=bool(row["cancelled"]),
            )
        )
    return last, jobs


async def pictures_since(db: Connection, since: float) -> int:
    """Return how many pictures that are still kept were made since a time."""
    (found,) = await db.execute_fetchall(SINCE, (since,))
    return found["count"]


async def bans(db: Connection, now: float) -> int:
    """Return how many people are not served."""
    (found,) = await db.execute_fetchall(BANS, (now,))
    return found["count"]


async def pauses(db: Connection) -> tuple[bool, int]:
    """Return whether nothing new is drawn anywhere, and in how many chats by themselves."""
    (found,) = await db.execute_fetchall(PAUSES)
    return bool(found["everywhere"]), found["chats"]
