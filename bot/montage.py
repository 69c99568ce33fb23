"""What a group painted, put together: posters, a film strip, a ballot, a replay, a scroll.

Drawn by Pillow alone; who is named and what was said is drawn as it is. All leave room for the
label in the lower right corner. Call them in a thread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from PIL import Image, ImageDraw

from bot.mount import (
    EDGE_PX,
    GAP_PX,
    HOLE_PX,
    LABEL_SHARE,
    LEADING,
    MAT_PX,
    SILK,
    SOFT,
    WOOD,
    Caption,
    badge,
    caption,
    caption_px,
    film,
    hang,
    inked,
    marked,
    page,
    seal,
    upright,
)
from bot.plate import FAINT, GROUND, INK, MARK, fit, footer_px, lines, write

WIDTHS_PX = {1: 960, 2: 1280}
WIDE_PX = 1440
"""Of a poster, by its columns: one more column is not so much more paper."""
FILM_WIDTHS_PX = {1: 800, 2: 1200}
IN_A_ROW = ((4, 4), (8, 4), (15, 5))
"""Frames of a film strip, and how many of them stand beside each other; of more, LONG_ROW."""
LONG_ROW = 6
LEAST_TALL, MOST_TALL = 0.6, 1.5
"""Height of a place for pictures, of its width: longer ones are shown smaller."""
BADGE_SHARE = 0.2

REPLAY_PX, REPLAY_NAME_PX, REPLAY_WORDS_PX, REPLAY_TITLE_PX = 512, 30, 24, 22
FADES = ((6, 3), (12, 2))
"""Steps of a replay, and the frames between each two; of more steps, one."""
FADE_MS, SHOWN_MS, READ_MS, LONGEST_MS, LAST_MS = 80, 1000, 60, 2800, 3600
"""How long a frame between is shown; one without words, and more of each character; the last."""

SCROLL_PX, LONGEST_PX = 512, 7200
"""Height of the painting of a scroll; less where it would be longer than that."""
PAN_MS, PAN_START_MS, PAN_END_MS = 90, 1400, 2600
PAN_FRAMES, PAN_STEP_PX, PAN_TALL = 56, 10, 0.75

Shot = tuple[Image.Image, int]
"""A frame of an animation, and for how long it is shown, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One step of a work."""

    image: Image.Image
    """RGB."""
    name: str = ""
    """Who."""
    words: str = ""
    """What they said."""
    mark: str = ""
    """A letter or number, as 甲 or 3."""

    @property
    def caption(self) -> Caption:
        """What stands under it."""
        return Caption(self.mark, self.name, self.words)


def grid(frames: Sequence[Frame], title: str, foot: Sequence[str]) -> Image.Image:
    """Return a poster: pictures in rows, with mark, name and words under each.

    Args:
        frames: 1 to 16.
        title: Stands above.
        foot: Credits, a line each; they stand below.
    """
    columns = math.ceil(math.sqrt(len(frames)))
    width = WIDTHS_PX.get(columns, WIDE_PX)
    cell = (width - 2 * EDGE_PX - (columns - 1) * GAP_PX) // columns
    rows = _rows(frames, columns)
    pictures = [_fitted(row, cell, _tall(frames)) for row in rows]
    heights = [max(one.height for one in row) + 2 * MAT_PX for row in pictures]
    below = [caption_px([one.caption for one in row], cell) for row in rows]
    body_px = sum(heights) + sum(below) + len(rows) * GAP_PX
    image, at = page(width, body_px, title, foot)
    for row, fitted, tall, under in zip(rows, pictures, heights, below, strict=True):
        for number, (frame, picture) in enumerate(zip(row, fitted, strict=True)):
            middle = _middle(number, len(row), cell, width)
            left = middle - picture.width // 2 - MAT_PX
            hang(image, picture, (left, at + tall - picture.height - 2 * MAT_PX))
            caption(image, (middle, at + tall), frame.caption, cell)
        at += tall + under + GAP_PX
    return image


def filmstrip(frames: Sequence[Frame], title: str, foot: Sequence[str]) -> Image.Image:
    """Return a strip of film, in as many rows as it takes, with captions under each row.

    Args:
        frames: In order; 1 to 24.
        title: Stands above.
        foot: Credits, a line each; they stand below.
    """
    columns = next((row for most, row in IN_A_ROW if len(frames) <= most), LONG_ROW)
    columns = min(columns, len(frames))
    width, gap = FILM_WIDTHS_PX.get(columns, WIDE_PX), GAP_PX // 3
    cell = (width - 2 * EDGE_PX - (columns + 1) * gap) // columns
    rows = _rows(frames, columns)
    tall = round(cell * _tall(frames))
    strip = tall + 4 * HOLE_PX + 8
    below = [caption_px([one.caption for one in row], cell) for row in rows]
    image, at = page(width, len(rows) * (strip + GAP_PX) + sum(below), title, foot)
    for row, under in zip(rows, below, strict=True):
        film(image, (EDGE_PX, at, EDGE_PX + len(row) * (cell + gap) + gap - 1, at + strip - 1))
        for number, frame in enumerate(row):
            middle = EDGE_PX + gap + number * (cell + gap) + cell // 2
            picture = fit(frame.image, cell, tall)
            place = (middle - picture.width // 2, at + (strip - picture.height) // 2)
            image.paste(picture, place)
            caption(image, (middle, at + strip), frame.caption, cell)
        at += strip + under + GAP_PX
    return image


def sheet(frames: Sequence[Frame], title: str) -> Image.Image:
    """Return a ballot: pictures with a large mark on each, and nobody's name.

    Args:
        frames: 1 to 12; one without a mark bears its number.
        title: Stands above.
    """
    columns = math.ceil(math.sqrt(len(frames)))
    width = WIDTHS_PX.get(columns, WIDE_PX)
    cell = (width - 2 * EDGE_PX - (columns - 1) * GAP_PX) // columns
    rows = _rows(frames, columns)
    pictures = [_fitted(row, cell, _tall(frames)) for row in rows]
    heights = [max(one.height for one in row) + 2 * MAT_PX for row in pictures]
    image, at = page(width, sum(heights) + len(rows) * GAP_PX, title)
    disc, count = round(BADGE_SHARE * cell), 0
    for row, tall in zip(pictures, heights, strict=True):
        for number, picture in enumerate(row):
            middle = _middle(number, len(row), cell, width)
            left = middle - picture.width // 2 - MAT_PX
            upper = at + (tall - picture.height) // 2 - MAT_PX
            hang(image, picture, (left, upper))
            mark, inside = frames[count].mark or str(count + 1), disc // 2 + 2 * MAT_PX
            badge(image, (left + inside, upper + inside), mark, disc)
            count += 1
        at += tall + GAP_PX
    return image


def replay(frames: Sequence[Frame], title: str) -> list[Shot]:
    """Return an animation of a work: each step with its caption, and from one to the next.

    Args:
        frames: In order; at least one.
        title: Stands below all the time.
    """
    tall = round(REPLAY_PX * _tall(frames))
    named = any(one.name or one.mark for one in frames)
    inside = REPLAY_PX - EDGE_PX
    said = max(len(lines(one.words, REPLAY_WORDS_PX, inside, 2)) for one in frames)
    band = round(LEADING * (REPLAY_NAME_PX * named + REPLAY_WORDS_PX * said)) + GAP_PX
    height = tall + band + max(footer_px(REPLAY_PX, tall + band), 2 * REPLAY_TITLE_PX)
    steps = [
        _step(frame, title, (REPLAY_PX, height, tall), (number + 1) / len(frames))
        for number, frame in enumerate(frames)
    ]
    between = next((fades for most, fades in FADES if len(frames) <= most), 1)
    shots: list[Shot] = []
    for number, (one, other) in enumerate(pairwise(steps)):
        read_ms = READ_MS * min(len(frames[number].words), 100)
        shots.append((one, min(LONGEST_MS, SHOWN_MS + read_ms)))
        shares = (part / (between + 1) for part in range(1, between + 1))
        shots += [(_faded(one, other, tall, share), FADE_MS) for share in shares]
    return [*shots, (steps[-1], LAST_MS)]


def _faded(one: Image.Image, other: Image.Image, tall: int, share: float) -> Image.Image:
    """Return a step whose picture is still that of the one before, in part."""
    box = (0, 0, one.width, tall)
    image = other.copy()
    image.paste(Image.blend(one.crop(box), other.crop(box), share), box)
    return image


def _step(frame: Frame, title: str, box: tuple[int, int, int], share: float) -> Image.Image:
    """Return one step of a replay.

    Args:
        frame: The step.
        title: Of the whole.
        box: Width and height of all, and height of the picture's place.
        share: How much of the work is shown with it, 0 to 1.
    """
    width, height, tall = box
    image = Image.new("RGB", (width, height), GROUND)
    picture = fit(frame.image, width, tall)
    image.paste(picture, ((width - picture.width) // 2, (tall - picture.height) // 2))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, tall, width, tall + 3), (224, 219, 208))
    pen.rectangle((0, tall, round(width * share), tall + 3), MARK)
    at, inside = tall + GAP_PX // 2, width - EDGE_PX
    if frame.name or frame.mark:
        marked(image, (width // 2, at), frame.caption, REPLAY_NAME_PX, inside)
        at += round(LEADING * REPLAY_NAME_PX)
    for line in lines(frame.words, REPLAY_WORDS_PX, inside, 2):
        write(image, (width // 2, at), line, REPLAY_WORDS_PX, SOFT)
        at += round(LEADING * REPLAY_WORDS_PX)
    room = round(inside - LABEL_SHARE * width)
    place = (EDGE_PX // 2, height - round(1.6 * REPLAY_TITLE_PX))
    for line in lines(title, REPLAY_TITLE_PX, room, 1):
        write(image, place, line, REPLAY_TITLE_PX, FAINT, align="left")
    return image


def join(parts: Sequence[Image.Image], overlap_px: int, *, leftwards: bool = False) -> Image.Image:
    """Return parts as one painting, faded over from one to the next.

    Args:
        parts: In order. Each but the first begins with what the one before ends with.
        overlap_px: How much of it that is, in the first's scale.
        leftwards: Each stands to the left of the one before, and begins at its right.
    """
    return _joined(parts, overlap_px, leftwards=leftwards)[0]


def _joined(
    parts: Sequence[Image.Image], overlap_px: int, *, leftwards: bool
) -> tuple[Image.Image, list[tuple[int, int]]]:
    """Return parts as one, and from where to where each is seen."""
    tall = parts[0].height
    even = [
        part if part.height == tall else part.resize((_wide(part, tall), tall)) for part in parts
    ]
    overs = [min(overlap_px, one.width, other.width) for one, other in pairwise(even)]
    image = Image.new("RGB", (sum(one.width for one in even) - sum(overs), tall))
    at, seen = 0, list[tuple[int, int]]()
    for part, over in zip(even, [0, *overs], strict=True):
        at -= over
        ramp = [round(255 * (step + 1) / (over + 1)) for step in range(over)]
        ramp += [255] * (part.width - over)
        cover = Image.frombytes("L", (part.width, 1), bytes(ramp[::-1] if leftwards else ramp))
        left = image.width - at - part.width if leftwards else at
        image.paste(part, (left, 0), cover.resize(part.size, Image.Resampling.NEAREST))
        begins = at + over // 2
        if seen:
            seen[-1] = (seen[-1][0], begins)
        at += part.width
        seen.append((begins, at))
    if leftwards:
        seen = [(image.width - end, image.width - start) for start, end in seen]
    return image, seen


def scroll(
    parts: Sequence[Image.Image],
    overlap_px: int,
    names: Sequence[str],
    title: str,
    *,
    leftwards: bool = False,
) -> Image.Image:
    """Return a joined painting mounted as a hand scroll, with names along it.

    Args:
        parts: As of `join`.
        overlap_px: As of `join`.
        names: Who painted each part.
        title: Stands at its end, written from above down.
        leftwards: As of `join`; the title is at the left then.
    """
    painting, seen = _joined(parts, overlap_px, leftwards=leftwards)
    scale = min(SCROLL_PX / painting.height, LONGEST_PX / painting.width)
    tall = max(1, round(painting.height * scale))
    painting = painting.resize((_wide(painting, tall), tall), Image.Resampling.LANCZOS)
    name_px = max(18, round(0.066 * tall))
    strip, edge, roller = 2 * name_px, round(0.09 * tall), max(6, round(0.03 * tall))
    letters = _colophon(title, tall + strip) if title.strip() else None
    colophon = letters.width if letters else 0
    paper = (painting.width + colophon, tall + strip)
    width, height = paper[0] + 2 * (edge + roller), paper[1] + 2 * edge
    image = Image.new("RGB", (width, height + edge // 4 + footer_px(width, height)), GROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width, height), WOOD)
    pen.rectangle((roller, 0, width - roller - 1, height), SILK)
    left = roller + edge
    pen.rectangle((left - 3, edge - 3, left + paper[0] + 2, edge + paper[1] + 2), GROUND, FAINT)
    start = left + colophon if leftwards else left
    image.paste(painting, (start, edge))
    for name, (begins, ends) in zip([*names, *[""] * len(seen)], seen, strict=False):
        one, other = (start + round(px * scale) for px in (begins, ends))
        if other - start < painting.width - 2:
            pen.line((other, edge + tall + 6, other, edge + paper[1] - 6), FAINT, 2)
        for line in lines(name, name_px, other - one - name_px // 2, 1):
            write(image, ((one + other) // 2, edge + tall + name_px // 2), line, name_px, INK)
    if letters:
        image.paste(letters, (left if leftwards else left + painting.width, edge))
    return image


def _colophon(title: str, height: int) -> Image.Image:
    """Return paper with a title from above down, and a seal under it."""
    px, side = max(16, round(0.1 * height)), round(0.12 * height)
    letters = upright(title, px, height - side - 2 * px, 4)
    image = Image.new("RGB", (letters.width + 2 * px, height), GROUND)
    inked(image, (px, px // 2), letters)
    seal(image, (image.width // 2, height - side - px // 3), title, side)
    return image


def pan(scroll: Image.Image, width_px: int, *, leftwards: bool = False) -> list[Shot]:
    """Return an animation that moves along a scroll from its beginning to its end.

    Args:
        scroll: As mounted, without the label.
        width_px: How much of it is seen at a time; it is made low enough for that.
        leftwards: It begins at the right.
    """
    tall = min(scroll.height, round(PAN_TALL * width_px))
    strip = scroll.resize((_wide(scroll, tall), tall), Image.Resampling.LANCZOS)
    away = strip.width - width_px
    if away <= 0:
        return [(strip, PAN_END_MS)]
    count = max(2, min(PAN_FRAMES, away // PAN_STEP_PX + 2))
    shots: list[Shot] = []
    for number in range(count):
        share = number / (count - 1)
        at = round(away * share * share * (3 - 2 * share))
        left = away - at if leftwards else at
        shots.append((strip.crop((left, 0, left + width_px, tall)), PAN_MS))
    return [(shots[0][0], PAN_START_MS), *shots[1:-1], (shots[-1][0], PAN_END_MS)]


def _rows(frames: Sequence[Frame], columns: int) -> list[Sequence[Frame]]:
    return [frames[at : at + columns] for at in range(0, len(frames), columns)]


def _shape(frame: Frame) -> float:
    return frame.image.height / frame.image.width


def _tall(frames: Sequence[Frame]) -> float:
    """Return how high the places for pictures are, of their width."""
    return max(LEAST_TALL, min(MOST_TALL, median(map(_shape, frames))))


def _fitted(row: Sequence[Frame], cell: int, tall: float) -> list[Image.Image]:
    return [fit(frame.image, cell - 2 * MAT_PX, round(cell * tall)) for frame in row]


def _middle(number: int, count: int, cell: int, width: int) -> int:
    """Return the middle of a place in a row that stands in the middle of the paper."""
    row = count * cell + (count - 1) * GAP_PX
    return (width - row) // 2 + number * (cell + GAP_PX) + cell // 2


def _wide(image: Image.Image, tall: int) -> int:
    """Return how wide an image is in another height."""
    return max(1, round(image.width * tall / image.height))
