"""Words with a weight, as models read it."""

import re

JOINED = "{}和{}"
"""Two things as one says them: so models draw both, not one in the shape of the other."""
_WEIGHED = re.compile(r"\(([^():]+):\d+(?:\.\d+)?\)")
_JOINED = re.compile(r"和(?=\([^():]+:\d)")


def weighed(words: str, weight: float) -> str:
    """Return words as a model reads their weight."""
    plain = words.replace("(", "（").replace(")", "）").replace(":", "：")
    return f"({plain}:{weight:g})" if weight != 1 else plain


def joined(words: str, more: str) -> str:
    """Return two things as a model draws both."""
    return JOINED.format(words, more)


def plain(prompt: str) -> str:
    """Return a prompt without weights, as people have said it, clause by clause."""
    return _WEIGHED.sub(r"\1", _JOINED.sub("，", prompt))
