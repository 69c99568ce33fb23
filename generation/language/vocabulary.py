"""Text as the ids that a text model reads and writes, by tokenizer.json or by SentencePiece.

The published MarianMT models have two SentencePiece files and a vocab.json. They are read by hand,
since transformers reads them with sentencepiece alone, which we can do without: the pieces are
found by the tokenizers library.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from generation.errors import BrokenWriter
from generation.language.folder import SPM, WORDS

BREAK = "▁"
"""What SentencePiece writes for a space."""
UNIGRAM = 1
_PIECES, _TRAINING, _NORMALIZING = 1, 2, 3
_PIECE, _SCORE = 1, 2
_MODEL_TYPE, _CHARSMAP = 3, 2
"""Numbers of fields in sentencepiece_model.proto."""
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
"""Kinds of fields on the wire of protobuf."""


@dataclass(frozen=True, slots=True)
class Read:
    """A text as a model reads it."""

    ids: tuple[int, ...]
    unknown: tuple[str, ...] = ()
    """What of it the vocabulary does not have."""


class Vocabulary(Protocol):
    """Both ways between text and ids."""

    def read(self, text: str) -> Read:
        """Return the ids of a text, with the marks that the model wants."""
        ...

    def write(self, ids: Sequence[int]) -> str:
        """Return the text of ids, without marks."""
        ...


def load(path: Path) -> Vocabulary:
    """Return the vocabulary of a text model's folder.

    Raises:
        BrokenWriter: It cannot be read.
    """
    try:
        return _Whole(path / WORDS) if (path / WORDS).is_file() else _Pieces(path)
    # tokenizers raises Exception itself for what it cannot read
    except Exception as error:
        raise BrokenWriter(f"{path.name} 的词表读不出来：{str(error)[:200]}") from error


class _Whole:
    """A tokenizer.json."""

    def __init__(self, path: Path) -> None:
        told = path.read_text("utf-8")
        self._tokenizer = Tokenizer.from_str(told)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        model = json.loads(told)["model"]
        unknown = model.get("unk_token")
        named = None if unknown is None else self._tokenizer.token_to_id(unknown)
        self._unknown = model.get("unk_id", named)

    def read(self, text: str) -> Read:
        found = self._tokenizer.encode(text)
        spans = zip(found.ids, found.offsets, strict=True)
        odd = [text[begin:end] for id_, (begin, end) in spans if id_ == self._unknown]
        return Read(tuple(found.ids), tuple(odd))

    def write(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(list(ids), skip_special_tokens=True).strip()


class _Pieces:
    """The files of a MarianMT model: pieces of the source, pieces of the target, and their ids."""

    def __init__(self, path: Path) -> None:
        source, _, vocabulary = (path / name for name in SPM)
        self._tokenizer = _tokenizer(source.read_bytes())
        self._ids: dict[str, int] = json.loads(vocabulary.read_text("utf-8"))
        self._end, self._unknown = self._ids["</s>"], self._ids["<unk>"]
        marks = {self._end, self._unknown, self._ids.get("<pad>")}
        self._said = {id_: piece for piece, id_ in self._ids.items() if id_ not in marks}

    def read(self, text: str) -> Read:
        pieces = self._tokenizer.encode(text).tokens
        ids = [self._ids.get(piece, self._unknown) for piece in pieces]
        odd = [piece for piece in pieces if piece not in self._ids]
        return Read((*ids, self._end), tuple(piece.strip(BREAK) for piece in odd))

    def write(self, ids: Sequence[int]) -> str:
        return "".join(self._said.get(id_, "") for id_ in ids).replace(BREAK, " ").strip()


def _tokenizer(model: bytes) -> Tokenizer:
    """Return what finds the pieces of a text as SentencePiece does."""
    pieces: list[tuple[str, float]] = []
    charsmap, kind = b"", UNIGRAM
    for number, value in _fields(model):
        if number == _PIECES:
            fields = dict(_fields(_sub(value)))
            score = struct.unpack("<f", _sub(fields[_SCORE]))[0] if _SCORE in fields else 0.0
            pieces.append((_sub(fields[_PIECE]).decode(), score))
        elif number == _TRAINING:
            kind = dict(_fields(_sub(value))).get(_MODEL_TYPE, UNIGRAM)
        elif number == _NORMALIZING:
            charsmap = _sub(dict(_fields(_sub(value))).get(_CHARSMAP, b""))
    if kind != UNIGRAM:
        raise ValueError(f"{SPM[0]} 不是 unigram 的")
    names = [piece for piece, _ in pieces]
    tokenizer = Tokenizer(models.Unigram(pieces, names.index("<unk>"), byte_fallback=False))
    spaces = [normalizers.Strip(), normalizers.Replace(Regex(r"\s+"), " ")]
    mapped = [normalizers.Precompiled(charsmap)] if charsmap else []
    tokenizer.normalizer = normalizers.Sequence([*mapped, *spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=BREAK, prepend_scheme="always")
    return tokenizer


def _sub(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError(f"{SPM[0]} 不是 SentencePiece 的文件")  # noqa: TRY004  the file's fault
    return value


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a message of protobuf."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
        if kind == _BYTES:
            size, at = _varint(message, at)
        if size is None or at + size > len(message):
            raise ValueError(f"{SPM[0]} 不是完整的 SentencePiece 文件")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of protobuf, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004  the last byte has no high bit
            return value, at
