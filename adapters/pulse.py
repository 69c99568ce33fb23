"""How the process is doing: what /状态 tells of it."""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from bot.vital import Fault, Vital

if TYPE_CHECKING:
    from adapters.readiness import Living

KEPT = 50
"""Names of errors; a program has no more, a library might."""


class Pulse(logging.Handler):
    """Notes what goes wrong, by name, from what the log is told of it."""

    def __init__(
        self, engine: "Living", models: Sequence[str], now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(logging.WARNING)
        self._engine = engine
        self._models = tuple(models)
        self._now = now
        self._begun = time.monotonic()
        self._faults: dict[str, Fault] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note the errors that a line of the log is about."""
        for name in _named(record):
            before = self._faults.pop(name, None)  # the newest is the last
            count = before.count + 1 if before else 1
            self._faults[name] = Fault(name=name, count=count, last_at=self._now())
            if len(self._faults) > KEPT:
                del self._faults[next(iter(self._faults))]

    def look(self) -> Vital:
        """Return how it is now."""
        return Vital(
            version=_version(),
            up_s=time.monotonic() - self._begun,
            ready=self._engine.ready.is_set(),
            restarts=max(0, self._engine.starts - 1),
            models=self._models,
            faults=tuple(reversed(self._faults.values())),
        )

    @contextmanager
    def noting(self) -> Generator[None]:
        """Note meanwhile what is logged."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)


def _named(record: logging.LogRecord) -> Iterator[str]:
    if record.exc_info and record.exc_info[0]:
        yield record.exc_info[0].__name__
        return
    found = record.args if isinstance(record.args, tuple) else ()
    for value in found:
        if isinstance(value, BaseException):
            yield type(value).__name__


def _version() -> str:
    try:
        return version("danqing")
    except PackageNotFoundError:  # run from a copy of the source
        return "?"
