"""Traditional characters as simplified ones, by OpenCC."""

from functools import cache
from importlib import import_module
from typing import Any


@cache
def simplified(character: str) -> str:
    """Return a character as it is written in simplified Chinese; any other is itself.

    One by one, so that a text keeps its length and what stands around cannot change it.
    """
    if character.isascii() or "\ud800" <= character <= "\udfff":
        return character  # half of a surrogate pair is in no encoding that OpenCC takes
    simple: str = _converter().convert(character)
    return simple


@cache
def _converter() -> Any:
    opencc: Any = import_module("opencc")  # without types
    return opencc.OpenCC("t2s")
