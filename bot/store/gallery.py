"""Artworks: rows in the database, pages of them, and search; their files are in pictures.py.

Pages go backwards from an id and never count rows off, so that the last is as fast as the first.
Whoever asks sees their own and what is in their chat; ids of others are not found.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiosqlite import Connection

from bot.artwork import Artwork
from bot.job import Job, Origin
from bot.store import search
from bot.store.compact import compact
from bot.store.near import at_length
from bot.store.pictures import NAMED, Pictures, digest
from generation.recipe import Recipe

# The path is empty: it follows from the hash.
INSERT = """
INSERT INTO artworks
    (job_id, number, recipe, path, sha256, owner, made_at, parent_id, chat, entered_for, bytes,
     flagged, held)
VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *
"""

GET = "SELECT * FROM artworks WHERE id = ?"

SEEN = "SELECT * FROM artworks WHERE id = ? AND held = 0 AND (owner = ? OR chat = ?)"

OF_JOB = "SELECT * FROM artworks WHERE job_id = ? ORDER BY number"

LATEST = "SELECT * FROM artworks WHERE held = 0 ORDER BY id DESC LIMIT ?"

OF_USER = """
SELECT * FROM artworks WHERE owner = ? AND id < ? AND held = 0 ORDER BY id DESC LIMIT ?
"""

OF_CHAT = """
SELECT * FROM artworks WHERE chat = ? AND id < ? AND held = 0 ORDER BY id DESC LIMIT ?
"""

FAVOURITES = """
SELECT artworks.* FROM favourites CROSS JOIN artworks ON artworks.id = artwork_id
WHERE user = ? AND artwork_id < ? ORDER BY artwork_id DESC LIMIT ?
"""

# The index finds; the row decides whose it is.
SEARCH = """
SELECT artworks.* FROM search CROSS JOIN artworks ON artworks.id = search.rowid
WHERE search MATCH :query AND search.rowid < :before
    AND (artworks.owner = :user OR artworks.chat = :chat) AND held = 0
ORDER BY search.rowid DESC LIMIT :limit
"""

# For which chats those of a chat were entered before it moved; each step is a look into an index.
FORMER = """
WITH RECURSIVE former (key) AS (
    SELECT min(entered_for) FROM artworks WHERE chat = :chat AND entered_for IS NOT NULL
    UNION ALL
    SELECT (SELECT min(entered_for) FROM artworks WHERE chat = :chat AND entered_for > key)
    FROM former WHERE key IS NOT NULL
)
SELECT key FROM former WHERE key IS NOT NULL
"""

# The index is not told: it would have to read all words again.
MOVE = """
UPDATE artworks SET entered_for = coalesce(entered_for, chat), chat = :to WHERE chat = :chat
"""

FAVOUR = """
INSERT INTO favourites (user, artwork_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
"""

UNFAVOUR = "DELETE FROM favourites WHERE user = ? AND artwork_id = ?"

IS_FAVOURITE = "SELECT 1 FROM favourites WHERE user = ? AND artwork_id = ?"

CHILDREN = """
WITH RECURSIVE family (id, depth) AS (
    SELECT id, 1 FROM artworks WHERE parent_id = :id
    UNION ALL
    SELECT artworks.id, depth + 1 FROM family JOIN artworks ON parent_id = family.id
    WHERE depth < :depth
    LIMIT :limit
)
SELECT artworks.* FROM family JOIN artworks USING (id)
WHERE (owner = :user OR chat = :chat) AND held = 0
ORDER BY depth, id
"""

ANCESTORS = """
WITH RECURSIVE family (id, depth) AS (
    SELECT parent_id, 1 FROM artworks WHERE id = :id AND parent_id IS NOT NULL
    UNION ALL
    SELECT parent_id, depth + 1 FROM family JOIN artworks USING (id)
    WHERE depth < :depth AND parent_id IS NOT NULL
)
SELECT artworks.* FROM family JOIN artworks USING (id)
WHERE (owner = :user OR chat = :chat) AND held = 0
ORDER BY depth
"""

REVEAL = """
UPDATE artworks SET held = 0
WHERE held = 1
    AND job_id IN (SELECT id FROM jobs WHERE session_id = :session AND :mark IN (0, mark))
"""

REVEAL_JOBS = """
UPDATE jobs SET held = 0 WHERE session_id = :session AND :mark IN (0, mark) AND held = 1
"""

# What came from it comes from its parent now: a line in which one is missing stays a line.
HAND_ON = "UPDATE artworks SET parent_id = ? WHERE parent_id = ?"

DELETE = "DELETE FROM artworks WHERE id = ?"

STYLES = "SELECT json_extract(request, '$.styles') AS styles FROM jobs WHERE id = ?"

ENTER_WORDS = "INSERT INTO search (rowid, words) VALUES (?, ?)"

# The index keeps no text: it has to be told again what to take out.
TAKE_WORDS = "INSERT INTO search (search, rowid, words) VALUES ('delete', ?, ?)"

STATE = "SELECT bytes, unread, reading FROM gallery"

UNREAD = "SELECT * FROM artworks WHERE id <= ? ORDER BY id DESC LIMIT ?"

READ_TO = "UPDATE gallery SET unread = ?"

WEIGH = "UPDATE artworks SET bytes = ? WHERE id = ?"

FORGET_WORDS = "INSERT INTO search (search) VALUES ('delete-all')"

ENTER_ANEW = "UPDATE artworks SET entered_for = NULL WHERE entered_for IS NOT NULL"

READ_ANEW = """
UPDATE gallery SET unread = (SELECT coalesce(max(id), 0) FROM artworks), reading = ?
"""

# A merge of so many pages; where it changes nothing, all that was taken out is gone.
MERGE = "INSERT INTO search (search, rank) VALUES ('merge', ?)"

WANTED = """
SELECT value FROM json_each(?) WHERE EXISTS (
    SELECT 1 FROM artworks
    WHERE substr(sha256, 1, 12) = substr(value, 1, 12) AND sha256 = value AND path = ''
)
"""

WANTED_BY_PATH = "SELECT 1 FROM artworks WHERE job_id = ? AND number = ? AND path = ?"

NEWEST = 2**63 - 1
"""Before this id are all."""
MAX_PAGE = 100
"""Artworks of a page, at most."""
MAX_DEPTH, MAX_FAMILY = 32, 200
"""Generations, and artworks, of a family tree."""
MERGE_PAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A picture that is on disk, and in no row yet."""

    recipe: Recipe
    path: Path
    sha256: str
    bytes: int
    """With what belongs to it."""
    words: str
    """What the index is told of it."""
    chat: str
    """Key of the chat that these name."""


class Gallery:
    """Keeps artworks."""

    def __init__(self, data: Path, min_free_mb: int, now: Callable[[], float]) -> None:
        self._data = data
        self._min_free_bytes = min_free_mb * 2**20
        self._now = now
        self.pictures = Pictures(data)
        """Their files."""

    def write(
        self, job: Job, recipes: Sequence[Recipe], pngs: Sequence[bytes], covers: Sequence[bytes]
    ) -> list[Written]:
        """Write the labelled pictures of a job to disk, and read their words. Call it in a thread.

        Args:
            job: Whose pictures they are.
            recipes: What each was made of.
            pngs: The pictures.
            covers: What the label covers of each, kept apart from it.

        Raises:
            OSError: The disk is full or failing; what was written of this job is removed.
            LabelMissing: A picture carries no label.
        """
        user, chat, styles = job.user.key, job.chat.key, job.request.styles
        words = [search.entry(_text(recipe, styles), user, chat) for recipe in recipes]
        paths = self.pictures.write(job.id, pngs, covers)
        return [
            Written(
                recipe=recipe,
                path=path,
                sha256=digest(png),
                bytes=self.pictures.size(path),
                words=said,
                chat=chat,
            )
            for recipe, png, path, said in zip(recipes, pngs, paths, words, strict=True)
        ]

    def discard(self, written: Iterable[Written]) -> None:
        """Remove files that no artwork will name."""
        self.pictures.discard(one.path for one in written)

    def entered(self, written: Iterable[Written]) -> None:
        """Note that the transaction that keeps these is on disk."""
        self.pictures.entered(one.path for one in written)

    async def keep(
        self, db: Connection, job: Job, written: Sequence[Written]
    ) -> tuple[Artwork, ...]:
        """Enter the pictures of a job.

        Args:
            db: An open transaction.
            job: Whose pictures they are.
            written: The pictures, in the order in which they were asked for.
        """
        parent = None if job.parent is None else await self._parent_id(db, job.parent)
        kept: list[Artwork] = []
        for number, one in enumerate(written):
            row = (
                *(job.id, number, compact(one.recipe), one.sha256, job.user.key, self._now()),
                *(parent, job.chat.key, None if one.chat == job.chat.key else one.chat, one.bytes),
                *(job.request.flagged, job.share is not None and job.share.held),
            )
            for found in await db.execute_fetchall(INSERT, row):
                with at_length():  # now and then it merges what was entered before
                    await db.execute(ENTER_WORDS, (found["id"], one.words))
                kept.append(self._artwork(found))
        return tuple(kept)

    async def get(self, db: Connection, ids: Iterable[int]) -> tuple[Artwork, ...]:
        """Return artworks by id, in that order; ids that are gone are left out."""
        found = [await db.execute_fetchall(GET, (id_,)) for id_ in ids]
        return tuple(self._artwork(row) for rows in found for row in rows)

    async def of(self, db: Connection, job_id: int) -> tuple[Artwork, ...]:
        """Return the artworks of a job, in the order in which they were asked for."""
        return await self._found(db, OF_JOB, (job_id,))

    async def reveal(self, db: Connection, session_id: int, mark: int = 0) -> None:
        """Let what a group session has kept back be found: what it knows by a mark, or all."""
        which = {"session": session_id, "mark": mark}
        await db.execute(REVEAL, which)
        await db.execute(REVEAL_JOBS, which)

    async def latest(self, db: Connection, limit: int) -> tuple[Artwork, ...]:
        """Return the newest artworks, newest first."""
        return await self._found(db, LATEST, (limit,))

    async def seen(self, db: Connection, id_: int, user: str, chat: str) -> Artwork | None:
        """Return an artwork of this user or chat; None of any other, as if there were none."""
        found = await self._found(db, SEEN, (_id(id_), user, chat))
        return found[0] if found else None

    async def of_user(
        self, db: Connection, user: str, before: int | None = None, limit: int = 10
    ) -> tuple[Artwork, ...]:
        """Return a page of a user's artworks, newest first.

        Args:
            db: A connection.
            user: Key of the user.
            before: The last id of the page before; None: the first page.
            limit: How many.
        """
        return await self._found(db, OF_USER, (user, _before(before), _size(limit)))

    async def of_chat(
        self, db: Connection, chat: str, before: int | None = None, limit: int = 10
    ) -> tuple[Artwork, ...]:
        """Return a page of what was asked for in a chat, newest first."""
        return await self._found(db, OF_CHAT, (chat, _before(before), _size(limit)))

    async def favourites(
        self, db: Connection, user: str, before: int | None = None, limit: int = 10
    ) -> tuple[Artwork, ...]:
        """Return a page of a user's favourites, the newest artworks first."""
        return await self._found(db, FAVOURITES, (user, _before(before), _size(limit)))

    async def search(
        self,
        db: Connection,
        words: str,
        *,
        user: str = "",
        chat: str = "",
        before: int | None = None,
        limit: int = 10,
    ) -> tuple[Artwork, ...]:
        """Return a page of artworks in whose prompts or styles all words are, newest first.

        Args:
            db: A connection.
            words: Any text; the last word may be the beginning of one.
            user: Among those of this user; or
            chat: among those of this chat.
            before: The last id of the page before.
            limit: How many.

        Raises:
            ValueError: It is not said among which, or both are.
        """
        if bool(user) == bool(chat):
            raise ValueError("a search is among a user's artworks, or among a chat's")
        scopes = [search.of_user(user)] if user else await self._scopes(db, chat)
        query = search.match(words, *scopes)
        if query is None:
            return ()
        asked = {"query": query, "before": _before(before), "limit": _size(limit)}
        # NULL is nobody's: an artwork without a chat must not be found by an empty one
        with at_length():
            return await self._found(
                db, SEARCH, {**asked, "user": user or None, "chat": chat or None}
            )

    async def favour(self, db: Connection, id_: int, user: str, chat: str) -> Artwork | None:
        """Make an artwork a favourite; None if this user, in this chat, sees none of that id."""
        artwork = await self.seen(db, id_, user, chat)
        if artwork is not None:
            await db.execute(FAVOUR, (user, artwork.id, self._now()))
        return artwork

    async def unfavour(self, db: Connection, id_: int, user: str) -> bool:
        """Make it a favourite no more; False if it was none."""
        async with db.execute(UNFAVOUR, (user, _id(id_))) as cursor:
            return cursor.rowcount == 1

    async def is_favourite(self, db: Connection, id_: int, user: str) -> bool:
        """Return whether an artwork is among a user's favourites."""
        return bool(list(await db.execute_fetchall(IS_FAVOURITE, (user, _id(id_)))))

    async def delete(self, db: Connection, id_: int, user: str) -> Artwork | None:
        """Remove an artwork of this user; None if they have none of that id.

        Its files stay until `remove_files` is called after the commit; if the process ends before,
        the next start sweeps them.
        """
        artwork = await self.seen(db, id_, user, "")
        if artwork is None or artwork.owner != user:
            return None
        await self.remove(db, [artwork])
        return artwork

    async def remove(self, db: Connection, artworks: Iterable[Artwork]) -> None:
        """Remove rows, words and favourites of artworks, whosever they are."""
        for artwork in artworks:
            for row in await db.execute_fetchall(GET, (artwork.id,)):
                _, unread, _ = await self.state(db)
                if row["id"] > unread:
                    await db.execute(TAKE_WORDS, (row["id"], await self._entry(db, row)))
                await db.execute(HAND_ON, (row["parent_id"], row["id"]))
                await db.execute(DELETE, (row["id"],))

    async def move_chat(self, db: Connection, chat: str, to: str) -> None:
        """Have what was asked for in a chat be of another, by keys; it is found there at once."""
        await db.execute(MOVE, {"chat": chat, "to": to})

    def remove_files(self, artworks: Iterable[Artwork]) -> None:
        """Remove the files of artworks whose rows are gone. Call it in a thread."""
        self.pictures.discard(artwork.path for artwork in artworks)

    async def children(
        self, db: Connection, id_: int, user: str, chat: str, depth: int = MAX_DEPTH
    ) -> tuple[Artwork, ...]:
        """Return what came from an artwork, and from that, nearest first, as this user sees it."""
        return await self._family(db, CHILDREN, id_, user, chat, depth)

    async def ancestors(
        self, db: Connection, id_: int, user: str, chat: str, depth: int = MAX_DEPTH
    ) -> tuple[Artwork, ...]:
        """Return what an artwork came from, nearest first, as this user sees it."""
        return await self._family(db, ANCESTORS, id_, user, chat, depth)

    def files(self, artwork: Artwork) -> tuple[bytes, bytes]:
        """Return the labelled PNG of an artwork, and what the label covers of it.

        Raises:
            OSError: A file is gone.
        """
        return artwork.path.read_bytes(), self.pictures.beneath(artwork.path).read_bytes()

    def thumbnail(self, artwork: Artwork) -> Path:
        """Return the labelled thumbnail of an artwork, as a WebP file. Call it in a thread.

        Raises:
            OSError: The picture is gone, or the disk full.
            LabelMissing: It carries no label.
        """
        return self.pictures.thumbnail(artwork.path)

    def has_room(self) -> bool:
        """Return whether the disk has room for more pictures."""
        return self.pictures.free_bytes() >= self._min_free_bytes

    async def state(self, db: Connection) -> tuple[int, int, str]:
        """Return the bytes of all files, up to which id words are unread, and how they are read."""
        for row in await db.execute_fetchall(STATE):
            return row["bytes"], row["unread"], row["reading"]
        raise LookupError(STATE)

    async def open(self, db: Connection) -> None:
        """See that the index was made as words are told apart today; else it is to be made anew."""
        _, _, reading = await self.state(db)
        if reading != search.reading():
            await db.execute(FORGET_WORDS)
            await db.execute(ENTER_ANEW)
            await db.execute(READ_ANEW, (search.reading(),))

    async def read_on(self, db: Connection, limit: int) -> bool:
        """Index some more of the artworks that are not yet, newest first; False if none is left."""
        _, unread, _ = await self.state(db)
        rows = list(await db.execute_fetchall(UNREAD, (unread, limit))) if unread else []
        for row in rows:
            await db.execute(ENTER_WORDS, (row["id"], await self._entry(db, row)))
            if not row["bytes"]:
                size = self.pictures.size(self._artwork(row).path)
                await db.execute(WEIGH, (size, row["id"]))
        if unread:
            await db.execute(READ_TO, (rows[-1]["id"] - 1 if rows else 0,))
        return bool(rows)

    async def merge(self, db: Connection, *, begin: bool = False) -> bool:
        """Rewrite some of the index, so that what was taken out is out of the file; False: done."""
        before = db.total_changes
        await db.execute(MERGE, (-MERGE_PAGES if begin else MERGE_PAGES,))
        return db.total_changes - before > 1  # the statement itself counts as one

    async def wanted(self, db: Connection, files: Sequence[Path]) -> list[Path]:
        """Return those of the files of artworks that a row names."""
        hashes = [file.stem for file in files if NAMED.fullmatch(file.stem)]
        rows = await db.execute_fetchall(WANTED, (json.dumps(hashes),))
        known = {row[0] for row in rows}
        old = [file for file in files if not NAMED.fullmatch(file.stem)]
        by_path = [file for file in old if await self._is_named(db, file)]
        return [file for file in files if file.stem in known] + by_path

    async def _is_named(self, db: Connection, file: Path) -> bool:
        """Return whether a row names a file of the first version: by job and number."""
        job, _, number = file.stem.partition("-")
        if not (job.isdecimal() and number.isdecimal()):
            return False
        path = f"pictures/{file.parent.name}/{file.stem}.png"
        row = (int(job), int(number), path)
        return bool(list(await db.execute_fetchall(WANTED_BY_PATH, row)))

    async def _entry(self, db: Connection, row: sqlite3.Row) -> str:
        """Return what the index is told, or was told, of an artwork."""
        styles: list[str] = []
        for found in await db.execute_fetchall(STYLES, (row["job_id"],)):
            styles = json.loads(found["styles"] or "[]")
        recipe = msgspec.json.decode(row["recipe"], type=Recipe)
        chat = row["entered_for"] or row["chat"]
        return search.entry(_text(recipe, styles), row["owner"], chat)

    async def _scopes(self, db: Connection, chat: str) -> list[str]:
        """Return under what the index has what is of a chat."""
        rows = await db.execute_fetchall(FORMER, {"chat": chat})
        return [search.of_chat(key) for key in (chat, *(row["key"] for row in rows))]

    async def _family(
        self, db: Connection, statement: str, id_: int, user: str, chat: str, depth: int
    ) -> tuple[Artwork, ...]:
        if await self.seen(db, id_, user, chat) is None:
            return ()
        bounds = {"depth": min(depth, MAX_DEPTH), "limit": MAX_FAMILY}
        asked = {"id": id_, "user": user, "chat": chat, **bounds}
        with at_length():
            return await self._found(db, statement, asked)

    async def _found(
        self, db: Connection, statement: str, values: Iterable[object] | dict[str, object]
    ) -> tuple[Artwork, ...]:
        return tuple(map(self._artwork, await db.execute_fetchall(statement, values)))

    async def _parent_id(self, db: Connection, parent: Origin) -> int | None:
        """Return the artwork that others come from: the only one of its job, or the first."""
        number = parent.number or 0
        artworks = await self.of(db, parent.job_id)
        return next((artwork.id for artwork in artworks if artwork.number == number), None)

    def _artwork(self, row: sqlite3.Row) -> Artwork:
        path, name = row["path"], row["sha256"]
        return Artwork(
            id=row["id"],
            job_id=row["job_id"],
            recipe=msgspec.json.decode(row["recipe"], type=Recipe),
            path=self._data / path if path else self.pictures.path(name),
            sha256=name,
            owner=row["owner"],
            made_at=row["made_at"],
            number=row["number"],
            chat=row["chat"],
            parent_id=row["parent_id"],
            flagged=bool(row["flagged"]),
        )


def _text(recipe: Recipe, styles: Iterable[str]) -> str:
    """Return what an artwork may be found by; a word does not reach from one part to the next."""
    return "\n".join((recipe.prompt, *styles))


def _id(asked: int) -> int:
    """Return an id that SQLite can be asked for; there is no artwork 0."""
    return asked if 0 < asked < NEWEST else 0


def _before(id_: int | None) -> int:
    return NEWEST if id_ is None else min(max(id_, 0), NEWEST)


def _size(limit: int) -> int:
    return min(max(limit, 0), MAX_PAGE)
