"""Typed lines to raw updates, and raw updates to events; pure.

A raw update is JSON as the inbox keeps it, {"id", "user", "text"} for words or
{"id", "user", "press"} for a button. Everyone at this machine is in the one chat CHAT.
"""

import re
from collections.abc import Sequence

import msgspec

from bot.action import Action
from bot.errors import NoSuchJob
from bot.event import Chat, Event, Message, Press, User
from bot.reply import Button

PLATFORM = "console"
CHAT = Chat(PLATFORM, "local")

_NUMBERED = re.compile(r"[:：](\d{1,9})")
"""The short form of a button; Chinese input methods type the wide colon."""


class _Update(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    user: str
    text: str | None = None
    press: str | None = None


def from_line(line: str, line_id: str, user: str, buttons: Sequence[Button] = ()) -> bytes:
    """Return the raw update that a typed line makes.

    Args:
        line: Words, or a button in short form: ":2" for the second of `buttons`, or what it
            carries after a colon, ":redo:7".
        line_id: An id of its own for this line.
        user: Name of who typed it.
        buttons: All that were shown, in the order of their numbers, which count from 1.

    Raises:
        NoSuchJob: No button has this number.
    """
    action = _pressed(line.strip(), buttons)
    if action is None:
        update = _Update(line_id, _whole(user), text=_whole(line))
    else:
        update = _Update(line_id, _whole(user), press=action.pack())
    return msgspec.json.encode(update)


def to_event(body: bytes) -> Event | None:
    """Return the event in a raw update.

    Raises:
        ValueError: This is no update of the console.
    """
    update = msgspec.json.decode(body, type=_Update)
    user = User(PLATFORM, update.user, update.user)
    if update.press is not None:
        return Press(id=update.id, chat=CHAT, user=user, action=Action.unpack(update.press))
    if update.text is not None:
        return Message(id=update.id, chat=CHAT, user=user, text=update.text, to_me=True)
    raise ValueError("an update of the console has text or press")


def _pressed(line: str, buttons: Sequence[Button]) -> Action | None:
    if numbered := _NUMBERED.fullmatch(line):
        number = int(numbered[1])
        if not 1 <= number <= len(buttons):
            known = f"现在有 1 到 {len(buttons)}" if buttons else "现在还没有按钮"
            raise NoSuchJob(f"没有 {number} 号按钮，{known}。")
        return buttons[number - 1].action
    if line.startswith((":", "：")):
        try:
            return Action.unpack(line[1:])
        except ValueError:
            return None
    return None


def _whole(text: str) -> str:
    """Return text without lone surrogates, which no UTF-8 can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
