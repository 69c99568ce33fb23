"""Takes updates that Telegram brings; it is told that they have arrived when they are on disk."""

import asyncio
import hashlib
import hmac
import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from telegram import Bot
from telegram.error import TelegramError

from adapters.locale import said
from adapters.telegram import fault
from adapters.telegram.config import TelegramConfig
from adapters.telegram.inbound import WANTED
from adapters.telegram.polling import Note, Take
from bot.errors import DiskFull

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  its name
MOST_BYTES = 1 << 20
"""Of an update; Telegram's have a few kilobytes."""
AGAIN_S, SLOWEST_S = 1.0, 60.0


class Webhook:
    """Listens where telegram.webhook_url leads to."""

    def __init__(self, bot: Bot, config: TelegramConfig) -> None:
        self._bot = bot
        self._config = config
        self._secret = secret_of(config)

    async def run(self, take: Take, note: Note) -> None:
        """Listen, and have Telegram come, for ever.

        Raises:
            ConfigError: The address cannot be listened at, or none is told.
        """
        url = urlsplit(self._config.webhook_url)
        if not url.hostname:
            raise _fault(
                said(
                    "telegram.webhook_url: say where Telegram reaches this machine: https://…",
                    "telegram.webhook_url：要写 Telegram 从外面怎么访问这台机器，https://…",
                )
            )
        runner = web.AppRunner(self._app(url.path or "/", take), access_log=None)
        await runner.setup()
        try:
            await self._listen(runner)
            await self._invite()
            note(True)  # noqa: FBT003  of the name
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    def _app(self, path: str, take: Take) -> web.Application:
        async def brought(request: web.Request) -> web.Response:
            return web.Response(status=await self._taken(request, take))

        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post(path, brought)
        return app

    async def _taken(self, request: web.Request, take: Take) -> HTTPStatus:
        """Take an update, and say what is to be answered: of 503 Telegram comes again."""
        told = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(told.encode(), self._secret.encode()):
            return HTTPStatus.FORBIDDEN
        if request.content_type != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        try:
            update = await _read(request)
            await take([update])
        except web.HTTPRequestEntityTooLarge:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        except DiskFull:
            log.error("telegram: an update has to come again: the disk is full")  # noqa: TRY400
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    async def _listen(self, runner: web.AppRunner) -> None:
        at = self._config.webhook_listen
        host, _, port = at.rpartition(":")
        try:
            await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
        except (OSError, ValueError) as error:
            raise _fault(
                said(
                    f"telegram.webhook_listen: cannot listen at {at}: {error}",
                    f"telegram.webhook_listen：不能监听 {at}：{error}",
                )
            ) from error

    async def _invite(self) -> None:
        """Tell Telegram where to come."""
        wait_s = AGAIN_S
        while True:
            try:
                await self._bot.set_webhook(
                    self._config.webhook_url,
                    allowed_updates=list(WANTED),
                    secret_token=self._secret,
                )
            except TelegramError as error:
                log.warning("telegram: the webhook is not set: %s", error)
                await asyncio.sleep(fault.wait_of(error) or wait_s)
                wait_s = min(SLOWEST_S, 2 * wait_s)
            else:
                return


async def _read(request: web.Request) -> dict[str, Any]:
    """Return an update.

    Raises:
        ValueError: It is none.
    """
    update = msgspec.json.decode(await request.read(), type=dict[str, Any])
    if type(update.get("update_id")) is not int:
        raise ValueError("no update_id")
    return update


def secret_of(config: TelegramConfig) -> str:
    """Return what Telegram has to say with each update; without one of its own, of the token."""
    own = config.webhook_secret.get_secret_value()
    token = config.token.get_secret_value().encode()
    return own or hmac.new(token, b"danqing webhook", hashlib.sha256).hexdigest()


def _fault(words: str) -> Exception:
    from adapters.config import ConfigError  # which imports this package's config

    return ConfigError([words])
