"""Whether a message is said to people, and asks for no picture: what speaks for it and against.

Bare words ask for a picture too (雪山日出), so talk is told by its words: who speaks, what is
asked, how it ends. Each counts; a number with a measure word, 的, and settings count against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TALK = 3
"""Points from which a message is talk."""
_LONGEST = 9
"""Words of a remark; more are a description."""


@dataclass(frozen=True, slots=True)
class Remarks:
    """How a remark on a picture ends: 背景太乱, 那只猫好胖."""

    before: frozenset[str]
    """Words of degree that stand before nouns too: 好风光."""
    plain: frozenset[str]
    """What after those says how something is."""
    surely: frozenset[str]
    """Words of degree that do not."""

    def has(self, said: Sequence[str]) -> bool:
        """Tell whether the message, in words, says of something how it is."""
        *about, degree, last = ["", "", *said]
        if last[:1] in self.before | self.surely and last[1:] in self.plain:  # 太暗 is one word
            about, degree, last = [*about, degree], last[0], last[1:]
        if not any(about) or len(said) > _LONGEST or about[-1] == "的":
            return False
        return degree in self.surely or (degree in self.before and last in self.plain)


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
