"""What can go wrong between a program and Discord."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

Scope = Literal["user", "global", "shared"]


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429 of Discord itself, nothing is done."""

    seconds: float = 0.3
    scope: Scope = "user"
    global_: bool = False


@dataclass(frozen=True, slots=True)
class CloudflarePage:
    """429 of what stands before Discord: a page, without Via; nothing is done."""

    seconds: int = 60
    body: str = "<html><head><title>Access denied | Error 1015</title></head></html>"


@dataclass(frozen=True, slots=True)
class ServerError:
    """A gateway's page instead of an answer; nothing is done."""

    status: int = 502
    body: str = "<html><head><title>502 Bad Gateway</title></head></html>"


@dataclass(frozen=True, slots=True)
class ApiError:
    """A refusal with a code of Discord's; nothing is done."""

    status: int
    code: int
    message: str = ""
    """Empty for what Discord says with the code."""


@dataclass(frozen=True, slots=True)
class Hang:
    """It is done, and never answered."""


@dataclass(frozen=True, slots=True)
class HangBefore:
    """It is never done and never answered."""


@dataclass(frozen=True, slots=True)
class Hold:
    """It is done, and answered when it is released."""


@dataclass(frozen=True, slots=True)
class HoldBefore:
    """It is done and answered when it is released."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is cut while the request is read; nothing is done."""


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """It is done, and the connection is cut."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """It is done; 200 comes back with what is no JSON."""

    body: bytes = b'{"id":"12'


Fault = (
    RateLimited | CloudflarePage | ServerError | ApiError | Hang | HangBefore | Hold | HoldBefore
    | Reset | ResetAfter | Garbage
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Planned:
    """A fault that waits for its call."""

    name: str | None
    """A method, a route, or both with a space between; None for any call."""
    fault: Fault
    times: int
    channel: int | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to let those that hang go: their connection is cut, unless they were only held."""

    def release(self) -> None:
        self.released.set()

    def meets(self, method: str, route: str) -> bool:
        """Say if it is meant for a call."""
        return self.name in (None, method, route, f"{method} {route}")


@dataclass(slots=True)
class Faults:
    """All that is planned."""

    planned: list[Planned] = field(default_factory=list[Planned])
    hanging: list[Planned] = field(default_factory=list[Planned])

    def plan(self, planned: Planned) -> Planned:
        self.planned.append(planned)
        return planned

    def cuts(self, method: str, route: str) -> bool:
        """Say if the next such call is cut before it is read, and count it."""
        return self._take(method, route, None, cutting=True) is not None

    def take(self, method: str, route: str, channel: int | None) -> Planned | None:
        """Return what goes wrong with a call, and count it."""
        return self._take(method, route, channel, cutting=False)

    def _take(
        self, method: str, route: str, channel: int | None, *, cutting: bool
    ) -> Planned | None:
        for planned in self.planned:
            early = isinstance(planned.fault, Reset) and planned.channel is None
            here = planned.channel in (None, channel)
            if early is cutting and here and planned.meets(method, route):
                planned.times -= 1
                if not planned.times:
                    self.planned.remove(planned)
                hangs = isinstance(planned.fault, Hang | HangBefore | Hold | HoldBefore)
                if hangs and planned not in self.hanging:
                    self.hanging.append(planned)
                return planned
        return None

    async def released(self, planned: Planned) -> None:
        """Wait until what hangs is let go."""
        await planned.released.wait()
        if planned in self.hanging:
            self.hanging.remove(planned)

    def release(self) -> None:
        """Let all go that hang."""
        for planned in self.hanging:
            planned.release()
        self.hanging.clear()
