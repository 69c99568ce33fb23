"""One's own data: handed out, or forgotten."""

import asyncio
import json
import math
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.errors import FolderInUse
from bot.event import User
from bot.store import session_privacy
from bot.store.gallery import Gallery
from bot.store.sources import Sources
from bot.store.store import Store

P = ParamSpec("P")

BATCH = 16
"""Rows of one transaction."""
PAUSE_S = 0.005
"""Between two transactions."""
PAGE = 100
NAMING: dict[str, str] = {
    "jobs": "user",
    "artworks": "owner",
    "favourites": "user",
    "people": "user",
    "lanes": "user",
    "names": "user",
    "bans": "user",
    "acts": "user",
    "gifts": "user",
    "shares": "user",
    "scores": "user",
    "settings": "who",
    "allowances": "who",
}
"""Each table that names a user, and in which column. A new one has to be told of here."""

JOBS = """
SELECT id, user_name, chat, reply_to, state, request, created_at, drawn_at, ended_at, parent_id
FROM jobs WHERE user = ? AND id > ? ORDER BY id LIMIT ?
"""

FAVOURITES = """
SELECT artwork_id AS id, at FROM favourites WHERE user = ? AND artwork_id > ?
ORDER BY artwork_id LIMIT ?
"""

# What else is kept of somebody, each as a file of its own.
OTHERS: Mapping[str, str] = {
    "names": "SELECT user, name FROM names WHERE user = ?",
    "settings": "SELECT settings FROM settings WHERE who = ?",
    "allowances": """
SELECT what, day, amount FROM allowances WHERE kind = 'person' AND who = ? ORDER BY what, day
""",
    "bans": "SELECT reason, at, until FROM bans WHERE user = ?",
    "gifts": "SELECT id, chat, pictures, at, expires_at FROM gifts WHERE user = ? ORDER BY id",
    "shares": "SELECT gift_id, pictures, at FROM shares WHERE user = ? ORDER BY gift_id",
    "acts": "SELECT chat, command, detail, at FROM acts WHERE user = ? ORDER BY id",
    "suffered": "SELECT command, detail, at FROM acts WHERE whom = ? ORDER BY id",
    "uploads": """
SELECT platform, sha256, reference, at FROM uploads
WHERE sha256 IN (SELECT sha256 FROM artworks WHERE owner = ?) ORDER BY platform, sha256
""",
    **session_privacy.OTHERS,
}

COUNT = """
SELECT (SELECT count(*) FROM artworks WHERE owner = :user) AS artworks,
       (SELECT count(*) FROM jobs WHERE user = :user) AS jobs,
       (SELECT count(*) FROM favourites WHERE user = :user) AS favourites,
       EXISTS (SELECT 1 FROM people WHERE user = :user) AS person
"""

IMAGES = """
SELECT DISTINCT json_extract(request, '$.source') AS image FROM jobs
WHERE user = :user AND json_extract(request, '$.source') > ''
UNION
SELECT DISTINCT json_extract(request, '$.mask') FROM jobs
WHERE user = :user AND json_extract(request, '$.mask') > ''
UNION
SELECT DISTINCT json_extract(step.value, '$.canvas.sha256')
FROM sessions, json_each(state, '$.steps') step
WHERE json_extract(step.value, '$.member') = :user
    AND json_extract(step.value, '$.canvas.sha256') > ''
"""

CHATS = "SELECT DISTINCT chat FROM jobs WHERE user = ?"

WAITING = "SELECT id, platform, body FROM updates WHERE handled_at IS NULL"

EMPTY = "UPDATE updates SET body = x'', handled_at = ? WHERE id = ?"

SOME_JOBS = "SELECT id FROM jobs WHERE user = ? ORDER BY id LIMIT ?"

# What was answered without a job, as a refusal, names nobody: in one's chats all of it goes.
ANSWERS = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE job_id IS NULL AND state IN ('sent', 'failed')
        AND chat IN (SELECT value FROM json_each(?)) LIMIT ?
)
"""

UNFAVOUR = """
DELETE FROM favourites WHERE user = :user AND artwork_id IN (
    SELECT artwork_id FROM favourites WHERE user = :user LIMIT :limit
)
"""

NOBODY = (
    "DELETE FROM lanes WHERE user = ?",
    "DELETE FROM people WHERE user = ?",
    "DELETE FROM settings WHERE who = ?",
    "DELETE FROM names WHERE user = ?",
    "DELETE FROM allowances WHERE kind = 'person' AND who = ?",
    "DELETE FROM bans WHERE user = ?",
    # a gift and what others took of it stay; whose they were does not
    "UPDATE gifts SET user = '', name = '' WHERE user = ?",
    "UPDATE shares SET user = NULL, name = '' WHERE user = ?",
    "UPDATE acts SET user = '', name = '' WHERE user = ?",
    "UPDATE acts SET whom = '', detail = '' WHERE whom = ?",
)

Whose = Callable[[str, bytes], str | None]
"""Key of who sent an update, of its platform and body; None if nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How much is kept of a user."""

    artworks: int
    jobs: int
    favourites: int
    person: bool
    """Whether there is a counter of what was drawn for them."""
    others: int = 0
    """Settings, limits, gifts, bans, what operators did, and which pictures platforms have."""

    @property
    def anything(self) -> bool:
        """Whether there is anything."""
        counted = self.artworks + self.jobs + self.favourites + self.others
        return self.person or bool(counted)


async def known(db: Connection, user: str) -> Known:
    """Return how much is kept of a user, by key."""
    for row in await db.execute_fetchall(COUNT, {"user": user}):
        return Known(
            artworks=row["artworks"],
            jobs=row["jobs"],
            favourites=row["favourites"],
            person=bool(row["person"]),
            others=await _count_others(db, user),
        )
    raise LookupError(COUNT)


async def _count_others(db: Connection, user: str) -> int:
    count = 0
    for statement in OTHERS.values():
        count += len(list(await db.execute_fetchall(statement, (user,))))
    return count


async def export(db: Connection, data: Path, user: str, to: Path) -> Known:
    """Write all that is kept of a user into a folder: pictures, and rows as lines of JSON.

    Args:
        db: A connection that may only read.
        data: The data folder.
        user: Key of the user.
        to: A folder that is empty or not there yet.

    Raises:
        FolderInUse: There is something in it.
        OSError: It cannot be written.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise FolderInUse(to)
    found = await known(db, user)
    if not found.anything:
        return found
    gallery, sources = Gallery(data, 0, lambda: 0.0), Sources(data)
    (to / "pictures").mkdir(parents=True, exist_ok=True)
    with (to / "artworks.jsonl").open("w", encoding="utf-8") as file:
        async for artwork in _artworks(db, gallery, user):
            name = await asyncio.to_thread(
                _copy, artwork.path, to / "pictures" / f"{artwork.id}.png"
            )
            file.write(_line(_told(artwork, name)))
    for table, statement in (("jobs", JOBS), ("favourites", FAVOURITES)):
        with (to / f"{table}.jsonl").open("w", encoding="utf-8") as file:
            async for row in _rows(db, statement, user):
                file.write(_line(row))
    await _write_others(db, user, to)
    for row in await db.execute_fetchall(IMAGES, {"user": user}):
        (to / "sources").mkdir(exist_ok=True)
        await asyncio.to_thread(
            _copy, sources.path(row["image"]), to / "sources" / f"{row['image']}.png"
        )
    return found


async def _write_others(db: Connection, user: str, to: Path) -> None:
    """Write what else there is; where there is nothing, no file."""
    for name, statement in OTHERS.items():
        rows = list(await db.execute_fetchall(statement, (user,)))
        if rows:
            lines = [_line({key: row[key] for key in row.keys()}) for row in rows]  # noqa: SIM118  a Row iterates values
            (to / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


async def forget(store: Store, user: User, whose: Whose) -> Known:
    """Remove a user's pictures, prompts and rows, a little at a time; the studio may run.

    What others derived from their pictures stays, and comes from what those came from. Calling it
    again goes on where an end of the process stopped it.

    Args:
        store: Where from.
        user: Who.
        whose: Tells of an update that nobody has answered yet who sent it.

    Returns what there was.
    """
    key = user.key
    found = await store.read(known, key)
    await store.insist(_forget_updates, store, key, whose)
    await store.insist(session_privacy.leave, store, key)
    await store.insist(_cancel, store, user)
    images = [row["image"] for row in await store.read(_all, IMAGES, {"user": key})]
    chats = json.dumps([row["chat"] for row in await store.read(_all, CHATS, (key,))])
    while gone := await store.insist(_forget_artworks, store, key):
        await asyncio.to_thread(store.gallery.remove_files, gone)
        await asyncio.sleep(PAUSE_S)
    await _until_done(store, _run, UNFAVOUR, {"user": key, "limit": BATCH})
    await _until_done(store, _run, ANSWERS, (chats, BATCH))
    await _until_done(store, session_privacy.forget, key, BATCH)
    await _until_done(store, _forget_jobs, store, key)
    for statement in NOBODY:
        await store.insist(_run, statement, (key,))
    await asyncio.to_thread(store.plates.sweep, math.inf)  # whoever else's is on one: drawn again
    wanted = await store.read(store.queue.wanted, images)
    for image in images:
        if image not in wanted:
            await asyncio.to_thread(store.sources.drop, image)
    await store.insist(store.gallery.merge, begin=True)
    await _until_done(store, store.gallery.merge)
    return found


async def _until_done(
    store: Store,
    work: Callable[Concatenate[Connection, P], Awaitable[bool]],
    *of: P.args,
    **named: P.kwargs,
) -> None:
    """Do some of it at a time until there is nothing left to do."""
    left = True
    while left:
        left = await store.insist(work, *of, **named)
        await asyncio.sleep(PAUSE_S)


async def _forget_updates(db: Connection, store: Store, user: str, whose: Whose) -> None:
    for row in await db.execute_fetchall(WAITING):
        if whose(row["platform"], row["body"]) == user:
            await db.execute(EMPTY, (store.now(), row["id"]))


async def _cancel(db: Connection, store: Store, user: User) -> None:
    for job in await store.queue.open_of(db, user):
        await store.queue.cancel(db, job.id, user)


async def _forget_artworks(db: Connection, store: Store, user: str) -> tuple[Artwork, ...]:
    artworks = await store.gallery.of_user(db, user, limit=BATCH)
    await store.gallery.remove(db, artworks)
    return artworks


async def _forget_jobs(db: Connection, store: Store, user: str) -> bool:
    rows = list(await db.execute_fetchall(SOME_JOBS, (user, BATCH)))
    for row in rows:
        await store.queue.remove(db, row["id"])
    return bool(rows)


async def _run(db: Connection, statement: str, values: Any) -> bool:
    """Run a statement; return whether it changed anything."""
    async with db.execute(statement, values) as cursor:
        return cursor.rowcount > 0


async def _all(db: Connection, statement: str, values: Any) -> list[Any]:
    return list(await db.execute_fetchall(statement, values))


async def _artworks(db: Connection, gallery: Gallery, user: str) -> AsyncIterator[Artwork]:
    """Yield a user's artworks, newest first."""
    before: int | None = None
    while page := await gallery.of_user(db, user, before, PAGE):
        for artwork in page:
            yield artwork
        before = page[-1].id


async def _rows(db: Connection, statement: str, user: str) -> AsyncIterator[dict[str, Any]]:
    """Yield rows in the order of their ids."""
    after = 0
    while rows := list(await db.execute_fetchall(statement, (user, after, PAGE))):
        for row in rows:
            said = {name: row[name] for name in row.keys()}  # noqa: SIM118  a Row iterates values
            if "request" in said:
                said["request"] = json.loads(said["request"])
            yield said
        after = rows[-1]["id"]


def _told(artwork: Artwork, name: str | None) -> dict[str, Any]:
    """Return an artwork as a row of JSON."""
    return {
        "id": artwork.id,
        "job": artwork.job_id,
        "number": artwork.number,
        "chat": artwork.chat,
        "file": name,
        "sha256": artwork.sha256,
        "made_at": artwork.made_at,
        "parent": artwork.parent_id,
        "recipe": asdict(artwork.recipe),
    }


def _copy(path: Path, to: Path) -> str | None:
    """Copy a file, and return its name; None if it is gone."""
    try:
        shutil.copyfile(path, to)
    except FileNotFoundError:
        return None
    return to.name


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
