"""Pictures in half blocks: each character is two pixels, one above the other."""

from functools import lru_cache

from PIL import Image

from adapters.console.terminal import Depth

Colour = tuple[int, int, int]

_UPPER = "▀"
_LEVELS = (0, 95, 135, 175, 215, 255)
"""Of the 6×6×6 cube that is colours 16 to 231 of xterm."""
_CUBE = 16
_GREYS = 232
"""The first of 24 greys, 8, 18, … 238."""


def to_blocks(picture: Image.Image, columns: int, lines: int, depth: Depth) -> str:
    """Return a picture as lines of coloured characters."""
    scaled = picture.convert("RGB").resize((columns, 2 * lines), Image.Resampling.LANCZOS)
    bytes_ = scaled.tobytes()
    pixels = [(bytes_[at], bytes_[at + 1], bytes_[at + 2]) for at in range(0, len(bytes_), 3)]
    rows = [pixels[at : at + columns] for at in range(0, len(pixels), columns)]
    return "\n".join(
        _line(upper, lower, depth) for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def _line(upper: list[Colour], lower: list[Colour], depth: Depth) -> str:
    line: list[str] = []
    last: tuple[str, str] = ("", "")
    for top, bottom in zip(upper, lower, strict=True):
        now = (_code(top, depth), _code(bottom, depth))
        changed = [
            f"{layer};{code}"
            for layer, code, before in zip((38, 48), now, last, strict=True)
            if code != before
        ]
        line.append(f"\x1b[{';'.join(changed)}m{_UPPER}" if changed else _UPPER)
        last = now
    return "".join(line) + "\x1b[0m"


def _code(colour: Colour, depth: Depth) -> str:
    if depth == "24bit":
        return "2;{};{};{}".format(*colour)
    return f"5;{nearest(colour)}"


@lru_cache(maxsize=4096)
def nearest(colour: Colour) -> int:
    """Return the nearest of xterm's 256 colours."""
    cube = [min(range(6), key=lambda n, part=part: abs(_LEVELS[n] - part)) for part in colour]
    in_cube = (_LEVELS[cube[0]], _LEVELS[cube[1]], _LEVELS[cube[2]])
    step = min(max(round((sum(colour) / 3 - 8) / 10), 0), 23)
    level = 8 + 10 * step
    if _distance(colour, (level, level, level)) < _distance(colour, in_cube):
        return _GREYS + step
    return _CUBE + 36 * cube[0] + 6 * cube[1] + cube[2]


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
