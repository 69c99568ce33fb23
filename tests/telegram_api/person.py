"""People, and what they do in their chats."""

from collections.abc import Sequence
from itertools import count

from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.message import Content, Message
from tests.telegram_api.params import Upload
from tests.telegram_api.query import CallbackQuery, InlineQuery, InlineResult
from tests.telegram_api.refusal import Json
from tests.telegram_api.text import Text, found, units
from tests.telegram_api.user import User
from tests.telegram_api.world import World

_ALBUMS = count(1)


class Person:
    """Somebody who uses Telegram."""

    def __init__(self, world: World, user: User) -> None:
        self._world = world
        self.user = user
        self.private = Chat(id=user.id, kind="private", title=user.name, bot_id=world.bot.id)
        self.private.add(user)
        world.chats[user.id] = self.private
        world.users[user.id] = user

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def avatar(self) -> bytes | None:
        """What others see of them."""
        return self._world.avatars.get(self.user.id)

    @avatar.setter
    def avatar(self, png: bytes) -> None:
        self._world.avatars[self.user.id] = png

    def starts(self, payload: str = "") -> Message:
        """Press Start in the talk with the bot, or open a link to it."""
        return self.says(self.private, f"/start {payload}".strip())

    def says(
        self,
        chat: Chat,
        text: str,
        *,
        topic: Topic | None = None,
        to: Message | None = None,
        mentions: Sequence["Person"] = (),
        anonymous: bool = False,
    ) -> Message:
        """Write something.

        Args:
            chat: Where.
            text: What.
            topic: In which topic.
            to: The message that it answers.
            mentions: Who is named in it without an @name.
            anonymous: Whether in the name of the group.
        """
        body = found(Text(text, tuple(_mention(text, one.user) for one in mentions)))
        return self._posts(chat, Content(body=body), topic=topic, to=to, anonymous=anonymous)

    def sends_photo(
        self,
        chat: Chat,
        png: bytes,
        caption: str = "",
        *,
        to: Message | None = None,
        topic: Topic | None = None,
        forwarded_from: "Person | None" = None,
    ) -> Message:
        """Send a photo, perhaps somebody else's."""
        media = self._world.files.photo(png)
        content = Content(body=found(Text(caption)), media=media)
        origin: Json | None = None
        if forwarded_from is not None:
            origin = {"type": "user", "date": 1, "sender_user": forwarded_from.user.raw}
        return self._posts(chat, content, to=to, topic=topic, origin=origin)

    def sends_album(
        self, chat: Chat, pngs: Sequence[bytes], caption: str = "", *, to: Message | None = None
    ) -> list[Message]:
        """Send photos as one; each is a message, and the first has the caption."""
        album = str(12_000_000_000_000_000 + next(_ALBUMS))
        return [
            self._posts(
                chat,
                Content(
                    body=found(Text("" if number else caption)), media=self._world.files.photo(png)
                ),
                to=to,
                album=album,
            )
            for number, png in enumerate(pngs)
        ]

    def sends_file(
        self, chat: Chat, data: bytes, name: str, mime: str, caption: str = ""
    ) -> Message:
        """Send a file as it is."""
        media = self._world.files.document(Upload(name, mime, data))
        return self._posts(chat, Content(body=found(Text(caption)), media=media))

    def edits(self, message: Message, text: str) -> None:
        """Change what was said."""
        message.content = Content(body=found(Text(text)), media=message.content.media)
        message.edit_date = self._world.date
        self._world.hear(message, edited=True)

    def deletes(self, message: Message) -> None:
        """Take a message away, one's own or as an admin."""
        message.deleted = True
        if message in message.chat.messages:
            message.chat.messages.remove(message)

    def presses(self, label: str, message: Message) -> CallbackQuery:
        """Press a button under a message."""
        for row in message.keyboard:
            for button in row:
                if button["text"] == label:
                    assert "callback_data" in button, f"{label} opens {button}"
                    return self.presses_data(message, str(button["callback_data"]))
        raise AssertionError(f"there is no {label} in {message.rows}")

    def presses_data(self, message: Message, data: str) -> CallbackQuery:
        """Press a button that carries something, whether it is there or not."""
        world = self._world
        query = CallbackQuery(
            id=str(4_000_000_000_000_000 + next(world.numbers)),
            user=self.user,
            message=message,
            data=data,
            at=world.clock(),
        )
        world.callbacks[query.id] = query
        world.forget_queries(world.callbacks)
        where: Json = (
            {"inline_message_id": message.inline_id}
            if message.inline_id
            else {"message": message.raw}
        )
        world.tell(
            "callback_query",
            {
                "id": query.id,
                "from": self.user.raw,
                "chat_instance": str(message.chat.id),
                "data": data,
                **where,
            },
        )
        return query

    def looks_up(self, text: str) -> InlineQuery:
        """Type something behind the name of the bot."""
        world = self._world
        query = InlineQuery(
            id=str(5_000_000_000_000_000 + next(world.numbers)),
            user=self.user,
            text=text,
            at=world.clock(),
        )
        world.inline[query.id] = query
        world.forget_queries(world.inline)
        world.tell(
            "inline_query",
            {"id": query.id, "from": self.user.raw, "query": text, "offset": "",
             "chat_type": "supergroup"},
        )  # fmt: skip
        return query

    def chooses(
        self, query: InlineQuery, result: InlineResult, chat: Chat | None = None
    ) -> Message:
        """Post one of what is offered, by way of the bot, into a chat that it need not be in."""
        world = self._world
        where = chat or Chat(id=-1, kind="group", title="elsewhere", bot_id=world.bot.id)
        raw = result.raw
        if result.kind == "article":
            said: Json = raw["input_message_content"]
            content = Content(body=found(Text(str(said["message_text"]))))
        else:
            media = world.files.known(str(raw["photo_file_id"]), "photo")
            content = Content(body=found(Text(str(raw.get("caption", "")))), media=media)
        message = Message(
            id=world.message_id(where),
            chat=where,
            date=world.date,
            author=self.user,
            content=content,
            via=world.bot,
            markup=raw.get("reply_markup"),
        )
        chosen: Json = {"result_id": result.id, "from": self.user.raw, "query": query.text}
        if message.markup is not None:  # else nobody is told which message it is
            message.inline_id = f"AAB{next(world.numbers):08d}-_x"
            world.inline_messages[message.inline_id] = message
            chosen["inline_message_id"] = message.inline_id
        world.add(message)
        world.tell("chosen_inline_result", chosen)
        return message

    def blocks(self) -> None:
        """Want to hear nothing of the bot any more."""
        self.private.blocked = True
        self._stand(self.private, "member", "kicked")

    def unblocks(self) -> None:
        """Want to hear of it again."""
        self.private.blocked = False
        self._stand(self.private, "kicked", "member")

    def puts_out(self, chat: Chat) -> None:
        """Put the bot out of a group."""
        chat.statuses[self._world.bot.id] = "kicked"
        self._stand(chat, "member", "kicked")

    def lets_in(self, chat: Chat) -> None:
        """Let the bot into a group."""
        chat.statuses[self._world.bot.id] = "member"
        self._stand(chat, "left", "member")

    def _stand(self, chat: Chat, before: str, now: str) -> None:
        bot = self._world.bot.raw

        def member(status: str) -> Json:
            more: Json = {"until_date": 0} if status == "kicked" else {}
            return {"status": status, "user": bot, **more}

        self._world.tell(
            "my_chat_member",
            {
                "chat": chat.raw,
                "from": self.user.raw,
                "date": self._world.date,
                "old_chat_member": member(before),
                "new_chat_member": member(now),
            },
        )

    def _posts(
        self,
        chat: Chat,
        content: Content,
        *,
        topic: Topic | None = None,
        to: Message | None = None,
        album: str | None = None,
        origin: Json | None = None,
        anonymous: bool = False,
    ) -> Message:
        if chat is self.private:
            chat.started = True
        message = Message(
            id=self._world.message_id(chat),
            chat=chat,
            date=self._world.date,
            author=None if chat.kind == "channel" else self.user,
            content=content,
            topic=topic or (to.topic if to is not None else None),
            reply_to=to,
            album=album,
            origin=origin,
            anonymous=anonymous,
        )
        self._world.add(message)
        self._world.hear(message)
        return message


def _mention(text: str, user: User) -> Json:
    """Return the entity that names somebody without an @name."""
    at = text.index(user.name)
    return {
        "type": "text_mention",
        "offset": units(text[:at]),
        "length": units(user.name),
        "user": user.raw,
    }
