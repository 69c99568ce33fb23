"""Lots drawn from a numpy generator."""

from bisect import bisect_right

from numpy.random import Generator


def pick(rng: Generator, choices: tuple[str, ...]) -> str:
    """Take one, each as likely as the others."""
    return choices[int(rng.integers(len(choices)))]


def chance(rng: Generator, share: float) -> bool:
    """Say yes in this share of cases."""
    return bool(rng.random() < share)


def rank(rng: Generator, bounds: tuple[float, ...]) -> int:
    """Draw from 0 to 1 and count the rising bounds that it reaches."""
    return bisect_right(bounds, float(rng.random()))
