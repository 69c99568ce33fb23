"""Images that people handed in to be drawn on: files in a folder, named for what is in them."""

import errno
import hashlib
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path

from bot.decoder import Decoder
from bot.errors import BadImage, DiskFull
from bot.event import Image, Role
from bot.image import MAX_BYTES, Opened, open_plainly
from bot.store.file import sync, write_whole
from bot.wording import say

NAME = re.compile(r"[0-9a-f]{64}")
_NAMING = threading.Lock()
"""An image is not removed while it is handed in again, whoever of this process takes it."""


def refused(role: Role, fault: object) -> BadImage:
    """Return the error that says what is wrong with an image."""
    if role == "source":
        return BadImage(say("原图{fault}", fault=fault))
    return BadImage(say("遮罩{fault}", fault=fault))


class Sources:
    """Keeps images; each once, however often it is handed in.

    Needs nothing but the folder, so that an image may be taken in before the studio is open.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data / "sources"
        self._decoder = Decoder()

    def close(self) -> None:
        """Let go of the process that opens what strangers hand in."""
        self._decoder.close()

    def take(self, role: Role, path: Path) -> Image:
        """Take in a file of this machine: only for whoever sits at it.

        Raises:
            BadImage: There is none, or none that can be used.
            DiskFull: It cannot be kept.
        """
        try:
            path = path.expanduser()
            if not path.is_file():  # nor a pipe or device, which may never end
                raise refused(role, say("打不开：没有文件 {path}", path=path))
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
                size = max(len(content), path.stat().st_size)
        except (OSError, ValueError, RuntimeError) as error:  # no right, NUL, ~nobody
            raise refused(role, say("打不开：{path}", path=path)) from error
        if size > MAX_BYTES:
            words = " {path} 有 {size} MB，最多 {most} MB"
            told = {"size": f"{size / 2**20:.1f}", "most": MAX_BYTES >> 20}
            raise refused(role, say(words, path=path, **told))
        return self.keep(role, content)

    def keep(self, role: Role, content: bytes) -> Image:
        """Make an image that somebody hands in plain and keep it; it is on disk on return.

        It is opened in a process of its own. Call it in a thread.

        Raises:
            BadImage: It cannot be used.
            DiskFull: It cannot be kept.
        """
        try:
            opened = self._decoder.open(content)
        except BadImage as error:
            raise refused(role, error) from error
        return self._keep(role, opened)

    def keep_ours(self, role: Role, png: bytes) -> Image:
        """Keep an image that was made here, as one that was handed in. Call it in a thread.

        Raises:
            BadImage: It cannot be used.
            DiskFull: It cannot be kept.
        """
        return self._keep(role, open_plainly(png))

    def _keep(self, role: Role, opened: Opened) -> Image:
        clear = self._put(opened.clear) if opened.clear and role == "source" else ""
        width, height = opened.size
        sha256 = self._put(opened.png)
        return Image(role=role, sha256=sha256, width=width, height=height, clear=clear)

    def _put(self, png: bytes) -> str:
        """Write a file under the name of what is in it, and return that."""
        sha256 = hashlib.sha256(png).hexdigest()
        try:
            self._write(self.path(sha256), png)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                words = say("磁盘满了，原图存不下，请稍后再试，或告诉管理员")
                raise DiskFull(words) from error
            raise
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return the PNG of that name.

        Raises:
            OSError: There is none, or it is not any more what it was.
        """
        if not NAME.fullmatch(sha256):  # it may come from a recipe, and leads nowhere else
            raise FileNotFoundError(sha256)
        png = self.path(sha256).read_bytes()
        if hashlib.sha256(png).hexdigest() != sha256:
            raise OSError(errno.EIO, "the file is damaged", sha256)
        return png

    def folders(self) -> list[Path]:
        """Return the folders that images are in."""
        return list(self._folder.iterdir()) if self._folder.is_dir() else []

    def older(self, folder: Path, before: float) -> list[Path]:
        """Return the images in a folder that were handed in before that time, and for the last."""
        return [path for path in folder.iterdir() if path.stat().st_mtime < before]

    def remove(self, paths: Iterable[Path], before: float) -> int:
        """Remove images, unless they were handed in again meanwhile; return how many."""
        removed = 0
        for path in paths:
            with _NAMING:
                if path.exists() and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed

    def drop(self, sha256: str) -> None:
        """Remove an image that nothing names any more."""
        if NAME.fullmatch(sha256):
            self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where the image of that SHA-256 is."""
        return self._folder / sha256[:2] / sha256

    def _write(self, path: Path, png: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # two may take in the same image at once; and always anew: what is there may be damaged
        beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        with _NAMING:
            write_whole(path, png, beside)
        sync(path.parent)
        sync(self._folder)
