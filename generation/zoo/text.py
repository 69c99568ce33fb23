"""Prompts as the UNet reads them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from generation.errors import BadRecipe
from generation.kept import Kept
from generation.lora.adapter import Lora
from generation.lora.slots import Slots, stack

BUDGET_BYTES = 64 << 20
"""Of the encoded prompts that are remembered; one of SD 1.x is 236 kB in float32."""
MOST_CHUNKS = 16
"""Of one prompt; each costs a row of the encoder and lengthens every attention over the prompt."""

PART = "text_encoder"


class Text:
    """A tokenizer and its encoder; long prompts are read in chunks, not cut."""

    def __init__(
        self, tokenizer: Any, encoder: Any, *, tokens: int, budget_bytes: int = BUDGET_BYTES
    ) -> None:
        self._tokenizer, self.encoder = tokenizer, encoder
        self._slots = Slots(encoder)
        self._tokens = tokens
        self._masked = bool(getattr(encoder.config, "use_attention_mask", False))
        self._kept: Kept[Tensor] = Kept(budget_bytes)

    def tokens(self, prompt: str, avoid: str) -> int:
        """Return N, the length of the context of each.

        Raises:
            BadRecipe: One is too long.
        """
        chunks = max(self._chunks(prompt), self._chunks(avoid))
        if chunks > MOST_CHUNKS:
            raise BadRecipe("描述太长了")
        return chunks * self._tokens

    def encode_pair(
        self, prompt: str, avoid: str, loras: Sequence[tuple[Lora, float]] = ()
    ) -> tuple[Tensor, Tensor]:
        """Return the context of each, (N, D), N the same: both rows meet in one batch.

        Args:
            prompt: What is to be seen.
            avoid: What is not.
            loras: With their weights; those that change the encoder are read with.

        Raises:
            BadRecipe: One is too long.
        """
        chunks = self.tokens(prompt, avoid) // self._tokens
        return self.encode(prompt, chunks, loras), self.encode(avoid, chunks, loras)

    @torch.inference_mode()
    def encode(self, prompt: str, chunks: int, loras: Sequence[tuple[Lora, float]] = ()) -> Tensor:
        """Return the hidden states of a prompt, (chunks · tokens, D).

        A prompt of one chunk is encoded as StableDiffusionPipeline does; of more, each chunk is
        encoded alone, between its own marks, and the states are joined.
        """
        worn = tuple(
            (lora.digest, weight) for lora, weight in loras if weight and lora.matched[PART]
        )
        key = (prompt, chunks, worn)
        found = self._kept.find(key)
        if found is None:
            ids, mask = self._pad(self._ids(prompt), chunks)
            device = self.encoder.device
            self._slots.wear([stack(loras, PART)] * chunks)
            states = self.encoder(
                ids.to(device), attention_mask=mask.to(device) if self._masked else None
            )[0]
            found = states.flatten(0, 1)
            self._kept.keep(key, found, found.nbytes)
        return found

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
