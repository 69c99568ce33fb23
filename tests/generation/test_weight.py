"""Words of a prompt that count more or less."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.zoo.folder import read
from generation.zoo.model import load
from generation.zoo.text import Text
from generation.zoo.weight import Weighted, weighted
from tests.generation.factory import TOKENS


@pytest.fixture(scope="module", params=["eps", "v"])
def text(models: dict[str, Path], request: pytest.FixtureRequest) -> Text:
    return load(read(models[request.param]), torch.device("cpu"), torch.float32).text


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("(竹林:1.3)，小桥", Weighted(text="竹林，小桥", spans=((0, 2, 1.3),))),
        ("（竹林：1.3）小桥", Weighted(text="竹林小桥", spans=((0, 2, 1.3),))),
        ("a (red fox: 0.5 ) runs", Weighted(text="a red fox runs", spans=((2, 9, 0.5),))),
        ("(山:2)(水:3)", Weighted(text="山水", spans=((0, 1, 2.0), (1, 2, 3.0)))),
        ("(竹林:1)", Weighted(text="竹林")),
        (r"\(竹林:1.3\)", Weighted(text="(竹林:1.3)")),
        (r"猫\(笑\)", Weighted(text="猫(笑)")),
        (r"(猫\(笑\):1.3)", Weighted(text="(猫(笑):1.3)")),
        ("((竹林:1.3))", Weighted(text="(竹林)", spans=((1, 3, 1.3),))),
    ],
)
def test_weights_are_told_from_words(prompt: str, found: Weighted) -> None:
    assert weighted(prompt) == found


@pytest.mark.parametrize(
    "prompt",
    [
        "(竹林)",
        "((竹林))",
        "[竹林:1.3]",
        "(竹林:很)",
        "(竹林:)",
        "(:1.3)",
        "竹林:1.3",
        "(竹林:1.3",
        "(竹林:-1)",
        "(竹林:9)",
        "(竹林:0)",
        "(16:2)",
        "晚上(8:00)",
        "两只猫(2)",
        "竹林\\",
    ],
)
def test_all_other_forms_are_text(prompt: str) -> None:
    assert weighted(prompt) == Weighted(text=prompt)


@given(st.text(alphabet="猫a (（)）:：1.3\\[<>"))
def test_whatever_stands_there_is_read_and_spans_are_within(prompt: str) -> None:
    read = weighted(prompt)
    if not set(prompt) & set("(（\\"):
        assert read == Weighted(text=prompt)
    for begin, end, by in read.spans:
        assert 0 <= begin < end <= len(read.text)
        assert 0.1 <= by <= 3


@pytest.mark.parametrize("prompt", ["(一只猫:1)在月下", "一只（猫：1.0）在月下"])
def test_a_weight_of_one_is_no_weight_to_the_bit(text: Text, prompt: str) -> None:
    assert torch.equal(text.encode(prompt, 2), text.encode("一只猫在月下", 2))


@pytest.mark.parametrize("weight", [0.1, 0.5, 1.3, 3])
def test_words_stand_so_much_further_from_what_nothing_said_is(text: Text, weight: float) -> None:
    plain, nothing = text.encode("一只猫在月下", 1), text.encode("", 1)
    found = text.encode(f"一只(猫:{weight})在月下", 1)
    there = 3  # after the first mark and two words
    rest = [place for place in range(TOKENS) if place != there]
    assert torch.equal(found[rest], plain[rest])
    further = nothing[there] + weight * (plain[there] - nothing[there])
    torch.testing.assert_close(found[there], further, rtol=0, atol=1e-5)


def test_weights_are_kept_over_chunks_and_cost_no_room(text: Text) -> None:
    long = "月" * TOKENS
    assert text.tokens(f"{long}(猫:2)", "") == text.tokens(f"{long}猫", "")
    plain, found = text.encode(f"{long}猫", 2), text.encode(f"{long}(猫:2)", 2)
    changed = (plain != found).any(dim=1).nonzero().flatten().tolist()
    assert changed == [TOKENS + 1 + len(long) - (TOKENS - 2)]


def test_what_is_avoided_has_weights_too(text: Text) -> None:
    _, plain = text.encode_pair("猫", "雨")
    _, found = text.encode_pair("猫", "(雨:2)")
    assert not torch.equal(plain, found)


def test_marks_of_weights_are_no_unknown_words(text: Text) -> None:
    assert text.unknown("(猫:1.3)在（月：0.5）下") == ()
