"""The calls to Discord's REST API, made by discord.py's own client, which keeps to its rates."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from discord import File as TheirFile
from discord.http import HTTPClient, Route
from discord.webhook.async_ import AsyncWebhookAdapter

from adapters.discord.config import DiscordConfig
from adapters.discord.file import File, described
from adapters.discord.inbound import Me
from adapters.discord.place import Place
from bot.errors import NotSent

WAIT_S = 30.0
"""A wait for its rate that is longer is left to the courier, as discord.py can tell it."""
CALL_S, FILES_S = 30.0, 90.0
"""How long a call may take."""
SHOWN = 80
"""Characters of what is no answer, for the log."""
LIMIT_KEPT = 10_000
"""Channels of which is remembered how large a file may be there."""


class _Http(HTTPClient):
    """discord.py's client.

    Who waits while nothing may be called holds up all others until then; if it is given up
    meanwhile, they would wait for ever.
    """

    async def request(self, route: Route, **more: Any) -> Any:
        try:
            return await super().request(route, **more)
        except asyncio.CancelledError:
            self._global_over.set()
            raise


class Wire:
    """All connections, to be closed together.

    What an interaction is answered by has a client of its own: no rate of the bot holds for it.
    """

    def __init__(self, config: DiscordConfig) -> None:
        """Begin; nothing is called yet."""
        Route.BASE = config.api_base  # of all that discord.py calls: that is how it is told
        self._config = config
        self._http: _Http | None = None
        self._hooks = AsyncWebhookAdapter()
        self._session: aiohttp.ClientSession | None = None
        self.me: Me | None = None
        """Who the bot is, once Discord has told."""
        self.application: Mapping[str, Any] = {}
        """What Discord says of it."""
        self.room = dict[str, int]()
        """Bytes that a file may have, by channel, where Discord has told."""

    async def open(self) -> Me:
        """Log in, and return who the bot is.

        Raises:
            LoginFailure: Discord does not know the token.
            HTTPException, aiohttp.ClientError, OSError: It does not answer.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        if self._http is not None:
            await self._http.close()
        self._http = _Http(
            asyncio.get_running_loop(),
            proxy=self._config.proxy or None,
            max_ratelimit_timeout=WAIT_S,
        )
        with _readable():
            user = await self._http.static_login(self._config.token.get_secret_value())
            self.application = await self.call("GET", "/oauth2/applications/@me")
            self.me = Me(
                id=int(user["id"]),
                application=int(self.application["id"]),
                username=user["username"],
            )
        return self.me

    async def close(self) -> None:
        """Close all connections, whether Discord was ever reached or not."""
        if self._http is not None and self._session is not None:
            await self._http.close()
        if self._session is not None:
            await self._session.close()

    @property
    def known(self) -> Me:
        """Who the bot is.

        Raises:
            NotSent: Discord was not reached yet.
        """
        if self.me is None:
            raise NotSent("discord was not reached yet")
        return self.me

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        files: Sequence[File] = (),
        query: Mapping[str, object] | None = None,
        **ids: int | str,
    ) -> Any:
        """Make a call in the bot's name, and return what Discord says.

        Raises:
            HTTPException, RateLimited, aiohttp.ClientError, OSError, TimeoutError: It failed.
            NotSent: Discord was not reached yet.
        """
        if self._http is None:
            raise NotSent("discord was not reached yet")
        asked = f"{path}?{urlencode(query)}" if query else path
        route = Route(method, asked, metadata=None, **ids)
        more: dict[str, Any] = {} if json is None else {"json": json}
        if files:
            handed = [one.handed() for one in files]
            more = {"form": _form(json, files, handed), "files": handed}
        with _readable():
            async with asyncio.timeout(FILES_S if files else CALL_S):
                return _told(await self._http.request(route, **more))

    async def called_back(self, place: Place, answer: Mapping[str, Any], limit_s: float) -> None:
        """Give an interaction its first answer.

        Raises:
            HTTPException, aiohttp.ClientError, OSError, TimeoutError: It failed.
        """
        route = Route(
            "POST",
            "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=place.interaction,
            webhook_token=place.token,
        )
        with _readable():
            async with asyncio.timeout(limit_s):
                await self._hooks.request(
                    route, self._opened, payload=dict(answer), proxy=self._proxy
                )

    async def by_token(
        self,
        method: str,
        path: str,
        place: Place,
        *,
        json: object = None,
        files: Sequence[File] = (),
    ) -> Any:
        """Make a call by way of an interaction, and return what Discord says.

        Raises:
            HTTPException, aiohttp.ClientError, OSError, TimeoutError: It failed.
            NotSent: Discord was not reached yet.
        """
        route = Route(
            method,
            f"/webhooks/{{webhook_id}}/{{webhook_token}}{path}",
            webhook_id=self.known.application,
            webhook_token=place.token,
        )
        handed = [one.handed() for one in files]
        with _readable():
            async with asyncio.timeout(FILES_S if files else CALL_S):
                told = await self._hooks.request(
                    route,
                    self._opened,
                    payload=None
                    if files or json is None
                    else msgspec.convert(json, dict[str, Any]),
                    multipart=_form(json, files, handed) if files else None,
                    files=handed,
                    proxy=self._proxy,
                )
                return _told(told)

    async def fetched(self, url: str) -> bytes:
        """Return a file.

        Raises:
            HTTPException, aiohttp.ClientError, OSError, TimeoutError: It failed.
            NotSent: Discord was not reached yet.
        """
        if self._http is None:
            raise NotSent("discord was not reached yet")
        async with asyncio.timeout(CALL_S):
            return await self._http.get_from_cdn(url)

    def has_room(self, channel: str, size: object) -> None:
        """Note how large a file may be in a channel."""
        if isinstance(size, int):
            if len(self.room) >= LIMIT_KEPT:
                self.room.clear()
            self.room[channel] = size

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NotSent("discord was not reached yet")
        return self._session

    @property
    def _proxy(self) -> str | None:
        return self._config.proxy or None


@contextmanager
def _readable() -> Generator[None]:
    """Have an answer that cannot be read be as one that did not arrive."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise aiohttp.ClientPayloadError(f"cannot be read: {error!r}") from error


def _told(answer: Any) -> Any:
    """Return an answer; a page is none.

    Raises:
        ValueError: It is one.
    """
    if answer and isinstance(answer, str):
        raise ValueError(f"no JSON: {answer[:SHOWN]}")
    return answer


def _form(json: object, files: Sequence[File], handed: Sequence[TheirFile]) -> list[dict[str, Any]]:
    """Return the parts of a call with files, which are read piece by piece."""
    body = msgspec.to_builtins(json) | {"attachments": described(list(files))}
    return [
        {"name": "payload_json", "value": msgspec.json.encode(body).decode()},
        *(
            {
                "name": f"files[{number}]",
                "value": theirs.fp,
                "filename": one.name,
                "content_type": "application/octet-stream",
            }
            for number, (one, theirs) in enumerate(zip(files, handed, strict=True))
        ),
    ]
