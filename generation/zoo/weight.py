"""Words of a prompt that count more or less: (竹林:1.3).

The syntax is AUTOMATIC1111's, in its explicit form alone. Any other bracket is text, as is one that
a backslash stands before. Wide marks are as good as narrow ones: （竹林：1.3）.
"""

import re
from dataclasses import dataclass

LEAST, MOST = 0.1, 3.0
"""Weights beyond are none: a ratio or a time of day in brackets is text."""
_FORM = re.compile(
    r"\\(?P<bracket>[()（）])"
    r"|[(（](?P<words>[^()（）\\]+)[:：][ \t]*(?P<weight>\d{1,2}(?:\.\d{1,4})?)[ \t]*[)）]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A prompt without its marks."""

    text: str
    """What is read."""
    spans: tuple[tuple[int, int, float], ...] = ()
    """Begin, end and weight of what does not count once, in characters of the text."""

    def weight(self, begin: int) -> float:
        """Return how much counts what begins at a character."""
        return next((by for first, end, by in self.spans if first <= begin < end), 1.0)


def weighted(prompt: str) -> Weighted:
    """Return what of a prompt is read, and how much its words count."""
    text, begin, spans = "", 0, list[tuple[int, int, float]]()
    for found in _FORM.finditer(prompt):
        text += prompt[begin : found.start()]
        begin = found.end()
        said = found["bracket"] or _worded(found)
        if said is None:
            text += found[0]
            continue
        if found["words"] and (by := float(found["weight"])) != 1:
            spans.append((len(text), len(text) + len(said), by))
        text += said
    return Weighted(text=text + prompt[begin:], spans=tuple(spans))


def _worded(found: re.Match[str]) -> str | None:
    """Return the words that have a weight; None where these are none, or that is none."""
    fits = LEAST <= float(found["weight"]) <= MOST
    return found["words"] if fits and re.search(r"[^\W\d]", found["words"]) else None
