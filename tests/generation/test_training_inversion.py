"""A new word is learned, and nothing else; it is the same word to diffusers and to the engine."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from safetensors.torch import load_file

from generation.training.errors import BadPlan
from generation.training.inversion import CHINESE, ENGLISH, Inversion
from generation.training.plan import Plan
from generation.training.reading import Reading, tokenizer_of
from generation.zoo.embedding import Embeddings
from generation.zoo.folder import read
from generation.zoo.model import Model, load
from tests.generation.training_factory import pictures, plan, run

CPU = torch.device("cpu")
WORD = "<小奶猫>"
ASKED: dict[str, Any] = {
    "method": "textual-inversion",
    "placeholder_token": WORD,
    "initializer_token": "猫",
    "num_vectors": 2,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return pictures(tmp_path / "data", captions=False)


def laid(folder: Path, asked: Plan) -> tuple[Model, Any, Inversion]:
    model = load(read(folder), CPU, torch.float32)
    tokenizer = tokenizer_of(model.folder)
    return model, tokenizer, Inversion(model, tokenizer, asked)


@pytest.mark.parametrize("name", ["eps", "v"])
def test_only_the_new_rows_change(
    data: Path, models: dict[str, Path], tmp_path: Path, name: str
) -> None:
    result = run(data, models[name], tmp_path / "out", **ASKED)
    made = tmp_path / "out/learned_embeds.safetensors"
    assert result.path == made
    learned = load_file(made)
    assert list(learned) == [WORD]
    assert learned[WORD].shape == (2, 16)
    model, _, inversion = laid(models[name], plan(data, models[name], tmp_path, **ASKED))
    before = load(read(models[name]), CPU, torch.float32).text.encoder.get_input_embeddings()
    words: Any = model.text.encoder.get_input_embeddings()
    first = inversion.weights[WORD].detach().clone()
    assert not torch.equal(learned[WORD], first)
    loss = words(torch.arange(len(words.weight))).square().sum()
    loss.backward()
    assert inversion.weights[WORD].grad is not None
    assert all(
        parameter.grad is None
        for parameter in model.text.encoder.parameters()
        if parameter is not inversion.weights[WORD]
    )
    assert torch.equal(words.weight[:-2], before.weight)


def test_the_word_is_one_token_for_each_vector(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    _, tokenizer, inversion = laid(models["eps"], plan(data, models["eps"], tmp_path, **ASKED))
    rows = len(tokenizer) - 2
    sentence = inversion.caption("月下的<小奶猫>", 0)
    ids = tokenizer(sentence, add_special_tokens=False).input_ids
    assert ids[-2:] == [rows, rows + 1]
    assert len(ids) == len("月下的") + 2
    # the same characters without their brackets are what they were
    assert max(tokenizer("小奶猫", add_special_tokens=False).input_ids) < rows


@pytest.mark.parametrize(("word", "vectors"), [(WORD, 1), (WORD, 2), ("<k>", 1), ("<k>", 3)])
def test_engine_and_diffusers_read_the_word_as_the_training_does(
    data: Path, models: dict[str, Path], tmp_path: Path, word: str, vectors: int
) -> None:
    asked: dict[str, Any] = {**ASKED, "placeholder_token": word, "num_vectors": vectors}
    result = run(data, models["eps"], tmp_path / "out", **asked)
    assert result.path is not None
    model, tokenizer, inversion = laid(models["eps"], plan(data, models["eps"], tmp_path, **asked))
    with torch.no_grad():
        inversion.weights[word].copy_(load_file(result.path)[word])
        sentence = inversion.caption(f"月下{word}山水", 0)
        (trained,) = Reading(model, tokenizer).states([sentence])
    words = Embeddings({"kitten": result.path})
    engine = load(read(models["eps"]), CPU, torch.float32, embeddings=words)
    assert torch.allclose(engine.text.encode(f"月下{word}山水", 1), trained, rtol=0, atol=1e-6)
    pipe: Any = StableDiffusionPipeline.from_pretrained(models["eps"], local_files_only=True)
    pipe.load_textual_inversion(tmp_path / "out")
    # diffusers spells out several vectors itself, but not of a word that a normaliser changes
    told = sentence if word == WORD else f"月下{word}山水"
    theirs = pipe.encode_prompt(told, CPU, 1, do_classifier_free_guidance=False)[0][0]
    assert torch.allclose(theirs, trained, rtol=0, atol=1e-6)


def test_captions_with_the_word_are_kept_and_others_replaced(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    asked = plan(data, models["eps"], tmp_path, **{**ASKED, "num_vectors": 1})
    _, _, inversion = laid(models["eps"], asked)
    assert inversion.caption("雪地里的<小奶猫>", 3) == "雪地里的<小奶猫>"
    said = {inversion.caption("红灯笼", draw) for draw in range(100)}
    assert said == {line.replace("{}", WORD) for line in CHINESE["object"]}
    changes: dict[str, Any] = {
        "learnable_property": "style",
        "placeholder_token": "<ink>",
        "initializer_token": "ink",
    }
    _, _, style = laid(models["english"], replace(asked, **changes))
    assert style.caption("", 0) == ENGLISH["style"][0].replace("{}", "<ink>")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"placeholder_token": "猫"}, "词表里已经有 猫 了"),
        ({"initializer_token": "虎"}, "模型不认识 --initializer_token 虎"),
        ({"placeholder_token": "小 猫"}, "不带空格"),
    ],
)
def test_words_that_cannot_be(
    data: Path, models: dict[str, Path], tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadPlan, match=words):
        run(data, models["eps"], tmp_path / "out", **{**ASKED, **changes})


def test_reading_is_that_of_the_engine(models: dict[str, Path]) -> None:
    for name, sentence in (("eps", "一只猫"), ("v", "江南烟雨"), ("english", "a cat"), ("eps", "")):
        model = load(read(models[name]), CPU, torch.float32)
        with torch.no_grad():
            (found,) = Reading(model, tokenizer_of(model.folder)).states([sentence])
        assert torch.equal(found, model.text.encode(sentence, 1))
