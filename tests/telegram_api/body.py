"""What comes with a message that the bot sends: its text, media, place and keyboard."""

from collections.abc import Callable
from typing import Any

from tests.telegram_api import keyboard
from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.file import Media
from tests.telegram_api.message import Content, Message
from tests.telegram_api.params import Params, Upload
from tests.telegram_api.refusal import Json, bad
from tests.telegram_api.text import Text, parsed
from tests.telegram_api.world import World

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
ATTACHED = "attach://"


def text_of(world: World, source: str, mode: str, entities: list[Any]) -> Text:
    """Return the text of a message.

    Raises:
        Refusal: It is empty, too long or cannot be parsed.
    """
    text = parsed(source, mode, entities, world.user)
    if not text.text:
        raise bad("message text is empty")
    if text.units > TEXT_UNITS:
        raise bad("message is too long")
    return text


def caption_of(world: World, source: str, mode: str, entities: list[Any]) -> Text:
    """Return a caption, which may be empty."""
    caption = parsed(source, mode, entities, world.user)
    if caption.units > CAPTION_UNITS:
        raise bad("message caption is too long")
    return caption


def text_content(world: World, params: Params) -> Content:
    """Return the content of a text message."""
    body = text_of(world, params.text("text"), params.text("parse_mode"), params.array("entities"))
    return Content(body=body, preview=params.mapping("link_preview_options"))


def file_of(world: World, kind: str, params: Params) -> Media:
    """Return the file of a call, which comes as the field itself or is named by it.

    Args:
        world: Where files are kept.
        kind: photo, document or animation, the name of the field.
        params: The call.
    """
    if kind in params.files:
        return _stored(world, kind, params.files[kind])
    return media_of(world, kind, params.text(kind), params)


def media_of(world: World, kind: str, name: str, params: Params, *, uploads: bool = True) -> Media:
    """Return a file that a field names.

    Args:
        world: Where files are kept.
        kind: photo, document, video or animation.
        name: What the field says: attach://…, a file id.
        params: The call.
        uploads: False for inline messages, which take no new file.
    """
    if not name.startswith(ATTACHED):
        return _known(world, kind, name)
    upload = params.files.get(name.removeprefix(ATTACHED))
    if upload is None:
        raise bad(f"can't find the attached file {name.removeprefix(ATTACHED)}")
    if not uploads:
        raise bad("can't upload a new file for an inline message")
    return _stored(world, kind, upload)


def _known(world: World, kind: str, name: str) -> Media:
    if "://" in name:
        world.refuse(f"the fake fetches nothing from the net: {name}")
        raise bad("failed to get HTTP URL content")
    if not name:
        raise bad(f"there is no {kind} in the request")
    return world.files.known(name, kind)


def _stored(world: World, kind: str, upload: Upload) -> Media:
    if kind == "photo":
        return world.files.photo(upload.data, keep=False)
    if kind == "animation":
        return world.files.animation(upload, keep=False)
    return world.files.document(upload, kind, keep=False)


def item(world: World, given: Json, params: Params, *, uploads: bool = True) -> Content:
    """Return the content that an InputMedia stands for."""
    kind = given.get("type")
    if kind not in {"photo", "document", "video"}:
        world.refuse(f"the fake has no media of type {kind}")
        raise bad(f"can't parse InputMedia: type {kind} is unsupported")
    body = caption_of(
        world,
        str(given.get("caption", "")),
        str(given.get("parse_mode", "")),
        given.get("caption_entities", []),
    )
    return Content(
        body=body,
        media=media_of(world, str(kind), str(given.get("media", "")), params, uploads=uploads),
        above=bool(given.get("show_caption_above_media")),
        spoiler=bool(given.get("has_spoiler")),
    )


def answered(world: World, chat: Chat, params: Params) -> Message | None:
    """Return the message that a new one answers.

    Raises:
        Refusal: It is not there, and it was not said that this does not matter.
    """
    given = params.mapping("reply_parameters")
    if given is None:
        return None
    if given.get("chat_id") not in (None, chat.id):
        world.refuse("the fake has no answers across chats")
    message = chat.message(given.get("message_id"))
    if message is None and not given.get("allow_sending_without_reply"):
        raise bad("message to be replied not found", benign=True)
    quote = given.get("quote")
    if message is not None and quote and str(quote) not in message.text:
        raise bad("QUOTE_TEXT_INVALID")
    return message


def place(
    world: World, params: Params, *kinds: str, cost: int = 1
) -> tuple[Chat, Message | None, Topic | None]:
    """Return where a new message goes: chat, answered message, topic.

    Raises:
        Refusal: The bot may not send there, or not so fast.
    """
    chat = chat_of(world, params)
    chat.check_open()
    chat.check_may_send(kinds)
    message = answered(world, chat, params)
    topic = chat.thread(params.integer("message_thread_id"), message)
    world.flood.count(chat.id, cost, private=chat.private)
    return chat, message, topic


def _number(params: Params) -> bool:
    return str(params.values.get("chat_id", "")).lstrip("-").isdigit()


def chat_of(world: World, params: Params) -> Chat:
    """Return the chat that a call names."""
    return world.chat(params.value("chat_id") if _number(params) else params.text("chat_id"))


def markup_of(chat: Chat | None, params: Params, *, inline_only: bool = False) -> Json | None:
    """Return the keyboard of a message."""
    markup = keyboard.checked(params.mapping("reply_markup"), inline_only=inline_only)
    if chat is not None and chat.kind == "channel" and markup and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    return markup


Method = Callable[[World, Params], Any]
