import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StudioError
from bot.parsing.draft import Draft
from bot.parsing.numeral import number
from bot.parsing.outline import outline
from bot.parsing.parser import parse
from bot.parsing.text import MAX_CHARS, clean, fold
from bot.style import Styles
from tests.bot.test_parser import SENTENCES, UNSAID

STYLES = Styles.load()
PIECES = re.findall(r"\w{1,2}|\W", "".join(sentence["text"] for sentence in SENTENCES))
anything = st.text(st.characters(codec=None))
sentences = st.lists(st.sampled_from([*PIECES, "\u200d", "\ud800"]) | anything, max_size=30).map(
    "".join
)
HIDDEN = {"Cc", "Cs", "Co"}
"""Categories of characters that no words of ours hold."""


@given(sentences)
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        request = parse(text, STYLES)
    except StudioError as error:
        words = str(error)
    else:
        prompt = request.prompt.replace("\n", "") if request.poem else request.prompt
        words = prompt + request.avoid + "".join(request.styles + request.notes)
        assert request.prompt == request.prompt.strip() != ""
    assert words
    assert not HIDDEN & {unicodedata.category(character) for character in words}


@given(sentences)
def test_the_outline_always_has_the_same_keys(text: str) -> None:
    found = outline(text, STYLES)
    assert list(found) == list(UNSAID)
    assert found["intent"] in {"draw", "none"}
    assert (found["intent"] == "draw") == (found["prompt"] != "")


@given(anything)
def test_folding_keeps_the_length(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.text(max_size=MAX_CHARS))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    for lines in (False, True):
        once = clean(text, lines=lines)
        assert len(once) > MAX_CHARS or clean(once, lines=lines) == once


@given(st.text(max_size=200))
def test_a_draft_that_nothing_is_cut_from_stays_whole(text: str) -> None:
    assert Draft(clean(text)).rest() in clean(text)


@given(st.integers(0, 99_999_999))
def test_numbers_are_read_as_they_are_said(value: int) -> None:
    assert number(str(value)) == value
    assert number(_said(value)) == value


@pytest.mark.parametrize("words", ["半", "x", "", "十a", "²"])
def test_what_is_no_number_is_refused(words: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any words will do
        number(words)


@pytest.mark.parametrize(
    "unit",
    [
        "吧",
        "帮我",
        "不要",
        "水墨和",
        "1",
        "--no a",
        "（竖版",
        "“”",
        " a",
        "两张",
        "种子1",
        "的图",
        "没有",
        "，",
    ],
)
def test_time_is_in_proportion_to_the_length(unit: str) -> None:
    parse("画一只猫", STYLES)
    text = (unit * MAX_CHARS)[:MAX_CHARS]
    begun = time.process_time()
    outline(text, STYLES)
    assert time.process_time() - begun < 0.2  # some 3 ms; a pattern that backtracks takes seconds


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence["text"])
def test_words_are_neither_made_up_nor_moved(sentence: dict[str, str]) -> None:
    text = clean(sentence["text"])
    prompt = outline(text, STYLES)["prompt"]
    letters = iter(text)
    assert all(letter in letters for letter in prompt)


def _said(value: int) -> str:
    """Return the number in Chinese numerals, as 一万零二十."""
    if value >= 10_000:
        rest = value % 10_000
        tail = ("零" if 0 < rest < 1000 else "") + _said(rest) if rest else ""
        return _said(value // 10_000) + "万" + tail
    digits, said = str(value), ""
    for place, digit in enumerate(digits):
        unit = ("", "十", "百", "千")[len(digits) - place - 1]
        if digit != "0":
            said += "零一二三四五六七八九"[int(digit)] + unit
        elif said and not said.endswith("零"):
            said += "零"
    return said.rstrip("零") or "零"
