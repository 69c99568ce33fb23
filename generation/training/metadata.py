"""Captions in `metadata.jsonl` and `metadata.csv`, as datasets' imagefolder reads them."""

import csv
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast

import msgspec

from generation.training.note import Notes, Odd, Unusable, Why
from generation.training.text import caption, decoded, lines, shown

NAMES = ("metadata.jsonl", "metadata.csv")
"""The first that is there is read."""
MOST_CSV_BYTES = 200 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one line says."""

    line: str
    """Its name, as metadata.jsonl:3."""
    key: str
    """The picture's path from the folder, as key() makes it."""
    caption: str
    """Empty: the line has none."""


def entries(
    path: Path, root: Path, notes: Notes, *, caption_column: str, image_column: str
) -> Iterator[Entry]:
    """Yield what the lines say; those that cannot be read, or lead out of the folder, are noted.

    Args:
        path: The file, in the folder or below it; its paths begin where it is.
        root: The folder.
        notes: Take what is left out.
        caption_column: Name of the captions.
        image_column: Name of the paths.

    Raises:
        OSError: It cannot be read.
    """
    read = _jsonl if path.suffix == ".jsonl" else _csv
    columns: dict[str, None] = {}
    captioned = False
    for line, row in read(path, notes):
        try:
            columns |= dict.fromkeys(map(str, row))
            captioned |= caption_column in row
            text = _text(row.get(caption_column), line, notes)
            entry = _entry(line, text, row.get(image_column), path.parent, root)
        except Unusable as fault:
            told = row.get(image_column)
            suffix = f"（{shown(told[:100])}）" if isinstance(told, str) else ""
            notes.leave_out(fault.why, line + suffix)
        else:
            yield entry
    for column, there in ((image_column, image_column in columns), (caption_column, captioned)):
        if columns and not there:
            listed = "、".join(shown(name[:40]) for name in list(columns)[:10])
            notes.say(f"{path.name} 里没有 {column} 这一列，有的是：{listed}")


def key(path: Path, root: Path) -> str:
    """Return a file's path from the folder, in one of Unicode's ways to write it."""
    # an archive made on a Mac has the same names in another form
    return unicodedata.normalize("NFC", path.relative_to(root).as_posix())


def _text(text: object, line: str, notes: Notes) -> str:
    """Return a line's caption; of several the first."""
    if isinstance(text, list) and text:
        notes.remark(Odd.SEVERAL, line)
        text = cast("list[object]", text)[0]
    if text is not None and not isinstance(text, str):
        raise Unusable(Why.BAD_ENTRY)
    return caption(text or "")


def _entry(line: str, text: str, file_name: object, folder: Path, root: Path) -> Entry:
    if not isinstance(file_name, str) or not file_name.strip():
        raise Unusable(Why.BAD_ENTRY)
    path = Path(os.path.normpath(folder / file_name.replace("\\", "/")))
    if "\0" in file_name or not path.is_relative_to(root):
        raise Unusable(Why.OUTSIDE)
    return Entry(line=line, key=key(path, root), caption=text)


def _jsonl(path: Path, notes: Notes) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for line in lines(path):
        name = f"{path.name}:{line.number}"
        try:
            row = msgspec.json.decode(decoded(line.data, name, notes))
        except (Unusable, ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield name, row
        else:
            notes.leave_out(Why.BAD_ENTRY, name)


def _csv(path: Path, notes: Notes) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if path.stat().st_size > MOST_CSV_BYTES:
        notes.leave_out(Why.BAD_ENTRY, path.name)
        return
    try:
        rows = csv.DictReader(StringIO(decoded(path.read_bytes(), path.name, notes), newline=""))
        for row in rows:
            yield f"{path.name}:{rows.line_num}", {k: v for k, v in row.items() if k is not None}
    except (Unusable, csv.Error):
        notes.leave_out(Why.BAD_ENTRY, path.name)
