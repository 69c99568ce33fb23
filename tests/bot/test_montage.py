"""What a group painted, put together: sizes, who is named where, and that nothing is in the way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bot.label import stamp_for
from bot.montage import (
    LAST_MS,
    LONGEST_MS,
    LONGEST_PX,
    MOST_TALL,
    PAN_END_MS,
    PAN_FRAMES,
    PAN_START_MS,
    Frame,
    filmstrip,
    grid,
    join,
    pan,
    replay,
    scroll,
    sheet,
)
from bot.plate import GROUND, MARK

Box = tuple[int, int, int, int]
COLOURS = ("teal", "navy", "olive", "maroon", "purple", "gray")
FOOT = ("第一行", "second line")


def frames(count: int, size: tuple[int, int] = (64, 64)) -> list[Frame]:
    return [
        Frame(image=Image.new("RGB", size, COLOURS[number % len(COLOURS)]), mark=str(number + 1))
        for number in range(count)
    ]


def gradient(width: int, height: int) -> Image.Image:
    """Red goes from left to right, green from above down: no two places look the same."""
    red = Image.linear_gradient("L").rotate(90).resize((width, height))
    green = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (red, green, Image.new("L", (width, height), 90)))


def changed(one: Image.Image, other: Image.Image) -> Box | None:
    """Where two pictures of one size differ."""
    assert one.size == other.size
    return ImageChops.difference(one, other).getbbox()


def area(image: Image.Image, colour: str | tuple[int, int, int]) -> int:
    """How many pixels have a colour."""
    sought = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    found = image.getcolors(image.width * image.height) or []
    return sum(count for count, one in found if one == sought)


def free_for_the_label(image: Image.Image) -> bool:
    """Return whether the words cover nothing but paper."""
    left, upper, right, lower = stamp_for(*image.size).box
    return (image.crop((left, upper, right, lower)).getcolors() or []) == [
        ((right - left) * (lower - upper), GROUND)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 12, 16])
def test_a_poster_has_each_picture_once_and_all_as_large(count: int) -> None:
    image = grid(frames(count), "雪地里的企鹅", FOOT)
    columns = next(side for side in range(1, 5) if side * side >= count)
    areas = [area(image, colour) for colour in COLOURS[:count]]
    one = areas[min(count, len(COLOURS)) - 1] // len(range(min(count, 6) - 1, count, 6))
    assert areas[0] == one * len(range(0, count, 6))
    assert one**0.5 * columns < image.width <= 1440
    assert free_for_the_label(image)


@pytest.mark.parametrize("count", [1, 4, 5, 13, 24])
def test_a_film_strip_has_rows_with_holes(count: int) -> None:
    image = filmstrip(frames(count), "接龙", FOOT)
    rows = -(-count // {1: 1, 4: 4, 5: 4, 13: 5, 24: 6}[count])
    film = [y for y in range(image.height) if image.getpixel((50, y)) == (38, 36, 34)]
    starts = [y for y in film if y - 1 not in film]
    assert len(starts) == rows
    assert image.width <= 1440
    assert free_for_the_label(image)


def test_a_ballot_bears_marks_and_numbers_where_there_are_none() -> None:
    marked = frames(4)
    bare = [replace(frame, mark="") for frame in marked]
    named = [replace(frame, name="阿青", words="雪地") for frame in marked]
    assert changed(sheet(marked, "选"), sheet(bare, "选")) is None, "1, 2, 3 by themselves"
    assert changed(sheet(marked, "选"), sheet(named, "选")) is None, "and nobody's name"
    other = [*marked[:3], replace(marked[3], mark="丁")]
    left, upper, _, _ = changed(sheet(marked, "选"), sheet(other, "选")) or (0, 0, 0, 0)
    image = sheet(marked, "选")
    assert left > image.width // 2
    assert upper > image.height // 2
    assert area(image, MARK) > 4 * 3000
    assert free_for_the_label(image)


@pytest.mark.parametrize("draw", [grid, filmstrip])
def test_names_and_words_stand_under_their_picture(
    draw: Callable[[Sequence[Frame], str, Sequence[str]], Image.Image],
) -> None:
    own = [replace(frame, name="阿青", words="雪地里") for frame in frames(2)]
    one, other = draw(own, "", ()), draw([own[0], replace(own[1], name="阿紫")], "", ())
    left, upper, right, lower = changed(one, other) or (0, 0, 0, 0)
    assert one.width // 2 < left < right < one.width
    assert lower - upper < 40
    last = max(y for y in range(one.height) if one.getpixel((one.width * 3 // 4, y)) == (0, 0, 128))
    assert upper > last, "under it"
    said = draw([own[0], replace(own[1], words="海上的")], "", ())
    assert (changed(one, said) or (0, 0, 0, 0))[1] >= lower, "and words under the name"


def test_title_and_credits_are_above_and_below() -> None:
    bare = grid(frames(4), "雪", ("一",))
    box = changed(bare, grid(frames(4), "雨", ("一",)))
    assert box is not None
    assert box[3] < 150
    box = changed(bare, grid(frames(4), "雪", ("二",)))
    assert box is not None
    assert box[1] > bare.height - 150
    assert box[0] < bare.width // 2


def test_pictures_of_all_shapes_keep_their_shape() -> None:
    shapes = [(64, 1024), (1024, 64), (100, 100), (300, 200)]
    mixed = [replace(one, image=one.image.resize(size)) for one, size in
             zip(frames(4), shapes, strict=True)]  # fmt: skip
    image = grid(mixed, "", ())
    for colour, (width, height) in zip(COLOURS, shapes, strict=False):
        mask = ImageChops.difference(image, Image.new("RGB", image.size, colour)).convert("L")
        box = mask.point([255, *(0,) * 255]).getbbox()
        assert box is not None
        assert (box[3] - box[1]) / (box[2] - box[0]) == pytest.approx(height / width, rel=0.12)


ANYTHING = st.text(max_size=80) | st.text(alphabet="👨\u200d👩🏽🇨🇳\u202e\u0301م一 \n", max_size=20)


@settings(max_examples=15)
@given(name=ANYTHING, words=ANYTHING, mark=ANYTHING, title=ANYTHING)
def test_whatever_is_said_is_drawn(name: str, words: str, mark: str, title: str) -> None:
    one = Frame(image=Image.new("RGB", (64, 64)), name=name, words=words, mark=mark)
    for image in (
        grid([one], title, (name, words)),
        filmstrip([one] * 2, title, (words,)),
        sheet([one], title),
        replay([one], title)[0][0],
        scroll([one.image, one.image], 8, [name, words], title),
    ):
        assert free_for_the_label(image)


def parts_of(whole: Image.Image, width: int, overlap: int, *, leftwards: bool) -> list[Image.Image]:
    count = (whole.width - overlap) // (width - overlap)
    lefts = [number * (width - overlap) for number in range(count)]
    parts = [whole.crop((left, 0, left + width, whole.height)) for left in lefts]
    return parts[::-1] if leftwards else parts


@pytest.mark.parametrize("leftwards", [False, True])
@pytest.mark.parametrize("overlap", [0, 1, 16, 40])
def test_parts_of_one_picture_are_joined_to_that_picture(overlap: int, *, leftwards: bool) -> None:
    width = overlap + 4 * 40
    whole = gradient(overlap + 5 * 160, 60)
    joined = join(
        parts_of(whole, width, overlap, leftwards=leftwards), overlap, leftwards=leftwards
    )
    assert joined.size == whole.size
    assert max(ImageChops.difference(joined, whole).tobytes()) <= 2


@pytest.mark.parametrize("leftwards", [False, True])
def test_from_one_part_to_the_next_there_is_no_seam(*, leftwards: bool) -> None:
    parts = [Image.new("RGB", (100, 20), (level, level, level)) for level in (40, 120)]
    joined = join(parts, 60, leftwards=leftwards)
    assert joined.size == (140, 20)
    row = joined.convert("L").crop((0, 5, 140, 6)).tobytes()
    row = row[::-1] if leftwards else row
    assert (row[0], row[39], row[100], row[139]) == (40, 40, 120, 120)
    assert all(0 <= row[x + 1] - row[x] <= 2 for x in range(139))


def test_parts_of_other_sizes_and_with_more_overlap_than_they_have_are_joined() -> None:
    parts = [Image.new("RGB", size) for size in ((100, 50), (100, 100), (20, 50))]
    assert join(parts, 10).size == (100 + 50 + 20 - 20, 50)
    assert join(parts, 999).size == (100, 50)
    assert join(parts[:1], 10).size == (100, 50)


@pytest.mark.parametrize("leftwards", [False, True])
def test_a_scroll_names_each_part_under_it_and_ends_with_its_title(*, leftwards: bool) -> None:
    parts = [gradient(200, 100) for _ in range(4)]

    def drawn(names: Sequence[str], title: str) -> Image.Image:
        return scroll(parts, 20, names, title, leftwards=leftwards)

    bare, named = drawn(["", "", "", ""], "雪夜"), drawn(["", "", "", "阿青"], "雪夜")
    box = changed(bare, named)
    assert box is not None
    assert box[1] > bare.height * 0.7
    assert box[2] < bare.width // 2 if leftwards else box[0] > bare.width // 2
    box = changed(bare, drawn([], "雨夜"))
    assert box is not None
    assert box[2] < bare.width // 4 if leftwards else box[0] > bare.width * 3 // 4
    assert free_for_the_label(bare)


def test_a_scroll_of_many_parts_is_not_endless_and_one_part_is_a_scroll() -> None:
    many = scroll([Image.new("RGB", (512, 256))] * 24, 0, [], "")
    assert LONGEST_PX <= many.width <= LONGEST_PX * 1.05
    assert scroll([Image.new("RGB", (64, 64))], 8, ["阿青"], "Snow").height > 512


@pytest.mark.parametrize(("count", "between"), [(1, 3), (6, 3), (7, 2), (24, 1)])
def test_a_replay_shows_each_step_and_fades_between(count: int, between: int) -> None:
    shots = replay(frames(count), "接龙")
    assert len(shots) == count + (count - 1) * between
    assert {image.size for image, _ in shots} == {shots[0][0].size}
    assert shots[-1][1] == LAST_MS == max(duration for _, duration in shots)
    assert all(free_for_the_label(image) for image, _ in shots)
    steps = shots[:: between + 1]
    assert all(area(image, COLOURS[at % 6]) >= 512 * 512 for at, (image, _) in enumerate(steps))


def test_who_says_more_is_shown_longer_but_not_for_ever() -> None:
    said = [replace(one, words="字" * count) for one, count in
            zip(frames(4), (0, 10, 10_000, 0), strict=True)]  # fmt: skip
    durations = [duration for _, duration in replay(said, "")[::4]]
    assert durations[0] < durations[1] < durations[2] == LONGEST_MS
    assert sum(duration for _, duration in replay(frames(24), "")) < 60_000


def test_steps_of_other_shapes_are_shown_whole() -> None:
    tall = [replace(one, image=one.image.resize((64, 640))) for one in frames(2)]
    shots = replay(tall, "")
    assert shots[0][0].height < 512 * MOST_TALL + 250
    assert area(shots[0][0], "teal") == pytest.approx(768 * 77, rel=0.01)


@pytest.mark.parametrize("leftwards", [False, True])
def test_a_pan_goes_from_one_end_to_the_other_and_is_slow_at_both(*, leftwards: bool) -> None:
    whole = gradient(4000, 300)
    shots = pan(whole, 400, leftwards=leftwards)
    assert len(shots) <= PAN_FRAMES <= 60
    assert {image.size for image, _ in shots} == {(400, 300)}
    assert (shots[0][1], shots[-1][1]) == (PAN_START_MS, PAN_END_MS)
    ends = [whole.crop((0, 0, 400, 300)), whole.crop((3600, 0, 4000, 300))]
    first, last = ends[::-1] if leftwards else ends
    assert changed(shots[0][0], first) is None
    assert changed(shots[-1][0], last) is None
    reds = [image.resize((1, 1), Image.Resampling.BOX).tobytes()[0] for image, _ in shots]
    steps = [abs(after - before) for before, after in pairwise(reds)]
    assert max(steps[:4] + steps[-4:]) < max(steps)


def test_a_scroll_that_is_seen_whole_stands_still() -> None:
    ((image, duration),) = pan(Image.new("RGB", (500, 400)), 600)
    assert image.size == (500, 400)
    assert duration == PAN_END_MS
    (first, *_) = pan(Image.new("RGB", (5000, 900)), 400)
    assert first[0].size == (400, 300), "high ones are made low"
