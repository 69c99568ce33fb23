"""Tables of captions and pictures: lines of `text<TAB>base64 picture`.

Source: the data of EasyNLP's text2image_generation and of PAI-Diffusion; theirs have an id, the
text and the picture, or the text and the picture, base64 in the alphabet for URLs or the usual.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from generation.errors import BadData
from generation.training.note import Notes, Unusable, Why
from generation.training.origin import Found, Origin
from generation.training.text import MOST_LINE_BYTES, WIDE, Line, caption, decoded, lines, shown

_MAGIC = (b"/9j/", b"_9j_", b"iVBORw0KGgo", b"UklGR", b"Qk")
"""How JPEG, PNG, WEBP and BMP begin in base64."""
_TITLES = frozenset(
    ("idx", "id", "text", "caption", "image", "img", "imgbase64", "image_base64", "base64")
)
_SNIFFED = 1 << 16
_LONGEST_TITLE = 64


def scan(
    path: Path, notes: Notes, *, caption_column: str, most_line_bytes: int = MOST_LINE_BYTES
) -> Iterator[Found]:
    """Yield the pictures of a table, in its order; those of broken lines are noted.

    Args:
        path: The table; one line of it is in memory at a time.
        notes: Take what is left out.
        caption_column: The caption's title, if the table has a line of titles.
        most_line_bytes: Longer lines are left out.

    Raises:
        BadData: It is no such file.
        OSError: It cannot be read.
    """
    _check_kind(path)
    titles: list[str] = []
    for line in lines(path, most_bytes=most_line_bytes):
        name = f"{shown(path.name)}:{line.number}"
        try:
            cells = _cells(line)
            if line.number == 1 and (titles := _titles(cells, caption_column)):
                continue
            yield _found(path, name, line, cells, titles.index(caption_column)
                         if caption_column in titles else None, notes)  # fmt: skip
        except Unusable as fault:
            notes.leave_out(fault.why, name)


def _check_kind(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    if head.startswith(WIDE):
        raise BadData(f"{path} 是 UTF-16 编码的，请另存为 UTF-8")
    if b"\0" in head:
        raise BadData(
            f"{path} 不是文字表格：数据要是放图片的文件夹，或每行“文字<TAB>base64 图片”的 TSV"
        )


def _cells(line: Line) -> list[bytes]:
    if line.too_long:
        raise Unusable(Why.LONG_ROW)
    cells = line.data.split(b"\t")
    if len(cells) == 1:
        raise Unusable(Why.NO_TAB)
    return cells


def _titles(cells: Sequence[bytes], caption_column: str) -> list[str]:
    """Return the titles that a first line holds, or none."""
    if any(len(cell) > _LONGEST_TITLE for cell in cells):
        return []
    titles = [cell.decode("utf-8", "replace").strip() for cell in cells]
    known = {title.lower() for title in titles} & _TITLES
    return titles if known or caption_column in titles else []


def _found(
    path: Path, name: str, line: Line, cells: Sequence[bytes], titled: int | None, notes: Notes
) -> Found:
    picture = _picture_cell(cells)
    start = line.start + sum(len(cell) + 1 for cell in cells[:picture])
    bare = cells[picture].strip()
    start += cells[picture].index(bare)
    text = cells[_caption_cell(cells, picture, titled)]
    return Found(
        name=name,
        caption=caption(decoded(text, name, notes)),
        origin=Origin(path, start, len(bare)),
    )


def _picture_cell(cells: Sequence[bytes]) -> int:
    """Return which cell is the picture: the longest that begins as one, else the last."""
    alike = [i for i, cell in enumerate(cells) if cell.lstrip().startswith(_MAGIC)]
    return max(alike, key=lambda i: len(cells[i]), default=len(cells) - 1)


def _caption_cell(cells: Sequence[bytes], picture: int, titled: int | None) -> int:
    """Return which cell is the caption: the titled one, else the last that is no number."""
    if titled is not None and titled < len(cells) and titled != picture:
        return titled
    others = [i for i in range(len(cells)) if i != picture]
    return next((i for i in reversed(others) if not cells[i].strip().isdigit()), others[-1])
