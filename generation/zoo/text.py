"""Prompts as the UNet reads them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from generation.errors import BadRecipe
from generation.kept import Kept
from generation.lora.adapter import Lora
from generation.lora.slots import Slots, stack
from generation.zoo.embedding import MARKED, Embeddings, Word
from generation.zoo.weight import weighted

BUDGET_BYTES = 64 << 20
"""Of the encoded prompts that are remembered; one of SD 1.x is 236 kB in float32."""
MOST_CHUNKS = 16
"""Of one prompt; each costs a row of the encoder and lengthens every attention over the prompt."""

PART = "text_encoder"


class Said(NamedTuple):
    """What stands in one place of a prompt."""

    what: int | Tensor
    """The id of a token, or a vector (D,) of a taught word."""
    weight: float = 1.0


Row = list[Said]
"""What a chunk says between its marks."""


class Text:
    """A tokenizer and its encoder; long prompts are read in chunks, not cut."""

    def __init__(
        self,
        tokenizer: Any,
        encoder: Any,
        *,
        tokens: int,
        budget_bytes: int = BUDGET_BYTES,
        embeddings: Embeddings | None = None,
    ) -> None:
        self._tokenizer, self.encoder = tokenizer, encoder
        self._embeddings = embeddings or Embeddings({})
        self._table = encoder.get_input_embeddings()
        self._laid: tuple[Tensor, Tensor] | None = None
        """Where taught words stand in what is read now, (chunks, tokens), and their vectors."""
        self._table.register_forward_hook(self._lay)
        self._slots = Slots(encoder)
        self._tokens = tokens
        self._masked = bool(getattr(encoder.config, "use_attention_mask", False))
        self._kept: Kept[Tensor] = Kept(budget_bytes)

    def tokens(self, prompt: str, avoid: str) -> int:
        """Return N, the length of the context of each.

        Raises:
            BadRecipe: One is too long.
            BrokenEmbedding: A taught word in it cannot be used with this model.
        """
        each = [self._rows(words) for words in (prompt, avoid)]
        for rows, words, name in zip(each, (prompt, avoid), ("描述", "不要的东西"), strict=True):
            if len(rows) > MOST_CHUNKS:
                raise BadRecipe(f"{name}太长了：{self._lengths(rows, words)}")
        return max(map(len, each)) * self._tokens

    def unknown(self, prompt: str) -> tuple[str, ...]:
        """Return what of a prompt the tokenizer has no token for; taught words are known."""
        words = self._tokenizer
        if words.unk_token_id is None:
            return ()
        found: list[str] = []
        for part, _ in self._parts(weighted(prompt).text):
            if isinstance(part, Word) or not part:
                continue
            read = words(part, add_special_tokens=False, return_offsets_mapping=True)
            spans = zip(read.input_ids, read.offset_mapping, strict=True)
            found += [part[start:end] for id_, (start, end) in spans if id_ == words.unk_token_id]
        return tuple(found)

    def _lengths(self, rows: list[Row], words: str) -> str:
        """Say how long a prompt is and how long it may be, in characters, which people count."""
        most = MOST_CHUNKS * (self._tokens - 2)
        fitting = len(words) * most // sum(map(len, rows))
        return f"有 {len(words)} 个字，这个模型最多读得下大约 {fitting} 个"

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
            BrokenEmbedding: A taught word in it cannot be used with this model.
        """
        chunks = self.tokens(prompt, avoid) // self._tokens
        return self.encode(prompt, chunks, loras), self.encode(avoid, chunks, loras)

    @torch.inference_mode()
    def encode(self, prompt: str, chunks: int, loras: Sequence[tuple[Lora, float]] = ()) -> Tensor:
        """Return the hidden states of a prompt, (chunks · tokens, D).

        A prompt of one chunk is encoded as StableDiffusionPipeline does; of more, each chunk is
        encoded alone, between its own marks, and the states are joined. Words in brackets with a
        weight, as (竹林:1.3), stand so much further from what nothing said stands there as.

        Raises:
            BadRecipe: It has more chunks.
            BrokenEmbedding: A taught word in it cannot be used with this model.
        """
        worn = tuple(
            (lora.digest, weight) for lora, weight in loras if weight and lora.matched[PART]
        )
        parts = self._parts(weighted(prompt).text)
        taught = tuple(part for part, _ in parts if isinstance(part, Word))
        key = (prompt, chunks, worn, taught)
        found = self._kept.find(key)
        if found is None:
            found = self._weigh(self._rows(prompt), chunks, loras)
            self._kept.keep(key, found, found.nbytes)
        return found

    def _weigh(self, rows: list[Row], chunks: int, loras: Sequence[tuple[Lora, float]]) -> Tensor:
        """Return the hidden states of what chunks say, each as its weight asks, as _read does.

        Differs from AUTOMATIC1111, which scales the states and then brings their mean back: that
        mean is next to nothing where an encoder ends in a norm. So does compel.
        """
        states = self._read(rows, chunks, loras)
        weights = [said.weight for row in rows for said in row]
        if all(weight == 1 for weight in weights):
            return states
        scale = torch.ones(chunks, self._tokens)
        for chunk, row in enumerate(rows):
            scale[chunk, 1 : 1 + len(row)] = torch.tensor([said.weight for said in row])
        unsaid = self._read([], 1, loras).repeat(chunks, 1)  # (chunks · tokens, D)
        by = scale.view(-1, 1).to(states)
        return torch.where(by == 1, states, unsaid + by * (states - unsaid))

    def _read(self, rows: list[Row], chunks: int, loras: Sequence[tuple[Lora, float]]) -> Tensor:
        """Return the hidden states of what chunks say, (chunks · tokens, D)."""
        if len(rows) > chunks:
            raise BadRecipe("描述太长了")
        rows = rows + [[] for _ in range(chunks - len(rows))]
        ids, mask = self._pad(rows)
        device = self.encoder.device
        self._slots.wear([stack(loras, PART)] * chunks)
        self._laid = self._vectors(rows)
        try:
            states = self.encoder(
                ids.to(device), attention_mask=mask.to(device) if self._masked else None
            )[0]
        finally:
            self._laid = None
        return states.flatten(0, 1)

    def _parts(self, text: str) -> Iterator[tuple[str | Word, int]]:
        """Yield what a text is made of, text and words that were taught, and where it begins."""
        begin = 0
        for marked in MARKED.finditer(text):
            if word := self._embeddings.find(marked[1]):
                yield text[begin : marked.start()], begin
                yield word, marked.start()
                begin = marked.end()
        yield text[begin:], begin

    def _rows(self, prompt: str) -> list[Row]:
        """Return what each chunk of a prompt says; the vectors of one word stay together."""
        room = self._tokens - 2
        rows: list[Row] = [[]]
        read = weighted(prompt)
        for part, begin in self._parts(read.text):
            for together in self._read_part(part, lambda at, begin=begin: read.weight(begin + at)):
                if len(together) > room:
                    raise BadRecipe(f"一个词有 {len(together)} 个向量，这个模型一段只放得下 {room}")
                if len(rows[-1]) + len(together) > room:
                    rows.append([])
                rows[-1] += together
        return rows

    def _read_part(self, part: str | Word, weight: Callable[[int], float]) -> list[Row]:
        """Return what must not be parted; weight tells it of what begins at a character."""
        if isinstance(part, Word):
            vectors = self._embeddings.vectors(part, self._table.weight.shape[1])
            return [[Said(vector, weight(0)) for vector in vectors]]
        if not part:
            return []
        read = self._tokenizer(part, add_special_tokens=False, return_offsets_mapping=True)
        spans = zip(read.input_ids, read.offset_mapping, strict=True)
        return [[Said(token, weight(_first_sign(part, *span)))] for token, span in spans]

    def _pad(self, rows: list[Row]) -> tuple[Tensor, Tensor]:
        """Return token ids and their mask, both (chunks, tokens); for vectors, ids of padding."""
        words = self._tokenizer
        start = words.bos_token_id if words.cls_token_id is None else words.cls_token_id
        end = words.eos_token_id if words.sep_token_id is None else words.sep_token_id
        pad = words.pad_token_id
        ids = [
            [start, *(pad if isinstance(what, Tensor) else what for what, _ in row), end]
            for row in rows
        ]
        mask = [[1] * len(row) + [0] * (self._tokens - len(row)) for row in ids]
        ids = [row + [pad] * (self._tokens - len(row)) for row in ids]
        return torch.tensor(ids), torch.tensor(mask)

    def _vectors(self, rows: list[Row]) -> tuple[Tensor, Tensor] | None:
        """Return where the vectors of rows stand, and all of them; None where there are none."""
        places = torch.zeros(len(rows), self._tokens, dtype=torch.bool)
        found: list[Tensor] = []
        for chunk, row in enumerate(rows):
            for number, (what, _) in enumerate(row):
                if isinstance(what, Tensor):
                    places[chunk, 1 + number] = True
                    found.append(what)
        if not found:
            return None
        return places.to(self.encoder.device), torch.stack(found).to(self._table.weight)

    def _lay(self, _: object, inputs: tuple[Tensor], out: Tensor) -> None:
        """Put the vectors of taught words in the place of those that the table has there."""
        if self._laid is not None:
            places, vectors = self._laid
            out[places] = vectors


def _first_sign(text: str, begin: int, end: int) -> int:
    """Return where a token begins, the blanks before it left out."""
    return begin + len(text[begin:end]) - len(text[begin:end].lstrip())
