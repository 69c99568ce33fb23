"""Fields of a form, made fewer and told apart again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.action import Action, Verb
from bot.errors import StudioError
from bot.form import MOST_CHARS, Field, Form
from bot.parsing.parser import parse
from bot.policy import PolicyConfig, settle
from bot.sheet import Sheet, difference
from bot.style import Styles

LINES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=30)


def a_form(values: list[str]) -> Form:
    fields = (
        Field(name=f"f{number}", label=f"第{number}栏", value=value, most=100)
        for number, value in enumerate(values)
    )
    return Form(action=Action(Verb.EDIT, 7), title="改", fields=tuple(fields))


def a_sheet(text: str) -> Sheet:
    styles = Styles.load()
    before = settle(parse(text, styles), styles, PolicyConfig())
    return Sheet(target=7, before=before, styles=styles)


@given(st.lists(LINES, min_size=1, max_size=8), st.integers(1, 9))
def test_a_form_of_fewer_fields_says_the_same(values: list[str], count: int) -> None:
    form = a_form(values)
    fewer = form.within(count)
    assert len(fewer.fields) == min(count, len(values))
    assert form.parted(fewer.values) == form.values


@given(st.dictionaries(st.text(), st.text()))
def test_whatever_is_handed_in_can_be_told_apart_and_put_back(values: dict[str, str]) -> None:
    form = a_form(["a", "b", "c"])
    found = form.parted(values)
    again = form.filled(found)
    assert [field.name for field in again.fields] == ["f0", "f1", "f2"]
    assert all(len(field.value) <= field.most for field in again.fields)


def test_a_value_of_several_lines_goes_on() -> None:
    form = a_form(["", "", ""])
    said = "第0栏：山\n  水\nf1: 8:9\n第2栏："
    assert form.parted({"f0+f1+f2": said}) == {"f0": "山\n水", "f1": "8:9", "f2": ""}


def test_what_stands_above_the_first_line_belongs_to_no_field() -> None:
    assert a_form(["", ""]).parted({"f0+f1": "喂\nf1：一"}) == {"f0+f1": "喂", "f1": "一"}


@pytest.mark.parametrize("text", ["一只猫", "一只猫 --hires 1.5 --seed 9223372036854775807"])
def test_the_form_fits_a_modal(text: str) -> None:
    form = a_sheet(text).form.within(5)
    assert len(form.fields) == 5
    assert len(form.title) <= 45
    for field in form.fields:
        assert 0 < len(field.label) <= 45
        assert len(field.help) <= 100
        assert len(field.value) <= field.most <= MOST_CHARS
        assert re.fullmatch(r"[a-z+]{1,100}", field.name)


def test_where_there_are_six_fields_a_modal_has_strength_and_seed_in_one() -> None:
    form = a_sheet("一只猫 --hires 1.5 --seed 3").form
    assert [field.name for field in form.within(5).fields][3:] == ["shape", "strength+seed"]


@given(st.dictionaries(st.sampled_from(["prompt", "avoid", "style", "shape", "seed"]), st.text()))
def test_any_values_are_a_change_or_refused_in_words(values: dict[str, str]) -> None:
    refused = None
    try:
        change = a_sheet("一只猫，竖版 --seed 3").follow(values)
        assert change.verb == "change"
    except StudioError as error:
        refused = str(error)
    assert refused != ""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("一只雪地里的企鹅", "一只雪地里的熊猫", "－企鹅 ＋熊猫"),
        ("一只猫", "一只猫，一盏灯笼", "＋一盏灯笼"),
        ("一只猫，一盏灯笼", "一只猫", "－一盏灯笼"),
        ("一只猫", "一只猫", ""),
        ("一只猫", "一只猫。", ""),
        ("一只猫", "江南烟雨里的乌篷船", ""),
        ("", "一只猫", ""),
    ],
)
def test_what_is_new_in_a_prompt_is_told_in_a_few_words(before: str, after: str, told: str) -> None:
    assert difference(before, after) == told
