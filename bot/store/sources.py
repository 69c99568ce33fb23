"""Images that people handed in to be drawn on: files in a folder, named for what is in them."""

import errno
import hashlib
import os
import re
import threading
from pathlib import Path

from bot.errors import BadImage, DiskFull
from bot.event import Image, Role
from bot.image import MAX_BYTES, plain
from bot.store.file import sync, write_whole

NAME = re.compile(r"[0-9a-f]{64}")
CALLED: dict[Role, str] = {"source": "原图", "mask": "遮罩"}


class Sources:
    """Keeps images; each once, however often it is handed in.

    Needs nothing but the folder, so that an image may be taken in before the studio is open.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data / "sources"

    def take(self, role: Role, path: Path) -> Image:
        """Take in a file of this machine: only for whoever sits at it.

        Raises:
            BadImage: There is none, or none that can be used.
            DiskFull: It cannot be kept.
        """
        try:
            path = path.expanduser()
            if not path.is_file():  # nor a pipe or device, which may never end
                raise BadImage(f"{CALLED[role]}打不开：没有文件 {path}")
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
                size = max(len(content), path.stat().st_size)
        except (OSError, ValueError, RuntimeError) as error:  # no right, NUL, ~nobody
            raise BadImage(f"{CALLED[role]}打不开：{path}") from error
        if size > MAX_BYTES:
            raise BadImage(
                f"{CALLED[role]} {path} 有 {size / 2**20:.1f} MB，最多 {MAX_BYTES >> 20} MB"
            )
        return self.keep(role, content)

    def keep(self, role: Role, content: bytes) -> Image:
        """Make an image plain and keep it; it is on disk on return.

        Raises:
            BadImage: It cannot be used.
            DiskFull: It cannot be kept.
        """
        try:
            png, (width, height) = plain(content)
        except BadImage as error:
            raise BadImage(f"{CALLED[role]}{error}") from error
        sha256 = hashlib.sha256(png).hexdigest()
        try:
            self._write(self._path(sha256), png)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull("磁盘满了，原图存不下，请稍后再试，或告诉管理员") from error
            raise
        return Image(role=role, sha256=sha256, width=width, height=height)

    def read(self, sha256: str) -> bytes:
        """Return the PNG of that name.

        Raises:
            OSError: There is none, or it is not any more what it was.
        """
        if not NAME.fullmatch(sha256):  # it may come from a recipe, and leads nowhere else
            raise FileNotFoundError(sha256)
        png = self._path(sha256).read_bytes()
        if hashlib.sha256(png).hexdigest() != sha256:
            raise OSError(errno.EIO, "the file is damaged", sha256)
        return png

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _write(self, path: Path, png: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # two may take in the same image at once; and always anew: what is there may be damaged
        beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        write_whole(path, png, beside)
        sync(path.parent)
        sync(self._folder)
