"""What becomes of words: a command, a change of a picture that is there, or a new one."""

from collections.abc import Iterator
from dataclasses import replace

from aiosqlite import Connection

from bot import commands, texts
from bot.command import Call, Desk
from bot.errors import NoSuchPicture, NotUnderstood
from bot.event import Image, Message
from bot.intake import Heard
from bot.parsing.parser import parse
from bot.referee import Order
from bot.reply import Reply
from bot.request import Request
from bot.retouch import Looked, Retoucher
from bot.revision import Reviser
from bot.wording import say

DRAW = "画"
"""The command whose argument is what to draw."""


class Talk:
    """Answers what people say."""

    def __init__(self, desk: Desk, reviser: Reviser, retoucher: Retoucher, order: Order) -> None:
        self._desk = desk
        self._store = desk.store
        self._styles = desk.styles
        self._reviser = reviser
        self._retoucher = retoucher
        self._order = order

    async def answer(self, db: Connection, message: Message, heard: Heard) -> None:
        """Do what a message says; in the transaction of its update.

        Raises:
            StudioError: It cannot be done, or not all of it.
        """
        if heard.refusal is not None:
            raise heard.refusal
        if await self._on_command(db, message):
            return
        asked = _asked_for(message)
        if asked is not None and heard.looked is None:
            await self._store.outbox.put(db, message.chat, asked)
            return
        most = self._desk.rules.policy.max_count
        for number, part in enumerate(_each_source(message), 1):
            if number > most:
                words = "一次最多画 {most} 张图，后面的没有画，请再发一次"
                raise NotUnderstood(say(words, most=most))
            await self._draw(db, part, heard.looked)

    async def _on_command(self, db: Connection, message: Message) -> bool:
        """Do what a command says; False if the message is none."""
        operator = self._desk.rules.roles.is_operator(message.user, message.chat)
        found = commands.read(message.text, operator=operator)
        if found is None:
            return False
        command, argument = found
        call = Call(
            id=message.id,
            chat=message.chat,
            user=message.user,
            argument=argument,
            reply_to=message.reply_to,
            replied=message.replied,
            mentions=message.mentions,
            topic=message.topic,
        )
        reply = (
            texts.asked(say(command.asks), command.names[0], message.id)
            if command.asks and not (argument or (command.answers and call.is_answer))
            else await command.run(self._desk, db, call)
        )
        if reply is not None:
            await self._store.outbox.put(db, message.chat, reply)
        return True

    async def _draw(self, db: Connection, message: Message, looked: Looked | None) -> None:
        """Order what a message wants drawn."""
        if await self._on_paint(db, message, looked) or await self._on_change(db, message):
            return
        usual = await self._store.preferences.holding(db, message.user, message.chat)
        request = self._retoucher.filled(message) or parse(
            *(message.text, self._styles),
            has_source=any(image.role == "source" for image in message.images),
            usual_count=usual.count or 1,
        )
        request = usual.applied(_drawn_on(request, message.images))
        await self._order(db, message.user, message.chat, message.id, request)

    async def _on_paint(self, db: Connection, message: Message, looked: Looked | None) -> bool:
        """Order what a painted-over copy of a picture asks for; False if the message has none."""
        made = await self._retoucher.painted(db, message, looked)
        if made is not None:
            await self._order(db, message.user, message.chat, message.id, made.request, made)
        return made is not None

    async def _on_change(self, db: Connection, message: Message) -> bool:
        """Order what changes an earlier picture; False if the message asks for no such thing."""
        change = self._reviser.change(message)
        if change is None:
            return False
        parent = await self._reviser.parent(db, message)
        if parent is None:
            return self._is_of_its_own(message)
        made = await self._reviser.revised(db, parent, change)
        await self._order(db, message.user, message.chat, message.id, made.request, made)
        return True

    def _is_of_its_own(self, message: Message) -> bool:
        """Return False if words that could be a change say what to draw as well.

        Raises:
            NoSuchPicture: They do not, and there is nothing to be changed.
        """
        try:
            parse(message.text, self._styles)
        except NotUnderstood as error:
            words = say("要改哪一张？请回复那张画说，或者先画一张")
            raise NoSuchPicture(words) from error
        return False


def _asked_for(message: Message) -> Reply | None:
    """Return the question for what a message lacks; None if it lacks nothing.

    A command from a menu comes without words, and so does a photo from a phone.
    """
    bare = commands.is_bare_draw(message.text) or not message.text.strip()
    if bare and message.attached:
        words = say("收到图了，想画成什么样？例如：画成水墨，把背景换成雪地")
        return replace(texts.asked(words, DRAW, message.id), attached=message.attached)
    if commands.is_bare_draw(message.text) and not (message.images or message.reply_to):
        words = say("想画什么呢？例如：画两张竖版水墨风的江南烟雨，不要文字")
        return texts.asked(words, DRAW, message.id)
    return None


def _each_source(message: Message) -> Iterator[Message]:
    """Yield the message with each picture to be drawn on by itself: each makes one of its own."""
    sources = [image for image in message.images if image.role == "source"]
    others = tuple(image for image in message.images if image.role != "source")
    if len(sources) < 2 or others:  # noqa: PLR2004  a mask belongs to the last
        yield message
        return
    for source in sources:
        yield replace(message, images=(source,))


def _drawn_on(request: Request, images: tuple[Image, ...]) -> Request:
    """Return the request with what it is to be drawn on."""
    for image in images:
        match image.role:
            case "source":
                size = image.width, image.height
                request = replace(request, source=image.sha256, source_px=size)
            case "mask":
                request = replace(request, mask=image.sha256)
    return request
