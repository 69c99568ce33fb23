"""Pictures and captions to learn from: found, checked, each once; free of torch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from PIL import Image

from generation.errors import BadData
from generation.training import folder, table
from generation.training.note import Notes, Odd, Unusable, Why
from generation.training.origin import Found, Origin
from generation.training.picture import SUFFIXES, decode, examine
from generation.training.text import caption as one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A picture and what it shows."""

    name: str
    """Its path in the folder, or its line as data.tsv:17, for sentences."""
    caption: str
    """One line; empty where none was needed."""
    digest: str
    """SHA-256 of the picture's file."""
    width: int
    """Pixels, upright."""
    height: int
    origin: Origin

    def open(self) -> Image.Image:
        """Read the picture anew: upright, RGB, what is transparent white.

        Raises:
            BadData: It is gone, or another one, since the data was read.
        """
        try:
            data = self.origin.read()
            if sha256(data).hexdigest() == self.digest:
                return decode(data)
        except Unusable as fault:
            raise BadData(
                f"图片 {self.name} 现在{fault.why.words}，请{fault.why.remedy}"
            ) from fault
        raise BadData(f"图片 {self.name} 在训练开始后变了，请放回原来的，或重新开始")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """All that is learned from."""

    samples: tuple[Sample, ...]
    """At least one; no two with the same pixels."""
    notes: tuple[str, ...]
    """Sentences for the owner: what was left out, what was odd."""
    digest: str
    """SHA-256 of all pictures and captions in their order, whatever their names."""


def read(
    path: Path,
    *,
    caption: str | None = None,
    caption_column: str = "text",
    image_column: str = "file_name",
    need_captions: bool = True,
    tell: Callable[[int], object] = lambda _: None,
) -> Dataset:
    """Read a folder of pictures or a table of them, and decode every picture once.

    Args:
        path: A folder, with captions in NAME.txt or metadata.jsonl; or a TSV, see table.py.
        caption: For pictures that have none.
        caption_column: Name of the captions in metadata or in a table's titles.
        image_column: Name of the paths in metadata.
        need_captions: Leave out pictures without caption; else theirs is empty.
        tell: Called with the number of pictures looked at so far, after each.

    Raises:
        BadData: It cannot be read, or nothing of it is of use.
    """
    notes, samples = Notes(), list[Sample]()
    known: dict[str, str] = {}
    spare = _spare(caption)
    named = _found(path, notes, caption_column=caption_column, image_column=image_column)
    for count, found in enumerate(named, 1):
        try:
            text = _words(found.caption or spare, need=need_captions)
            samples.append(_sample(found, text, known, notes))
        except Unusable as fault:
            notes.leave_out(fault.why, found.name + fault.detail)
        tell(count)
    if not samples:
        raise BadData(_nothing(path, notes))
    if len(samples) == 1:
        notes.say("只有 1 张图片：学出来多半只会照着它画，有 5 张以上不同的会好得多")
    return Dataset(samples=tuple(samples), notes=notes.sentences(), digest=_digest(samples))


def _spare(caption: str | None) -> str:
    try:
        return one_line(caption or "")
    except Unusable as fault:
        raise BadData("给所有图片的那句说明读不懂或太长，请换一句") from fault


def _found(path: Path, notes: Notes, *, caption_column: str, image_column: str) -> Iterator[Found]:
    """Yield what the data names."""
    try:
        if path.is_dir():
            yield from folder.scan(
                path, notes, caption_column=caption_column, image_column=image_column
            )
        elif path.suffix.lower() in SUFFIXES:
            raise BadData(f"{path} 是一张图片，请给它所在的文件夹")
        elif path.is_file():
            yield from table.scan(path, notes, caption_column=caption_column)
        elif path.exists():
            raise BadData(f"{path} 既不是文件夹，也不是普通文件")
        else:
            raise BadData(f"没有 {path} 这个文件夹或文件，请检查路径")
    except OSError as error:
        raise BadData(f"{path} 读不出来，请检查路径和权限") from error


def _words(caption: str, *, need: bool) -> str:
    if need and not caption:
        raise Unusable(Why.NO_CAPTION)
    return caption


def _sample(found: Found, caption: str, known: dict[str, str], notes: Notes) -> Sample:
    """Return what a picture is.

    Args:
        found: The picture.
        caption: Of it.
        known: Names of pictures by SHA-256 of their files and of their pixels; takes in this one.
        notes: Take what is odd.

    Raises:
        Unusable: It cannot be learned from, or is known.
    """
    data = found.origin.read()
    digest = sha256(data).hexdigest()
    if digest in known:
        raise Unusable(Why.REPEATED, f"同 {known[digest]}")
    seen = examine(data)
    if seen.pixels in known:
        raise Unusable(Why.REPEATED, f"同 {known[seen.pixels]}")
    known[digest] = known[seen.pixels] = found.name
    if seen.animated:
        notes.remark(Odd.ANIMATED, found.name)
    return Sample(
        name=found.name,
        caption=caption,
        digest=digest,
        width=seen.width,
        height=seen.height,
        origin=found.origin,
    )


def _nothing(path: Path, notes: Notes) -> str:
    """Return the sentence for data of which nothing is of use."""
    if not notes.left_out:
        what = "没有图片（JPEG、PNG、WEBP、BMP）" if path.is_dir() else "没有一行数据"
        return f"{path} 里{what}，请检查路径"
    return f"{path} 里没有一张能用的图片，{notes.left_out} 个都没有用上：{notes.reasons}"


def _digest(samples: Sequence[Sample]) -> str:
    digest = sha256()
    for sample in samples:
        words = sample.caption.encode()
        digest.update(f"{sample.digest} {len(words)} ".encode() + words)
    return digest.hexdigest()
