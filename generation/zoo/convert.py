"""Pickled weights (.bin) made safetensors, by a child that may do nothing else; free of torch.

Names of tensors and their numbers stay as they are, LoRAs of 2023 included; what loads them knows
all the names. Nothing is half-written: a file takes its name when it is whole on the disk.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from generation.errors import BrokenModel
from generation.zoo import header

CHILD = Path(__file__).with_name("unpickle.py")
MOST_BYTES = 16 << 30
"""Of one file."""
PATIENCE_S, PATIENT_BYTES_PER_S = 180, 10 << 20
"""How long the child may take, beside a second for so many bytes."""
SUFFIXES = frozenset({".bin", ".pt", ".pth", ".ckpt"})
LEFT_BEHIND = SUFFIXES | {".py", ".pkl", ".h5", ".msgpack", ".onnx", ".pb"}
"""What is not copied to a new folder beside the converted weights."""
Dtype = Literal["fp16", "bf16", "fp32"]
DTYPES: dict[Dtype, str] = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32"}

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_SIGNALS = {signal.SIGXCPU: "用的时间太长", signal.SIGKILL: "被系统中止，多半是内存不够"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """One file that was made."""

    source: Path
    path: Path
    tensors: int
    size_bytes: int
    fences: tuple[str, ...]
    """What held the child: network (a namespace of its own), memory, calls (seccomp)."""


class _Told(msgspec.Struct):
    """What the child says."""

    refused: str = ""
    tensors: int = 0
    bytes: int = 0
    fences: tuple[str, ...] = ()


def pickles(path: Path) -> list[Path]:
    """Return the files of pickled weights in a folder and its parts, or the file itself.

    Raises:
        BrokenModel: There is neither such a folder nor such a file.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BrokenModel(f"{path}：没有这个文件夹，也没有这个文件")
    return [file for file in _files(path) if file.suffix == ".bin"]


def new_name(file: Path) -> str:
    """Return what converted weights are called where diffusers and transformers look for them."""
    stem, variant = (*file.stem.split(".", 1), "")[:2]
    stem = "model" if stem == "pytorch_model" else stem
    return ".".join(filter(None, (stem, variant, "safetensors")))


def convert(source: Path, target: Path, *, dtype: Dtype | None = None) -> Converted:
    """Make a safetensors file of a pickle; the pickle stays.

    Args:
        source: The pickle.
        target: The new file; its folder is made.
        dtype: Of the numbers with a point; None: as they are.

    Raises:
        BrokenModel: The pickle is not converted; the words say why, and nothing is left of it.
    """
    size_bytes = _check(source, target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        with part.open("wb") as file:
            told = _ask_child(source, file.fileno(), size_bytes, dtype)
            if not told.refused:
                os.fsync(file.fileno())
        if told.refused:
            raise _broken(source, told.refused)
        if fault := header.fault(part):
            raise _broken(source, f"转换出来的文件不对：{fault}")
        part.replace(target)
    except OSError as error:
        raise _broken(target, f"写不出来（{error.strerror}）") from error
    finally:
        with suppress(OSError):
            target.with_name(f".{target.name}.part").unlink(missing_ok=True)
    return Converted(
        source=source,
        path=target,
        tensors=told.tensors,
        size_bytes=target.stat().st_size,
        fences=told.fences,
    )


def copy_rest(source: Path, target: Path) -> None:
    """Copy what of a model's folder is neither pickle nor code, unless it is there already.

    Raises:
        BrokenModel: It cannot be written.
    """
    for file in _files(source):
        if file.suffix in LEFT_BEHIND:
            continue
        copy = target / file.relative_to(source)
        if copy.exists():
            continue
        part = copy.with_name(f".{copy.name}.part")
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, part)
            part.replace(copy)
        except OSError as error:
            raise _broken(copy, f"写不出来（{error.strerror}）") from error


def _files(root: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it, but not what is hidden or deeper."""
    for folder in (root, *(child for child in sorted(root.iterdir()) if child.is_dir())):
        for file in sorted(folder.iterdir()):
            hidden = file.relative_to(root).as_posix().startswith(".") or file.name.startswith(".")
            if file.is_file() and not hidden:
                yield file


def _check(source: Path, target: Path) -> int:
    """Return the bytes of a pickle that may be converted."""
    try:
        size_bytes = source.stat().st_size
        if not source.is_file():
            raise _broken(source, "不是文件")
        free = shutil.disk_usage(_existing(target.parent)).free
    except OSError as error:
        raise _broken(source, "没有这个文件，或读不出来") from error
    if target.exists():
        raise _broken(source, f"已经有 {target.name} 了")
    if source.suffix not in SUFFIXES:
        raise _broken(source, f"只转换 {'、'.join(sorted(SUFFIXES))}")
    if _SHARD.search(source.stem):
        raise _broken(source, "是分成几份的权重，还不支持")
    if size_bytes > MOST_BYTES:
        raise _broken(source, f"文件超过 {MOST_BYTES >> 30} GB")
    if size_bytes > free:
        raise _broken(source, f"要 {size_bytes >> 20} MB，磁盘只剩 {free >> 20} MB")
    return size_bytes


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())


def _ask_child(source: Path, descriptor: int, size_bytes: int, dtype: Dtype | None) -> _Told:
    """Have a child convert, and return what it says."""
    command = [sys.executable, "-I", "-P", "-B", str(CHILD), str(source.absolute())]
    with tempfile.TemporaryDirectory(prefix="danqing-") as empty:
        try:
            done = subprocess.run(  # noqa: S603  our own interpreter and file
                [*command, str(descriptor), DTYPES[dtype] if dtype else ""],
                cwd=empty,
                env={"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                pass_fds=[descriptor],
                check=False,
                timeout=PATIENCE_S + size_bytes / PATIENT_BYTES_PER_S,
            )
        except subprocess.TimeoutExpired:
            return _Told(refused="用的时间太长，没有转换")
    if done.returncode == 0:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(done.stdout, type=_Told)
    if done.returncode < 0:
        words = _SIGNALS.get(signal.Signals(-done.returncode), "读它的进程崩溃了")
        return _Told(refused=f"{words}，没有转换")
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return _Told(refused=f"不是完整的权重文件（{last[:120]}）")


def _broken(path: Path, cause: str) -> BrokenModel:
    return BrokenModel(f"{path.parent.name}/{path.name} 没有转换：{cause}")
