"""A secret vote on pictures: what may be chosen, who has chosen what, and who leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.wording import later, say

MARKS = later("甲乙丙丁戊己庚辛壬癸子丑寅卯辰午未申酉亥")
"""Of pictures that nobody is named with; without 巳 and 戌, which look like 己 and 戊."""
MOST = len(MARKS)
MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}
"""By place."""

Rank = tuple[int, int]
"""Votes of the first round, and of the run-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A vote, and what became of it so far."""

    order: tuple[int, ...] = ()
    """What is voted on, as it hangs."""
    votes: Mapping[str, int] = field(default_factory=dict[str, int])
    """For what, by whom; of the run-off, if there is one."""
    first: Mapping[str, int] = field(default_factory=dict[str, int])
    """Of the round before the run-off."""
    tied: tuple[int, ...] = ()
    """Between what the run-off is; empty: there is none."""

    @property
    def open(self) -> tuple[int, ...]:
        """What can be voted for."""
        return self.tied or self.order

    def mark(self, one: int) -> str:
        """Return by what letter one goes."""
        return say(MARKS)[self.order.index(one)]

    def marks(self, some: Sequence[int]) -> str:
        """Return the letters of some, for a sentence."""
        return say("、").join(self.mark(one) for one in some)

    def cast(self, key: str, one: int) -> "Ballot":
        """Return the ballot with somebody's vote, in place of theirs before."""
        return replace(self, votes={**self.votes, key: one})

    def count(self, one: int) -> int:
        """Return how many votes one got in the first round."""
        votes = self.first if self.tied else self.votes
        return sum(vote == one for vote in votes.values())

    def rank(self, one: int) -> Rank:
        """Return what one is placed by."""
        more = sum(vote == one for vote in self.votes.values()) if one in self.tied else 0
        return self.count(one), more

    def place(self, one: int) -> int:
        """Return the place of one, from 1; who has as much shares it."""
        return 1 + sum(self.rank(other) > self.rank(one) for other in self.order)

    @property
    def leaders(self) -> tuple[int, ...]:
        """Return what has the most votes; nothing if there are none."""
        return tuple(one for one in self.order if self.place(one) == 1 and self.count(one))

    @property
    def ranked(self) -> tuple[int, ...]:
        """Return all, the first place first."""
        return tuple(sorted(self.order, key=self.place))

    def run_off(self) -> "Ballot":
        """Return the vote between those that lead."""
        return replace(self, tied=self.leaders, first=self.votes, votes={})
