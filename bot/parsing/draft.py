"""A message on its way to a prompt."""

import re
from collections.abc import Callable

from bot.parsing.text import fold, literals

CUT = "\ue000"
"""Stands where something was understood and taken out; nobody can type it."""
QUOTED = "\ue001"
"""Stands in the folded text for each character between quotation marks."""
LITERAL = "\ue002"
"""Stands there for each character of a flag's value between quotation marks."""
STOPS = ",，.。;；:：、!！?？~～…·/|#\\- "
"""Between two things said; inside a regular expression's brackets."""

_QUOTES = re.compile(
    '“[^“”]*”|「[^「」]*」|『[^『』]*』|《[^《》]*》|"[^"]*"'
    "|(?<![A-Za-z])'[^']*'(?![A-Za-z])|(?<![A-Za-z])‘[^‘’]*’(?![A-Za-z])"
)
_HOLLOW = re.compile(rf"[（(\[【][{STOPS}{CUT}\n]*[)）\]】]")
_STOPS = STOPS.replace("\\", "") + "\n"


class Draft:
    """What is left of a message; what has been understood is cut out, the rest is the prompt.

    Patterns see the text folded, with quotations hidden, so that quoted text stays literal; the
    end of a line is a space to them.
    """

    def __init__(self, text: str) -> None:
        self.said = text
        folded = fold(text).replace("\n", " ")
        for start, end in literals(text):
            folded = folded[:start] + LITERAL * (end - start) + folded[end:]
        self.folded = _QUOTES.sub(lambda quote: QUOTED * len(quote[0]), folded)

    def cut(
        self, pattern: re.Pattern[str], judge: Callable[[re.Match[str]], bool] = lambda _: True
    ) -> list[dict[str, str]]:
        """Cut out what the pattern finds in folded text; return each find's groups, as typed.

        Args:
            pattern: What is looked for.
            judge: Says of a find whether it is meant so.
        """
        found = [match for match in pattern.finditer(self.folded) if match[0] and judge(match)]
        groups = [
            {name: self.said[slice(*match.span(name))] for name in match.groupdict() if match[name]}
            for match in found
        ]
        for match in reversed(found):
            self.erase(*match.span())
        return groups

    def erase(self, start: int, end: int) -> None:
        """Cut out one place."""
        self.said = self.said[:start] + CUT + self.said[end:]
        self.folded = self.folded[:start] + CUT + self.folded[end:]

    def add(self, said: str) -> None:
        """Put words at the end, apart from what stands there."""
        self.said += CUT + said
        self.folded += CUT + fold(said).replace("\n", " ")

    def rest(self) -> str:
        """Return what was not cut, mended where something was."""
        first, *others = _HOLLOW.sub(_without_hollow, self.said).split(CUT)
        mended = first
        for other in others:
            before = mended.rstrip(_STOPS)
            after = other.lstrip(_STOPS)
            joint = mended[len(before) :] or other[: len(other) - len(after)]
            mended = before + joint + after if before else after.removeprefix("的")
        return mended.strip(_STOPS)


def _without_hollow(brackets: re.Match[str]) -> str:
    return CUT if CUT in brackets[0] else brackets[0]
