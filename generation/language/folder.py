"""A text model on disk, in the layout of transformers; free of torch.

What can be known without loading the weights is known here, so that `danqing check` can name what
is wrong with one.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from generation.config import Task
from generation.errors import BrokenWriter
from generation.zoo import header

CAUSAL = frozenset(
    {"bloom", "gpt2", "gpt_neo", "gpt_neox", "opt", "llama", "mistral", "qwen2", "qwen3"}
)
"""Model types that go on with what they are given."""
SEQ2SEQ = frozenset({"marian", "t5", "mt5", "bart", "mbart"})
"""Model types that read one text and write another."""
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SPM = ("source.spm", "target.spm", "vocab.json")
"""Of a MarianMT model."""
WORDS = "tokenizer.json"


class _Config(msgspec.Struct):
    """config.json."""

    model_type: str
    is_encoder_decoder: bool = False
    max_position_embeddings: int | None = None
    n_positions: int | None = None


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What is known of a text model without loading it."""

    path: Path
    seq2seq: bool
    """Whether it reads one text and writes another; else it goes on with what it is given."""
    positions: int | None
    """Most tokens that it holds; None: any number."""
    numbers: int
    """Of all its weights."""


Found = TypeVar("Found", bound=msgspec.Struct)


def read(path: Path, task: Task) -> Folder:
    """Return what the folder holds.

    Raises:
        BrokenWriter: It cannot be loaded; the words name each fault.
    """
    if found := faults(path, task):
        raise BrokenWriter(f"文本模型 {path.name} 不能用：" + "；".join(found))
    config = _decoded(path / "config.json", _Config)
    heads = [header.read_file(path / name) for name in _shards(path)]
    return Folder(
        path=path,
        seq2seq=config.is_encoder_decoder,
        positions=config.max_position_embeddings or config.n_positions,
        numbers=sum(prod(entry.shape) for head in heads for entry in head.entries.values()),
    )


def faults(path: Path, task: Task) -> list[str]:
    """Return what keeps the folder from being loaded, one line each; [] when it looks whole."""
    if not path.is_dir():
        return ["没有这个文件夹"]
    found = [_config_fault(path, task), *_weights_faults(path), _words_fault(path, task)]
    return [fault for fault in found if fault]


def _decoded(file: Path, kind: type[Found]) -> Found:
    return msgspec.json.decode(file.read_bytes(), type=kind)


def _fault_of(file: Path, kind: type[Any]) -> str | None:
    try:
        _decoded(file, kind)
    except OSError:
        return f"{file.name} 缺失或读不出"
    except msgspec.ValidationError as error:
        return f"{file.name} 里有不支持的内容（{error}）"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{file.name} 不是完整的 JSON"
    return None


def _config_fault(path: Path, task: Task) -> str | None:
    if fault := _fault_of(path / "config.json", _Config):
        return fault
    config = _decoded(path / "config.json", _Config)
    known = SEQ2SEQ if config.is_encoder_decoder else CAUSAL
    if task == "translate":
        known = frozenset({"marian"})
    if config.model_type not in known:
        names = "、".join(sorted(known))
        return f"config.json 的 model_type 是 {config.model_type[:40]}，支持的是 {names}"
    return None


def _shards(path: Path) -> list[str]:
    """Return the names of the files of weights; their index, if there is one, is whole."""
    if (path / WEIGHTS).is_file() or not (path / INDEX).is_file():
        return [WEIGHTS]
    return sorted(set(_decoded(path / INDEX, _Index).weight_map.values()))


def _weights_faults(path: Path) -> list[str]:
    if not (path / WEIGHTS).is_file():
        if (path / INDEX).is_file():
            if fault := _fault_of(path / INDEX, _Index):
                return [fault]
        elif any(path.glob("*.bin")):
            return ["只有 .bin 权重；.bin 能执行代码，请先用 danqing model convert 转换"]
    return [fault for name in _shards(path) if (fault := _shard_fault(path, name))]


def _shard_fault(path: Path, name: str) -> str | None:
    if Path(name).name != name or not name.endswith(".safetensors"):
        return f"{INDEX} 里的 {name[:60]!r} 不是这个文件夹里的 .safetensors 文件"
    if not (path / name).is_file():
        return f"{name} 缺失"
    fault = header.fault(path / name)
    return fault and f"{name} {fault}"


def _words_fault(path: Path, task: Task) -> str | None:
    if (path / WORDS).is_file():
        return None
    if task == "polish":
        return f"{WORDS} 缺失"
    missing = [name for name in SPM if not (path / name).is_file()]
    return f"没有 {WORDS}，也缺 {'、'.join(missing)}" if missing else None
