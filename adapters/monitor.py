"""[monitor]: a small HTTP server for who watches over the studio: /healthz, /readyz, /metrics."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv4Address

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

from adapters.locale import said
from bot.errors import StoreError

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""How long a request may take to arrive, an answer to be found, and a client to take it."""
HEAD_BYTES = 8192
"""The longest request, with all its headers."""
CONNECTIONS = 16
"""More at the same time are hung up on."""

LINE = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*?)[ \t]*")
"""Source: RFC 9112, 3 and 5; lines that are folded, which it calls obsolete, are refused."""
PLAIN = "text/plain; charset=utf-8"


class MonitorConfig(BaseModel):
    """[monitor] of config.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    address: IPvAnyAddress = IPv4Address("127.0.0.1")
    """Where it listens. Whoever reaches it may read: keep it on loopback, or behind a proxy."""
    port: int | None = Field(default=None, ge=0, le=65535)
    """None: there is no such server; 0: any port that is free, which the log tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered to a request."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes
    kind: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def encode(self) -> bytes:
        """Return it as it goes over the wire."""
        headers = {
            "Content-Type": self.kind,
            "Content-Length": str(len(self.body)),
            "Cache-Control": "no-store",
            "Connection": "close",
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + self.body


Page = Callable[[str], Awaitable[Answer]]
"""Answers one path; is told what kinds the client accepts."""


class Refused(Exception):
    """A request that is not answered as it wants."""

    def __init__(self, status: HTTPStatus, **headers: str) -> None:
        super().__init__(status.phrase)
        self.answer = Answer(
            status=status, body=f"{status.phrase}\n".encode("ascii"), headers=headers
        )


class Monitor:
    """Answers GET requests, one for each connection."""

    def __init__(
        self, config: MonitorConfig, pages: Mapping[str, Page], patience_s: float = PATIENCE_S
    ) -> None:
        self._config, self._pages, self._patience_s = config, pages, patience_s
        self._open = set[asyncio.Task[None]]()

    async def run(self) -> None:
        """Answer, until cancelled.

        Raises:
            ConfigError: The address cannot be listened at.
        """
        async with self.listening():
            await asyncio.Event().wait()

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[tuple[str, int]]:
        """Answer meanwhile; yields host and port.

        Raises:
            ConfigError: The address cannot be listened at.
        """
        host, port = str(self._config.address), self._config.port
        try:
            server = await asyncio.start_server(self._meet, host, port, limit=HEAD_BYTES)
        except OSError as error:
            from adapters.config import ConfigError  # which imports this module

            why = error.strerror or str(error)
            words = said("monitor: cannot listen at", "monitor：不能监听")
            raise ConfigError([f"{words} {host}:{port}: {why}"]) from error
        try:
            at = server.sockets[0].getsockname()[:2]
            log.info("the monitor listens at http://%s:%d", *at)
            yield at
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await server.wait_closed()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if task is not None and len(self._open) < CONNECTIONS:
                self._open.add(task)
                # cancelled only by our own end, and Python 3.11 takes that for a fault
                with suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                    await self._talk(reader, writer)
        finally:
            if task is not None:
                self._open.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answer(reader)
        except Refused as error:
            answer = error.answer
        except asyncio.IncompleteReadError:
            return  # they have left
        async with asyncio.timeout(self._patience_s):
            writer.write(answer.encode())
            writer.write_eof()
            while await reader.read(HEAD_BYTES):
                pass  # to close on what was not read would take the answer back from the client

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        try:
            async with asyncio.timeout(self._patience_s):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError as error:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT) from error
        except asyncio.LimitOverrunError as error:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
        path, accept = read(head)
        page = self._pages.get(path)
        if page is None:
            raise Refused(HTTPStatus.NOT_FOUND)
        try:
            async with asyncio.timeout(self._patience_s):
                return await page(accept)
        except (TimeoutError, OSError, sqlite3.Error, StoreError) as error:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE) from error


def read(head: bytes) -> tuple[str, str]:
    """Return path and accepted kinds of a GET request.

    Raises:
        Refused: It is none, or one that could be read in two ways.
    """
    try:
        line, *rest = head.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    except UnicodeDecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST) from error
    asked, found = LINE.fullmatch(line), [HEADER.fullmatch(header) for header in rest]
    if asked is None or None in found:
        raise Refused(HTTPStatus.BAD_REQUEST)
    headers = {match[1].lower(): match[2] for match in found if match}
    if asked[1] != "GET":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET")
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if has_body or len(headers) < len(found) or ("host" not in headers and asked[3] == "1"):
        raise Refused(HTTPStatus.BAD_REQUEST)
    return asked[2].partition("?")[0], headers.get("accept", "")


async def healthy(_: str) -> Answer:
    """Say that the loop of the process turns, by saying anything."""
    return Answer(body=b"ok\n")
