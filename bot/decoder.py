"""Opens strangers' pictures in a process of its own (sandbox.py), which any of them may end."""

import logging
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import BadImage
from bot.image import Opened
from bot.sandbox import LENGTH, PICTURE, TOO_MUCH, read, say_parts
from bot.wording import LANGUAGE, say

START_S = 60.0
"""For the process to load what it needs; a busy machine may take its time."""
LIMIT_S = 20.0
"""By the clock, for one picture; by the processor it is sandbox.CPU_S."""
PICTURES = 500
"""That one process opens before another takes its place."""
KEPT = ("LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")
"""Of the surroundings; tokens and keys are none of its business."""

log = logging.getLogger(__name__)

_Child = subprocess.Popen[bytes]


class Decoder:
    """One process, started with the first picture; whoever comes meanwhile waits.

    It blocks: call it in a thread.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._end: weakref.finalize[[_Child], Decoder] | None = None
        self._opened = 0

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        return self._child.pid if self._child else None

    def open(self, content: bytes) -> Opened:
        """Return a picture as it is looked at, and nothing else of it.

        Raises:
            BadImage: It cannot be used, or has ended the process; another one opens the next.
        """
        with self._lock:
            child = self._ready()
            with _until(self._limit_s, child):
                parts = _asked(child, content)
            kind = parts[0] if parts else b""
            if kind != PICTURE or child.poll() is not None:
                self._let_go(kind, child)
        if parts is None:
            raise BadImage(say("打不开：这个文件有问题，请换一张"))
        if kind != PICTURE:
            raise BadImage(parts[1].decode())
        size, png, clear = parts[1:]
        (width,), (height,) = LENGTH.unpack(size[:4]), LENGTH.unpack(size[4:])
        return Opened(png, (width, height), clear)

    def close(self) -> None:
        """End the process; it may be called twice, and another picture would start another one."""
        with self._lock:
            if self._end is not None:
                self._end()
            self._child = self._end = None

    def _ready(self) -> _Child:
        """Return the process, started anew if the last has ended or opened enough."""
        if self._child is not None and self._opened < PICTURES and self._child.poll() is None:
            self._opened += 1
            return self._child
        if self._end is not None:
            self._end()
        self._child, self._opened = _started(), 1
        self._end = weakref.finalize(self, _ended, self._child)
        with _until(START_S, self._child):
            if (source := self._child.stdout) is not None:
                read(source)
        return self._child

    def _let_go(self, kind: bytes, child: _Child) -> None:
        """Drop a process that has ended, or is about to; one that refused a picture stays."""
        if kind and kind != TOO_MUCH and child.poll() is None:
            return
        _ended(child)
        log.warning("a picture has ended the process that opened it: %s", child.returncode)
        self._child = None


@contextmanager
def _until(limit_s: float, child: _Child) -> Generator[None]:
    """Kill a process that has not answered in time."""
    overdue = threading.Timer(limit_s, child.kill)
    overdue.start()
    try:
        yield
    finally:
        overdue.cancel()
        overdue.join()  # it must not kill what opens the next


def _started() -> _Child:
    surroundings = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.Popen(
        # -P: what lies in the folder that the bot was started in is no module of ours
        [sys.executable, "-P", "-m", "bot.sandbox"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            **surroundings,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MALLOC_ARENA_MAX": "2",  # an arena for each thread would be counted as memory
        },
        start_new_session=True,  # Ctrl-C in the terminal is not for it
    )


def _asked(child: _Child, content: bytes) -> tuple[bytes, ...] | None:
    """Return the parts of an answer; None if the process ended instead."""
    sink, source = child.stdin, child.stdout
    if sink is None or source is None:
        raise TypeError("a process without pipes")
    try:
        say_parts(sink, LANGUAGE.get().encode(), content)
        kind = read(source)
        rest = [read(source) for _ in range(3 if kind == PICTURE else 1)]
    except (OSError, ValueError):
        return None
    parts = [part for part in (kind, *rest) if part is not None]
    return tuple(parts) if len(parts) == 1 + len(rest) else None


def _ended(child: _Child) -> None:
    """Kill a process, wait until it is gone, and close its pipes."""
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was still to be written goes nowhere
                continue
