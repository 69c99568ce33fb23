"""The family tree of a picture: who is in it, where each stands, and how it is drawn.

Source: Reingold and Tilford 1981, Tidier Drawings of Trees: subtrees stand as near as their
outlines let them, and parents above the middle of their children.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from PIL import Image, ImageDraw

from bot.artwork import Artwork
from bot.plate import FAINT, GROUND, INK, MARK, fit, footer_px, lines, write

ABOVE = 4
"""Generations shown before a picture."""
DEEP, WIDE, MOST = 8, 5, 24
"""Generations, pictures beside each other and pictures that are shown: a phone is no wall."""
CELL_PX, THUMB_PX, GAP_PX = 236, 208, 44
NUMBER_PX, WORDS_PX, WORD_LINES = 32, 27, 2
EDGE_PX = 28
ROW_PX = THUMB_PX + NUMBER_PX + WORD_LINES * (WORDS_PX + 6) + 22 + GAP_PX

Spot = tuple[float, int]
"""Where a picture stands: pictures from the left, generations from the top."""


@dataclass(slots=True)
class Family:
    """Those of a family who are shown."""

    asked: int
    """The picture that it was asked of, by id."""
    root: int
    members: dict[int, Artwork] = field(default_factory=dict[int, Artwork])
    children: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    distant: set[int] = field(default_factory=set[int])
    """Those who come from the one above through others who are not to be seen here."""
    more: int = 0
    """Who would be seen here too, if there were room."""


def family(
    artwork: Artwork, ancestors: Sequence[Artwork], descendants: Sequence[Artwork]
) -> Family:
    """Return the family of a picture, as far as there is room.

    Args:
        artwork: The picture.
        ancestors: What it came from, nearest first, as whoever asks may see it.
        descendants: What came from it, nearest first, likewise.
    """
    shown = ancestors[:ABOVE]
    line = [*reversed(shown), artwork]
    found = Family(asked=artwork.id, root=line[0].id, members={one.id: one for one in line})
    depth = {one.id: level for level, one in enumerate(line)}
    for parent, child in pairwise(line):
        found.children[parent.id] = [child.id]
        if child.parent_id != parent.id:
            found.distant.add(child.id)
    for one in descendants:
        known = one.parent_id in found.members
        parent_id = one.parent_id if known and one.parent_id is not None else artwork.id
        level = depth[parent_id] + 1
        beside = found.children.get(parent_id, [])
        wide = sum(not found.children.get(id_) for id_ in found.members) + bool(beside)
        if level >= DEEP or wide > WIDE or len(found.members) >= MOST:
            continue
        found.members[one.id], depth[one.id] = one, level
        found.children[parent_id] = [*beside, one.id]
        if not known:
            found.distant.add(one.id)
    found.more = len(ancestors) + 1 + len(descendants) - len(found.members)
    return found


def tidy(children: Mapping[int, Sequence[int]], root: int) -> dict[int, Spot]:
    """Return where each stands; the leftmost at 0."""
    spots, left, _ = _placed(children, root)
    least = min(left)
    return {id_: (across - least, level) for id_, (across, level) in spots.items()}


def _placed(
    children: Mapping[int, Sequence[int]], id_: int
) -> tuple[dict[int, Spot], list[float], list[float]]:
    """Return a subtree around its parent at 0, and its outline: least and most of each level."""
    spots: dict[int, Spot] = {}
    left: list[float] = []
    right: list[float] = []
    middles: list[float] = []
    for child in children.get(id_, ()):
        below, low, high = _placed(children, child)
        apart = [most + 1 - least for most, least in zip(right, low, strict=False)]
        shift = max(apart, default=0.0)
        middles.append(shift)
        spots |= {one: (across + shift, level + 1) for one, (across, level) in below.items()}
        left += [across + shift for across in low[len(left) :]]
        right[: len(high)] = [across + shift for across in high]
    middle = (middles[0] + middles[-1]) / 2 if middles else 0.0
    spots = {one: (across - middle, level) for one, (across, level) in spots.items()}
    outline = [[across - middle for across in side] for side in (left, right)]
    return {**spots, id_: (0.0, 0)}, [0.0, *outline[0]], [0.0, *outline[1]]


def drawn(
    kin: Family, thumbnails: Mapping[int, Image.Image], words: Mapping[int, str]
) -> Image.Image:
    """Return the tree as a picture, with room for the label. Call it in a thread.

    Args:
        kin: Who is in it.
        thumbnails: Of each; one that is missing is told by its number alone.
        words: What was changed in each.
    """
    spots = tidy(kin.children, kin.root)
    across = max(spot[0] for spot in spots.values()) + 1
    down = max(spot[1] for spot in spots.values()) + 1
    width, height = round(across * CELL_PX) + 2 * EDGE_PX, down * ROW_PX + EDGE_PX
    image = Image.new("RGB", (width, height + footer_px(width, height)), GROUND)
    pen = ImageDraw.Draw(image)
    tops = {id_: _top(spot) for id_, spot in spots.items()}
    for parent, below in kin.children.items():
        for child in below:
            _join(pen, tops[parent], tops[child], distant=child in kin.distant)
    for id_ in kin.members:
        _card(image, tops[id_], thumbnails.get(id_), asked=id_ == kin.asked)
        _caption(image, tops[id_], str(id_), words.get(id_, ""), asked=id_ == kin.asked)
    return image


def _top(spot: Spot) -> tuple[int, int]:
    """Return the middle of the upper edge of where a picture stands."""
    return round(EDGE_PX + (spot[0] + 0.5) * CELL_PX), EDGE_PX + spot[1] * ROW_PX


def _join(
    pen: ImageDraw.ImageDraw, above: tuple[int, int], below: tuple[int, int], *, distant: bool
) -> None:
    """Draw a line from below one picture to the top of another; broken where some are left out."""
    start, bend = above[1] + ROW_PX - GAP_PX, below[1] - GAP_PX // 2
    path = [(above[0], start), (above[0], bend), (below[0], bend), (below[0], below[1])]
    for one, other in pairwise(path):
        if not distant:
            pen.line((one, other), FAINT, 4)
            continue
        length = abs(one[0] - other[0]) + abs(one[1] - other[1])
        for at in range(0, length, 14):
            ends = [
                tuple(
                    round(a + (b - a) * min(1.0, part / length))
                    for a, b in zip(one, other, strict=True)
                )
                for part in (at, at + 7)
            ]
            pen.line((*ends[0], *ends[1]), FAINT, 4)


def _card(
    image: Image.Image, top: tuple[int, int], thumbnail: Image.Image | None, *, asked: bool
) -> None:
    box = (top[0] - THUMB_PX // 2, top[1], top[0] + THUMB_PX // 2, top[1] + THUMB_PX)
    pen = ImageDraw.Draw(image)
    if thumbnail is None:
        pen.rectangle(box, (228, 224, 214), FAINT, 2)
        return
    small = fit(thumbnail, THUMB_PX, THUMB_PX)
    place = (top[0] - small.width // 2, top[1])
    frame = (place[0] - 6, place[1] - 6, place[0] + small.width + 5, place[1] + small.height + 5)
    pen.rectangle(frame, MARK if asked else (255, 255, 255))
    image.paste(small, place)


def _caption(
    image: Image.Image, top: tuple[int, int], number: str, words: str, *, asked: bool
) -> None:
    at = top[1] + THUMB_PX + 8
    write(image, (top[0], at), number, NUMBER_PX, MARK if asked else INK)
    at += NUMBER_PX + 8
    for line in lines(words, WORDS_PX, CELL_PX - 12, WORD_LINES):
        write(image, (top[0], at), line, WORDS_PX, INK)
        at += WORDS_PX + 6
