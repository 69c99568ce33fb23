"""Text models write what transformers' own loop writes, a token at a time."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from generation.aside import Aside
from generation.config import Task
from generation.errors import BrokenWriter, OutOfMemory
from generation.language import vocabulary
from generation.language.folder import read
from generation.language.wording import Written
from generation.language.writer import MOST_POLISHED, PENALTY, Writer, load
from tests.generation.language_factory import POSITIONS, causal, marian, proto_model, t5

CPU = torch.device("cpu")
TEXTS = ["一只猫", "红灯笼在雪里，江南烟雨", "猫"]


def writer(path: Path, task: Task) -> Writer:
    return load(read(path, task), task, CPU, torch.float32)


@torch.inference_mode()
def written(writer: Writer, text: str) -> Written:
    writing = writer.begin(text)
    while writing.written is None:
        writing.advance(Aside(CPU), wait=False)
    return writing.written


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("text", TEXTS)
def test_a_translation_is_that_of_transformers(tmp_path: Path, text: str, seed: int) -> None:
    path = marian(tmp_path / "zh-en", seed=seed)
    words = vocabulary.load(path)
    ids = words.read(text).ids
    theirs: Any = AutoModelForSeq2SeqLM.from_pretrained(path, local_files_only=True)
    said = theirs.generate(
        torch.tensor([ids]), num_beams=1, do_sample=False, max_new_tokens=2 * len(ids) + 16
    )
    assert written(writer(path, "translate"), text).text == words.write(said[0].tolist())


@pytest.mark.parametrize(("kind", "seed"), [("bloom", 1), ("bloom", 2), ("gpt2", 1), ("t5", 1)])
def test_what_is_polished_is_that_of_transformers(tmp_path: Path, kind: str, seed: int) -> None:
    if kind == "t5":
        path, auto = t5(tmp_path / kind, seed=seed), AutoModelForSeq2SeqLM
    else:
        path, auto = causal(tmp_path / kind, kind, seed=seed), AutoModelForCausalLM
    words = vocabulary.load(path)
    ids = words.read("a cat").ids
    theirs: Any = auto.from_pretrained(path, local_files_only=True)
    said = theirs.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
        do_sample=False,
        max_new_tokens=MOST_POLISHED,
        repetition_penalty=PENALTY,
        pad_token_id=3,
        renormalize_logits=False,
    )[0].tolist()
    new = said[1:] if kind == "t5" else said[len(ids) :]
    expected = words.write(new)
    if 2 not in new and "," in expected:  # it came to no end
        expected = expected.rpartition(",")[0]
    assert expected
    assert written(writer(path, "polish"), "a cat").text == expected


def test_pieces_are_those_of_the_best_score(tmp_path: Path) -> None:
    path = marian(tmp_path / "zh-en")
    ids = json.loads((path / "vocab.json").read_text("utf-8"))
    words = vocabulary.load(path)
    names = {id_: piece for piece, id_ in ids.items()}
    read = words.read("一只猫 在月下")
    assert [names[id_] for id_ in read.ids] == ["▁一只", "猫", "▁", "在", "月", "下", "</s>"]
    assert read.unknown == ()
    said = [ids[piece] for piece in ("▁a", "▁cat", "s", "</s>", "<pad>")]
    assert words.write(said) == "a cats"


def test_what_the_pieces_lack_is_named(tmp_path: Path) -> None:
    words = vocabulary.load(marian(tmp_path / "zh-en"))
    assert words.read("猫𰻝山龘").unknown == ("𰻝", "龘")


def test_pieces_are_folded_by_the_map_of_the_file(tmp_path: Path) -> None:
    """The map is a trie of characters, in the form of Darts; here that of no character."""
    path = marian(tmp_path / "zh-en")
    model = proto_model((path / "source.spm").read_bytes())
    model.normalizer_spec.precompiled_charsmap = (1024).to_bytes(4, "little") + bytes(1024)
    (path / "source.spm").write_bytes(model.SerializeToString())
    assert vocabulary.load(path).read("一只猫").unknown == ()


@pytest.mark.parametrize(
    "content", [b"", b"\x0a\xff\xff\x01", b"not of protobuf", b"\x08\x01\x10\x02"], ids=str
)
def test_pieces_that_cannot_be_read_are_named(tmp_path: Path, content: bytes) -> None:
    path = marian(tmp_path / "zh-en")
    (path / "source.spm").write_bytes(content)
    with pytest.raises(BrokenWriter, match="词表读不出来"):
        vocabulary.load(path)


def test_pieces_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = marian(tmp_path / "zh-en")
    model = proto_model((path / "source.spm").read_bytes())
    model.trainer_spec.model_type = 2
    (path / "source.spm").write_bytes(model.SerializeToString())
    with pytest.raises(BrokenWriter, match="unigram"):
        vocabulary.load(path)


def test_a_tokenizer_json_that_is_none_is_named(tmp_path: Path) -> None:
    path = causal(tmp_path / "bloom")
    (path / "tokenizer.json").write_text('{"model": {}}', "utf-8")
    with pytest.raises(BrokenWriter, match="词表读不出来"):
        vocabulary.load(path)


def test_a_text_that_does_not_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    long = writer(marian(tmp_path / "zh-en"), "translate")
    with pytest.raises(BrokenWriter, match="放不下"):
        long.begin("猫" * POSITIONS)
    short = writer(causal(tmp_path / "gpt2", "gpt2", n_positions=130), "polish")
    with pytest.raises(BrokenWriter, match="放不下"):
        short.begin("a cat in the snow")


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    path = marian(tmp_path / "zh-en")
    weights = load_file(path / "model.safetensors")
    weights["model.encoder.layers.0.fc1.weight"].fill_(float("nan"))
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BrokenWriter, match="不是数"):
        writer(path, "translate")


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    path = marian(tmp_path / "zh-en")
    weights = load_file(path / "model.safetensors")
    del weights["model.encoder.layers.0.fc1.weight"]
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BrokenWriter, match="缺 1 组权重"):
        writer(path, "translate")


def test_a_vocabulary_larger_than_the_weights_is_named(tmp_path: Path) -> None:
    path = marian(tmp_path / "zh-en")
    ids = json.loads((path / "vocab.json").read_text("utf-8"))
    (path / "vocab.json").write_text(json.dumps({**ids, "猫": len(ids)}), "utf-8")
    with pytest.raises(BrokenWriter, match="对不上"):
        writer(path, "translate").begin("猫")


def test_what_comes_out_as_no_number_is_refused(tmp_path: Path) -> None:
    path = Path(shutil.copytree(causal(tmp_path / "bloom"), tmp_path / "huge"))
    weights = load_file(path / "model.safetensors")
    weights["transformer.ln_f.weight"].fill_(3e38)
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BrokenWriter, match="不是数"):
        written(writer(path, "polish"), "a cat")


def test_a_model_larger_than_memory_is_not_loaded(tmp_path: Path) -> None:
    folder = replace(read(causal(tmp_path / "bloom"), "polish"), numbers=1 << 60)
    with pytest.raises(OutOfMemory):
        load(folder, "polish", CPU, torch.float32)
