"""The child of convert: reads one pickle of tensors behind fences, and writes them as safetensors.

It is run by its path in an isolated interpreter, so it imports nothing of this program. What is
trusted is imported first, then the fences go up, and only then the file is opened:

* no network: a network namespace of its own, where the system lets us make one;
* on Linux (x86-64, ARM64) a seccomp filter: no sockets, no programs, no threads or processes, no
  file opened for writing, none moved, made or deleted; what is written goes to a descriptor that
  the parent opened;
* limits of memory, of CPU seconds and of written bytes.

torch.load(weights_only=True) builds nothing but tensors and plain containers; the fences are for
the day when that does not hold.
"""

import ctypes
import json
import math
import os
import platform
import re
import resource
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

NEW_USER, NEW_NET = 0x10000000, 0x40000000
"""Of unshare(2)."""
MOST_GROWTH = 4
"""Bytes written for each that was read: tied weights are written twice."""
ROOM_BYTES = 1 << 30
"""Of memory, beside the interpreter and three times the file."""
DTYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64",
    "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
}  # fmt: skip
"""Names in torch and in safetensors."""
ALIGNED = 8
"""Bytes at whose multiples the data begin."""


class Refused(Exception):
    """The file is not converted; the words say why, for its owner."""


# --- fences ---

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
DENIED = {
    "x86_64": (
        41, 42, 53,  # socket connect socketpair
        56, 57, 58, 435, 59, 322,  # clone fork vfork clone3 execve execveat
        62, 200, 234, 101, 310, 311, 438,  # kill tkill tgkill ptrace process_vm_* pidfd_getfd
        76, 82, 83, 84, 85, 86, 87, 88,  # truncate rename mkdir rmdir creat link unlink symlink
        90, 92, 94, 133, 188,  # chmod chown lchown mknod setxattr
        258, 259, 260, 263, 264, 265, 266, 268, 316,  # …at of these, renameat2
        437, 425, 165, 166, 250, 272, 308, 321,  # openat2 io_uring mount umount2 keyctl unshare …
    ),
    "aarch64": (
        198, 199, 203,  # socket socketpair connect
        220, 435, 221, 281,  # clone clone3 execve execveat
        129, 130, 131, 117, 270, 271, 438,  # kill tkill tgkill ptrace process_vm_* pidfd_getfd
        45, 33, 34, 35, 36, 37, 38, 276,  # truncate mknodat mkdirat unlinkat symlinkat linkat …
        53, 54, 5,  # fchmodat fchownat setxattr
        437, 425, 40, 39, 219, 97, 268, 280,  # openat2 io_uring mount umount2 keyctl unshare …
    ),
}  # fmt: skip
OPENERS = {"x86_64": ((2, 1), (257, 2)), "aarch64": ((56, 2),)}
"""open and openat, and which argument of theirs are the flags."""
X32 = 0x40000000
"""Numbers of calls from here on are those of another ABI, on x86-64."""
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def rule(machine: str) -> bytes:
    """Return the seccomp program of a machine, as linux/filter.h has it."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    allow, refuse = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)
    lines = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_JUMP_EQUAL, 1, 0, AUDIT[machine]),
        refuse,
        (_LOAD, 0, 0, 0),  # the number of the call
        (_JUMP_FROM, 0, 1, X32),
        refuse,
    ]
    for number in DENIED[machine]:
        lines += [(_JUMP_EQUAL, 0, 1, number), refuse]
    for number, argument in OPENERS[machine]:
        flags = 16 + 8 * argument
        asked = [(_LOAD, 0, 0, flags), (_JUMP_ANY, 0, 1, writing), refuse, allow]
        lines += [(_JUMP_EQUAL, 0, len(asked), number), *asked]
    return b"".join(struct.pack("HBBI", *line) for line in [*lines, allow])


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]


def leave_network() -> bool:
    """Move to a network of our own, without a way out, and return whether that was permitted."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # without a namespace of users where root may: files of others stay readable
    return libc.unshare(NEW_NET) == 0 or libc.unshare(NEW_USER | NEW_NET) == 0


def give_up_calls() -> bool:
    """Have the system refuse all calls that reading a file does not need; for good."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in AUDIT:
        return False
    lines = rule(machine)
    program = _Program(len(lines) // 8, lines)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0


def limit(size_bytes: int) -> bool:
    """Limit ourselves to what a file of this size needs; return whether memory is limited too."""
    most = MOST_GROWTH * size_bytes + (1 << 20)
    seconds = 60 + size_bytes // (20 << 20)
    _lower(resource.RLIMIT_FSIZE, most)
    _lower(resource.RLIMIT_CPU, seconds + math.ceil(sum(os.times()[:2])))
    _lower(resource.RLIMIT_CORE, 0)
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + 3 * size_bytes + ROOM_BYTES)
        return True
    return False


def _lower(what: int, to: int) -> None:
    hard = resource.getrlimit(what)[1]
    to = to if hard == resource.RLIM_INFINITY else min(to, hard)
    resource.setrlimit(what, (to, to))


# --- reading and writing ---


def read(path: str) -> dict[str, Any]:
    """Return the tensors of a file by name.

    Raises:
        Refused: It holds something else.
    """
    import torch

    with Path(path).open("rb") as file:
        mapped = file.read(4) == b"PK\x03\x04"
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except RecursionError as error:
        raise Refused("层层嵌套，读不懂") from error
    except UnpicklingError as error:
        raise Refused(_unpickling_fault(str(error))) from error
    tensors = _unwrapped(found)
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise Refused(f"{str(name)[:60]!r} 不是权重")
        if str(value.dtype).removeprefix("torch.") not in DTYPES or value.layout != torch.strided:
            raise Refused(f"{name[:60]} 的数字类型 {value.dtype} 不支持")
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    size = Path(path).stat().st_size
    if total > MOST_GROWTH * size:
        raise Refused(f"权重有 {total} 字节，文件只有 {size}，对不上")
    return dict(tensors)


def _unwrapped(found: Any) -> Mapping[Any, Any]:
    """Return what of a file should be the weights."""
    for wrapper in ("state_dict", "module"):
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found:
        raise Refused("里面没有按名字存放的权重")
    return found


def _unpickling_fault(words: str) -> str:
    foreign = re.search(r"GLOBAL ([\w.]{1,80})", words) or re.search(r"class ([\w.]{1,80})", words)
    if foreign:
        return f"除了权重还有 {foreign[1]}，打开它可能会执行代码，所以没有打开"
    return "不是完整的权重文件，或里面有权重以外的东西"


def write(tensors: Mapping[str, Any], file: Any, dtype: str) -> int:
    """Write tensors one after the other, and return how many bytes.

    Args:
        tensors: By name.
        file: Open for writing bytes.
        dtype: Of all numbers with a point, as torch names it; empty: as they are.

    Raises:
        Refused: A number does not fit the type.
    """
    import torch

    def kind(tensor: Any) -> Any:
        return getattr(torch, dtype) if dtype and tensor.is_floating_point() else tensor.dtype

    # as safetensors orders them: widest numbers first, so that all are aligned
    names = sorted(tensors, key=lambda name: (-kind(tensors[name]).itemsize, name))
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in names:
        tensor = tensors[name]
        start, end = end, end + tensor.numel() * kind(tensor).itemsize
        entries[name] = {
            "dtype": DTYPES[str(kind(tensor)).removeprefix("torch.")],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    head = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % ALIGNED)
    file.write(len(head).to_bytes(8, "little") + head)
    for name in names:
        # a clone of its own for each: what shares memory here is whole there
        whole = tensors[name].detach().to(kind(tensors[name])).contiguous()
        if dtype and whole.is_floating_point() and not torch.equal(
            whole.isfinite(), tensors[name].isfinite()
        ):  # fmt: skip
            raise Refused(f"{name[:60]} 里有 {dtype} 放不下的数")
        file.write(memoryview(whole.reshape(-1).view(torch.uint8).numpy()))
    return 8 + len(head) + end


def main(path: str, descriptor: int, dtype: str) -> dict[str, Any]:
    """Convert one file, and return what is told to the parent."""
    alone = leave_network()
    import_module("numpy")  # torch asks for it late, when libraries can no longer be loaded
    import torch

    torch.set_num_threads(1)
    size = Path(path).stat().st_size
    with os.fdopen(descriptor, "wb") as file:
        fences = {
            "network": alone,
            "memory": limit(size),
            "calls": give_up_calls(),
        }
        try:
            tensors = read(path)
            written = write(tensors, file, dtype)
        except Refused as refused:
            return {"refused": str(refused)}
        except MemoryError:
            return {"refused": "要的内存比文件大得多，没有转换"}
    return {
        "tensors": len(tensors),
        "bytes": written,
        "fences": [name for name, up in fences.items() if up],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
