"""What client and engine say to each other: msgpack in frames, each led by its length.

A frame is four bytes, big endian, the number of bytes that follow, and one message. Data cannot
become code on the way: msgspec builds the types named here and nothing else.
"""

import asyncio

import msgspec

from generation.recipe import Picture, Progress, Recipe

VERSION = 4
"""Of this protocol; both sides must have the same.

A new field that has a default needs no new one: frames are maps, who does not know a name skips it.
"""
LARGEST = 64 << 20
"""Bytes of one frame; a picture of 4096 × 4096 pixels takes 48 MiB."""


ROOM = 1 << 20
"""Bytes of a frame that are left to recipes, beside the images of a draw."""


class Garbled(Exception):
    """What came is no frame of this protocol; the connection is of no more use."""


class Draw(msgspec.Struct, frozen=True, tag=True):
    """To the engine: draw these."""

    id: int
    """Chosen by the client, new for each draw of a connection."""
    recipes: list[Recipe]
    owner: str = ""
    """Whom it is drawn for: the engine shares its steps among owners."""
    images: dict[str, bytes] = msgspec.field(default_factory=dict[str, bytes])
    """Files of the sources and masks that the recipes name, by their SHA-256."""


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """To the engine: nobody waits for this draw any more."""

    id: int


class Hello(msgspec.Struct, frozen=True, tag=True):
    """From the engine, first of all: somebody is there."""

    version: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """From the engine: the first model is warm."""


class Told(msgspec.Struct, frozen=True, tag=True):
    """From the engine: a picture has come so far."""

    id: int
    progress: Progress


class Drawn(msgspec.Struct, frozen=True, tag=True):
    """From the engine: a picture of a draw is done."""

    id: int
    index: int
    """Which recipe of the draw."""
    picture: Picture


class Failed(msgspec.Struct, frozen=True, tag=True):
    """From the engine: a draw has failed; no more of it will come."""

    id: int
    error: str
    """Name of a class in generation.errors."""
    words: str


class Beat(msgspec.Struct, frozen=True, tag=True):
    """From the engine, every heartbeat_s: it lives."""

    busy: bool
    steps: int
    """Steps since it began; while it is busy they must grow."""
    batches: int = 0
    """Batches that were stepped since it began."""
    rows: int = 0
    """Rows of all of them together."""
    memory_bytes: int = 0
    """What drawing takes now, of the GPU's memory or else of the machine's; 0: not known."""


Asked = Draw | Cancel
Answered = Hello | Ready | Told | Drawn | Failed | Beat

_encoder = msgspec.msgpack.Encoder()
_asked = msgspec.msgpack.Decoder(Asked)
_answered = msgspec.msgpack.Decoder(Answered)


def encode(message: Asked | Answered) -> bytes:
    """Return the frame of a message.

    Raises:
        Garbled: It is longer than a frame may be.
    """
    body = _encoder.encode(message)
    if len(body) > LARGEST:
        raise Garbled(f"a frame of {len(body)} bytes is too long")
    return len(body).to_bytes(4, "big") + body


async def read_asked(reader: asyncio.StreamReader) -> Asked | None:
    """Return the client's next message, or None at the end of the stream.

    Raises:
        Garbled: What came is none.
    """
    body = await _body(reader)
    try:
        return None if body is None else _asked.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Garbled(str(error)) from error


async def read_answered(reader: asyncio.StreamReader) -> Answered | None:
    """Return the engine's next message, or None at the end of the stream.

    Raises:
        Garbled: What came is none.
    """
    body = await _body(reader)
    try:
        return None if body is None else _answered.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Garbled(str(error)) from error


async def _body(reader: asyncio.StreamReader) -> bytes | None:
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > LARGEST:
            raise Garbled(f"a frame of {length} bytes is announced, more than {LARGEST}")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None  # who was killed may end within a frame
