"""Words that were taught to a model: textual inversion, `<小奶猫>` in a prompt.

A file holds the vectors of one word or of several, as diffusers writes them, {word: (V, D)}, or as
one of AUTOMATIC1111, {"emb_params": (V, D)}, whose word is the name of the file. A word is known by
what stands in the file and by the name that config.toml gives it, between < and >.

Source: Gal et al. 2022, arXiv:2208.01618.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generation.errors import BrokenEmbedding
from generation.zoo import header
from generation.zoo.folder import WEIGHTS, Folder
from generation.zoo.header import Entry, Unfit

if TYPE_CHECKING:
    from torch import Tensor

MARKED = re.compile(r"[<＜]([^<>＜＞\s]{1,60})[>＞]")
"""A word in a prompt."""
MOST_BYTES = 16 << 20
MOST_WORDS = 64
MOST_HEADER_BYTES = 1 << 20
DTYPES = ("F16", "BF16", "F32")
NAMELESS = "emb_params"
FOREIGN = frozenset({"clip_l", "clip_g"})
"""Names of the two encoders of SDXL."""

_TABLES = ("token_embedding.weight", "word_embeddings.weight")
"""How a tensor's name ends that has a row for each token: of CLIP, of BERT."""
_Stamp = tuple[int, int]
"""Time of the last change of a file, and its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a file."""

    path: Path
    tensor: str
    """Its name in the file."""
    vectors: int
    width: int
    stamp: _Stamp
    """Of the file, so that a word that was read is told from one that was written since."""


def inspect(path: Path) -> dict[str, Word]:
    """Return the words of a file, by how they are written between < and >.

    Raises:
        BrokenEmbedding: It is no file of words.
    """
    try:
        return _words(path)
    except Unfit as fault:
        raise broken(path, str(fault)) from fault
    except OSError as error:
        raise broken(path, "没有这个文件，或读不出来") from error


def broken(path: Path, cause: str) -> BrokenEmbedding:
    """Return the error that names the file and what is wrong with it."""
    return BrokenEmbedding(f"词向量 {path.name} 不能用：{cause}")


def width_of(folder: Folder) -> int:
    """Return D, the width of the vectors that a model's text encoder reads.

    Raises:
        BrokenEmbedding: Its weights do not tell.
    """
    file = folder.path / "text_encoder" / f"{WEIGHTS['text_encoder']}.safetensors"
    try:
        entries = header.read_file(file).entries
    except (Unfit, OSError) as error:
        raise broken(file, "文件头读不懂") from error
    for name, entry in entries.items():
        if name.endswith(_TABLES) and len(entry.shape) == 2:  # noqa: PLR2004  rows and width
            return entry.shape[1]
    raise broken(file, "里面没有词表的向量")


def key(word: str) -> str:
    """Return a word as it is looked up: of no case and no width, without < and >."""
    return unicodedata.normalize("NFKC", word).casefold().strip("<>")


class Embeddings:
    """The words of all files; what has changed on the disk is read again."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """Begin; nothing is read yet.

        Args:
            paths: Files by name.
        """
        self._paths = paths
        self._seen: dict[Path, tuple[_Stamp, dict[str, Word]]] = {}
        self._loaded: dict[Word, Tensor] = {}

    def find(self, word: str) -> Word | None:
        """Return a word, or None if it is not known: then it is plain text.

        Raises:
            BrokenEmbedding: It is the name of a file that cannot be read.
        """
        wanted = key(word)
        own: Word | None = None
        for name, path in self._paths.items():
            named = key(name) == wanted
            try:
                words = self._words(path)
            except BrokenEmbedding:
                if named:
                    raise
                continue  # another's fault is no fault of this prompt
            if named and len(words) == 1:
                return next(iter(words.values()))
            own = own or next((found for of, found in words.items() if key(of) == wanted), None)
        return own

    def vectors(self, word: Word, width: int) -> "Tensor":
        """Return the vectors of a word, (V, D), float32, on the CPU.

        Args:
            word: That was found.
            width: D of the model.

        Raises:
            BrokenEmbedding: It is for a model of another width, or not of numbers.
        """
        if word.width != width:
            raise broken(
                word.path,
                f"词向量宽 {word.width}，这个模型的是 {width}，多半是给别的底模训练的",
            )
        if word not in self._loaded:
            self._loaded = {one: of for one, of in self._loaded.items() if one.path != word.path}
            self._loaded[word] = _read(word)
        return self._loaded[word]

    def _words(self, path: Path) -> dict[str, Word]:
        try:
            stamp = _stamp(path)
        except OSError as error:
            raise broken(path, "没有这个文件，或读不出来") from error
        seen = self._seen.get(path)
        if seen is None or seen[0] != stamp:
            seen = self._seen[path] = (stamp, inspect(path))
        return seen[1]


def _stamp(path: Path) -> _Stamp:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def _words(path: Path) -> dict[str, Word]:
    if not path.is_file():
        raise Unfit("没有这个文件")
    stamp = _stamp(path)
    if stamp[1] > MOST_BYTES:
        raise Unfit(f"文件超过 {MOST_BYTES >> 20} MB")
    entries = header.read_file(path, most_bytes=MOST_HEADER_BYTES).entries
    if not 1 <= len(entries) <= MOST_WORDS:
        raise Unfit(f"里面有 {len(entries)} 个词，要在 1 到 {MOST_WORDS} 之间")
    if set(entries) <= FOREIGN:
        raise Unfit("是给 SDXL 训练的")
    found: dict[str, Word] = {}
    for name, entry in entries.items():
        vectors, width = _shape(name, entry)
        word = path.stem if name == NAMELESS else name
        found[word] = Word(path=path, tensor=name, vectors=vectors, width=width, stamp=stamp)
    return found


def _shape(name: str, entry: Entry) -> tuple[int, int]:
    """Return V and D."""
    if entry.dtype not in DTYPES:
        raise Unfit(f"{name[:60]} 的数字类型是 {entry.dtype}，只支持 {'、'.join(DTYPES)}")
    shape = (1, *entry.shape) if len(entry.shape) == 1 else entry.shape
    if len(shape) != 2 or not all(shape):  # noqa: PLR2004  vectors and width
        raise Unfit(f"{name[:60]} 的形状是 {list(entry.shape)}，不是一组向量")
    return shape[0], shape[1]


def _read(word: Word) -> "Tensor":
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        # read whole, not mapped: whoever writes over a mapped file kills its reader
        tensors = load(word.path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise broken(word.path, "读不出来") from error
    values = tensors.get(word.tensor)
    if values is None or values.numel() != word.vectors * word.width:
        raise broken(word.path, "文件刚刚变了，请再试一次")
    if not values.isfinite().all():
        raise broken(word.path, "里面有不是数的值")
    return values.float().view(word.vectors, word.width)
