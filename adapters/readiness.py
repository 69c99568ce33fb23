"""/readyz: whether people would be served now."""

import asyncio
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, runtime_checkable

import msgspec
from aiosqlite import Connection

from adapters.monitor import PATIENCE_S, Answer
from bot.errors import StudioError
from bot.ports import Adapter
from bot.store.store import Store
from generation.wire import Beat


class Living(Protocol):
    """The engine, as who watches it sees it."""

    ready: asyncio.Event
    """Set while it is warm."""
    starts: int
    """How often it was begun."""

    @property
    def beat(self) -> Beat | None:
        """Its last sign of life."""
        ...


@runtime_checkable
class Connects(Protocol):
    """An adapter that knows whether it is connected; others always are."""

    @property
    def connected(self) -> bool:
        """Whether its platform can be reached."""
        ...


def connected(adapter: Adapter) -> bool:
    """Return whether an adapter is connected."""
    return not isinstance(adapter, Connects) or adapter.connected


class Readiness:
    """Says whether people would be served now, part by part."""

    def __init__(
        self,
        store: Store,
        engine: Living,
        adapters: Mapping[str, Adapter],
        patience_s: float = PATIENCE_S / 2,
    ) -> None:
        self._store, self._engine, self._adapters = store, engine, adapters
        self._patience_s = patience_s
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, _: str) -> Answer:
        """Answer 200 if all is well, else 503."""
        parts = {
            "database": await self._database(),
            "disk": "ok" if self._store.gallery.has_room() else "full",
            "engine": "ok" if self._engine.ready.is_set() else "not ready",
        }
        platforms = {
            name: "ok" if connected(adapter) else "not connected"
            for name, adapter in self._adapters.items()
        }
        ready = {*parts.values(), *platforms.values()} == {"ok"}
        body = {"ready": ready, **parts, "platforms": platforms}
        return Answer(
            status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
            body=msgspec.json.encode(body) + b"\n",
            kind="application/json",
        )

    async def _database(self) -> str:
        """Begin a transaction that changes nothing; one at a time, however often it is asked."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._store.write(_nothing))
            self._writing.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            async with asyncio.timeout(self._patience_s):
                await asyncio.shield(self._writing)
        except TimeoutError:
            return "busy"
        except (sqlite3.Error, ValueError, StudioError) as error:  # aiosqlite: closed
            return f"not writable: {type(error).__name__}"
        return "ok"


async def _nothing(_: Connection) -> None:
    pass
