"""Folders of pictures, their captions beside them or in a metadata file."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generation.errors import BadData
from generation.training import metadata
from generation.training.metadata import Entry, key
from generation.training.note import Notes, Odd, Unusable, Why
from generation.training.origin import Found, Origin
from generation.training.picture import OTHERS, SUFFIXES
from generation.training.text import caption, decoded, shown

MOST_TEXT_BYTES = 1 << 20
"""Of a caption's file."""


@dataclass(slots=True)
class _Files:
    """What a folder holds, by path from it."""

    pictures: dict[str, Path] = field(default_factory=dict[str, Path])
    texts: dict[str, Path] = field(default_factory=dict[str, Path])
    """By path without suffix."""
    refused: set[str] = field(default_factory=set[str])
    """Pictures that were left out, and noted."""
    metadata: list[Path] = field(default_factory=list[Path])


def scan(path: Path, notes: Notes, *, caption_column: str, image_column: str) -> Iterator[Found]:
    """Yield the pictures of a folder and of those below it, in the order of their names.

    A caption in a metadata file counts before one in a file beside the picture.

    Args:
        path: The folder.
        notes: Take what is left out.
        caption_column: Name of the captions in metadata files.
        image_column: Name of the paths in metadata files.

    Raises:
        BadData: A metadata file cannot be read.
    """
    root = path.resolve()
    files = _walk(root, notes)
    told: dict[str, Entry] = {}
    for file in files.metadata:
        try:
            for entry in metadata.entries(
                file, root, notes, caption_column=caption_column, image_column=image_column
            ):
                _take(entry, told, files, notes)
        except OSError as error:
            raise BadData(f"{file} 读不出来，请检查权限") from error
    for name, picture in sorted(files.pictures.items()):
        entry = told.get(name)
        try:
            text = entry.caption if entry else ""
            text = text or _beside(files.texts.get(name.rpartition(".")[0]), root, notes)
        except Unusable as fault:
            notes.leave_out(fault.why, shown(name))
        else:
            yield Found(name=shown(name), caption=text, origin=Origin(picture))


def _take(entry: Entry, told: dict[str, Entry], files: _Files, notes: Notes) -> None:
    """Take in what a line of metadata says, if it is of a picture that there is."""
    if entry.key in told:
        notes.remark(Odd.TWICE, f"{entry.line}（{shown(entry.key)}）")
    elif entry.key in files.pictures:
        told[entry.key] = entry
    elif entry.key not in files.refused:
        notes.leave_out(Why.ABSENT, f"{entry.line}（{shown(entry.key)}）")


def _walk(root: Path, notes: Notes) -> _Files:
    found = _Files()

    def unreadable(error: OSError) -> None:
        notes.leave_out(Why.UNREADABLE, shown(os.path.relpath(str(error.filename), root)))

    for folder, below, names in os.walk(root, onerror=unreadable):
        # hidden ones are leavings of the system: .DS_Store, ._cat.jpg, .cache
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        for name in below:
            if (place := Path(folder, name)).is_symlink():
                notes.remark(Odd.NOT_FOLLOWED, shown(key(place, root)))
        for name in sorted(names):
            if not name.startswith("."):
                _sort_in(Path(folder, name), root, found, notes)
    return found


def _sort_in(path: Path, root: Path, found: _Files, notes: Notes) -> None:
    suffix, name = path.suffix.lower(), key(path, root)
    if suffix in (*SUFFIXES, *OTHERS):
        fault = _fault(path, root)
        if fault is None:
            found.pictures[name] = path
        else:
            found.refused.add(name)
            notes.leave_out(fault, shown(name))
    elif path.name in metadata.NAMES:
        _add_metadata(path, root, found, notes)
    elif suffix == ".txt":
        found.texts[name.rpartition(".")[0]] = path


def _fault(path: Path, root: Path) -> Why | None:
    """Return why a picture is not even opened."""
    if path.suffix.lower() in OTHERS:
        return Why.UNKNOWN
    if not _is_inside(path, root):
        return Why.OUTSIDE
    # Path.is_file() raises where it may not look
    return None if os.path.isfile(path) else Why.NO_FILE  # noqa: PTH113


def _add_metadata(path: Path, root: Path, found: _Files, notes: Notes) -> None:
    if not _is_inside(path, root):
        notes.remark(Odd.CAPTION_OUTSIDE, shown(key(path, root)))
    elif path.with_name(metadata.NAMES[0]) != path and path.with_name(metadata.NAMES[0]).exists():
        notes.remark(Odd.SECOND_METADATA, shown(key(path, root)))
    else:
        found.metadata.append(path)


def _beside(path: Path | None, root: Path, notes: Notes) -> str:
    """Return the caption in a file, or nothing if it is not to be read."""
    if path is None:
        return ""
    name = shown(key(path, root))
    if not _is_inside(path, root):
        notes.remark(Odd.CAPTION_OUTSIDE, name)
        return ""
    try:
        if not path.is_file():
            raise Unusable(Why.NO_TEXT)
        if path.stat().st_size > MOST_TEXT_BYTES:
            raise Unusable(Why.NO_TEXT)
        return caption(decoded(path.read_bytes(), name, notes))
    except OSError:
        notes.remark(Odd.CAPTION_UNREADABLE, name)
        return ""


def _is_inside(path: Path, root: Path) -> bool:
    """Tell whether a file is within the folder, also where it is a link."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False
