"""The header of a safetensors file: whether the file is whole, without reading its weights."""

from pathlib import Path

import msgspec

LARGEST = 100 << 20
"""Bytes of header that the format allows."""
START = 8
"""Bytes before the header, little endian: its length."""


class _Tensor(msgspec.Struct):
    data_offsets: tuple[int, int]


def fault(path: Path) -> str | None:
    """Return what is wrong with the file, in words for its owner, or None."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(START), "little")
        if not len("{}") <= length <= min(LARGEST, size - START):
            return "不是完整的 safetensors 文件"
        head = file.read(length)
    try:
        entries = msgspec.json.decode(head, type=dict[str, msgspec.Raw])
        entries.pop("__metadata__", None)
        ends = [msgspec.json.decode(raw, type=_Tensor).data_offsets[1] for raw in entries.values()]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "文件头读不懂"
    expected = START + length + max(ends, default=0)
    if size != expected:
        return f"应有 {expected} 字节，实有 {size} 字节，可能没有下载完"
    return None
