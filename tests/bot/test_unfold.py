"""{红,蓝}色的灯笼 is two prompts."""

from hypothesis import given
from hypothesis import strategies as st

from bot.unfold import MOST, many, unfolded


def test_every_choice_with_every_other_in_order() -> None:
    assert unfolded("{红,蓝}色的{猫,狗}") == ["红色的猫", "红色的狗", "蓝色的猫", "蓝色的狗"]
    assert unfolded("a {red, green} apple") == ["a red apple", "a green apple"]


def test_without_a_choice_it_stays_as_it_is() -> None:
    for prompt in ("一只猫", "{猫}", "{", "}{", "{}", "{a{b,c}"):
        assert many(prompt) == len(unfolded(prompt))
    assert unfolded("{猫}") == ["{猫}"]


def test_what_would_be_far_too_many_stays_one() -> None:
    prompt = "{一,二,三,四,五,六,七,八,九}" * 9
    assert unfolded(prompt) == [prompt]


@given(st.text(alphabet="{},，猫", max_size=60))
def test_there_is_always_one_and_never_too_many(prompt: str) -> None:
    assert 1 <= len(unfolded(prompt)) <= MOST
