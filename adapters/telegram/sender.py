"""Sends what is said: words, pictures, albums, toasts, inline results."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypedDict, TypeVar

from telegram import (
    Bot,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import BadRequest, TelegramError

from adapters.telegram import fault
from adapters.telegram.file import File, How, files_of, upload
from adapters.telegram.inbound import Me
from adapters.telegram.limits import MOST
from adapters.telegram.outbound import (
    NO_PREVIEW,
    Markup,
    Words,
    albums,
    asking,
    deep_link,
    keyboard,
    leads_away,
    links_to,
    markup_of,
    questions,
    results,
    split,
    words_of,
)
from adapters.telegram.place import Place
from bot.errors import NotSent
from bot.reply import Delivery, Rate, Reply, Sent
from bot.wording import say

log = logging.getLogger(__name__)

AGAIN = 3
"""Times that the rest of something is tried, of which a part has gone out already."""
LONGEST_S = 60.0
"""It waits so long at most."""

T = TypeVar("T")


class _Common(TypedDict):
    """What all calls take that send a picture."""

    filename: str
    caption: str | None
    caption_entities: Sequence[MessageEntity]
    reply_markup: Markup
    reply_parameters: ReplyParameters | None
    message_thread_id: int | None


class Sender:
    """Makes the calls that a delivery takes."""

    def __init__(
        self,
        bot: Bot,
        me: Callable[[], Me],
        settle: Callable[[str], object],
        rate: Rate | None,
    ) -> None:
        """Begin.

        Args:
            bot: That makes the calls.
            me: Who it is.
            settle: Is told that the press of a button has its answer.
            rate: Of calls to a private chat.
        """
        self._rate = rate
        self._bot = bot
        self._me = me
        self._settle = settle

    async def send(self, delivery: Delivery) -> list[Sent]:
        """Send all of it.

        Raises:
            TelegramError: A call has failed, and nothing has gone out.
            NotSent: A part of it has gone out.
        """
        place = Place.read(delivery.reply.to)
        if place.query:
            return await self._look_up(delivery, place)
        if delivery.reply.aside and not delivery.again:
            await self._toast(delivery.reply, place)
            return []
        letter = Letter(self._bot, int(delivery.chat.id), place)
        try:
            return await self._post(letter, delivery)
        except TelegramError as error:
            if not letter.posted:
                raise
            raise NotSent(f"a part of it: {error}", arrived=None) from error

    async def _post(self, letter: "Letter", delivery: Delivery) -> list[Sent]:
        reply, me = delivery.reply, self._me()
        words = words_of(reply, repeated=delivery.repeated)
        markup = markup_of(reply, me.username)
        if letter.place.inline and not letter.place.callback and reply.wait is not None:
            return [await letter.fill_in(words, keyboard(reply.buttons))]
        files = await asyncio.to_thread(files_of, reply, delivery.uploaded)
        if not files:
            parts = asking(reply, words, me.username) if questions(reply) else [words]
            return [await letter.say(part, markup) for part in parts]
        try:
            pause_s = 0.0 if delivery.chat.group else pause_after(len(files), self._rate)
            return await self._show(letter, files, words, markup, pause_s)
        except BadRequest as error:
            if letter.posted or not fault.says(error, fault.NO_PHOTOS):
                raise
            links = links_to(reply.artworks, me.username) if reply.artworks else markup
            return [await letter.say(_in_words(words, linked=bool(reply.artworks)), links)]

    async def _show(
        self,
        letter: "Letter",
        files: Sequence[File],
        words: Words,
        markup: Markup,
        pause_s: float,
    ) -> list[Sent]:
        if len(files) == 1 and words.units <= MOST.caption:
            return [await letter.show(files[0], words, markup)]
        captioned = words.units <= MOST.caption
        sent = list[Sent]()
        for part in _together(files):
            caption = words if captioned and not sent else Words("")
            sent += await letter.album(part, caption, len(sent))
        await asyncio.sleep(pause_s)
        if not captioned:
            return [*sent, *[await letter.say(part, markup) for part in split(words)]]
        if markup is not None:
            sent.append(await letter.say(Words(say("想对哪一张做什么？↑")), markup))
        return sent

    async def _toast(self, reply: Reply, place: Place) -> None:
        """Answer whoever pressed, in passing.

        Raises:
            NotSent: It is too late for that, or nobody pressed.
        """
        if not place.callback or len(reply.text) > MOST.toast:
            raise NotSent("nothing that can be answered in passing")
        self._settle(place.callback)
        alert = len(reply.text) > MOST.toast // 4
        url = deep_link(self._me().username, reply.link) if leads_away(reply) else None
        text = None if url else reply.text  # either opens the talk, or shows words
        try:
            await self._bot.answer_callback_query(
                place.callback, text, show_alert=alert and not url, url=url
            )
        except BadRequest as error:
            raise NotSent(str(error)) from error

    async def _look_up(self, delivery: Delivery, place: Place) -> list[Sent]:
        found = results(delivery, self._me().username)
        try:
            await self._bot.answer_inline_query(place.query, found, cache_time=0, is_personal=True)
        except BadRequest as error:  # whoever typed has typed on
            log.info("inline results come too late: %s", error)
        return []


def pause_after(pictures: int, rate: Rate | None) -> float:
    """Return how long an album is waited after, in seconds: each of its pictures is a call."""
    over = 0 if rate is None else pictures + 1 - rate.calls
    return over * rate.per_s / rate.calls if rate is not None and over > 0 else 0.0


class Letter:
    """What goes to one chat, part by part, in answer to one place."""

    def __init__(self, bot: Bot, chat: int, place: Place) -> None:
        self.place = place
        self.posted = False
        """Whether a part of it has gone out."""
        self._bot = bot
        self._chat = chat
        self._topic = place.topic

    async def say(self, words: Words, markup: Markup) -> Sent:
        """Send words; all that do not fit go before, as messages of their own."""
        *before, last = split(words)
        for part in before:
            await self._made(lambda part=part: self._words(part, None))
        return self._sent(await self._made(lambda: self._words(last, markup)))

    async def show(self, file: File, words: Words, markup: Markup) -> Sent:
        """Send a picture with words under it."""
        message = await self._made(lambda: self._one(file, words, markup))
        return self._sent(message, 0, upload(file, message))

    async def album(self, files: Sequence[File], words: Words, first: int) -> list[Sent]:
        """Send pictures that go together; of one, just that.

        Args:
            files: At least one.
            words: Under the first.
            first: Which picture of the reply that is, from 0.
        """
        if len(files) == 1:
            one = await self._made(lambda: self._one(files[0], words, None))
            return [self._sent(one, first, upload(files[0], one))]
        messages = await self._made(lambda: self._group(files, words))
        return [
            self._sent(message, number, upload(file, message))
            for number, (file, message) in enumerate(zip(files, messages, strict=True), first)
        ]

    async def fill_in(self, words: Words, markup: Markup) -> Sent:
        """Have a message show words that was sent by way of the bot."""
        await self._made(
            lambda: self._bot.edit_message_text(
                words.text,
                inline_message_id=self.place.inline,
                entities=words.entities,
                reply_markup=markup,  # pyright: ignore[reportArgumentType]  buttons, here
                link_preview_options=NO_PREVIEW,
            )
        )
        return Sent(Place(inline=self.place.inline).pack())

    async def _made(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call; what follows a part that has gone out is worth waiting for."""
        for attempt in range(AGAIN):
            try:
                result = await self._in_topic(call)
            except TelegramError as error:
                wait_s = fault.wait_of(error)
                if not self.posted or wait_s is None or wait_s > LONGEST_S or attempt == AGAIN - 1:
                    raise
                await asyncio.sleep(wait_s)
            else:
                self.posted = True
                return result
        raise AssertionError(AGAIN)

    async def _in_topic(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call; where its topic is gone, for the group as a whole."""
        try:
            return await call()
        except BadRequest as error:
            if self._topic is None or not fault.says(error, fault.NO_TOPIC):
                raise
            self._topic = None
            return await call()

    async def _words(self, words: Words, markup: Markup) -> Message:
        return await self._bot.send_message(
            self._chat,
            words.text,
            entities=words.entities,
            reply_markup=markup,
            reply_parameters=self._answers(),
            message_thread_id=self._topic,
            link_preview_options=NO_PREVIEW,
        )

    async def _one(self, file: File, words: Words, markup: Markup) -> Message:
        """Send a picture, as a file where it is no photo to Telegram."""
        try:
            return await self._picture(file, words, markup)
        except BadRequest as error:
            if file.known and fault.says(error, fault.NO_SUCH_FILE):
                return await self._picture(replace(file, known=""), words, markup)
            if file.how != "document" and fault.says(error, fault.NO_PHOTO_OF_IT):
                return await self._picture(replace(file, how="document"), words, markup)
            raise

    async def _picture(self, file: File, words: Words, markup: Markup) -> Message:
        handed = await asyncio.to_thread(file.handed)
        common: _Common = {
            "filename": file.name,
            "caption": words.text or None,
            "caption_entities": words.entities,
            "reply_markup": markup,
            "reply_parameters": self._answers(),
            "message_thread_id": self._topic,
        }
        bot, veiled = self._bot, file.veiled or None
        match file.how:
            case "photo":
                return await bot.send_photo(self._chat, handed, has_spoiler=veiled, **common)
            case "animation":
                return await bot.send_animation(
                    self._chat, handed, width=file.width, height=file.height, **common
                )
            case "document":
                return await bot.send_document(
                    self._chat, handed, disable_content_type_detection=True, **common
                )

    async def _group(self, files: Sequence[File], words: Words) -> Sequence[Message]:
        """Send an album: of photos, or else of files."""
        try:
            return await self._media(files, words)
        except BadRequest as error:
            if fault.says(error, fault.NO_SUCH_FILE):
                anew = [replace(file, known="") for file in files]
                return await self._media(anew, words)
            if fault.says(error, fault.NO_PHOTO_OF_IT):
                plain = [replace(file, how="document") for file in files]
                return await self._media(plain, words)
            raise

    async def _media(self, files: Sequence[File], words: Words) -> Sequence[Message]:
        how: How = "photo" if all(file.how == "photo" for file in files) else "document"
        media: list[InputMediaPhoto | InputMediaDocument] = []
        for number, file in enumerate(files):
            one = replace(file, how=how)
            handed = await asyncio.to_thread(one.handed)
            said = words if number == 0 and words.text else Words("")
            media.append(_medium(one, handed, said))
        return await self._bot.send_media_group(
            self._chat,
            media,
            reply_parameters=self._answers(),
            message_thread_id=self._topic,
        )

    def _answers(self) -> ReplyParameters | None:
        """Return what it answers; whether that is there still or not."""
        message = self.place.message
        if message is None:
            return None
        return ReplyParameters(message, allow_sending_without_reply=True)

    def _sent(
        self, message: Message, number: int | None = None, uploads: tuple[tuple[str, str], ...] = ()
    ) -> Sent:
        topic = message.message_thread_id if message.is_topic_message else None
        place = Place(message=message.message_id, topic=topic)
        return Sent(place.pack(), number, uploads)


def _medium(file: File, handed: str | bytes, words: Words) -> InputMediaPhoto | InputMediaDocument:
    """Return a part of an album."""
    caption, entities = words.text or None, words.entities
    if file.how != "photo":
        return InputMediaDocument(
            handed, filename=file.name, caption=caption, caption_entities=entities
        )
    return InputMediaPhoto(
        handed,
        filename=file.name,
        caption=caption,
        caption_entities=entities,
        has_spoiler=file.veiled or None,
    )


def _together(files: Sequence[File]) -> Iterator[Sequence[File]]:
    """Yield what goes out together, in order; what moves goes alone."""
    still = [file for file in files if file.how != "animation"]
    first = 0
    for count in albums(len(still)) if still else ():
        yield still[first : first + count]
        first += count
    for file in files[len(still) :]:
        yield [file]


def _in_words(words: Words, *, linked: bool) -> Words:
    """Return what is said of pictures that may not be shown.

    Args:
        words: What is said anyway.
        linked: Whether what stands below leads to them.
    """
    told = say("这里不让我发图片，请管理员放开发图权限")
    if linked:
        told = say("这里不让我发图片，点下面去私聊里看，或请管理员放开发图权限")
    return Words(f"{words.text}\n{told}", words.entities)
