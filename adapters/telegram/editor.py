"""Edits a message of ours: words, a picture in the making, the picture."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from telegram import Bot, InlineKeyboardMarkup, InputMediaPhoto, Message
from telegram.error import BadRequest, Forbidden, TelegramError

from adapters.telegram import fault
from adapters.telegram.file import File, files_of, largest_of, upload
from adapters.telegram.inbound import Me
from adapters.telegram.limits import MOST
from adapters.telegram.outbound import (
    NO_PREVIEW,
    Words,
    clipped,
    deep_link,
    keyboard,
    words_of,
)
from adapters.telegram.place import Place
from bot import link
from bot.errors import MessageGone
from bot.reply import Edit, Sent
from bot.wording import say

log = logging.getLogger(__name__)

Way = Callable[[Words, InlineKeyboardMarkup | None], Awaitable[None]]
"""To show words."""


class Editor:
    """Makes the calls that an edit takes; the same one may be made twice."""

    def __init__(self, bot: Bot, me: Callable[[], Me]) -> None:
        """Begin.

        Args:
            bot: That makes the calls.
            me: Who it is.
        """
        self._bot = bot
        self._me = me

    async def edit(self, edit: Edit) -> list[Sent]:
        """Have a message show what it is to show.

        Raises:
            MessageGone: It cannot become that.
            TelegramError: A call has failed.
        """
        page = Page(self._bot, edit)
        files = await asyncio.to_thread(files_of, edit.reply, edit.uploaded)
        if not files:
            await page.say()
            return [Sent(edit.message)]
        if files[0].how != "photo":
            raise MessageGone("what is a file, or moves, does not take the place of words")
        if page.place.inline:
            return await self._fill_in(page, files[0])
        return [await page.show(files[0])]

    async def _fill_in(self, page: "Page", file: File) -> list[Sent]:
        """Put a picture into a message that was sent by way of the bot.

        It takes no new files: the picture goes to the talk with whoever asked, and away again.
        """
        uploads: tuple[tuple[str, str], ...] = ()
        if not file.known:
            try:
                file, uploads = await self._stored(page, file)
            except (Forbidden, BadRequest) as error:
                if isinstance(error, BadRequest) and not fault.says(error, fault.GONE):
                    raise
                await page.say(self._elsewhere(page.edit), bare=True)
                return [Sent(page.edit.message)]
        sent = await page.show(file)
        return [replace(sent, uploads=uploads)]

    async def _stored(self, page: "Page", file: File) -> tuple[File, tuple[tuple[str, str], ...]]:
        """Have Telegram keep a picture, and return by what it knows it."""
        content = await asyncio.to_thread(file.handed)
        message = await self._bot.send_photo(
            int(page.edit.chat.id),
            content,
            filename=file.name,
            caption=say("AI生成"),
            disable_notification=True,
        )
        try:
            await self._bot.delete_message(message.chat.id, message.message_id)
        except TelegramError as error:
            log.info("a picture stays where it was put for a moment: %s", error)
        return replace(file, known=largest_of(message).file_id), upload(file, message)

    def _elsewhere(self, edit: Edit) -> Words:
        """Return what is said to who has never spoken to the bot itself: where the picture is."""
        payload = link.to(edit.reply.artworks[0])
        url = deep_link(self._me().username, payload)
        return Words(f"{edit.reply.text}\n{say('点这里看：{url}', url=url)}")


class Page:
    """One message that is edited."""

    def __init__(self, bot: Bot, edit: Edit) -> None:
        self.edit = edit
        self.place = Place.read(edit.message)
        self._bot = bot

    async def say(self, words: Words | None = None, *, bare: bool = False) -> None:
        """Show words: over a new sketch, under the one that is there, or alone.

        Args:
            words: What is said; None: what the reply says.
            bare: Whether all buttons go.
        """
        edit, shown = self.edit, words or words_of(self.edit.reply)
        markup = None if bare else keyboard(edit.reply.buttons)
        if edit.sketch is not None and not self.place.inline:
            veiled = edit.reply.veiled
            await self._media(edit.sketch, "sketch.png", shown, markup, veiled=veiled)
        elif edit.pictured and not self.place.inline:
            await self._instead(self._caption, fault.NO_CAPTION, self._text, shown, markup)
        else:
            await self._instead(self._text, fault.NO_TEXT, self._caption, shown, markup)

    async def show(self, file: File) -> Sent:
        """Show a picture with the words of the reply."""
        words = words_of(self.edit.reply)
        markup = keyboard(self.edit.reply.buttons)
        content = await asyncio.to_thread(file.handed)
        try:
            message = await self._media(content, file.name, words, markup, veiled=file.veiled)
        except BadRequest as error:
            if not file.known or not fault.says(error, fault.NO_SUCH_FILE):
                raise
            content = await asyncio.to_thread(replace(file, known="").handed)
            message = await self._media(content, file.name, words, markup, veiled=file.veiled)
        return Sent(self.edit.message, 0, () if message is None else upload(file, message))

    async def _media(
        self,
        content: bytes | str,
        name: str,
        words: Words,
        markup: InlineKeyboardMarkup | None,
        *,
        veiled: bool,
    ) -> Message | None:
        words = clipped(words, MOST.caption)
        media = InputMediaPhoto(
            content,
            caption=words.text,
            caption_entities=words.entities,
            filename=name,
            has_spoiler=veiled or None,
        )
        return await _unless_shown(
            self._bot.edit_message_media(
                media,
                chat_id=self._chat,
                message_id=self.place.message,
                inline_message_id=self.place.inline or None,
                reply_markup=markup,
            )
        )

    async def _instead(
        self,
        way: Way,
        fails: str,
        other: Way,
        words: Words,
        markup: InlineKeyboardMarkup | None,
    ) -> None:
        """Show words alone, or under the picture that is there; in the other way, if not so.

        The end may have come between the note of a sketch and the sketch itself; and what bears a
        picture keeps it.
        """
        try:
            await way(words, markup)
        except BadRequest as error:
            if not fault.says(error, fails):
                raise
            await other(words, markup)

    async def _caption(self, words: Words, markup: InlineKeyboardMarkup | None) -> None:
        words = clipped(words, MOST.caption)
        await _unless_shown(
            self._bot.edit_message_caption(
                chat_id=self._chat,
                message_id=self.place.message,
                inline_message_id=self.place.inline or None,
                caption=words.text,
                caption_entities=words.entities,
                reply_markup=markup,
            )
        )

    async def _text(self, words: Words, markup: InlineKeyboardMarkup | None) -> None:
        words = clipped(words, MOST.text)
        await _unless_shown(
            self._bot.edit_message_text(
                words.text,
                chat_id=self._chat,
                message_id=self.place.message,
                inline_message_id=self.place.inline or None,
                entities=words.entities,
                reply_markup=markup,
                link_preview_options=NO_PREVIEW,
            )
        )

    @property
    def _chat(self) -> int | None:
        return None if self.place.inline else int(self.edit.chat.id)


async def _unless_shown(call: Awaitable[Message | bool]) -> Message | None:
    """Make a call that edits; what is shown already is shown."""
    try:
        message = await call
    except BadRequest as error:
        if fault.says(error, fault.NOT_MODIFIED):
            return None
        raise
    return message if isinstance(message, Message) else None
