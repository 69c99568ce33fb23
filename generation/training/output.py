"""The folder of a training: whose it is, its checkpoints, and what a kill left behind."""

import fcntl
import json
import os
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from safetensors import SafetensorError

from generation.training.checkpoint import load_state, write_whole
from generation.training.errors import BrokenCheckpoint, FolderTaken, NotSaved, OtherTraining

LOCK = ".lock"
RECORD = "training.json"
"""What the folder is for; written before anything else."""
_CHECKPOINT = re.compile(r"checkpoint-(\d+)\.pt")
_HALF = re.compile(r"\.(checkpoint-\d+\.pt|.+\.safetensors|training\.json|model)\.\d+")
"""What a killed process was writing."""

Identity = Mapping[str, object]
"""What two runs must have in common to be one training, by its name for people."""


@contextmanager
def claimed(path: Path) -> Generator["Output"]:
    """Hold a folder against all other trainings; it is made if there is none.

    Raises:
        FolderTaken: Another training holds it.
        NotSaved: It cannot be made.
    """
    with saving("文件夹", path, None):
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTaken(
                f"{path} 里正在进行另一个训练；等它结束，或换一个 --out 文件夹"
            ) from error
        yield Output(path)
    finally:
        os.close(handle)


@contextmanager
def saving(what: str, path: Path, kept: Path | None) -> Generator[None]:
    """Turn what a full or broken disk says into NotSaved.

    Args:
        what: Is written.
        path: Where.
        kept: The last checkpoint that is whole.
    """
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch and safetensors have no class of their own for what a disk refuses
        reason = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        whole = (
            f"上一个检查点 {kept.name} 完好，腾出空间后用同样的命令接着训练" if kept
            else "还没有检查点"
        )  # fmt: skip
        raise NotSaved(f"{what} {path} 写不下去：{reason}；{whole}") from error


class Output:
    """A folder that is held."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for file in path.iterdir():
            if _HALF.fullmatch(file.name) and file.is_file():
                file.unlink()

    def begin(self, identity: Identity) -> None:
        """Take the folder for a training, or find that it is for this one.

        Raises:
            OtherTraining: It is for another, or holds something else.
            NotSaved: It cannot be written.
        """
        record = self.path / RECORD
        if record.exists():
            self._compare(record, identity)
            return
        strange = sorted(file.name for file in self.path.iterdir() if file.name != LOCK)
        if strange:
            raise OtherTraining(
                f"{self.path} 不是空的（例如 {strange[0]}），里面也没有训练记录；"
                "请换一个空的 --out 文件夹"
            )
        words = json.dumps(identity, ensure_ascii=False, indent=2) + "\n"
        with saving("训练记录", record, None):
            write_whole(record, lambda beside: beside.write_text(words, encoding="utf-8"))

    def _compare(self, record: Path, identity: Identity) -> None:
        try:
            known: object = json.loads(record.read_bytes())
        except (OSError, ValueError):
            known = None
        if not isinstance(known, dict):
            raise OtherTraining(f"{record} 读不懂；请换一个 --out 文件夹")
        ours = json.loads(json.dumps(identity))
        others = [name for name in ours if known.get(name) != ours[name]]
        if others:
            raise OtherTraining(
                f"{self.path} 里是另一个训练（{'、'.join(others)}不同）；"
                "请换一个 --out 文件夹，或先把这个清空"
            )

    @property
    def checkpoints(self) -> list[Path]:
        """Those that are whole, the oldest first."""
        found = [(int(match[1]), file) for file in self.path.iterdir()
                 if (match := _CHECKPOINT.fullmatch(file.name))]  # fmt: skip
        return [file for _, file in sorted(found)]

    @property
    def last(self) -> Path | None:
        """The newest checkpoint."""
        return self.checkpoints[-1] if self.checkpoints else None

    def load(self, which: str) -> dict[str, Any] | None:
        """Return the state that a training goes on from; None: it begins.

        Args:
            which: latest, no, or the name of a checkpoint.

        Raises:
            BrokenCheckpoint: There is none of that name, or it cannot be read.
        """
        if which == "no":
            return None
        path = self.last if which == "latest" else self._named(which)
        if path is None:
            return None
        try:
            # a state is a zip with checksums, which torch does not look at
            with ZipFile(path) as file:
                damaged = file.testzip()
            if damaged is None:
                return load_state(path)
            cause = None
        except (OSError, BadZipFile, RuntimeError, UnpicklingError) as error:
            cause = error
        raise BrokenCheckpoint(f"检查点 {path} 读不出来；删掉它，就从更早的一个接着训练") from cause

    def _named(self, which: str) -> Path:
        name = Path(which).name
        path = self.path / (name if name.endswith(".pt") else f"{name}.pt")
        if path not in self.checkpoints:
            there = "、".join(file.stem for file in self.checkpoints) or "没有"
            raise BrokenCheckpoint(f"{self.path} 里没有检查点 {which}；现有的：{there}")
        return path

    def save(self, step: int, state: dict[str, Any], *, limit: int) -> Path:
        """Write a checkpoint whole, then remove the oldest ones, and later ones of an earlier try.

        Args:
            step: How many are done.
            state: Tensors and plain values.
            limit: How many stay; 0 is all.

        Raises:
            NotSaved: The disk is full, or cannot be written; older checkpoints are as they were.
        """
        path = self.path / f"checkpoint-{step}.pt"
        self.write(path, lambda beside: torch.save(state, beside), what="检查点")
        there = self.checkpoints
        own = there.index(path) + 1
        for other in [*there[own:], *(there[: max(0, own - limit)] if limit else [])]:
            other.unlink()
        return path

    def write(self, path: Path, write: Callable[[Path], object], *, what: str) -> None:
        """Let `write` fill a file that is then put in place whole.

        Raises:
            NotSaved: The disk is full, or cannot be written; what was there is as it was.
        """
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with saving(what, path, self.last):
                write_whole(path, write)
        finally:
            beside.unlink(missing_ok=True)
