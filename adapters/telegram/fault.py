"""What went wrong with a call, in the program's own words; pure."""

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.errors import ChatMoved, MessageGone, NotSent

NOT_MODIFIED = "message is not modified"
"""It shows already what it is to show."""
GONE = (
    *("chat not found", "user not found", "peer_id_invalid", "chat_id_invalid"),
    *("group chat was deactivated", "the group chat was deleted", "user is deactivated"),
)
"""Of a chat: nothing can be said there any more."""
MESSAGE_GONE = (
    *("message to edit not found", "message can't be edited", "message_id_invalid"),
    *("there is no text in the message to edit", "there is no caption in the message to edit"),
    *("message to be edited not found", "media_empty", "photo_invalid_dimensions"),
    *("image_process_failed", "inline_message_id_invalid", "not enough rights to send"),
)
NO_CAPTION = "there is no caption in the message to edit"
"""It is of words alone."""
NO_TEXT = "there is no text in the message to edit"
"""It bears a picture."""
NO_PHOTOS = (
    *("not enough rights to send photos", "not enough rights to send media"),
    *("not enough rights to send documents", "chat_send_photos_forbidden"),
    *("chat_send_media_forbidden", "chat_send_docs_forbidden"),
    *("not enough rights to send animations", "chat_send_gifs_forbidden"),
)
NO_PHOTO_OF_IT = ("photo_invalid_dimensions", "image_process_failed", "photo_save_file_invalid")
"""As a file it may still go."""
NO_SUCH_FILE = ("wrong file identifier", "wrong remote file", "file_reference", "wrong file_id")
"""By which a file was known once."""
NO_TOPIC = ("message thread not found",)
PINNED_ALREADY = "chat_not_modified"
"""It is kept in sight, or it is not, just as it should."""
NOT_PINNED = "message to unpin not found"
SAFE = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
    *(httpx.ProxyError, httpx.UnsupportedProtocol),
)
"""Before anything was said to the server."""


def says(error: BaseException, words: tuple[str, ...] | str) -> bool:
    """Return whether an error is about one of these."""
    told = str(error).casefold()
    return any(one in told for one in ((words,) if isinstance(words, str) else words))


def of_send(error: TelegramError) -> NotSent | ChatMoved:
    """Return what a failed call means for what it was to send."""
    words = f"{type(error).__name__}: {error}"
    match error:
        case RetryAfter():
            return NotSent(words, retry_after_s=seconds(error))
        case ChatMigrated():
            return ChatMoved(str(error.new_chat_id))
        case Forbidden():
            return NotSent(words, final=True)
        case BadRequest():
            return NotSent(words, final=says(error, GONE), refused=True)
        case _:
            safe = isinstance(error, InvalidToken | Conflict) or isinstance(error.__cause__, SAFE)
            return NotSent(words, arrived=False if safe else None)


def of_edit(error: TelegramError) -> NotSent | ChatMoved | MessageGone:
    """Return what a failed call means for the message that it was to edit."""
    if isinstance(error, BadRequest) and says(error, MESSAGE_GONE):
        return MessageGone(str(error))
    return of_send(error)


def of_pin(error: TelegramError) -> NotSent:
    """Return what a failed call means for the message that it was to keep in sight."""
    found = of_send(error)
    if isinstance(found, ChatMoved):  # its messages have other ids there
        return NotSent(str(error), hopeless=True, refused=True)
    if not found.refused or found.final:
        return found
    return NotSent(str(found), hopeless=True, refused=True)


def wait_of(error: TelegramError) -> float | None:
    """Return how long Telegram wants silence before the same again; None: it wants none of it."""
    return seconds(error) if isinstance(error, RetryAfter) else None


def seconds(error: RetryAfter) -> float:
    """Return how long Telegram wants silence."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int | float) else wait.total_seconds()
