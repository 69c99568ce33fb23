"""The commands about models on the disk: model pack, model convert."""

import sys
from pathlib import Path

from adapters.locale import said
from generation.errors import BrokenModel, EngineError
from generation.zoo import folder
from generation.zoo.convert import Converted, Dtype, convert, copy_rest, new_name, pickles
from generation.zoo.pack import pack as packed


def pack(path: Path, target: Path | None) -> int:
    """Pack a model for a service, and print size and sum.

    Raises:
        EngineError: It cannot be loaded, or the archive not written.
    """
    path = path.resolve()
    found = packed(path, target or path.with_name(f"{path.name}.tar.gz"))
    _say(
        said(
            f"{found.path}: {found.files} files, {found.size_bytes} bytes",
            f"{found.path}：{found.files} 个文件，{found.size_bytes} 字节",
        )
    )
    _say(f"sha256 {found.sha256}")
    return 0


def to_safetensors(path: Path, to: Path | None, dtype: Dtype | None, *, delete: bool) -> int:
    """Make safetensors of the pickles of a model or of one file; 1 if something is left to do.

    Args:
        path: A folder, or a file.
        to: The folder that gets them, and the rest of the model; None: where they are.
        dtype: Of the numbers; None: as they are.
        delete: Whether pickles go that were converted, once all is whole.

    Raises:
        EngineError: There is nothing of the kind.
    """
    files = pickles(path)
    root = path if path.is_dir() else path.parent
    if not files:
        raise BrokenModel(f"{path}：里面没有 .bin 权重，没有要转换的")
    done: list[Converted] = []
    whole = True
    for file in files:
        target = (to or root) / file.relative_to(root).with_name(new_name(file))
        try:
            done.append(convert(file, target, dtype=dtype))
        except EngineError as error:
            whole = False
            sys.stderr.write(f"{error}\n")
        else:
            _tell(done[-1])
    if path.is_dir() and to is not None:
        copy_rest(path, to)
    whole = _is_whole(to or path) and whole
    if delete and whole:
        for made in done:
            made.source.unlink()
            _say(said(f"{made.source} deleted", f"{made.source} 已删除"))
    return 0 if whole else 1


def _is_whole(path: Path) -> bool:
    """Name what is still missing of a model; a folder of something else lacks nothing."""
    if not (path / "model_index.json").is_file():
        return True
    faults = folder.faults(path)
    sys.stderr.write("".join(f"{path}: {fault}\n" for fault in faults))
    if not faults:
        _say(said(f"{path}: a whole model", f"{path}：是完整的模型"))
    return not faults


def _tell(made: Converted) -> None:
    fences = ", ".join(made.fences) or said("none", "无")
    _say(
        said(
            f"{made.path}: {made.tensors} tensors, {made.size_bytes} bytes (fences: {fences})",
            f"{made.path}：{made.tensors} 个张量，{made.size_bytes} 字节（隔离：{fences}）",
        )
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
