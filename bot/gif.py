"""The blocks of a GIF: a packet of XMP put in and read back, which Pillow does neither.

Source: GIF89a §12, §20, §24 to §27; Adobe, XMP Specification Part 3, July 2016, §1.1.2.
"""

from collections.abc import Iterator

XMP = b"XMP DataXMP"
"""Name of the extension that holds a packet of XMP."""
COMMENT = b"comment"
LOOPS = b"NETSCAPE2.0"
TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
"""Ends a packet: whoever takes its letters for the lengths of blocks gets to its end from any."""
HEADER = 13
EXTENSION, IMAGE, END = 0x21, 0x2C, 0x3B
OF_AN_APPLICATION, OF_A_COMMENT = 0xFF, 0xFE


def with_packet(gif: bytes, packet: bytes) -> bytes:
    """Return a GIF with a packet of XMP before its first picture, behind how often it is shown."""
    at = HEADER + _table(gif[10])
    if gif[at : at + 2] == bytes((EXTENSION, OF_AN_APPLICATION)) and gif[at + 3 :][:11] == LOOPS:
        _, at = _joined(gif, at + 2)
    head = bytes((EXTENSION, OF_AN_APPLICATION, len(XMP))) + XMP
    return gif[:at] + head + packet + TRAILER + gif[at:]


def extensions(gif: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the content of each extension of an application, and of each comment.

    Raises:
        ValueError: This is no GIF, ends too soon, or goes on after its end.
    """
    if gif[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError("this is no GIF")
    try:
        yield from _extensions(gif)
    except IndexError as error:
        raise ValueError("the file ends within a block") from error


def _extensions(gif: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = HEADER + _table(gif[10])
    while (kind := gif[at]) != END:
        if kind == IMAGE:
            _, at = _joined(gif, at + 11 + _table(gif[at + 9]))
        elif kind != EXTENSION:
            raise ValueError(f"there is no block of kind {kind}")
        elif gif[at + 1] == OF_AN_APPLICATION and gif[at + 3 : at + 14] == XMP:
            end = gif.index(TRAILER, at + 14)
            yield XMP, gif[at + 14 : end]
            at = end + len(TRAILER)
        else:
            sort = gif[at + 1]
            content, at = _joined(gif, at + 2)
            if sort == OF_AN_APPLICATION:
                yield content[:11], content[11:]
            elif sort == OF_A_COMMENT:
                yield COMMENT, content
    if at + 1 != len(gif):
        raise ValueError("the file goes on after its end")


def _table(flags: int) -> int:
    """Return how many bytes a table of colours has."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _joined(gif: bytes, at: int) -> tuple[bytes, int]:
    """Return what a row of blocks holds, and where it ends."""
    parts: list[bytes] = []
    while size := gif[at]:
        parts.append(gif[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts), at + 1
