"""Asks Telegram for updates; it is told that they have arrived when they are on disk."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from telegram import Bot
from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.request import BaseRequest

from adapters.locale import said
from adapters.telegram import fault
from adapters.telegram.inbound import WANTED
from adapters.telegram.limits import MOST
from bot.errors import DiskFull

log = logging.getLogger(__name__)

MARGIN_S = 15.0
"""How much longer than it may wait an answer may take."""
AGAIN_S, SLOWEST_S = 1.0, 30.0
"""Between two attempts, at first and at most."""

Take = Callable[[Sequence[Mapping[str, Any]]], Awaitable[None]]
"""Takes raw updates; returns when they are on disk."""
Note = Callable[[bool], None]
"""Is told whether updates come."""


class Poller:
    """The one who asks.

    To ask for what comes after an update confirms it. That is done once, and then forgotten: after
    a week of silence Telegram begins with an id of its own choice, which may be lower.
    """

    def __init__(self, bot: Bot, request: BaseRequest, timeout_s: int) -> None:
        """Begin.

        Args:
            bot: Whose updates are asked for.
            request: With a connection of its own: a question waits for long.
            timeout_s: How long it may.
        """
        self._bot = bot
        self._request = request
        self._timeout_s = timeout_s
        self._after: int | None = None
        self._wait_s = AGAIN_S

    async def run(self, take: Take, note: Note) -> None:
        """Ask, for ever."""
        while True:
            try:
                updates = await self._ask()
                note(True)  # noqa: FBT003  of the name
                if updates:
                    await take(updates)
            except Conflict as error:
                note(False)  # noqa: FBT003  of the name
                await self._yield_to(error)
            except (TelegramError, DiskFull) as error:
                note(False)  # noqa: FBT003  of the name
                await self._rest(error)
            else:
                highest = max((update["update_id"] for update in updates), default=None)
                self._after = None if highest is None else highest + 1
                self._wait_s = AGAIN_S

    async def _ask(self) -> Sequence[Mapping[str, Any]]:
        """Return raw updates: one that cannot be read must not keep the others from coming."""
        asked: dict[str, object] = {
            "timeout": self._timeout_s,
            "limit": MOST.updates,
            "allowed_updates": msgspec.json.encode(WANTED).decode(),
        }
        if self._after is not None:
            asked["offset"] = self._after
        found = await self._request.post(
            f"{self._bot.base_url}/getUpdates?{urlencode(asked)}",
            read_timeout=self._timeout_s + MARGIN_S,
        )
        return msgspec.convert(found, list[dict[str, Any]])

    async def _yield_to(self, error: Conflict) -> None:
        """Say that somebody else gets the updates, and wait."""
        if "webhook" in str(error).casefold():
            log.warning(
                said(
                    "telegram: a webhook was set; it is removed, since telegram.mode is polling",
                    "telegram：之前设过 webhook，现在是 polling 模式，已经取消它",
                )
            )
            await self._bot.delete_webhook()
            return
        words = said(
            "telegram: another program asks for this bot's updates; only one may: stop it, or give "
            "this one a token of its own",
            "telegram：另一个程序也在用这个令牌收消息，只能有一个：请停掉它，或者换一个令牌",
        )
        log.error(words)
        await self._sleep()

    async def _rest(self, error: Exception) -> None:
        """Say what is wrong, and wait."""
        if isinstance(error, InvalidToken):
            log.error(
                said(
                    "telegram: the token is not valid any more",
                    "telegram：这个令牌已经失效了",
                )
            )
        else:
            log.warning("telegram: no updates: %s", error)
        asked_s = fault.wait_of(error) if isinstance(error, TelegramError) else None
        await self._sleep(asked_s)

    async def _sleep(self, asked_s: float | None = None) -> None:
        await asyncio.sleep(asked_s or self._wait_s)
        self._wait_s = min(SLOWEST_S, 2 * self._wait_s)
