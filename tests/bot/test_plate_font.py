"""The letters of plates: whatever is said, what is drawn is a character and has room."""

from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from bot.plate import CUT, FLAG, FONT, GROUND, MISSING, SIGNS, legible, lines, width_of, write

GB_2312 = [
    char
    for row in range(0xA1, 0xF8)
    for cell in range(0xA1, 0xFF)
    for char in bytes([row, cell]).decode("gb2312", "ignore")
]
ODD = "\u200b\u200d\u200f\u202e\ufe0f\u0301\u0363\x00\n\r\t\u3000\ud800\U0001f3fd\U000e0067"
TEXTS = st.text(max_size=60) | st.text(
    alphabet=f"一只猫在雪地里，。“”（）…—Dn’t ab-é{ODD}👨👩😀🇨🇳️⃣1م한㍿ﷺ𠮷ậ", max_size=60
)


@cache
def glyphs(path: Path) -> dict[int, str]:
    """The characters of a font, read by another reader than the program's."""
    with TTFont(path) as font:
        return dict(font.getBestCmap() or {})


def drawn(text: str, px: int = 32) -> bytes:
    image = Image.new("RGB", (px * (len(text) + 2), 2 * px), GROUND)
    write(image, (4, 4), text, px, align="left")
    return image.tobytes()


def test_all_of_gb_2312_is_drawn_as_it_is() -> None:
    assert len(GB_2312) == 7445
    every = "".join(GB_2312)
    assert legible(every[:4000]) + legible(every[4000:]) == every.replace("\u3000", " ")
    assert {ord(char) for char in GB_2312} <= glyphs(FONT).keys() | glyphs(SIGNS).keys()
    hanzi = [char for char in GB_2312 if "\u4e00" <= char <= "\u9fff"]
    assert len(hanzi) == 6763
    assert len({drawn(char, 24) for char in hanzi}) == 6763, "no two look the same, as boxes do"


@given(text=TEXTS)
@example(text="\U0010ffff" * 9)
@example(text="Z" + "\u0363\u035f" * 200)
@example(text="\u200d👨\u200d")
def test_no_box_is_ever_drawn(text: str) -> None:
    seen = legible(text)
    assert all(ord(char) in glyphs(FONT) or ord(char) in glyphs(SIGNS) for char in seen)
    assert legible(seen) == seen
    assert MISSING * 2 not in seen
    drawn(text[:20])


@given(text=TEXTS, px=st.integers(8, 48), width=st.integers(0, 400), most=st.integers(0, 4))
def test_no_line_is_wider_than_there_is_room(text: str, px: int, width: int, most: int) -> None:
    found = lines(text, px, width, most)
    assert len(found) <= most
    assert all(line.strip() == line and line for line in found)
    assert all(width_of(line, px) <= width for line in found)


@given(text=TEXTS, width=st.integers(100, 400))
def test_nothing_is_lost_where_there_is_room_for_all(text: str, width: int) -> None:
    def letters(text: str) -> str:
        return "".join(text.split())

    assert letters("".join(lines(text, 24, width, 99))) == letters(legible(text))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("👨‍👩‍👧‍👦 一家", "👨 一家"),
        ("👍🏽❤️", "👍❤"),
        ("🇨🇳", FLAG),
        ("1️⃣", "1"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴"),
        ("a\u200db\u202ec\x07", "abc"),
        ("一\n二\t三", "一 二 三"),
        ("e\u0301", "é"),
        ("Z\u0363\u0364\u0365", "Z"),
        ("𝓐𝓵𝓲𝓬𝓮 ﬁ", "Alice fi"),
        ("محمد بن م x", f"{MISSING} x"),
        ("淼喆繁堃 Ørsted Жуков Nguyễn", "淼喆繁堃 Ørsted Жуков Nguyễn"),
    ],
)
def test_whatever_people_are_called_is_made_legible(text: str, seen: str) -> None:
    assert legible(text) == seen


def test_lines_are_broken_where_a_printer_would() -> None:
    assert lines("雪地里的企鹅，在等火车。", 20, 120, 9) == ["雪地里的企", "鹅，在等火", "车。"]
    assert lines("他说（真的）好", 20, 60, 9) == ["他说", "（真", "的）好"]
    assert lines("wait for the train", 20, 100, 9) == ["wait for", "the train"]


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    (line,) = lines("一只猫在雪地里看雪", 20, 100, 1)
    assert line == f"一只猫在{CUT}"
    assert lines("一只猫", 20, 8, 1) == []
    assert lines("猫" * 100_000, 20, 100, 2)[1].endswith(CUT)
