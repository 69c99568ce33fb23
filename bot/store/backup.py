"""Backups while the studio runs: one tar file, of which all is checked before it is restored."""

import json
import os
import re
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from bot.errors import BackupBroken, FolderInUse, NewerStore, StoreDamaged
from bot.store.database import MIGRATIONS, lock_folder, snapshot
from bot.store.pictures import COVERED, PICTURES
from bot.store.store import FILE

FOLDERS = (PICTURES, COVERED, "sources", "loras", "embeddings", "samples")
FILES = ("styles.toml", "words.toml")
"""What is kept of the data folder beside the database. Thumbnails are made again."""
MANIFEST = "manifest.sha256"
"""Last in the file: hash and name of all before it, in order, as sha256sum writes them."""
HEADER = "danqing-backup"
"""First in the file: what it is."""
FORM = 1
"""Of the file; grows when an older Danqing could not read it."""
NAME = re.compile(rf"(?:{'|'.join(FOLDERS)})(?:/[^/\x00-\x1f\\]{{1,255}}){{1,4}}")
STAGE = ".restoring"
CHUNK = 1 << 20
FLUSH_BYTES = 32 << 20
"""Written so much, it is made to last: one great flush at the end would hold up every commit."""
PAUSE_S = 0.002
"""After each step of the database, for whoever acknowledges meanwhile."""
PAGES = 64
"""Of the database, in a step."""


def back_up(data: Path, to: Path, tell: Callable[[int], None] = lambda _: None) -> int:
    """Write a backup of a data folder, which may be in use; return how many files are in it.

    The database is as it was at one moment; pictures that come later are not in it, and of those
    that are removed meanwhile the rows are in it alone.

    Args:
        data: The data folder.
        to: The file; there must be none of that name.
        tell: Is told now and then how many files are done.

    Raises:
        FolderInUse: There is a file of that name.
        StoreError: The database cannot be read.
        OSError: The file cannot be written.
    """
    if to.exists():
        raise FolderInUse(to)
    copy, part = to.with_name(f"{to.name}.db.part"), to.with_name(f"{to.name}.part")
    try:
        snapshot(data / FILE, copy, pages=PAGES, pause_s=PAUSE_S)
        with part.open("wb") as file:
            count = _write(file, data, copy, tell)
            file.flush()
            os.fsync(file.fileno())
        part.replace(to)
    finally:
        copy.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return count


def restore(backup: Path, data: Path) -> int:
    """Put a backup into a data folder that nothing is in yet; return how many files.

    Everything is unpacked beside and checked before anything gets its place.

    Raises:
        StoreBusy: Danqing runs in that folder.
        FolderInUse: There is something in it already.
        BackupBroken: The file is cut off, altered, or no backup; the folder is as it was.
        NewerStore: It was written by a newer version.
        OSError: It cannot be read, or the folder not written.
    """
    if not backup.is_file():
        raise FileNotFoundError(2, os.strerror(2), str(backup))
    fresh = not data.exists()
    with lock_folder(data / FILE):
        taken = [name for name in (FILE, *FOLDERS, *FILES) if (data / name).exists()]
        if taken:
            raise FolderInUse(data)
        stage = data / STAGE
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        try:
            count = _unpack(backup, stage)
            _check(stage / FILE, backup)
            for name in (*FOLDERS, *FILES, FILE):  # the database last: with it the folder is one
                if (stage / name).exists():
                    (stage / name).rename(data / name)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
            if fresh and not (data / FILE).exists():
                (data / FILE).with_suffix(".lock").unlink(missing_ok=True)
                with suppress(OSError):
                    data.rmdir()
    return count


def _write(file: BinaryIO, data: Path, copy: Path, tell: Callable[[int], None]) -> int:
    count, flushed = 0, 0
    with TemporaryFile("w+b") as manifest, tarfile.open(fileobj=file, mode="w|") as tar:
        header = json.dumps({"form": FORM, "made_at": round(time.time())}).encode()
        _add_bytes(tar, HEADER, header, manifest)
        _add(tar, FILE, copy, manifest)
        for name, path in _files(data):
            try:
                _add(tar, name, path, manifest)
            except FileNotFoundError:  # removed meanwhile
                continue
            count += 1
            if file.tell() - flushed > FLUSH_BYTES:
                os.fdatasync(file.fileno())
                flushed = file.tell()
                tell(count)
        size = manifest.tell()
        manifest.seek(0)
        info = tarfile.TarInfo(MANIFEST)
        info.size = size
        tar.addfile(info, manifest)
    return count


def _files(data: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of what belongs into a backup, half-written files left out."""
    for name in FILES:
        if (data / name).is_file():
            yield name, data / name
    for top in FOLDERS:
        for folder, folders, names in os.walk(data / top):
            folders.sort()
            for path in (Path(folder, name) for name in sorted(names)):
                name = path.relative_to(data).as_posix()
                if path.suffix != ".part" and NAME.fullmatch(name) and path.is_file():
                    yield name, path


def _add(tar: tarfile.TarFile, name: str, path: Path, manifest: IO[bytes]) -> None:
    with path.open("rb") as content:
        info = tarfile.TarInfo(name)
        info.size = os.fstat(content.fileno()).st_size
        reading = _Hashed(content)
        tar.addfile(info, reading)
    manifest.write(f"{reading.digest()}  {name}\n".encode())


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes, manifest: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, BytesIO(content))
    manifest.write(f"{sha256(content).hexdigest()}  {name}\n".encode())


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._hash.update(chunk)
        return chunk

    def of_all(self) -> str:
        """Return the digest of all that is left."""
        while self.read(CHUNK):
            pass
        return self.digest()

    def digest(self) -> str:
        return self._hash.hexdigest()


def _unpack(backup: Path, stage: Path) -> int:
    """Unpack, by our own hand: regular files of names that we write, each hashed on its way."""
    count, hashes = 0, sha256()
    with _reading(backup) as tar:
        for number, member in enumerate(tar):
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or (number == 0) != (member.name == HEADER):
                raise BackupBroken(backup, "strange")
            if member.name == MANIFEST:
                if _Hashed(content).of_all() != hashes.hexdigest():
                    raise BackupBroken(backup, "altered")
                return count
            reading = _Hashed(content)
            if member.name == HEADER:
                _check_header(backup, reading.read(CHUNK))
            else:
                _put(backup, reading, stage / _safe(backup, member.name))
                count += member.name != FILE
            hashes.update(f"{reading.digest()}  {member.name}\n".encode())
    raise BackupBroken(backup, "truncated")


@contextmanager
def _reading(backup: Path) -> Generator[tarfile.TarFile]:
    """Open a tar file, and say in our words what is wrong with it."""
    try:
        with tarfile.open(backup, mode="r:") as tar:
            yield tar
    except tarfile.ReadError as error:
        reason = "truncated" if "unexpected end" in str(error) else "strange"
        raise BackupBroken(backup, reason) from error
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise BackupBroken(backup, "strange") from error


def _check_header(backup: Path, header: bytes) -> None:
    try:
        form = int(json.loads(header)["form"])
    except (ValueError, KeyError, TypeError) as error:
        raise BackupBroken(backup, "strange") from error
    if form > FORM:
        raise NewerStore(backup, form, FORM)


def _safe(backup: Path, name: str) -> str:
    """Return a name that leads nowhere but into the folder."""
    parts = name.split("/")
    if name not in (FILE, *FILES) and (not NAME.fullmatch(name) or {".", ".."} & set(parts)):
        raise BackupBroken(backup, "strange")
    return name


def _put(backup: Path, content: _Hashed, path: Path) -> None:
    if path.exists():
        raise BackupBroken(backup, "strange")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _check(database: Path, backup: Path) -> None:
    """See that the database can be read by this version."""
    if not database.exists():
        raise BackupBroken(backup, "strange")
    known = len(list(MIGRATIONS.glob("*.sql")))
    try:
        with closing(sqlite3.connect(database)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StoreDamaged(backup, str(error)) from error
    if version > known:
        raise NewerStore(backup, version, known)
    if verdict != "ok":
        raise StoreDamaged(backup, verdict)
