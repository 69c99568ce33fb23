"""The file of the operator's own styles: appended to and cut from as text, so that all else stays.

Whatever is made of the text is read again before it is written, and must say what was meant.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from adapters.locale import said
from bot.style import BrokenStyles, Style, parsed

Table = Mapping[str, object]
"""The keys of one [[style]], as in the file."""

_ENTRY = re.compile(r"^[ \t]*\[\[[ \t]*style[ \t]*\]\]", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def text_of(path: Path) -> str:
    """Return what is in the file; nothing if there is none.

    Raises:
        BrokenStyles: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenStyles([f"{path}: {error}"]) from error


def entry(table: Table) -> str:
    """Return a style as it is written in the file."""
    lines = (f"{key} = {_value(value)}\n" for key, value in table.items())
    return "[[style]]\n" + "".join(lines)


def appended(path: Path, text: str, table: Table) -> str:
    """Return the text with one more style at its end.

    Raises:
        BrokenStyles: The file is written in a way that cannot be appended to; says what to do.
    """
    (style,) = parsed(entry(table), str(path))
    before = parsed(text, str(path))
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    longer = text + gap + entry(table)
    with suppress(BrokenStyles):
        if parsed(longer, str(path)) == (*before, style):
            return longer
    pairs = ", ".join(f"{key} = {_value(value)}" for key, value in table.items())
    raise BrokenStyles(
        [
            said(
                f"{path}: a style cannot be appended to it as it is written; "
                f"add this line to its list by hand: {{ {pairs} }},",
                f"{path}：照它的写法没法自动追加，请把这一行加进列表里：{{ {pairs} }},",
            )
        ]
    )


def removed(path: Path, text: str, style: Style) -> str:
    """Return the text without a style; comments stay.

    Raises:
        BrokenStyles: The file is written in a way in which it cannot be cut out.
    """
    kept = tuple(other for other in parsed(text, str(path)) if other != style)
    for start in (match.start() for match in _ENTRY.finditer(text)):
        for end in _ends(text, start):
            before = text[:start].rstrip("\n")
            shorter = (before + "\n" if before else "") + text[end:]
            with suppress(BrokenStyles):
                if parsed(shorter, str(path)) == kept:
                    return shorter if before else shorter.lstrip("\n")
    raise BrokenStyles(
        [
            said(
                f"{path}: {style.name} cannot be cut out as it is written; remove it by hand",
                f"{path}：照它的写法没法自动删掉 {style.name}，请手工删",
            )
        ]
    )


def write(path: Path, text: str) -> None:
    """Put a text in place whole, or leave what was there.

    Raises:
        BrokenStyles: It cannot be written.
    """
    real = path.resolve()  # a link stays one
    part = real.with_name(f".{real.name}.part")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(real)
    except (OSError, UnicodeEncodeError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise BrokenStyles([f"{path}: {error}"]) from error


def _ends(text: str, start: int) -> Iterator[int]:
    """Yield where a style may end that begins here: after a last key, before what follows.

    What looks like the head of another table may be a table of its own, or within a string.
    """
    head = text.index("]]", start) + 2
    for following in (*(match.start() for match in _TABLE.finditer(text, head)), len(text)):
        end = following
        lines = text[head:end].splitlines(keepends=True)
        while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            end -= len(lines.pop())
        yield end


def _value(value: object) -> str:
    """Return a value as TOML has it."""
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            pairs = (f"{_quoted(str(key))} = {_value(of)}" for key, of in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            return "{ " + ", ".join(pairs) + " }"
        case list() | tuple():
            return "[" + ", ".join(_value(of) for of in value) + "]"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case int() | float():
            return repr(value)
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    # a string of JSON is one of TOML, but for one character
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
