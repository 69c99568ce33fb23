"""The command that judges a text by the words in it."""

import json
import sys
from pathlib import Path

from adapters.config import load
from bot.words.judge import Words


def judge(data: Path | None, text: str | None) -> int:
    """Print what becomes of a text, or of each line of standard input, as a line of JSON."""
    words = Words.load(load(data).own_words)
    if text is not None:
        print(_told(words, text))  # noqa: T201  it speaks to the operator
        return 0
    sys.stdin.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  a text stream, when it is ours
    for line in sys.stdin:
        print(_told(words, line.rstrip("\n")), flush=True)  # noqa: T201  the same
    return 0


def _told(words: Words, text: str) -> str:
    verdict = words.judge(text)
    found = {"action": verdict.action, "category": verdict.category, "word": verdict.word}
    return json.dumps(found, ensure_ascii=False)
