from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.words.entry import shipped
from bot.words.fold import fold, folded
from bot.words.judge import SEVERITY, Words
from tests.data.prompts import benign, severe

WORDS = Words.load()
LISTED = sorted({entry.text for entry in shipped().entries})
any_text = st.text(max_size=60)
mixed = st.lists(
    st.one_of(
        any_text, st.sampled_from(LISTED), st.sampled_from(benign()), st.text("0123456789@$.- ")
    ),
    max_size=4,
).map("".join)
BETWEEN = "\u200b\u2060\ufe0f\U000e0041\u00ad *·-_|🔥，。、 .!~"


@given(mixed)
def test_any_text_has_a_verdict_and_the_word_is_in_it(text: str) -> None:
    verdict = WORDS.judge(text)
    assert verdict.action in SEVERITY
    assert (verdict.action == "allow") == (verdict.word == "")
    if verdict.action in {"allow", "flag"}:
        assert verdict.word in text
        assert verdict.text == text
    if verdict.action == "soften":
        assert len(verdict.text) < len(text)
        assert SEVERITY[WORDS.judge(verdict.text).action] < SEVERITY["soften"]


@given(st.one_of(st.text(st.characters(), max_size=60), mixed))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(mixed)
@example("1¼")
@example("11¼4")
def test_places_are_within_the_text_and_in_order(text: str) -> None:
    found = folded(text)
    assert len(found.units) == len(found.text)
    last = 0
    for number in range(len(found.units)):
        start, end = found.span(number, number + 1)
        unit = found.units[number]
        assert 0 <= unit.start < unit.end <= len(text)
        assert unit.start <= start
        assert end <= unit.end
        assert last <= unit.start or unit.start == found.units[number - 1].start
        last = unit.end


@settings(max_examples=300)
@given(
    st.sampled_from([one.words for one in severe()]),
    st.sampled_from(["", "画一张", "竖版，", "a picture of ", "孩子和"]),
    st.sampled_from(["", "的图", "，水墨", " in oil", "蘑菇"]),
    st.data(),
)
def test_nothing_put_between_makes_it_allowed(
    word: str, before: str, after: str, data: st.DataObject
) -> None:
    text = before + word + after
    assume(WORDS.judge(text).action == "block")
    gaps = data.draw(st.lists(st.text(BETWEEN, max_size=3), min_size=len(text), max_size=len(text)))
    strewn = "".join(gap + character for gap, character in zip(gaps, text, strict=True))
    assert WORDS.judge(strewn).action != "allow"
