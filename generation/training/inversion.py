"""Textual inversion: a new word for a frozen model. Source: Gal et al. 2022, arXiv:2208.01618."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken
from torch import Tensor, nn
from torch.nn import functional

from generation.training.errors import BadPlan
from generation.training.learner import freeze
from generation.training.output import Output
from generation.training.plan import Plan, Property
from generation.training.save import write_tensors
from generation.zoo.model import Model

FILE = "learned_embeds.safetensors"
"""As diffusers' scripts name it."""

CHINESE: Mapping[Property, tuple[str, ...]] = {
    "object": (
        "一张{}的照片", "一张{}的特写", "{}的照片", "一张好看的{}的照片", "一张清晰的{}的照片",
        "画的是{}", "一个{}", "这是{}", "一张明亮的{}的照片", "一张小小的{}的图片",
    ),
    "style": (
        "一幅{}风格的画", "{}风格的作品", "一幅{}风格的小画", "一幅好看的{}风格的画",
        "用{}的画法画的", "一幅{}风格的插图", "一幅明亮的{}风格的画", "{}风格",
    ),
}  # fmt: skip
ENGLISH: Mapping[Property, tuple[str, ...]] = {
    "object": (
        "a photo of a {}", "a rendering of a {}", "a cropped photo of the {}", "the photo of a {}",
        "a photo of a clean {}", "a photo of a dirty {}", "a dark photo of the {}",
        "a photo of my {}", "a photo of the cool {}", "a close-up photo of a {}",
        "a bright photo of the {}", "a good photo of the {}", "a photo of one {}",
        "a photo of a nice {}", "a photo of a small {}", "a photo of the large {}",
    ),
    "style": (
        "a painting in the style of {}", "a rendering in the style of {}",
        "a cropped painting in the style of {}", "the painting in the style of {}",
        "a clean painting in the style of {}", "a dark painting in the style of {}",
        "a picture in the style of {}", "a cool painting in the style of {}",
        "a close-up painting in the style of {}", "a bright painting in the style of {}",
        "a good painting in the style of {}", "a nice painting in the style of {}",
        "a small painting in the style of {}", "a large painting in the style of {}",
    ),
}  # fmt: skip
"""Some of those of the paper's code."""


class Words(nn.Module):
    """An embedding with new words after the old; only the new ones can change."""

    def __init__(self, old: nn.Embedding, new: Tensor) -> None:
        """Begin.

        Args:
            old: Kept as it is.
            new: Rows (V, D) of the words after its last.
        """
        super().__init__()
        self.old = old
        self.new = nn.Parameter(new)

    @property
    def weight(self) -> Tensor:
        """All rows, the new ones last; a copy."""
        return torch.cat([self.old.weight, self.new.to(self.old.weight.dtype)])

    def forward(self, ids: Tensor) -> Tensor:
        """Return rows (B, N, D) of words (B, N)."""
        start = self.old.num_embeddings
        known = self.old(ids.clamp(max=start - 1))
        fresh = functional.embedding((ids - start).clamp(min=0), self.new)
        return torch.where((ids >= start)[..., None], fresh.to(known.dtype), known)


class Inversion:
    """Learns the rows of a new word."""

    def __init__(self, model: Model, tokenizer: Any, plan: Plan) -> None:
        """Add the word to a tokenizer and to the model's text encoder.

        Raises:
            BadPlan: The tokenizer has the word already, or does not know the initial one.
        """
        freeze(model)
        self._plan = plan
        encoder = model.text.encoder
        old = encoder.get_input_embeddings()
        words = tokens(plan.placeholder_token, plan.num_vectors)
        first = _initial(tokenizer, plan.initializer_token)
        add(tokenizer, words, rows=old.num_embeddings)
        rows = [first[i % len(first)] for i in range(plan.num_vectors)]
        embedding = Words(old, old.weight[rows].detach().float().clone())
        encoder.set_input_embeddings(embedding)
        self.weights: Mapping[str, nn.Parameter] = {plan.placeholder_token: embedding.new}
        self.reader: nn.Module | None = encoder
        chinese = model.folder.tokenizer == "BertTokenizer"
        self._templates = (CHINESE if chinese else ENGLISH)[plan.learnable_property]
        self._phrase = " ".join(words)

    def caption(self, told: str, draw: int) -> str:
        """Return the picture's caption if it has the word in it, else one of the templates."""
        name = self._plan.placeholder_token
        sentence = told if name in told else self._templates[draw % len(self._templates)]
        return sentence.replace("{}", name).replace(name, self._phrase)

    def save(self, output: Output, weights: Mapping[str, Tensor], about: Mapping[str, str]) -> Path:
        """Write the file that diffusers' load_textual_inversion reads."""
        path = output.path / FILE
        write_tensors(output, path, weights, about, self._plan.save_precision)
        return path


def tokens(name: str, vectors: int) -> list[str]:
    """Return the tokens of a word of so many vectors, as diffusers names them."""
    return [name, *(f"{name}_{i}" for i in range(1, vectors))]


def add(tokenizer: Any, words: list[str], *, rows: int) -> None:
    """Add words to a tokenizer.

    Args:
        tokenizer: Of the model.
        words: New ones.
        rows: Of its text encoder's embedding, which the new rows come after.

    Raises:
        BadPlan: It knows one of them already.
    """
    known = [word for word in words if word in tokenizer.get_vocab()]
    if known:
        raise BadPlan(f"词表里已经有 {known[0]} 了，请用 --placeholder_token 换一个名字")
    if len(tokenizer) > rows:
        raise BadPlan(f"词表有 {len(tokenizer)} 个词，文本编码器只认得 {rows} 个，模型文件夹不配套")
    while len(tokenizer) < rows:  # an encoder may have spare rows
        tokenizer.add_tokens(AddedToken(f"<|spare-{len(tokenizer)}|>", normalized=False))
    # as it is written: a normaliser would put spaces around each Chinese character of it
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in words])


def _initial(tokenizer: Any, word: str) -> list[int]:
    ids: list[int] = tokenizer(word, add_special_tokens=False).input_ids
    if not ids or tokenizer.unk_token_id in ids:
        raise BadPlan(f"模型不认识 --initializer_token {word}，请换一个常见的词")
    return ids
