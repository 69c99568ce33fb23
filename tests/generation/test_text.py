"""How prompts are read."""

from pathlib import Path

import pytest
import torch

from generation.zoo.folder import read
from generation.zoo.model import load
from generation.zoo.text import KEPT, Text
from tests.generation.factory import TOKENS, WIDTH

LONG = "一只猫在月下江南烟雨山水画红灯笼" * 2


@pytest.fixture(scope="module", params=["eps", "v"])
def text(models: dict[str, Path], request: pytest.FixtureRequest) -> Text:
    return load(read(models[request.param]), torch.device("cpu"), torch.float32).text


def test_a_short_prompt_is_one_chunk(text: Text) -> None:
    assert text.encode_pair("猫", "")[0].shape == (TOKENS, WIDTH)


def test_a_long_prompt_is_not_cut(text: Text) -> None:
    prompt, _ = text.encode_pair(LONG, "")
    chunks = len(prompt) // TOKENS
    assert chunks >= len(LONG) / (TOKENS - 2)
    assert prompt.shape == (chunks * TOKENS, WIDTH)
    assert not torch.equal(prompt, text.encode(LONG[: TOKENS - 2], chunks))


def test_both_sides_get_as_many_chunks(text: Text) -> None:
    for pair in ((LONG, "猫"), ("猫", LONG)):
        prompt, avoid = text.encode_pair(*pair)
        assert prompt.shape == avoid.shape


def test_the_first_chunk_is_what_a_short_prompt_would_be(text: Text) -> None:
    first = LONG[: TOKENS - 2]
    assert torch.allclose(text.encode(LONG, 4)[:TOKENS], text.encode(first, 1), atol=1e-6)


def test_what_was_read_long_ago_is_forgotten(text: Text) -> None:
    first = text.encode("猫", 1)
    assert text.encode("猫", 1) is first
    for length in range(KEPT):
        text.encode("山" * (length + 1), 7)
    again = text.encode("猫", 1)
    assert again is not first
    assert torch.equal(again, first)
