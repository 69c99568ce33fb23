"""Words by their sound: severe ones that are typed as pinyin, or with other characters."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from bot.words.fold import Folded, is_latin

SHORTEST = 3
"""Syllables; shorter words sound like too many others."""
_LONGEST = 6
"""Letters of a syllable."""
_LONGEST_RUN = 40
"""Letters before or behind a word that are looked at."""
_TABLE = Path(__file__).with_name("syllables.txt")

Syllables = frozenset[str]


class Sounds:
    """Words of three syllables or more, found by how they are read, without tones."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, tuple[Syllables, ...]]]] = defaultdict(list)
        for word in words:
            read = tuple(readings(character) for character in word)
            if len(read) >= SHORTEST and all(read):
                for syllable in read[0]:
                    self._by_first[syllable].append((word, read))
        self._initials = {syllable[0] for syllable in self._by_first}

    def find(self, prompt: Folded) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and word for each place of a text that sounds like one."""
        for start in range(len(prompt.text)):
            for syllable in self._begin(prompt, start):
                for word, read in self._by_first.get(syllable, ()):
                    end = _heard(prompt, start, read)
                    if end:
                        yield start, end, word

    def _begin(self, prompt: Folded, start: int) -> Iterable[str]:
        """Return with which syllables a word may begin here."""
        text = prompt.text
        if not is_latin(text[start]):
            return readings(text[start])
        if text[start] not in self._initials or not _begins(prompt, start):
            return ()
        return [text[start : start + size] for size in range(1, _LONGEST + 1)]


@cache
def readings(character: str) -> Syllables:
    """Return how a character is read, without tones; nothing for a rare one."""
    return frozenset(_table().get(character, ()))


def _heard(prompt: Folded, start: int, read: tuple[Syllables, ...]) -> int:
    """Return where a word ends that is read so from start on; 0 if it is not."""
    at = start
    for syllables in read:
        at = _behind(prompt.text, at, syllables)
        if not at:
            return 0
    return at if _ends(prompt, at) else 0


def _behind(text: str, at: int, syllables: Syllables) -> int:
    """Return where the next syllable ends if it is one of these, else 0."""
    if at >= len(text):
        return 0
    if not is_latin(text[at]):
        return at + 1 if syllables & readings(text[at]) else 0
    for syllable in sorted(syllables, key=len, reverse=True):
        if text.startswith(syllable, at):
            return at + len(syllable)
        # of two letters that are the same, folding has left one: qunnian
        if at and text[at - 1] == syllable[0] and text.startswith(syllable[1:], at):
            return at + len(syllable) - 1
    return 0


def _begins(prompt: Folded, at: int) -> bool:
    """Return whether what letters run on into this place is pinyin too."""
    first = at
    while at - first <= _LONGEST_RUN and not prompt.begins(first):
        first -= 1
    return _is_pinyin(prompt.text[first:at])


def _ends(prompt: Folded, at: int) -> bool:
    """Return whether what letters run on behind this place is pinyin too."""
    last = at
    while last - at <= _LONGEST_RUN and not prompt.ends(last):
        last += 1
    return _is_pinyin(prompt.text[at:last])


def _is_pinyin(letters: str) -> bool:
    """Return whether letters can be read as syllables, one after the other."""
    if len(letters) > _LONGEST_RUN:
        return False
    reached = {0}
    for at in range(len(letters)):
        if at in reached:
            ends = range(at + 1, min(at + _LONGEST, len(letters)) + 1)
            reached |= {end for end in ends if letters[at:end] in _syllables()}
    return len(letters) in reached


@cache
def _syllables() -> Syllables:
    return frozenset(syllable for found in _table().values() for syllable in found)


@cache
def _table() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            syllable, _, characters = line.partition(" ")
            for character in characters:
                found[character].append(syllable)
    return dict(found)
