"""Where words end, by jieba, where that decides: 头大象 is 头 and 大象, 头像 is one word."""

import logging
import os
import threading
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

_LOADING = threading.Lock()


@lru_cache(maxsize=64)
def words(text: str) -> tuple[str, ...]:
    """Split folded text into words; joined, they are the text.

    By the dictionary alone: jieba's guesses at words that it does not know take verbs along
    (画张, 来杯).
    """
    return tuple(_tokenizer().cut(text, HMM=False)) if text else ()


def first(text: str) -> str:
    """Return the first word of a folded text."""
    found = words(text)
    return found[0] if found else ""


def _private_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "danqing"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written: a new folder for this process
        return Path(mkdtemp(prefix="danqing-"))
    return folder


@cache
def _dictionary() -> Any:
    jieba: Any = import_module("jieba")  # without types
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # its cache is code to whoever can write it: not in a folder that all share, under a known name
    tokenizer.tmp_dir = str(_private_folder())
    tokenizer.initialize()
    return tokenizer


def _tokenizer() -> Any:
    with _LOADING:  # two who ask at once would load it twice
        return _dictionary()
