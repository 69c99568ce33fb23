"""What a safetensors file says of its tensors, read by hand before anything loads it.

The format itself lets through names given twice, a hundred megabytes of header and a hundred
thousand empty tensors.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec

LARGEST = 100 << 20
"""Bytes of header that the format allows."""
START = 8
"""Bytes before the header, little endian: its length."""
BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I16": 2, "U16": 2,
    "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8, "C64": 8,
}  # fmt: skip
"""Of one number."""

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Unfit(Exception):
    """A file is not what it should be; says why, in words for its owner."""


class Entry(msgspec.Struct, frozen=True):
    """One tensor."""

    dtype: str
    shape: tuple[_Count, ...]
    data_offsets: tuple[_Count, _Count]


@dataclass(frozen=True, slots=True)
class Head:
    """All tensors of a file."""

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]


def fault(path: Path) -> str | None:
    """Return what is wrong with the file, in words for its owner, or None.

    Raises:
        OSError: It cannot be read.
    """
    try:
        read_file(path)
    except Unfit as found:
        return str(found)
    return None


def read_file(path: Path, *, most_bytes: int = LARGEST) -> Head:
    """Return the head of the file at a path.

    Args:
        path: Of the file.
        most_bytes: That its head may have.

    Raises:
        Unfit: It is no safetensors file, not whole, or against the format.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return read(file, path.stat().st_size, most_bytes=most_bytes)


def read(file: BinaryIO, size_bytes: int, *, most_bytes: int = LARGEST) -> Head:
    """Return the head of a file.

    Args:
        file: At its start.
        size_bytes: Of the whole file.
        most_bytes: That its head may have.

    Raises:
        Unfit: It is no safetensors file, not whole, or against the format.
    """
    length = int.from_bytes(file.read(START), "little")
    if not len("{}") <= length <= size_bytes - START:
        raise Unfit("不是完整的 safetensors 文件")
    if length > most_bytes:
        raise Unfit(f"文件头有 {length} 字节，最多 {most_bytes}")
    try:
        raw = json.loads(file.read(length), object_pairs_hook=_once)
        tables = msgspec.convert(raw, dict[str, dict[str, Any]])
        metadata = msgspec.convert(tables.pop("__metadata__", {}), dict[str, str])
        entries = msgspec.convert(tables, dict[str, Entry])
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise Unfit("文件头读不懂") from error
    _check(entries, size_bytes - START - length)
    return Head(entries, metadata)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unfit("文件头里有重复的名字")
    return found


def _check(entries: Mapping[str, Entry], data_bytes: int) -> None:
    """Refuse tensors that overlap, leave gaps, or have not the bytes of their shape."""
    end = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.data_offsets):
        start, stop = entry.data_offsets
        if entry.dtype not in BYTES:
            raise Unfit(f"有不支持的数字类型 {entry.dtype[:20]!a}")
        if start != end or stop - start != math.prod(entry.shape) * BYTES[entry.dtype]:
            raise Unfit("文件头和内容对不上")
        end = stop
    if end != data_bytes:
        raise Unfit(f"数据应有 {end} 字节，实有 {data_bytes} 字节，可能没有下载完")
