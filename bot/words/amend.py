"""Changes of the operator's own file of words; what else is in it, remarks too, stays."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import accumulate
from typing import Any

from bot.words.entry import OWN, Action, BrokenWords
from bot.words.fold import folded

ACTIONS: tuple[Action, ...] = ("block", "soften", "flag", "allow")
_KEYS = (*ACTIONS, "why")
_HEAD = re.compile(r"\s*\[")
_WIDTH = 90
Tables = dict[str, Any]


def listed(text: str, *, toml: bool) -> Iterator[tuple[str, Action, tuple[str, ...]]]:
    """Yield the words of a file by category and action."""
    for category, actions in _categories(_read(text, toml=toml)).items():
        for action in ACTIONS:
            if words := _words(actions.get(action, ())):
                yield category, action, words


def added(text: str, category: str, action: Action, word: str, *, toml: bool) -> str:
    """Return the text of a file with a word more.

    Raises:
        BrokenWords: The file is written so that it cannot be changed.
    """
    if not toml:
        if category != OWN or action not in {"block", "allow"}:
            raise BrokenWords(["一行一词的文件只能拦截和放行, plain lines only block and allow"])
        line = f"!{word}" if action == "allow" else word
        return f"{text.rstrip()}\n{line}\n".lstrip()
    actions = _categories(_read(text, toml=True)).get(category, {})
    words = _words(actions.get(action, ()))
    return text if _has(words, word) else _put(text, category, action, (*words, word))


def removed(text: str, word: str, *, toml: bool) -> str:
    """Return the text of a file without a word, wherever it stands; the same if it is not there.

    Raises:
        BrokenWords: The file is written so that it cannot be changed.
    """
    if not toml:
        kept = [line for line in text.splitlines() if not _is_line_of(line, word)]
        return "\n".join(kept) + ("\n" if kept else "")
    for category, action, words in list(listed(text, toml=True)):
        if _has(words, word):
            left = tuple(one for one in words if not _has((one,), word))
            text = _put(text, category, action, left)
    return text


def _read(text: str, *, toml: bool) -> Tables:
    if toml:
        return tomllib.loads(text)
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return {
        "block": [line for line in lines if line and not line.startswith("!")],
        "allow": [line[1:].strip() for line in lines if line.startswith("!")],
    }


def _categories(tables: Tables) -> Mapping[str, Tables]:
    """Return the tables by category; what stands before the first is the operator's own."""
    named: dict[str, Tables] = {key: of for key, of in tables.items() if isinstance(of, dict)}
    loose = {key: of for key, of in tables.items() if key not in named}
    return {OWN: {**named.get(OWN, {}), **loose}, **{k: v for k, v in named.items() if k != OWN}}


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _has(words: tuple[str, ...], word: str) -> bool:
    meant = folded(word).text
    return any(folded(one).text == meant for one in words)


def _is_line_of(line: str, word: str) -> bool:
    said = line.partition("#")[0].strip().removeprefix("!").strip()
    return bool(said) and _has((said,), word)


def _put(text: str, category: str, action: Action, words: tuple[str, ...]) -> str:
    """Return the text with other words of a category and action.

    Raises:
        BrokenWords: What comes out would say something else as well.
    """
    before = tomllib.loads(text)
    loose = category == OWN and not (isinstance(before.get(OWN), dict) and action in before[OWN])
    wanted = deepcopy(before)
    (wanted if loose else wanted.setdefault(category, {}))[action] = list(words)
    lines = text.splitlines(keepends=True)
    start, end = (0, _end(lines, 0)) if loose else _section(lines, category)
    line = f"{action} = {_value(words)}\n"
    if start is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        changed = f"{text}{gap}[{_key(category)}]\n{line}"
    else:
        first, last = _place(lines, start, end, action)
        changed = "".join([*lines[:first], line, *lines[last:]])
    try:
        same = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise BrokenWords(["照它的写法没法自动改，请手工改, change it by hand"])
    return changed


def _section(lines: list[str], category: str) -> tuple[int | None, int]:
    """Return the lines of a category behind its head; None: there is none."""
    head = re.compile(rf"\s*\[\s*[\"']?{re.escape(category)}[\"']?\s*\]")
    for number, line in enumerate(lines):
        if head.match(line):
            return number + 1, _end(lines, number + 1)
    return None, 0


def _end(lines: list[str], start: int) -> int:
    """Return where the keys end that begin at a line: at the head of another table."""
    return next((at for at in range(start, len(lines)) if _is_head(lines[at])), len(lines))


def _is_head(line: str) -> bool:
    if not _HEAD.match(line):
        return False
    try:
        tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _place(lines: list[str], start: int, end: int, key: str) -> tuple[int, int]:
    """Return the lines that the value of a key takes; of a new one, none behind the others."""
    own = _assignment(lines, start, end, key)
    others = (_assignment(lines, start, end, other) for other in _KEYS)
    last = max((found[1] for found in others if found), default=start)
    return own or (last, last)


def _assignment(lines: list[str], start: int, end: int, key: str) -> tuple[int, int] | None:
    """Return the first line of a key and the one behind its value; None if it is not there."""
    begun = re.compile(rf"\s*[\"']?{key}[\"']?\s*=")
    for first in range(start, end):
        if begun.match(lines[first]):
            for last, value in enumerate(accumulate(lines[first:end]), first + 1):
                try:
                    tomllib.loads(value)
                except tomllib.TOMLDecodeError:
                    continue
                return first, last
    return None


def _value(words: tuple[str, ...]) -> str:
    """Return words as a list of TOML, in lines that can be read."""
    quoted = [json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f") for word in words]
    whole = f"[{', '.join(quoted)}]"
    if len(whole) <= _WIDTH:
        return whole
    return "[\n" + "".join(f"  {one},\n" for one in quoted) + "]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
