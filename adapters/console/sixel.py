"""Pictures in sixels: bands of six rows, one colour after the other.

Source: DEC VT330/VT340 Programmer Reference Manual, chapter 14
(https://vt100.net/docs/vt3xx-gp/chapter14.html). The maintained Python encoders are GPL or bind
a C library, so this one is our own.
"""

import re

from PIL import Image

COLOURS = 255
BAND = 6
_BLANK = ord("?")
_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)


def to_sixel(picture: Image.Image) -> str:
    """Return the escape that shows a picture, a dot for a pixel, in at most COLOURS colours."""
    indexed = picture.convert("RGB").quantize(COLOURS)
    width, height = indexed.size
    palette = indexed.getpalette("RGB") or []
    colours = [tuple(palette[at : at + 3]) for at in range(0, len(palette), 3)]
    pixels = indexed.tobytes()
    bands = (
        _band([pixels[y * width : (y + 1) * width] for y in range(top, min(top + BAND, height))])
        for top in range(0, height, BAND)
    )
    registers = "".join(
        f"#{n};2;{_percent(r)};{_percent(g)};{_percent(b)}" for n, (r, g, b) in enumerate(colours)
    )
    return f'\x1bP0;1q"1;1;{width};{height}{registers}{"-".join(bands)}\x1b\\'


def _band(rows: list[bytes]) -> str:
    return "$".join(f"#{colour}{_dots(rows, colour)}" for colour in sorted(set(b"".join(rows))))


def _dots(rows: list[bytes], colour: int) -> str:
    """Return where a colour is in a band: a character for each column, a bit for each row."""
    bits = 0
    for number, row in enumerate(rows):
        table = bytearray(256)
        table[colour] = 1 << number
        bits |= int.from_bytes(row.translate(table))
    columns = bits.to_bytes(len(rows[0]))
    dots = bytes(column + _BLANK for column in columns).decode("ascii").rstrip("?")
    return _RUN.sub(lambda run: f"!{len(run[0])}{run[1]}", dots)


def _percent(level: int) -> int:
    return round(level * 100 / 255)
