"""The methods that change what is there."""

from dataclasses import replace
from typing import Any

from tests.telegram_api import body
from tests.telegram_api.body import Method
from tests.telegram_api.message import Content, Message
from tests.telegram_api.params import Params
from tests.telegram_api.refusal import bad
from tests.telegram_api.world import World

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def _edited(world: World, params: Params) -> Message:
    """Return the message that a call wants to change.

    Raises:
        Refusal: It is not there, or not the bot's.
    """
    inline_id = params.text("inline_message_id")
    if inline_id:
        if inline_id not in world.inline_messages:
            raise bad("MESSAGE_ID_INVALID", benign=True)
        return world.inline_messages[inline_id]
    chat = body.chat_of(world, params)
    chat.check_open()
    message_id = params.integer("message_id")
    if message_id is None:
        raise bad("message identifier is not specified")
    message = chat.message(message_id)
    if message is None:
        raise bad("message to edit not found", benign=True)
    if not message.by_bot or message.service is not None:
        raise bad("message can't be edited")
    return message


def _change(world: World, params: Params, message: Message, content: Content) -> Any:
    """Give a message its new content and keyboard."""
    inline = bool(params.text("inline_message_id"))
    markup = body.markup_of(message.chat, params, inline_only=True)
    if content.shows_as(message.content) and markup == message.markup:
        raise bad(NOT_MODIFIED, benign=True)
    if not inline:
        # as messages are: github.com/tdlib/td/issues/3034
        world.flood.count(message.chat.id, 1, private=message.chat.private)
    if content is not message.content:
        message.edit_date = world.date
    message.content, message.markup = content, markup
    message.show(world.clock())
    return True if inline else message.raw


def edit_message_text(world: World, params: Params) -> Any:
    message = _edited(world, params)
    content = body.text_content(world, params)
    if message.content.media is not None:
        raise bad("there is no text in the message to edit")
    return _change(world, params, message, content)


def edit_message_caption(world: World, params: Params) -> Any:
    message = _edited(world, params)
    if message.content.media is None:
        raise bad("there is no caption in the message to edit")
    caption = body.caption_of(
        world,
        params.text("caption"),
        params.text("parse_mode"),
        params.array("caption_entities"),
    )
    above = params.flag("show_caption_above_media")
    content = replace(message.content, body=caption, above=above)
    return _change(world, params, message, content)


def edit_message_media(world: World, params: Params) -> Any:
    message = _edited(world, params)
    given = params.mapping("media")
    if given is None:
        raise bad("media is not specified")
    inline = bool(params.text("inline_message_id"))
    content = body.item(world, given, params, uploads=not inline)
    if not inline:
        message.chat.check_may_send([content.kind])
    if message.album is not None and _family(content) != _family(message.content):
        raise bad("can't change the type of media in an album")
    return _change(world, params, message, content)


def _family(content: Content) -> str:
    return "document" if content.kind == "document" else "picture"


def edit_message_reply_markup(world: World, params: Params) -> Any:
    message = _edited(world, params)
    return _change(world, params, message, message.content)


METHODS: dict[str, Method] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageMedia": edit_message_media,
    "editMessageReplyMarkup": edit_message_reply_markup,
}
