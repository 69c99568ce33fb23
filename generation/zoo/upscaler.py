"""The file of a super-resolution network: what is known without loading it; free of torch."""

from pathlib import Path

from generation.zoo import header

PICKLES = frozenset({".pth", ".pt", ".ckpt", ".bin"})
"""Endings of files that can run code when they are opened."""


def fault(path: Path) -> str | None:
    """Return what keeps the file from being loaded, in words for its owner, or None."""
    if path.suffix.lower() in PICKLES:
        return (
            f"{path.suffix} 能执行代码，不会打开；"
            "请先用 danqing model convert 转换成 .safetensors，再写转换出来的文件"
        )
    if path.suffix.lower() != ".safetensors":
        return "不是 .safetensors 文件"
    if not path.is_file():
        return "没有这个文件"
    return header.fault(path)
