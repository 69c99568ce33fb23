"""A model's folder in the tar.gz that a model service takes; free of torch.

PAI-EAS unpacks model_path, an archive on OSS, and the service finds model_index.json at its top, as
in the folder. The same folder gives the same bytes: names in order, no times, no owners.
"""

import gzip
import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from generation.errors import BrokenModel
from generation.zoo.folder import WEIGHTS, read

PARTS = ("scheduler", "tokenizer", "feature_extractor", "safety_checker", *WEIGHTS)
"""Folders that are packed."""
SUFFIXES = frozenset({".json", ".txt", ".model", ".safetensors"})
"""Of the files that are packed: what is loaded, and nothing that could be run."""
LICENCES = frozenset({"license", "licence", "notice", "readme"})
"""Stems of files at the top that go along."""
LEVEL = 1
"""Of compression: weights hardly shrink, whatever it costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An archive that was made."""

    path: Path
    files: int
    size_bytes: int
    sha256: str


def contents(folder: Path) -> Iterator[Path]:
    """Yield the files of a model that are packed."""
    yield folder / "model_index.json"
    for file in folder.iterdir():
        if file.is_file() and file.stem.casefold() in LICENCES:
            yield file
    for part in PARTS:
        if (folder / part).is_dir():
            yield from (
                file
                for file in (folder / part).iterdir()
                if file.is_file() and file.suffix in SUFFIXES and not file.name.startswith(".")
            )


def pack(folder: Path, target: Path) -> Packed:
    """Pack a model that can be loaded.

    Args:
        folder: Of the model.
        target: The archive; takes the place of another only when it is whole.

    Raises:
        BrokenModel: The folder cannot be loaded, or the archive not written; says why.
    """
    read(folder)
    part = target.with_name(f".{target.name}.part")
    files = sorted(contents(folder), key=lambda file: file.relative_to(folder).as_posix())
    try:
        with part.open("wb") as raw:
            # without a name and a time in its head
            with gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as zipped, tarfile.open(
                mode="w|", fileobj=zipped, format=tarfile.PAX_FORMAT
            ) as archive:  # fmt: skip
                for file in files:
                    _add(archive, file, file.relative_to(folder).as_posix())
            raw.flush()
            os.fsync(raw.fileno())
        with part.open("rb") as raw:
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        size_bytes = part.stat().st_size
        part.replace(target)
    except OSError as error:
        raise BrokenModel(f"{target.name} 写不出来：{error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return Packed(path=target, files=len(files), size_bytes=size_bytes, sha256=digest)


def _add(archive: tarfile.TarFile, file: Path, name: str) -> None:
    """Add one file under a name; of what the disk says of it, only the bytes go along."""
    with file.open("rb") as content:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(content.fileno()).st_size
        entry.mode = 0o644
        archive.addfile(entry, content)
