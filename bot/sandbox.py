"""The process in which strangers' pictures are opened: python -m bot.sandbox; decoder.py starts it.

It has no descriptor but its two pipes and can open none, so it reaches neither files nor network;
memory and time are limited. It is told pictures and answers with plain ones, one after the other,
until its standard input ends. Whatever goes wrong in it beyond a refusal ends it.
"""

import resource
import struct
import sys
from io import BytesIO
from typing import IO

from PIL import Image

from bot.errors import BadImage
from bot.image import FORMATS, MAX_BYTES, Opened, open_plainly
from bot.wording import LANGUAGE, english, say

MEMORY_BYTES = 1 << 30
"""Of address space: the largest picture that is allowed, some times over, and the interpreter."""
CPU_S = 10
"""Of one picture."""
DESCRIPTORS = 3
LENGTH = struct.Struct(">I")
FRAME_MOST = MAX_BYTES + (1 << 20)
"""Bytes of one part of what is said through the pipes."""
PICTURE, REFUSED, TOO_MUCH = b"p", b"r", b"m"
"""What an answer begins with; after the last the process is ended."""
READY = b"ready"
"""What is said first."""


def main() -> None:
    """Answer until nobody asks."""
    warm()
    limit()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    say_parts(sink, READY)
    while (language := read(source)) is not None:
        content = read(source)
        if content is None:
            return
        LANGUAGE.set("en" if language == b"en" else "zh")
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S + 1, resource.RLIM_INFINITY))
        say_parts(sink, *answer(content))


def answer(content: bytes) -> tuple[bytes, ...]:
    """Return what is said of a picture, in parts."""
    try:
        opened: Opened = open_plainly(content)
    except BadImage as error:
        return REFUSED, str(error).encode()
    except MemoryError:
        return TOO_MUCH, say("太大了，打不开").encode()
    size = LENGTH.pack(opened.size[0]) + LENGTH.pack(opened.size[1])
    return PICTURE, size, opened.png, opened.clear


def say_parts(sink: IO[bytes], *parts: bytes) -> None:
    """Say something in parts."""
    for part in parts:
        sink.write(LENGTH.pack(len(part)))
        sink.write(part)
    sink.flush()


def warm() -> None:
    """Load what is loaded on use, while files can still be opened: parsers, codecs, words."""
    english()
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in FORMATS:
        file = BytesIO()
        Image.new("RGB", (2, 2)).save(file, kind, exif=exif)
        open_plainly(file.getvalue())


def limit() -> None:
    """Give up what a picture needs not; for good."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def read(source: IO[bytes]) -> bytes | None:
    """Return the next part of what is said, or None at the end.

    Raises:
        ValueError: It is longer than anything that is to be said.
    """
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > FRAME_MOST:
        raise ValueError(f"a part of {length} bytes")
    body = source.read(length)
    return body if len(body) == length else None


if __name__ == "__main__":
    main()
