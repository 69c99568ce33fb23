"""Artworks: files in a folder, rows in the database."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from aiosqlite import Connection

from bot.artwork import Artwork
from bot.job import Job, Origin
from bot.store.file import sync, write_whole
from generation.recipe import Recipe

INSERT = """
INSERT INTO artworks (job_id, number, recipe, path, sha256, owner, made_at, parent_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *
"""

GET = "SELECT * FROM artworks WHERE id = ?"

OF_JOB = "SELECT * FROM artworks WHERE job_id = ? ORDER BY number"

LATEST = "SELECT * FROM artworks ORDER BY id DESC LIMIT ?"

FOLDER_OF = 1000
"""Jobs whose pictures share a folder."""


class Gallery:
    """Keeps artworks."""

    def __init__(self, data: Path, min_free_mb: int, now: Callable[[], float]) -> None:
        self._data = data
        self._min_free_bytes = min_free_mb * 2**20
        self._now = now

    def write(self, job: Job, pngs: Sequence[bytes], covers: Sequence[bytes] = ()) -> list[Path]:
        """Write the labelled pictures of a job to disk; each file is whole or not there.

        The names follow from the job, so that another attempt writes over what a crash left.

        Args:
            job: Whose pictures they are.
            pngs: The pictures.
            covers: What the label covers of each, kept apart from it.

        Raises:
            OSError: The disk is full or failing; what was written of this job is removed.
        """
        folder = self._data / "pictures" / f"{job.id // FOLDER_OF:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{job.id}-{number}.png" for number in range(len(pngs))]
        try:
            for path, cover in zip(paths, covers, strict=False):
                beneath = self._beneath(path)
                beneath.parent.mkdir(parents=True, exist_ok=True)
                write_whole(beneath, cover, beneath.with_suffix(".part"))
            for path, png in zip(paths, pngs, strict=True):
                write_whole(path, png, path.with_suffix(".part"))
            sync(folder)
        except OSError:
            self.discard(paths)
            raise
        return paths

    def discard(self, paths: Iterable[Path]) -> None:
        """Remove files that no artwork will name."""
        for path in paths:
            path.unlink(missing_ok=True)
            self._beneath(path).unlink(missing_ok=True)

    async def keep(
        self, db: Connection, job: Job, recipes: Sequence[Recipe], files: Sequence[tuple[Path, str]]
    ) -> tuple[Artwork, ...]:
        """Enter the pictures of a job.

        Args:
            db: An open transaction.
            job: Whose pictures they are.
            recipes: What each was made of.
            files: Where each is, and its SHA-256.
        """
        parent = None if job.parent is None else await self._parent_id(db, job.parent)
        kept: list[Artwork] = []
        for number, (recipe, (path, sha256)) in enumerate(zip(recipes, files, strict=True)):
            row = (
                job.id,
                number,
                msgspec.json.encode(recipe).decode(),
                path.relative_to(self._data).as_posix(),
                sha256,
                job.user.key,
                self._now(),
                parent,
            )
            kept += [self._artwork(found) for found in await db.execute_fetchall(INSERT, row)]
        return tuple(kept)

    async def get(self, db: Connection, ids: Iterable[int]) -> tuple[Artwork, ...]:
        """Return artworks by id, in that order; ids that are gone are left out."""
        found = [await db.execute_fetchall(GET, (id_,)) for id_ in ids]
        return tuple(self._artwork(row) for rows in found for row in rows)

    async def of(self, db: Connection, job_id: int) -> tuple[Artwork, ...]:
        """Return the artworks of a job, in the order in which they were asked for."""
        rows = await db.execute_fetchall(OF_JOB, (job_id,))
        return tuple(self._artwork(row) for row in rows)

    def files(self, artwork: Artwork) -> tuple[bytes, bytes]:
        """Return the labelled PNG of an artwork, and what the label covers of it.

        Raises:
            OSError: A file is gone.
        """
        return artwork.path.read_bytes(), self._beneath(artwork.path).read_bytes()

    async def latest(self, db: Connection, limit: int) -> tuple[Artwork, ...]:
        """Return the newest artworks, newest first."""
        rows = await db.execute_fetchall(LATEST, (limit,))
        return tuple(self._artwork(row) for row in rows)

    def has_room(self) -> bool:
        """Return whether the disk has room for more pictures."""
        return shutil.disk_usage(self._data).free >= self._min_free_bytes

    def _beneath(self, path: Path) -> Path:
        """Return where what the label covers of a picture is kept."""
        return self._data / "covered" / path.relative_to(self._data / "pictures")

    async def _parent_id(self, db: Connection, parent: Origin) -> int | None:
        """Return the artwork that others come from: the only one of its job, or the first."""
        artworks = await self.of(db, parent.job_id)
        number = parent.number or 0
        return artworks[number].id if number < len(artworks) else None

    def _artwork(self, row: sqlite3.Row) -> Artwork:
        return Artwork(
            id=row["id"],
            job_id=row["job_id"],
            recipe=msgspec.json.decode(row["recipe"], type=Recipe),
            path=self._data / row["path"],
            sha256=row["sha256"],
            owner=row["owner"],
            made_at=row["made_at"],
            parent_id=row["parent_id"],
        )


def digest(png: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(png).hexdigest()
