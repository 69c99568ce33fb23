"""Captions as a text encoder reads them, with gradients if it learns."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from generation.zoo.folder import Folder
from generation.zoo.model import Model


def tokenizer_of(folder: Folder) -> Any:
    """Return the tokenizer of a model, for a training alone: words may be added to it."""
    # transformers imports the module of a class when the class is first asked for
    if folder.tokenizer == "BertTokenizer":
        from transformers import BertTokenizer as Tokenizer
    else:
        from transformers import CLIPTokenizer as Tokenizer
    return Tokenizer.from_pretrained(folder.path / "tokenizer", local_files_only=True)


class Reading:
    """A tokenizer and an encoder; what does not fit in one chunk is cut off, as in diffusers."""

    def __init__(self, model: Model, tokenizer: Any) -> None:
        self._tokenizer, self._encoder = tokenizer, model.text.encoder
        self._tokens = model.folder.tokens
        self._masked = bool(getattr(self._encoder.config, "use_attention_mask", False))

    def states(self, captions: Sequence[str]) -> Tensor:
        """Return the hidden states of captions, (B, N, D)."""
        ids, mask = self._ids(captions)
        device = self._encoder.device
        return self._encoder(
            ids.to(device), attention_mask=mask.to(device) if self._masked else None
        )[0]

    def _ids(self, captions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return token ids and their mask, both (B, N)."""
        words = self._tokenizer
        start = words.bos_token_id if words.cls_token_id is None else words.cls_token_id
        end = words.eos_token_id if words.sep_token_id is None else words.sep_token_id
        room = self._tokens - 2
        rows = [
            [start, *words(caption, add_special_tokens=False).input_ids[:room], end]
            for caption in captions
        ]
        mask = [[1] * len(row) + [0] * (self._tokens - len(row)) for row in rows]
        rows = [row + [words.pad_token_id] * (self._tokens - len(row)) for row in rows]
        return torch.tensor(rows), torch.tensor(mask)
