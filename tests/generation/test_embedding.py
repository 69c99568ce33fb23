"""Words that were taught: what a prompt with them is read as, and what is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from generation.errors import BadRecipe, BrokenEmbedding
from generation.zoo import embedding
from generation.zoo.embedding import MARKED, Embeddings
from generation.zoo.folder import read
from generation.zoo.model import load
from generation.zoo.text import Text
from tests.generation.factory import TOKENS, WIDTH

ROOM = TOKENS - 2


def vectors(count: int, *, width: int = WIDTH, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def taught(path: Path, **words: Tensor) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in words.items()}, path)
    return path


def text_of(model: Path, **paths: Path) -> Text:
    known = Embeddings(paths)
    return load(read(model), torch.device("cpu"), torch.float32, embeddings=known).text


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    return taught(tmp_path / "cat.safetensors", **{"<小奶猫>": vectors(3)})


PROMPTS = {
    "eps": ("<小奶猫>", ["<小奶猫>", "一只<小奶猫>在月下", "山<小奶猫>水<小奶猫>"]),
    "v": ("<小奶猫>", ["<小奶猫>", "一只<小奶猫>在月下"]),
    "english": ("<kitten>", ["<kitten>", "a <kitten> at c", "a<kitten>b"]),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", PROMPTS)
def test_it_reads_what_diffusers_reads(
    models: dict[str, Path], tmp_path: Path, name: str, count: int
) -> None:
    word, prompts = PROMPTS[name]
    path = taught(tmp_path / "learned_embeds.safetensors", **{word: vectors(count)})
    pipe = StableDiffusionPipeline.from_pretrained(models[name], use_safetensors=True)
    pipe.set_progress_bar_config(disable=True)
    pipe.load_textual_inversion(str(tmp_path), weight_name=path.name)
    text = text_of(models[name], kitten=path)
    # as pipelines spell it themselves, unless the tokenizer folds the word, as BERT's does Chinese
    spelt = " ".join([word, *(f"{word}_{i}" for i in range(1, count))])
    for prompt in (*prompts, "a cat" if name == "english" else "一只猫"):
        said = prompt if name == "english" else prompt.replace(word, spelt)
        theirs, _ = pipe.encode_prompt(said, torch.device("cpu"), 1, False)  # noqa: FBT003
        assert torch.allclose(text.encode(prompt, 1), theirs[0], atol=1e-5), prompt


def test_prompts_without_it_are_read_as_before(models: dict[str, Path], cat: Path) -> None:
    before, after = text_of(models["eps"]), text_of(models["eps"], 小奶猫=cat)
    table = after.encoder.get_input_embeddings().weight.clone()
    after.encode("一只<小奶猫>", 1)
    for prompt in ("一只猫", "", "<大老虎>", "猫<", "a<b>c", "小奶猫"):
        assert torch.equal(after.encode(prompt, 1), before.encode(prompt, 1)), prompt
    assert torch.equal(after.encoder.get_input_embeddings().weight, table)


def test_what_is_avoided_is_read_with_it_too(models: dict[str, Path], cat: Path) -> None:
    text = text_of(models["eps"], 小奶猫=cat)
    prompt, avoid = text.encode_pair("<小奶猫>", "<小奶猫>")
    assert torch.equal(prompt, avoid)
    assert not torch.allclose(avoid, text_of(models["eps"]).encode("<小奶猫>", 1), atol=1e-3)


@pytest.mark.parametrize("written", ["<kitten>", "<KITTEN>", "＜kitten＞", "<小奶猫>", "＜小奶猫>"])
def test_a_word_has_the_name_of_its_file_and_its_own(
    models: dict[str, Path], cat: Path, written: str
) -> None:
    text = text_of(models["eps"], kitten=cat)
    assert torch.equal(text.encode(written, 1), text.encode("<小奶猫>", 1))


def test_a_file_of_the_other_kind_is_called_what_its_file_is(
    models: dict[str, Path], tmp_path: Path
) -> None:
    path = taught(tmp_path / "奶猫.safetensors", emb_params=vectors(2))
    other = taught(tmp_path / "x.safetensors", **{"<奶猫>": vectors(2)})
    (word,) = embedding.inspect(path)
    assert word == "奶猫"
    texts = (text_of(models["eps"], 奶猫=path), text_of(models["eps"], x=other))
    one, two = (text.encode("<奶猫>山", 1) for text in texts)
    assert torch.equal(one, two)


@given(before=st.integers(0, 2 * ROOM), count=st.integers(1, ROOM), after=st.integers(0, ROOM))
def test_a_word_is_never_split_over_chunks(
    models: dict[str, Path], shared: Path, before: int, count: int, after: int
) -> None:
    path = taught(shared / f"{count}.safetensors", w=vectors(count))
    text = parsing(models["eps"])
    text._embeddings = Embeddings({"w": path})  # pyright: ignore[reportPrivateUsage]
    rows = text._rows("猫" * before + "<w>" + "山" * after)  # pyright: ignore[reportPrivateUsage]
    assert all(len(row) <= ROOM for row in rows)
    assert sum(map(len, rows)) == before + count + after
    assert {sum(isinstance(said.what, Tensor) for said in row) for row in rows} <= {0, count}
    assert text.tokens("猫" * before + "<w>" + "山" * after, "") == TOKENS * len(rows)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("words")


_TEXTS: dict[Path, Text] = {}


def parsing(model: Path) -> Text:
    """One text for all examples of a property."""
    if model not in _TEXTS:
        _TEXTS[model] = text_of(model)
    return _TEXTS[model]


def test_each_chunk_is_read_as_if_alone(models: dict[str, Path], cat: Path) -> None:
    text = text_of(models["eps"], 小奶猫=cat)
    first = "猫" * (ROOM - 1)  # the three vectors do not fit beside it
    long = text.encode(first + "<小奶猫>", 2)
    assert torch.allclose(long[:TOKENS], text.encode(first, 1), atol=1e-6)
    assert torch.allclose(long[TOKENS:], text.encode("<小奶猫>", 1), atol=1e-6)


def test_one_that_fits_no_chunk_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    path = taught(tmp_path / "w.safetensors", w=vectors(ROOM + 1))
    with pytest.raises(BadRecipe, match=f"{ROOM + 1} 个向量，这个模型一段只放得下 {ROOM}"):
        text_of(models["eps"], w=path).tokens("<w>", "")


def test_what_was_taught_anew_is_read_anew(models: dict[str, Path], cat: Path) -> None:
    text = text_of(models["eps"], 小奶猫=cat)
    old = text.encode("<小奶猫>", 1)
    assert text.encode("<小奶猫>", 1) is old
    taught(cat, **{"<小奶猫>": vectors(3, seed=1)})
    os.utime(cat, ns=(1, 1))
    assert not torch.allclose(text.encode("<小奶猫>", 1), old, atol=1e-3)


def _save(**words: Tensor) -> Callable[[Path], object]:
    return lambda path: taught(path, **words)


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "没有这个文件"),
    "half": (lambda path: path.write_bytes(path.read_bytes()[:-9]), "可能没有下载完"),
    "a pickle": (lambda path: path.write_bytes(b"\x80\x04K\x01." * 99), "不是完整的 safetensors"),
    "of another width": (_save(w=vectors(1, width=WIDTH * 2)), f"宽 {WIDTH * 2}，这个模型的是"),
    "of SDXL": (_save(clip_l=vectors(1), clip_g=vectors(1)), "是给 SDXL 训练的"),
    "no numbers": (_save(w=torch.full((1, WIDTH), torch.nan)), "不是数的值"),
    "whole numbers": (_save(w=torch.ones(1, WIDTH, dtype=torch.int32)), "I32"),
    "no vectors": (_save(w=torch.ones(1, 2, WIDTH)), "不是一组向量"),
    "nothing": (_save(), "里面有 0 个词"),
    "too many words": (_save(**{f"w{i}": vectors(1) for i in range(65)}), "里面有 65 个词"),
}


@pytest.mark.parametrize(("breaks", "words"), BREAKS.values(), ids=BREAKS)
def test_a_fault_is_named_when_it_is_used_and_only_then(
    models: dict[str, Path], cat: Path, breaks: Callable[[Path], object], words: str
) -> None:
    breaks(cat)
    text = text_of(models["eps"], w=cat)
    assert text.encode("一只猫<山>", 1).shape == (TOKENS, WIDTH)
    with pytest.raises(BrokenEmbedding, match=words) as caught:
        text.tokens("一只<w>", "")
    assert "cat.safetensors" in str(caught.value)


def test_the_width_of_a_model_is_told_by_its_weights(models: dict[str, Path]) -> None:
    for name in ("eps", "v", "english"):
        assert embedding.width_of(read(models[name])) == WIDTH


@given(st.text(max_size=80))
def test_any_prompt_is_plain_text_or_words(prompt: str) -> None:
    assert all("<" not in found[1] for found in MARKED.finditer(prompt))
