"""Words with a weight, as models read it."""

import re

_WEIGHED = re.compile(r"\(([^():]+):\d+(?:\.\d+)?\)")


def weighed(words: str, weight: float) -> str:
    """Return words as a model reads their weight."""
    plain = words.replace("(", "（").replace(")", "）").replace(":", "：")
    return f"({plain}:{weight:g})" if weight != 1 else plain


def plain(prompt: str) -> str:
    """Return a prompt without weights, as people would say it."""
    return _WEIGHED.sub(r"\1", prompt)
