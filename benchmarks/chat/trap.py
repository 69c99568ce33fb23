"""Waits for a call of the program, and kills it then: before it is done, before it is answered."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from random import Random  # noqa: TID251  when to kill, from a seed
from typing import Literal

from benchmarks.chat.program import Process
from tests.telegram_api.fault import HangBefore, Planned
from tests.telegram_api.world import Call, World

How = Literal["lost", "done", "after"]
CLOCK = "clock"
ANY = "any call"
MOST = {
    ANY: 20,
    "getUpdates": 4,
    "sendMessage": 3,
    "sendMediaGroup": 1,
    "editMessageMedia": 3,
    "editMessageText": 1,
}
"""It is one of so many such calls since the start."""
LONGEST_S = 3.0
"""The clock kills so long after the start at most: often while it starts."""
SOON_S = 0.03
"""After a call has come, if it is not killed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a program is killed."""

    trigger: str
    """CLOCK, ANY, or a method."""
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


def moments(random: Random, count: int) -> list[Moment]:
    """Return moments of all kinds, in an order that nobody foresees."""
    kinds = [CLOCK, *MOST]
    found = [_moment(random, kinds[number % len(kinds)]) for number in range(count)]
    random.shuffle(found)
    return found


def _moment(random: Random, trigger: str) -> Moment:
    if trigger == CLOCK:
        return Moment(trigger=CLOCK, seconds=random.random() * LONGEST_S)
    how = random.choice(("lost", "done", "after"))
    number = random.randint(1, MOST[trigger])
    seconds = random.random() * SOON_S if how == "after" else 0.0
    return Moment(trigger=trigger, number=number, how=how, seconds=seconds)


class Trap:
    """Kills a program at its moment."""

    def __init__(self, world: World, process: Process, moment: Moment) -> None:
        self._world = world
        self._process = process
        self._moment = moment
        self._left = moment.number
        self._loop = asyncio.get_running_loop()
        self._planned: Planned | None = None
        self.dead = False
        self.up = asyncio.Event()
        """Set when the program asks for updates, and when it is killed."""
        if moment.trigger == CLOCK:
            self._loop.call_later(moment.seconds, self._kill)

    def hear(self, call: Call) -> None:
        """Note a call before it is done."""
        if call.method == "getUpdates":
            self.up.set()
        if self._moment.trigger not in (ANY, call.method) or self._left <= 0:
            return
        self._left -= 1
        if not self._left:
            self._spring(call)

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
        if self._planned is not None:
            self._planned.release()
        return came

    def _spring(self, call: Call) -> None:
        if self._moment.how == "after":
            self._loop.call_later(self._moment.seconds, self._kill)
            return
        self._kill()
        if self._moment.how == "lost":  # of this very call, which is looked at next
            planned = Planned(call.method, HangBefore(), 1, call.chat_id)
            self._planned = self._world.faults.plan(planned)

    def _kill(self) -> None:
        self.dead = True
        with suppress(ProcessLookupError):
            self._process.kill()
