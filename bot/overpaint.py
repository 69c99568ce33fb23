"""Where a copy of a picture was painted over: found by what differs from the picture.

The copy may have been made smaller or larger, and compressed; the paint may be thin, as a marker's.
What was ringed is taken for painted over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image, ImageChops, ImageFilter

WORK_PX = 512
"""Longest side at which both are compared."""
LEVELS = 26
"""Of 255: what differs by more was painted."""
EDGE = 0.45
"""Of what paint differs by, mostly: where it differs by less, it is only its soft edge."""
MOSTLY = 0.3
"""Of the painted pixels, that differ by less."""
SPECK = 0.0015
"""Of the picture: what is smaller, all its parts that touch together, is no paint."""
EVERYWHERE = 0.5
"""Of the picture: where more differs, it is another picture."""
ALIKE = 0.03
"""By how much the ratio of width to height may be off."""
MARGIN = 0.003
"""Of the longest side: how much further than the paint is drawn anew; its edge is soft."""

Kind = Literal["same", "painted", "other"]


@dataclass(frozen=True, slots=True)
class Overpaint:
    """What a copy is of its picture."""

    kind: Kind
    mask: bytes = b""
    """Of what is painted: where, as a PNG in the picture's size; white there, black elsewhere."""
    share: float = 0.0
    """Of the picture that differs."""


def overpaint(picture: bytes, copy: bytes) -> Overpaint:
    """Compare a copy with its picture; both plain PNGs. Call it in a thread."""
    was, now = _open(picture), _open(copy)
    shape, other = was.width / was.height, now.width / now.height
    if abs(shape / other - 1) > ALIKE:
        return Overpaint("other", share=1.0)
    most = min(WORK_PX, max(was.size))
    scale = most / max(was.size)
    size = (max(1, round(was.width * scale)), max(1, round(was.height * scale)))
    differs = _differs(*(_worked(image, size) for image in (was, now)))
    whole = _without_specks(differs)
    share = _share(whole)
    if share == 0:
        return Overpaint("same")
    if share > EVERYWHERE:
        return Overpaint("other", share=share)
    margin = 2 * round(MARGIN * most) + 1
    grown = whole.filter(ImageFilter.MaxFilter(margin)).resize(was.size, Image.Resampling.BICUBIC)
    file = BytesIO()
    _above(grown, 127).save(file, "PNG")
    return Overpaint("painted", file.getvalue(), share)


def _open(png: bytes) -> Image.Image:
    with Image.open(BytesIO(png), formats=("PNG",)) as image:
        return image.convert("RGB")


def _worked(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return an image in the size of the comparison, a little soft: compression leaves noise."""
    return image.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))


def _differs(was: Image.Image, now: Image.Image) -> Image.Image:
    """Return where a pixel is outside of all that is near it in the other, white.

    So edges that have moved by a pixel do not count.
    """
    above = ImageChops.subtract(now, was.filter(ImageFilter.MaxFilter(3)))
    below = ImageChops.subtract(was.filter(ImageFilter.MinFilter(3)), now)
    red, green, blue = ImageChops.lighter(above, below).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    painted = _above(most, LEVELS)
    painted = _above(most, max(LEVELS, round(EDGE * _strength(most, painted))))
    painted = painted.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    return painted.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))


def _above(image: Image.Image, bound: int) -> Image.Image:
    return image.point([255 * (level > bound) for level in range(256)])


def _strength(differs: Image.Image, painted: Image.Image) -> int:
    """Return by how much most of what is painted differs, at least."""
    counts = differs.histogram(painted)
    left = MOSTLY * sum(counts)
    for level, count in enumerate(counts):
        left -= count
        if left < 0:
            return level
    return 0


def _without_specks(mask: Image.Image) -> Image.Image:
    """Return a mask without small parts, and with what is ringed filled."""
    width, height = mask.size
    drawn = bytearray(width * height)
    for part in _parts(mask.tobytes(), width, height, 255):
        if part.area >= SPECK * width * height:
            _fill(drawn, part.runs)
    for part in _parts(bytes(drawn), width, height, 0):
        if not part.at_edge:
            _fill(drawn, part.runs)
    return Image.frombytes("L", mask.size, bytes(drawn))


Run = tuple[int, int]
"""Where pixels of one row begin and end, in the bytes of the whole."""


@dataclass(slots=True)
class _Part:
    """Pixels that touch each other, by their sides."""

    runs: list[Run]
    area: int
    at_edge: bool


def _parts(pixels: bytes, width: int, height: int, level: int) -> list[_Part]:
    """Return the parts of one level, 0 or 255."""
    parts: dict[int, _Part] = {}
    owner: list[int] = []  # of each run: the run that its part is known by
    before: list[tuple[int, int, int]] = []  # of the row above: begin, end, number
    for row in range(height):
        here: list[tuple[int, int, int]] = []
        for begin, end in _runs(pixels[row * width : (row + 1) * width], level):
            number = len(owner)
            owner.append(number)
            edge = row in (0, height - 1) or begin == 0 or end == width
            run = (row * width + begin, row * width + end)
            parts[number] = _Part([run], end - begin, edge)
            for above_begin, above_end, above in before:
                if above_begin < end and begin < above_end:
                    _join(parts, owner, _root(owner, above), _root(owner, number))
            here.append((begin, end, number))
        before = here
    return list(parts.values())


def _runs(row: bytes, level: int) -> Iterator[Run]:
    sought, other = bytes([level]), bytes([255 - level])
    begin = row.find(sought)
    while begin >= 0:
        end = row.find(other, begin)
        yield begin, len(row) if end < 0 else end
        begin = -1 if end < 0 else row.find(sought, end)


def _root(owner: list[int], number: int) -> int:
    while owner[number] != number:
        owner[number] = number = owner[owner[number]]
    return number


def _join(parts: dict[int, _Part], owner: list[int], one: int, other: int) -> None:
    """Make two parts one; the larger takes the smaller in."""
    if one == other:
        return
    if len(parts[one].runs) < len(parts[other].runs):
        one, other = other, one
    gone, owner[other] = parts.pop(other), one
    kept = parts[one]
    kept.runs += gone.runs
    kept.area += gone.area
    kept.at_edge |= gone.at_edge


def _fill(pixels: bytearray, runs: list[Run]) -> None:
    for begin, end in runs:
        pixels[begin:end] = b"\xff" * (end - begin)


def _share(mask: Image.Image) -> float:
    return mask.histogram()[255] / (mask.width * mask.height)
