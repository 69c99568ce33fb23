"""How prompts are read."""

from pathlib import Path

import pytest
import torch

from generation.errors import BadRecipe
from generation.lora.adapter import Lora
from generation.lora.adapter import load as load_lora
from generation.zoo.folder import read
from generation.zoo.model import load
from generation.zoo.text import MOST_CHUNKS, Text
from tests.generation.factory import TOKENS, WIDTH
from tests.generation.lora_factory import READING, merged, pairs, peft, write

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


def test_what_was_read_long_ago_is_forgotten(models: dict[str, Path]) -> None:
    whole = load(read(models["eps"]), torch.device("cpu"), torch.float32).text
    size = whole.encode("猫", 1).nbytes
    text = Text(whole._tokenizer, whole.encoder, tokens=TOKENS, budget_bytes=9 * size)  # pyright: ignore[reportPrivateUsage]
    first = text.encode("猫", 1)
    assert text.encode("猫", 1) is first
    text.encode("山", 4)
    assert text.encode("猫", 1) is first
    text.encode("水", 8)
    assert text.encode("猫", 1) is first
    text.encode("雨", 9)
    again = text.encode("猫", 1)
    assert again is not first
    assert torch.equal(again, first)


def test_what_the_tokenizer_lacks_is_named(models: dict[str, Path], text: Text) -> None:
    assert text.unknown("一只𰻝猫，龘") == ("𰻝", "，", "龘")
    assert text.unknown(LONG) == ()
    assert text.unknown("") == ()
    english = load(read(models["english"]), torch.device("cpu"), torch.float32).text
    assert english.unknown("a cat") == ()
    assert english.unknown("a 猫")


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_too_long_is_told_with_how_long_it_may_be(text: Text, which: int) -> None:
    most = MOST_CHUNKS * (TOKENS - 2)
    words = ["猫", "猫"]
    words[which] = "猫" * most
    assert text.tokens(*words) == MOST_CHUNKS * TOKENS
    words[which] += "山"
    name = ("描述", "不要的东西")[which]
    with pytest.raises(BadRecipe, match=f"^{name}太长了：有 {most + 1} 个字.*大约 {most} 个$"):
        text.tokens(*words)


@pytest.fixture
def loras(models: dict[str, Path], tmp_path: Path) -> list[Lora]:
    """One that changes how the encoder of each model reads, and one of the UNet alone."""
    return [
        load_lora(write(tmp_path / f"{i}.safetensors", peft(made)), read(models["eps"]))
        for i, made in enumerate(
            (
                pairs(models["eps"], READING, part="text_encoder", rank=4),
                pairs(models["eps"], rank=4),
            )
        )
    ]


def test_a_lora_changes_what_is_read_and_what_is_avoided(
    models: dict[str, Path], loras: list[Lora]
) -> None:
    whole = load(read(models["eps"]), torch.device("cpu"), torch.float32).text
    changed = merged(whole.encoder, "text_encoder", [(loras[0], 0.5)])
    other = Text(whole._tokenizer, changed, tokens=TOKENS)  # pyright: ignore[reportPrivateUsage]
    ours = whole.encode_pair(LONG, "雨", [(loras[0], 0.5)])
    for mine, theirs in zip(ours, other.encode_pair(LONG, "雨"), strict=True):
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-4)


def test_what_was_read_in_one_style_is_not_told_in_another(
    models: dict[str, Path], loras: list[Lora]
) -> None:
    reading, drawing = loras
    text = load(read(models["eps"]), torch.device("cpu"), torch.float32).text
    plain = text.encode("猫", 1)
    styled = text.encode("猫", 1, [(reading, 1.0)])
    assert not torch.allclose(plain, styled, atol=1e-3)
    assert text.encode("猫", 1, [(drawing, 1.0), (reading, 1.0)]) is styled
    assert text.encode("猫", 1, [(drawing, 1.0), (reading, 0.0)]) is plain
    assert text.encode("猫", 1, [(reading, 0.5)]) is not styled
    text.encode("山", 1, [(reading, 1.0)])
    fresh = text.encode("水", 1)  # the style before is not worn any more
    unused = load(read(models["eps"]), torch.device("cpu"), torch.float32).text
    assert torch.equal(fresh, unused.encode("水", 1))
