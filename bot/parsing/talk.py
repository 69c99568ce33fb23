"""Whether a message is said to people, and asks for no picture: what speaks for it and against.

Bare words ask for a picture too (雪山日出), so talk is told by its words: who speaks, what is
asked, how it ends. Each counts; a number with a measure word, 的, and settings count against.
"""

from collections.abc import Mapping, Sequence

TALK = 3
"""Points from which a message is talk."""


def points(said: Sequence[str], marks: Mapping[str, int], ends: Mapping[str, int]) -> int:
    """Return what speaks for talk.

    Args:
        said: The message in words, folded, without stops.
        marks: Points by word, wherever it stands.
        ends: Points by word at the end.
    """
    found = sum(marks.get(word, 0) for word in said)
    last = said[-1] if said else ""
    return found + ends.get(last, 0)
