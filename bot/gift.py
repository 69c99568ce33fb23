"""福袋: pictures of one's own day, given to a chat in shares that are drawn by lot."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

MOST_SHARES = 100
"""Of one gift."""
Draw = Callable[[int], int]
"""Returns a number from 0 to below n, each as likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a gift."""

    pictures: int
    taken: bool = False
    user: str = ""
    """Key of who took it; empty: nobody, or somebody who is forgotten."""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """What somebody gave to a chat."""

    id: int
    user: str
    """Key of the giver."""
    name: str
    chat: str
    """Key."""
    expires_at: float
    """What is not taken by then is the giver's again."""
    shares: tuple[Share, ...]
    """In the order in which they are taken."""

    @property
    def pictures(self) -> int:
        """All of it."""
        return sum(share.pictures for share in self.shares)

    @property
    def open(self) -> int:
        """How many shares nobody has taken."""
        return sum(not share.taken for share in self.shares)

    @property
    def luckiest(self) -> int:
        """Which of the shares is the largest; of several, that which was taken first."""
        return max(range(len(self.shares)), key=lambda at: self.shares[at].pictures)


def split(pictures: int, shares: int, draw: Draw) -> tuple[int, ...]:
    """Return shares of at least one picture each, all together as many as there are.

    Each is drawn below twice the mean of what is left, as red packets are; then they are shuffled,
    so that it does not matter who comes first.

    Args:
        pictures: At least as many as shares.
        shares: At least one.
        draw: Where the luck comes from.
    """
    found, left = list[int](), pictures
    for people in range(shares, 1, -1):
        most = min(max(1, 2 * left // people - 1), left - (people - 1))
        found.append(1 + draw(most))
        left -= found[-1]
    found.append(left)
    for at in range(shares - 1, 0, -1):
        other = draw(at + 1)
        found[at], found[other] = found[other], found[at]
    return tuple(found)


def lot(seed: int) -> Draw:
    """Return luck that is the same for the same seed."""
    numbers = count()

    def draw(below: int) -> int:
        drawn = hashlib.sha256(f"{seed}/{next(numbers)}".encode()).digest()
        return int.from_bytes(drawn, "big") % below  # 256 bits: no number is likelier by much

    return draw
