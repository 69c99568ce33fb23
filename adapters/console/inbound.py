"""Typed lines to raw updates, and raw updates to events; pure.

A raw update is JSON as the inbox keeps it, {"id", "user", "text", "images", "reply_to"} for words,
what they are to be drawn on and what they answer, {"id", "user", "press"} for a button, or {"id",
"user", "submit", "values"} for a form that was filled in. Everyone at this machine is in the one
chat CHAT.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bot.action import Action
from bot.errors import NoSuchJob, NotUnderstood
from bot.event import Chat, Event, Image, Message, Press, Role, Stray, Submission, User
from bot.reply import Button
from bot.role import OPERATOR
from bot.wording import later, say

PLATFORM = "console"
CHAT = Chat(PLATFORM, "local")

ROLES: dict[str, Role] = {
    **dict.fromkeys(("source", "原图", "参考图"), "source"),
    **dict.fromkeys(("mask", "遮罩", "蒙版"), "mask"),
}
"""Names of the flags that name files."""
_FILE = re.compile(
    rf"(?:--|—{{1,2}})\s?({'|'.join(ROLES)})[\s=:：]+"
    r"""(?:"([^"]+)"|'([^']+)'|“([^”]+)”|((?:\\.|[^\s\\"'，,；;])+))"""
)
"""A flag and a path as terminals write it where a file is dropped: in quotation marks or with
backslashes before blanks."""
_NUMBERED = re.compile(r"[:：](\d{1,9})")
"""The short form of a button; Chinese input methods type the wide colon."""
_ANSWERING = re.compile(r"\s*[#＃](\d{1,18})(?!\d)[\s,，:：]*(?=\S)")
"""The number of a job before the words that answer it."""
EXAMPLE = '{"submit": "edit:12", "values": {"seed": ""}}'
_FILLED_IN = re.compile(r'\s*\{\s*"submit"\s*:')
"""How a line begins that hands in a form."""


class _Update(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    user: str
    text: str | None = None
    press: str | None = None
    images: tuple[Image, ...] = ()
    reply_to: str = ""
    submit: str | None = None
    values: dict[str, str] = {}
    guest: bool = False


class _FilledIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    submit: str
    values: dict[str, str]


def files_in(line: str) -> tuple[str, dict[Role, Path]]:
    """Take the files out of a line that was typed at this machine: --source a.png --mask b.png.

    Returns:
        The other words, and the file of each role.
    """
    files: dict[Role, Path] = {}
    for found in _FILE.finditer(line):
        path = found[2] or found[3] or found[4] or unescaped(found[5])
        files[ROLES[found[1]]] = Path(path)
    return _FILE.sub(" ", line) if files else line, files


def escaped(path: str) -> str:
    """Return a path with backslashes before what means something in a line."""
    return re.sub(r"([\s\\\"'“=:：，,；;])", r"\\\1", path)


def unescaped(path: str) -> str:
    """Return a path without the backslashes that escape."""
    return re.sub(r"\\(.)", r"\1", path)


def from_line(
    line: str,
    line_id: str,
    user: str,
    buttons: Sequence[Button] = (),
    images: Sequence[Image] = (),
    *,
    guest: bool = False,
) -> bytes:
    """Return the raw update that a typed line makes.

    Args:
        line: Words, or a button in short form: ":2" for the second of `buttons`, or what it
            carries after a colon, ":redo:7"; or a form as JSON. Words that answer a job begin with
            its number, "#3".
        line_id: An id of its own for this line.
        user: Name of who typed it.
        buttons: All that were shown, in the order of their numbers, which count from 1.
        images: What came with the words, taken in already.
        guest: Whether they only share the keyboard, and do not run the studio.

    Raises:
        NoSuchJob: No button has this number.
        NotUnderstood: The line begins like a form, and is none.
    """
    if _FILLED_IN.match(line):
        try:
            form = msgspec.json.decode(_whole(line), type=_FilledIn)
        except ValueError as error:
            raise NotUnderstood(
                say("这张表格没读懂，要这样写：{example}", example=EXAMPLE)
            ) from error
        return from_form(form.submit, form.values, line_id, user, guest=guest)
    action = _pressed(line.strip(), buttons)
    if action is None:
        to = _ANSWERING.match(line)
        words = line[to.end() :] if to else line
        reply_to = f"#{int(to[1])}" if to else ""
        update = _Update(
            line_id,
            _whole(user),
            text=_whole(words),
            images=tuple(images),
            reply_to=reply_to,
            guest=guest,
        )
    else:
        update = _Update(line_id, _whole(user), press=action.pack(), guest=guest)
    return msgspec.json.encode(update)


def from_form(
    action: str, values: Mapping[str, str], line_id: str, user: str, *, guest: bool = False
) -> bytes:
    """Return the raw update that a form makes when it is handed in.

    Args:
        action: What the form carries.
        values: What was filled in, by names of fields.
        line_id: An id of its own.
        user: Name of who filled it in.
        guest: Whether they only share the keyboard.
    """
    filled = {_whole(name): _whole(value) for name, value in values.items()}
    update = _Update(line_id, _whole(user), submit=action, values=filled, guest=guest)
    return msgspec.json.encode(update)


def to_event(body: bytes) -> Event | None:
    """Return the event in a raw update.

    Raises:
        ValueError: This is no update of the console.
    """
    update = msgspec.json.decode(body, type=_Update)
    roles = () if update.guest else (OPERATOR,)
    user = User(PLATFORM, update.user, update.user, roles=roles)
    carried = update.press if update.submit is None else update.submit
    if carried is not None:
        try:
            action = Action.unpack(carried)
        except ValueError:
            return Stray(id=update.id, chat=CHAT, user=user)
        if update.submit is None:
            return Press(id=update.id, chat=CHAT, user=user, action=action)
        values = update.values
        return Submission(id=update.id, chat=CHAT, user=user, action=action, values=values)
    if update.text is not None:
        return Message(
            id=update.id,
            chat=CHAT,
            user=user,
            text=update.text,
            to_me=True,
            images=update.images,
            reply_to=update.reply_to,
        )
    raise ValueError("an update of the console has text, press or submit")


def _pressed(line: str, buttons: Sequence[Button]) -> Action | None:
    if numbered := _NUMBERED.fullmatch(line):
        number = int(numbered[1])
        if not 1 <= number <= len(buttons):
            if not buttons:
                raise NoSuchJob(say("没有 {number} 号按钮，现在还没有按钮。", number=number))
            words = later("没有 {number} 号按钮，现在有 1 到 {most}。")
            raise NoSuchJob(say(words, number=number, most=len(buttons)))
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
