"""Prompts as the UNet reads them."""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor

from generation.errors import BadRecipe

KEPT = 64
"""How many encoded prompts are remembered; one of SD 1.x is 236 kB in float32."""

MOST_CHUNKS = 16
"""Of one prompt; each costs a row of the encoder and lengthens every attention over the prompt."""


class Text:
    """A tokenizer and its encoder; long prompts are read in chunks, not cut."""

    def __init__(self, tokenizer: Any, encoder: Any, *, tokens: int) -> None:
        self._tokenizer, self._encoder = tokenizer, encoder
        self._tokens = tokens
        self._masked = bool(getattr(encoder.config, "use_attention_mask", False))
        self._kept: OrderedDict[tuple[str, int], Tensor] = OrderedDict()

    def encode_pair(self, prompt: str, avoid: str) -> tuple[Tensor, Tensor]:
        """Return the context of each, (N, D), N the same: both rows meet in one batch.

        Raises:
            BadRecipe: One is too long.
        """
        chunks = max(self._chunks(prompt), self._chunks(avoid))
        if chunks > MOST_CHUNKS:
            raise BadRecipe("描述太长了")
        return self.encode(prompt, chunks), self.encode(avoid, chunks)

    @torch.inference_mode()
    def encode(self, prompt: str, chunks: int) -> Tensor:
        """Return the hidden states of a prompt, (chunks · tokens, D).

        A prompt of one chunk is encoded as StableDiffusionPipeline does; of more, each chunk is
        encoded alone, between its own marks, and the states are joined.
        """
        if (prompt, chunks) not in self._kept:
            ids, mask = self._pad(self._ids(prompt), chunks)
            device = self._encoder.device
            states = self._encoder(
                ids.to(device), attention_mask=mask.to(device) if self._masked else None
            )[0]
            self._kept[prompt, chunks] = states.flatten(0, 1)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end((prompt, chunks))
        return self._kept[prompt, chunks]

    def _ids(self, prompt: str) -> list[int]:
        return self._tokenizer(prompt, add_special_tokens=False).input_ids

    def _chunks(self, prompt: str) -> int:
        return max(1, -(-len(self._ids(prompt)) // (self._tokens - 2)))

    def _pad(self, ids: list[int], chunks: int) -> tuple[Tensor, Tensor]:
        """Return token ids and their mask, both (chunks, tokens)."""
        words = self._tokenizer
        start = words.bos_token_id if words.cls_token_id is None else words.cls_token_id
        end = words.eos_token_id if words.sep_token_id is None else words.sep_token_id
        room = self._tokens - 2
        rows = [[start, *ids[i * room : (i + 1) * room], end] for i in range(chunks)]
        mask = [[1] * len(row) + [0] * (self._tokens - len(row)) for row in rows]
        rows = [row + [words.pad_token_id] * (self._tokens - len(row)) for row in rows]
        return torch.tensor(rows), torch.tensor(mask)
