"""Where the words of a text begin and end."""

from collections.abc import Iterator

from bot import segment
from bot.words.fold import is_latin

Span = tuple[int, int]


class Borders:
    """Borders of words in a folded text, looked up on the first question."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[Span, list[Span]] = {}

    def belong_elsewhere(self, start: int, end: int) -> bool:
        """Return whether the place cuts a word at each end, or one word at both.

        One end is not enough: 吸毒者 is a word too.
        """
        words = self._words(0, len(self._text))
        return any(first < start < last for first, last in words) and any(
            first < end < last for first, last in words
        )

    def are_begun(self, start: int, end: int, at: int) -> bool:
        """Return whether, read each side of `at` by itself, either half is of a longer word."""
        before = self._words(0, at)
        after = self._words(at, len(self._text))
        return any(first < start < last for first, last in before) or any(
            first < end < last for first, last in after
        )

    def are_words(self, start: int, end: int) -> bool:
        """Return whether all of the place is Chinese, in words of two characters or more."""
        if any(map(is_latin, self._text[start:end])):
            return False
        words = self._words(0, len(self._text))
        return all(
            any(first <= at < last and last - first > 1 for first, last in words)
            for at in range(start, end)
        )

    def _words(self, start: int, end: int) -> list[Span]:
        """Return where the words are between two places."""
        if (start, end) not in self._known:
            self._known[start, end] = [*_cut(self._text[start:end], start)]
        return self._known[start, end]


def _cut(text: str, offset: int) -> Iterator[Span]:
    for word in segment.words(text):
        yield offset, offset + len(word)
        offset += len(word)
