"""The methods that put something new into a chat."""

from typing import Any, cast

from tests.telegram_api import body
from tests.telegram_api.body import Method
from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.message import Content, Message
from tests.telegram_api.params import Params
from tests.telegram_api.refusal import Json, bad
from tests.telegram_api.world import World

ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note",
    "upload_video_note",
}  # fmt: skip
TOGETHER = {"photo", "video"}


def _sent(
    world: World, where: tuple[Chat, Message | None, Topic | None], content: Content
) -> Message:
    chat, answered, topic = where
    return world.add(
        Message(
            id=world.message_id(chat),
            chat=chat,
            date=world.date,
            author=None if chat.kind == "channel" else world.bot,
            by_bot=True,
            content=content,
            reply_to=answered,
            topic=topic,
        )
    )


def send_message(world: World, params: Params) -> Json:
    """Send words."""
    chat = body.chat_of(world, params)
    content = body.text_content(world, params)
    markup = body.markup_of(chat, params)
    message = _sent(world, body.place(world, params, "text"), content)
    message.markup = markup
    return message.raw


def _send_file(world: World, params: Params, kind: str) -> Json:
    chat = body.chat_of(world, params)
    caption = body.caption_of(
        world,
        params.text("caption"),
        params.text("parse_mode"),
        params.array("caption_entities"),
    )
    markup = body.markup_of(chat, params)
    where = body.place(world, params, kind)
    content = Content(
        body=caption,
        media=body.file_of(world, kind, params),
        above=params.flag("show_caption_above_media"),
        spoiler=params.flag("has_spoiler"),
    )
    message = _sent(world, where, content)
    message.markup = markup
    return message.raw


def send_photo(world: World, params: Params) -> Json:
    return _send_file(world, params, "photo")


def send_document(world: World, params: Params) -> Json:
    return _send_file(world, params, "document")


def send_animation(world: World, params: Params) -> Json:
    for side in ("width", "height", "duration"):
        if params.has(side) and (params.integer(side) or 0) < 0:
            raise bad(f"{side} must be non-negative")
    return _send_file(world, params, "animation")


def send_media_group(world: World, params: Params) -> list[Json]:
    if params.has("reply_markup"):
        raise bad("an album takes no reply_markup")
    given = cast("list[Json]", params.array("media"))
    if not 2 <= len(given) <= 10:
        raise bad("an album has 2-10 items" if given else "there are no messages to send")
    kinds = {str(item.get("type")) for item in given}
    if not (kinds <= TOGETHER or kinds == {"document"}):
        raise bad(f"these media can't be together in an album: {', '.join(sorted(kinds))}")
    where = body.place(world, params, *sorted(kinds), cost=len(given))
    contents = [body.item(world, item, params) for item in given]
    album = str(13_000_000_000_000_000 + next(world.numbers))
    messages = [_sent(world, where, content) for content in contents]
    for message in messages:
        message.album = album
    return [message.raw for message in messages]


def send_chat_action(world: World, params: Params) -> bool:
    chat = body.chat_of(world, params)
    chat.check_open()
    action = params.text("action")
    if action not in ACTIONS:
        raise bad("wrong parameter action in request")
    thread = params.integer("message_thread_id")
    if thread is not None and thread != 1:
        chat.thread(thread, None)
    chat.actions.append((world.clock(), action))
    return True


def _pinnable(world: World, params: Params, what: str) -> tuple[Chat, Message]:
    chat = body.chat_of(world, params)
    chat.check_open()
    if not chat.private and not (chat.bot_is_admin and chat.bot_may_pin):
        raise bad("not enough rights to manage pinned messages in the chat", benign=True)
    message = chat.message(params.integer("message_id"))
    if message is None:
        raise bad(f"message to {what} not found", benign=True)
    return chat, message


def pin_chat_message(world: World, params: Params) -> bool:
    chat, message = _pinnable(world, params, "pin")
    if message.service is not None:
        raise bad("message can't be pinned")
    if message in chat.pinned:
        raise bad("CHAT_NOT_MODIFIED", benign=True)
    chat.pinned.append(message)
    note = _sent(world, (chat, None, message.topic), Content())
    pinned: dict[str, Any] = dict(message.raw)
    pinned.pop("reply_to_message", None)
    note.service = {"pinned_message": pinned}
    world.hear(note)
    return True


def unpin_chat_message(world: World, params: Params) -> bool:
    if not params.has("message_id"):
        chat = body.chat_of(world, params)
        if not chat.pinned:
            raise bad("message to unpin not found", benign=True)
        chat.pinned.pop()
        return True
    chat, message = _pinnable(world, params, "unpin")
    if message not in chat.pinned:
        raise bad("CHAT_NOT_MODIFIED", benign=True)
    chat.pinned.remove(message)
    return True


def delete_message(world: World, params: Params) -> bool:
    chat = body.chat_of(world, params)
    chat.check_open()
    message = chat.message(params.integer("message_id"))
    if message is None:
        raise bad("message to delete not found", benign=True)
    own = message.by_bot
    if not (own or chat.private or chat.bot_is_admin):
        raise bad("message can't be deleted")
    if world.date - message.date > 48 * 3600 and not (chat.bot_is_admin and not own):
        raise bad("message can't be deleted for everyone", benign=True)
    world.remove(message)
    return True


METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendAnimation": send_animation,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "deleteMessage": delete_message,
}
