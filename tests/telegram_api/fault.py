"""What can go wrong between a program and Telegram."""

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """429, nothing is done."""

    seconds: int


@dataclass(frozen=True, slots=True)
class ServerError:
    """A gateway's page instead of an answer; nothing is done."""

    status: int = 502
    body: str = "<html><head><title>502 Bad Gateway</title></head></html>"


@dataclass(frozen=True, slots=True)
class Hang:
    """It is done, and never answered."""


@dataclass(frozen=True, slots=True)
class HangBefore:
    """It is never done and never answered."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is cut while the request is read; nothing is done."""


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """It is done, and the connection is cut."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """It is done; 200 comes back with what is no JSON."""

    body: bytes = b'{"ok":tru'


@dataclass(frozen=True, slots=True)
class Forbidden:
    """403, nothing is done."""

    text: str = "bot was blocked by the user"


@dataclass(frozen=True, slots=True)
class BadRequest:
    """400, nothing is done."""

    text: str


Fault = (
    RetryAfter | ServerError | Hang | HangBefore | Reset | ResetAfter | Garbage | Forbidden
    | BadRequest
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Planned:
    """A fault that waits for its call."""

    method: str | None
    fault: Fault
    times: int
    chat: int | None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to let those that hang go: their connection is cut."""

    def release(self) -> None:
        self.released.set()


@dataclass(slots=True)
class Faults:
    """All that is planned."""

    planned: list[Planned] = field(default_factory=list[Planned])
    hanging: list[Planned] = field(default_factory=list[Planned])

    def plan(self, planned: Planned) -> Planned:
        self.planned.append(planned)
        return planned

    def cuts(self, method: str) -> bool:
        """Say if the next such call is cut before it is read, and count it."""
        return self._take(method, None, cutting=True) is not None

    def take(self, method: str, chat: int | None) -> Planned | None:
        """Return what goes wrong with a call, and count it."""
        return self._take(method, chat, cutting=False)

    def _take(self, method: str, chat: int | None, *, cutting: bool) -> Planned | None:
        for planned in self.planned:
            early = isinstance(planned.fault, Reset) and planned.chat is None
            if early is cutting and _names(planned.method, method) and planned.chat in (None, chat):
                planned.times -= 1
                if not planned.times:
                    self.planned.remove(planned)
                if isinstance(planned.fault, Hang | HangBefore) and planned not in self.hanging:
                    self.hanging.append(planned)
                return planned
        return None

    def release(self) -> None:
        """Let all go that hang."""
        for planned in self.hanging:
            planned.release()
        self.hanging.clear()


def _names(planned: str | None, method: str) -> bool:
    """Say if a fault is meant for a method; without a name for all that is not polling."""
    return method != "getUpdates" if planned is None else planned.lower() == method.lower()
