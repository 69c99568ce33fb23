"""python-telegram-bot's bot and the connections that it makes calls by."""

import logging

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

from adapters.telegram.config import TelegramConfig

READ_S, WRITE_S, CONNECT_S, POOL_S, MEDIA_S = 20.0, 20.0, 10.0, 30.0, 60.0
"""Pictures are large, and some lines are slow: PTB's own 5 s give up on what is on its way."""
CONNECTIONS = 64


class Wire:
    """All of them, to be closed together."""

    def __init__(self, config: TelegramConfig) -> None:
        """Begin; nothing is called yet."""
        # httpx tells the token with each request
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._calls = _request(config, CONNECTIONS)
        self.polls = _request(config, 1)
        """For questions that wait for long."""
        self.bot = Bot(
            config.token.get_secret_value(),
            base_url=config.base_url,
            base_file_url=config.base_file_url,
            request=self._calls,
            get_updates_request=self.polls,
        )

    async def close(self) -> None:
        """Close all connections, whether Telegram was ever reached or not."""
        await self._calls.shutdown()
        await self.polls.shutdown()


def _request(config: TelegramConfig, connections: int) -> HTTPXRequest:
    """Return what makes calls, by so many connections at most, all of them kept."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return HTTPXRequest(
        read_timeout=READ_S,
        write_timeout=WRITE_S,
        connect_timeout=CONNECT_S,
        pool_timeout=POOL_S,
        media_write_timeout=MEDIA_S,
        proxy=config.proxy or None,
        httpx_kwargs={"limits": limits},
    )
