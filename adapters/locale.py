"""Operators read English or Chinese, by their locale."""

import os
from collections.abc import Mapping


def is_chinese(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the locale of the terminal is a Chinese one."""
    found = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return found.startswith("zh")


def said(english: str, chinese: str) -> str:
    """Return the words in the operator's language."""
    return chinese if is_chinese() else english
