"""A text model in memory, and one text that it writes, a token at a time.

The most likely token is taken each time, so that the same words are always the same picture.
Between two tokens others draw.
"""

from collections.abc import Callable
from math import inf
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from generation import memory
from generation.aside import Aside, Later
from generation.config import Task
from generation.errors import BrokenWriter, OutOfMemory
from generation.language import vocabulary
from generation.language.folder import Folder
from generation.language.vocabulary import Vocabulary
from generation.language.wording import Written

PENALTY = 1.2
"""What the scores of tokens that were said are divided by when a prompt is polished, after
Keskar et al. 2019, arXiv:1909.05858; text2prompt's own examples have the same."""
MOST_POLISHED = 120
"""Tokens of a polished prompt."""
LOOSE, SPARE = 2, 16
"""A translation has at most so many times the tokens of its source, and so many more."""


class Writer:
    """A text model that writes for one task."""

    def __init__(self, model: Any, vocabulary: Vocabulary, folder: Folder, task: Task) -> None:
        self._vocabulary, self._folder, self._task = vocabulary, folder, task
        self._model = model
        told = model.generation_config
        ends = told.eos_token_id
        self._ends = frozenset([ends] if isinstance(ends, int) else ends or ())
        bad = [ids[0] for ids in told.bad_words_ids or () if len(ids) == 1]
        self._banned = torch.tensor(bad, dtype=torch.int64, device=model.device)
        self._first: int = told.decoder_start_token_id if folder.seq2seq else 0
        self._known = model.get_input_embeddings().weight.shape[0]
        if not {self._first, *bad} <= {*range(self._known)}:
            raise BrokenWriter(f"文本模型 {folder.path.name} 的配置里有词表外的词元")

    def begin(self, text: str) -> "Writing":
        """Begin to write after a text, or what it reads in another language.

        Raises:
            BrokenWriter: The text does not fit the model.
        """
        read = self._vocabulary.read(text)
        most, held = self._most(len(read.ids)), len(read.ids)
        total = max(held, most + 1) if self._folder.seq2seq else held + most
        if not read.ids or total > (self._folder.positions or inf):
            raise BrokenWriter(f"{self._folder.path.name} 放不下 {held} 个词元的话")
        if max(read.ids) >= self._known:
            raise BrokenWriter(f"文本模型 {self._folder.path.name} 的词表和权重对不上")
        ids = torch.tensor([read.ids], device=self._model.device)
        step = self._seq2seq(ids) if self._folder.seq2seq else self._causal(ids)
        return Writing(step, most=most, ends=self._ends, write=self._text, unknown=read.unknown)

    def _most(self, given: int) -> int:
        """Return the most tokens to write, of so many that are given."""
        if self._task == "polish":
            return MOST_POLISHED
        return min(LOOSE * given + SPARE, (self._folder.positions or inf) - 1)  # pyright: ignore[reportReturnType]  no infinity is less

    def _text(self, ids: list[int], *, whole: bool) -> str:
        said = self._vocabulary.write(ids)
        # a prompt that came to no end is cut where a thing ends
        return said if whole or "," not in said else said.rpartition(",")[0]

    def _causal(self, ids: Tensor) -> Callable[[list[int]], tuple[Tensor, ...]]:
        """Return what computes the next token of those that were written."""
        past: Any = None

        def step(written: list[int]) -> tuple[Tensor, ...]:
            nonlocal past
            new = ids.new_tensor([written])
            out = self._model(
                input_ids=ids if past is None else new[:, -1:],
                attention_mask=ids.new_ones(1, ids.shape[1] + len(written)),
                past_key_values=past,
                use_cache=True,
            )
            past = out.past_key_values
            return self._chosen(out.logits, torch.cat([ids, new.to(ids)], dim=1))

        return step

    def _seq2seq(self, ids: Tensor) -> Callable[[list[int]], tuple[Tensor, ...]]:
        """Return what computes the next token of those that were written."""
        past: Any = None
        read: Any = None

        def step(written: list[int]) -> tuple[Tensor, ...]:
            nonlocal past, read
            if read is None:
                read = self._model.get_encoder()(
                    input_ids=ids, attention_mask=ids.new_ones(ids.shape)
                )
            said = ids.new_tensor([[self._first, *written]])
            out = self._model(
                encoder_outputs=read,
                attention_mask=ids.new_ones(ids.shape),
                decoder_input_ids=said[:, -1:],
                past_key_values=past,
                use_cache=True,
            )
            past = out.past_key_values
            return self._chosen(out.logits, said)

        return step

    def _chosen(self, logits: Tensor, said: Tensor) -> tuple[Tensor, ...]:
        """Return the likeliest token after logits (1, N, V), and whether all are numbers."""
        scores = logits[0, -1].float()
        finite = scores.isfinite().all()
        if self._task == "polish":
            before = scores[said[0]]
            scores = scores.scatter(
                0, said[0], torch.where(before < 0, before * PENALTY, before / PENALTY)
            )
        return scores.index_fill(0, self._banned, -inf).argmax(), finite


class Writing:
    """One text on its way."""

    def __init__(
        self,
        step: Callable[[list[int]], tuple[Tensor, ...]],
        *,
        most: int,
        ends: frozenset[int],
        write: Callable[..., str],
        unknown: tuple[str, ...],
    ) -> None:
        self._step, self._most, self._ends = step, most, ends
        self._write, self._unknown = write, unknown
        self._ids: list[int] = []
        self._later: Later | None = None
        self.written: Written | None = None
        """The text, once it is whole."""

    def advance(self, aside: Aside, *, wait: bool) -> None:
        """Have one more token written; there may be none without waiting.

        Raises:
            BrokenWriter: What the model gives is no number.
            OutOfMemory: It does not fit.
        """
        with memory.named():
            if self._later is None:
                self._later = aside.begin(lambda: self._step(self._ids))
            if not wait and not self._later.ready:
                return
            self._later.wait()
        token, finite = self._later.values
        self._later = None
        if not finite:
            raise BrokenWriter("算出来的不是数")
        ended = int(token) in self._ends
        if not ended:
            self._ids.append(int(token))
        if ended or len(self._ids) == self._most:
            text = self._write(self._ids, whole=ended)
            self.written = Written(text=text, unknown=self._unknown)


def load(folder: Folder, task: Task, device: torch.device, dtype: torch.dtype) -> Writer:
    """Return the text model of a folder.

    Raises:
        BrokenWriter: Weights are missing, do not fit the configuration, or are not numbers.
        OutOfMemory: They do not fit.
    """
    needed, room = folder.numbers * dtype.itemsize, memory.free(device, 0)
    if needed > room:
        raise OutOfMemory(f"{folder.path.name} 要 {needed >> 20} MiB，只有 {room >> 20} MiB")
    words = vocabulary.load(folder.path)
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    kind: Any = AutoModelForSeq2SeqLM if folder.seq2seq else AutoModelForCausalLM
    name = f"文本模型 {folder.path.name}"
    try:
        model, report = kind.from_pretrained(
            folder.path,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=dtype,
        )
    except (OSError, LookupError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        cause = str(error).strip().partition("\n")[0][:200]
        raise BrokenWriter(f"{name} 读不出来：{cause}") from error
    if missing := sorted(report["missing_keys"]):
        raise BrokenWriter(f"{name} 缺 {len(missing)} 组权重，例如 {missing[0]}")
    if odd := [key for key, value in model.named_parameters() if not value.isfinite().all()]:
        raise BrokenWriter(f"{name} 有 {len(odd)} 组权重不是数，例如 {odd[0]}")
    return Writer(model.to(device).eval(), words, folder, task)
