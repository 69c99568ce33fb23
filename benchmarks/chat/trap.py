"""Waits for a call of the program, and kills it then: before it is done, before it is answered."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random  # noqa: TID251  when to kill, from a seed
from typing import Literal

from benchmarks.chat.program import Process

How = Literal["lost", "done", "after"]
Release = Callable[[], object]
Lose = Callable[[], Release]
"""Has the call that is being told of never be done; what it returns lets that call go."""
CLOCK = "clock"
ANY = "any call"
LONGEST_S = 3.0
"""The clock kills so long after the start at most: often while it starts."""
SOON_S = 0.03
"""After a call has come, if it is not killed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a program is killed."""

    trigger: str
    """CLOCK, ANY, or the name of a call."""
    number: int = 1
    """At which such call."""
    how: How = "done"
    """Lost: the call is never done. Done: it is, but nobody is told. After: a moment later."""
    seconds: float = 0.0
    """By the clock after the start, else after the call."""

    def __str__(self) -> str:
        """Return it in words."""
        if self.trigger == CLOCK:
            return f"{self.seconds:.2f} s after the start"
        return f"{self.trigger} {self.number}, {self.how} {self.seconds * 1000:.0f} ms"


def moments(random: Random, count: int, most: Mapping[str, int]) -> list[Moment]:
    """Return moments of all kinds, in an order that nobody foresees.

    Args:
        random: Chooses.
        count: How many.
        most: By the name of a call, that it is one of so many such calls since the start.
    """
    kinds = [CLOCK, *most]
    found = [_moment(random, kinds[number % len(kinds)], most) for number in range(count)]
    random.shuffle(found)
    return found


def _moment(random: Random, trigger: str, most: Mapping[str, int]) -> Moment:
    if trigger == CLOCK:
        return Moment(trigger=CLOCK, seconds=random.random() * LONGEST_S)
    how = random.choice(("lost", "done", "after"))
    number = random.randint(1, most[trigger])
    seconds = random.random() * SOON_S if how == "after" else 0.0
    return Moment(trigger=trigger, number=number, how=how, seconds=seconds)


class Trap:
    """Kills a program at its moment."""

    def __init__(self, process: Process, moment: Moment) -> None:
        self._process = process
        self._moment = moment
        self._left = moment.number
        self._loop = asyncio.get_running_loop()
        self._release: Release | None = None
        self.dead = False
        self.up = asyncio.Event()
        """Set when the program takes what is said, and when it is killed."""
        if moment.trigger == CLOCK:
            self._loop.call_later(moment.seconds, self._kill)

    def hear(self, name: str, lose: Lose) -> None:
        """Note a call before it is done.

        Args:
            name: What is called.
            lose: Has it never be done.
        """
        if self._moment.trigger not in (ANY, name) or self._left <= 0:
            return
        self._left -= 1
        if not self._left:
            self._spring(lose)

    async def sprung(self, patience_s: float) -> bool:
        """Wait until the program is dead, and kill it if the moment does not come."""
        came = True
        try:
            await asyncio.wait_for(self._process.wait(), patience_s)
        except TimeoutError:
            came = False
            self._kill()
            await self._process.wait()
        self.up.set()
        if self._release is not None:
            self._release()
        return came

    def _spring(self, lose: Lose) -> None:
        if self._moment.how == "after":
            self._loop.call_later(self._moment.seconds, self._kill)
            return
        self._kill()
        if self._moment.how == "lost":
            self._release = lose()

    def _kill(self) -> None:
        self.dead = True
        with suppress(ProcessLookupError):
            self._process.kill()
