"""Small data to learn from, good and bad."""

import base64
import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image


def picture(seed: int = 0, size: tuple[int, int] = (12, 8)) -> Image.Image:
    """A gradient across and down that no other seed has."""
    down = Image.linear_gradient("L")
    across = down.rotate(90)
    return Image.merge(
        "RGB", (across.resize(size), down.resize(size), Image.new("L", size, seed * 7 % 256))
    )


def packed(image: Image.Image | None = None, kind: str = "PNG", **options: object) -> bytes:
    """A picture's file."""
    file = BytesIO()
    (image or picture()).save(file, kind, **options)
    return file.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (12, 8)) -> bytes:
    return packed(picture(seed, size))


def huge_png(side: int) -> bytes:
    """A PNG of a few bytes whose header promises side × side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def fill(folder: Path, files: dict[str, bytes | str]) -> Path:
    """Write files, by their paths from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def row(text: str, seed: int) -> str:
    """A line of a table, without its end."""
    return f"{text}\t{b64(png(seed))}"
