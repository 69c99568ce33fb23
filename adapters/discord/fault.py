"""What Discord's errors mean for what was to be sent or edited."""

import asyncio

import aiohttp
from discord import (
    DiscordServerError,
    GatewayNotFound,
    HTTPException,
    NotFound,
    RateLimited,
)

from bot.errors import MessageGone, NotSent

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10003, 10008, 10015, 10062
NO_ACCESS, NOT_ITS_OWN, NO_DIRECTS, NO_PERMISSION, TOKEN_GONE = 50001, 50005, 50007, 50013, 50027
TOO_LARGE, ACKNOWLEDGED, TOO_OLD, ARCHIVED = 40005, 40060, 30046, 50083
HAS_THREAD = 160004
"""One was opened from that message before."""
GONE = {UNKNOWN_CHANNEL, NO_ACCESS, NO_DIRECTS}
"""Of a chat: nothing can be said there any more."""
MESSAGE_GONE = {UNKNOWN_MESSAGE, NOT_ITS_OWN, TOO_OLD, ARCHIVED, UNKNOWN_CHANNEL}
TOKEN_DEAD = {UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, TOKEN_GONE, UNKNOWN_MESSAGE}
"""Of an interaction: nothing more can be said by way of it."""
CLOUDFLARE_S = 60.0
"""How long to be silent when not Discord itself, but who stands before it, has had enough."""
UNAUTHORIZED, PAYLOAD, TOO_MANY = 401, 413, 429

Failure = (HTTPException, RateLimited, aiohttp.ClientError, OSError, asyncio.TimeoutError)
"""Whatever a call raises when it does not succeed."""
Unreachable = (*Failure, GatewayNotFound)


def code_of(error: BaseException) -> int:
    """Return Discord's own code of an error; 0: it has none."""
    return error.code if isinstance(error, HTTPException) else 0


def is_dead(error: BaseException) -> bool:
    """Return whether nothing more can be said by way of an interaction."""
    if isinstance(error, HTTPException) and error.status == UNAUTHORIZED:
        return True
    return isinstance(error, NotFound) or code_of(error) in TOKEN_DEAD


def is_too_large(error: BaseException) -> bool:
    """Return whether a picture has to be smaller."""
    if code_of(error) == TOO_LARGE:
        return True
    return isinstance(error, HTTPException) and error.status == PAYLOAD


def may_have_arrived(error: BaseException) -> bool:
    """Return whether a call may have been done, though it has failed."""
    if isinstance(error, aiohttp.ClientConnectorError | RateLimited):
        return False
    return not isinstance(error, HTTPException) or isinstance(error, DiscordServerError)


def of_send(error: BaseException) -> NotSent:
    """Return what a failed call means for what it was to send."""
    words = f"{type(error).__name__}: {error}"
    match error:
        case RateLimited():
            return NotSent(words, retry_after_s=error.retry_after)
        case HTTPException(status=429):
            return NotSent(words, retry_after_s=CLOUDFLARE_S)
        case HTTPException(status=401) | aiohttp.ClientConnectorError():
            return NotSent(words)
        case HTTPException() if not isinstance(error, DiscordServerError):
            return NotSent(words, final=code_of(error) in GONE, refused=True)
        case _:
            return NotSent(words, arrived=None)


def is_refused(error: BaseException) -> bool:
    """Return whether Discord was there, and will not have it, now or later."""
    later = {UNAUTHORIZED, TOO_MANY}
    if not isinstance(error, HTTPException) or isinstance(error, DiscordServerError):
        return False
    return error.status not in later


def of_pin(error: BaseException) -> NotSent:
    """Return what a failed call means for the message that it was to keep in sight."""
    if is_refused(error):
        return NotSent(f"{type(error).__name__}: {error}", hopeless=True, refused=True)
    return of_send(error)


def of_edit(error: BaseException) -> NotSent | MessageGone:
    """Return what a failed call means for the message that it was to edit."""
    if code_of(error) in MESSAGE_GONE or (is_dead(error) and code_of(error) not in GONE):
        return MessageGone(str(error))
    return of_send(error)
