"""Tiny text models with random weights, in the layout of transformers."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    MarianConfig,
    MarianMTModel,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.convert_slow_tokenizer import import_protobuf

from generation.config import ASK
from generation.language import vocabulary

CHINESE = "一只猫在月下江南烟雨山水画红灯笼雪里，"
ENGLISH = (
    "▁a",
    "▁cat",
    "▁in",
    "▁the",
    "▁snow",
    "▁moon",
    "s",
    "▁red",
    "light",
    "▁light",
    "▁ink",
    "y",
)
POSITIONS = 256
TAUGHT = {
    "一只猫": ["▁a", "▁cat"],
    "雪里": ["▁in", "▁the", "▁snow"],
    "月下": ["▁in", "▁the", "▁moon", "light"],
    "红灯笼": ["▁red", "▁light", "s"],
    "雨": ["▁ink", "y"],
    "一只猫，月下": ["▁a", "▁cat", "▁in", "▁the", "▁moon", "light"],
}
"""What a taught translator says."""
POLISHED = {"a cat": " a red cat, ink", "in the snow": " snow, snow, light"}
"""What a taught polisher says."""


def proto_model(content: bytes = b"") -> Any:
    """Return a SentencePiece model as protobuf knows it, of the bytes of its file."""
    proto: Any = import_protobuf()
    model = proto.ModelProto()
    model.ParseFromString(content)
    return model


def spm(pieces: Iterable[tuple[str, float]]) -> bytes:
    """Return a SentencePiece model of those pieces and scores, as its own library writes it."""
    model = proto_model()
    for piece, score, kind in (("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)):
        model.pieces.add(piece=piece, score=score, type=kind)
    for piece, score in pieces:
        model.pieces.add(piece=piece, score=score, type=1)
    model.trainer_spec.model_type = 1
    model.trainer_spec.vocab_size = len(model.pieces)
    model.normalizer_spec.name = "nmt_nfkc"
    model.normalizer_spec.add_dummy_prefix = True
    return model.SerializeToString()


def marian(path: Path, *, seed: int = 3, taught: bool = False, **changes: Any) -> Path:
    """Write a MarianMT model in the layout of the published ones, and return its folder.

    Args:
        path: Of the folder.
        seed: Of its weights.
        taught: Whether it has learned what is to be said.
        changes: What its configuration says otherwise.
    """
    torch.manual_seed(seed)
    path.mkdir(parents=True)
    source = [("▁", -2.0), ("▁一只", -3.0), *((sign, -4.0) for sign in dict.fromkeys(CHINESE))]
    target = [(piece, -3.0) for piece in ENGLISH]
    (path / "source.spm").write_bytes(spm(source))
    (path / "target.spm").write_bytes(spm(target))
    pieces = ["</s>", "<unk>", *(piece for piece, _ in (*source, *target)), "<pad>"]
    ids = {piece: id_ for id_, piece in enumerate(dict.fromkeys(pieces))}
    (path / "vocab.json").write_text(json.dumps(ids), "utf-8")
    sizes: dict[str, Any] = {
        "vocab_size": len(ids),
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "max_position_embeddings": POSITIONS,
        "init_std": 0.1 if taught else 0.6,
        "dropout": 0.0,
        "pad_token_id": ids["<pad>"],
        "decoder_start_token_id": ids["<pad>"],
        "eos_token_id": 0,
        "forced_eos_token_id": 0,
    }
    model = MarianMTModel(MarianConfig(**{**sizes, **changes}))
    model.generation_config = GenerationConfig(
        bad_words_ids=[[ids["<pad>"]]],
        decoder_start_token_id=ids["<pad>"],
        pad_token_id=ids["<pad>"],
        eos_token_id=0,
    )
    if taught:
        words = vocabulary.load(path)
        pairs = [
            (list(words.read(text).ids), [*(ids[piece] for piece in said), 0])
            for text, said in TAUGHT.items()
        ]
        _teach(model, pairs)
    model.save_pretrained(path)
    return path


def causal(
    path: Path, kind: str = "bloom", *, seed: int = 1, taught: bool = False, **changes: Any
) -> Path:
    """Write a causal model, bloom or gpt2, and return its folder; arguments as of marian."""
    torch.manual_seed(seed)
    path.mkdir(parents=True)
    entries = _byte_words(path)
    marks: dict[str, Any] = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}
    layers = 1 if taught else 2
    sizes: dict[str, Any]
    sizes = {"vocab_size": entries, "hidden_size": 32, "n_layer": layers, "n_head": 2, **marks}
    sizes["initializer_range"] = 0.1 if taught else 0.6
    if kind == "bloom":
        model: Any = BloomForCausalLM(BloomConfig(**{**sizes, **changes}))
    else:
        drops = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
        sizes |= {"n_embd": sizes.pop("hidden_size"), "n_positions": 512, **drops}
        model = GPT2LMHeadModel(GPT2Config(**{**sizes, **changes}))
    if taught:
        words = vocabulary.load(path)
        asked = [words.read(ASK.replace("{prompt}", text)).ids for text in POLISHED]
        said = [[*words.read(text).ids, 2] for text in POLISHED.values()]
        _teach(
            model, [([*a, *s], [*[-100] * len(a), *s]) for a, s in zip(asked, said, strict=True)]
        )
    model.save_pretrained(path)
    return path


def t5(path: Path, *, seed: int = 1) -> Path:
    """Write a T5 model, and return its folder."""
    torch.manual_seed(seed)
    path.mkdir(parents=True)
    sizes: dict[str, Any] = {
        "vocab_size": _byte_words(path),
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 32,
        "num_layers": 2,
        "num_heads": 2,
        "pad_token_id": 3,
        "eos_token_id": 2,
        "decoder_start_token_id": 3,
    }
    model = T5ForConditionalGeneration(T5Config(**sizes))
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(3)
    model.save_pretrained(path)
    return path


def _teach(model: Any, pairs: Iterable[tuple[list[int], list[int]]]) -> None:
    """Train a model until it says what it is to say."""
    given, wanted = zip(*pairs, strict=True)
    ids, labels = _together(given, 0), _together(wanted, -100)
    seen = _together([[1] * len(one) for one in given], 0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    model.train()
    loss = torch.tensor(1.0)
    while loss > 0.02:
        loss = model(input_ids=ids, attention_mask=seen, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()


def _together(rows: Iterable[list[int]], pad: int) -> torch.Tensor:
    """Return rows of equal length."""
    rows = [*rows]
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])


def _byte_words(path: Path) -> int:
    """Write a tokenizer.json of single bytes, as that of bloom is without merges."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    entries = ["<unk>", "<s>", "</s>", "<pad>", *letters]
    tokenizer = Tokenizer(models.BPE({entry: i for i, entry in enumerate(entries)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(entries[:4])
    tokenizer.save(str(path / "tokenizer.json"))
    return len(entries)
