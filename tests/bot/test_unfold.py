"""{红,蓝}色的灯笼 is two prompts."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.request import Request
from bot.unfold import MOST, many, pictures, unfolded


def test_every_choice_with_every_other_in_order() -> None:
    assert unfolded("{红,蓝}色的{猫,狗}") == ["红色的猫", "红色的狗", "蓝色的猫", "蓝色的狗"]
    assert unfolded("a {red, green} apple") == ["a red apple", "a green apple"]


def test_without_a_choice_it_stays_as_it_is() -> None:
    for prompt in ("一只猫", "{猫}", "{", "}{", "{}", "{a{b,c}"):
        assert many(prompt) == len(unfolded(prompt))
    assert unfolded("{猫}") == ["{猫}"]


def test_pictures_are_as_many_of_each_as_was_said() -> None:
    asked = Request(prompt="{红,蓝}色的{猫,狗}", count=2)
    assert pictures(asked) == 8
    assert pictures(replace(asked, total=True)) == 2
    assert pictures(Request(prompt="猫", count=3)) == 3


def test_what_would_be_far_too_many_stays_one() -> None:
    prompt = "{一,二,三,四,五,六,七,八,九}" * 9
    assert unfolded(prompt) == [prompt]


@given(st.text(alphabet="{},，猫", max_size=60))
def test_there_is_always_one_and_never_too_many(prompt: str) -> None:
    assert 1 <= len(unfolded(prompt)) <= MOST
