"""People, and what they do in their chats."""

from collections.abc import Sequence

from tests.telegram_api.chat import PLURAL, Chat, Status, Topic
from tests.telegram_api.message import Content, Message
from tests.telegram_api.params import Upload
from tests.telegram_api.query import CallbackQuery, InlineQuery, InlineResult
from tests.telegram_api.refusal import Json
from tests.telegram_api.text import Text, found, parsed, units
from tests.telegram_api.user import GROUP_BOT, User
from tests.telegram_api.world import World

TEXT_UNITS = 4096


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
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def avatar(self) -> bytes | None:
        """What others see of them."""
        return self._world.avatars.get(self.user.id)

    @avatar.setter
    def avatar(self, png: bytes | None) -> None:
        if png is None:
            self._world.avatars.pop(self.user.id, None)
        else:
            self._world.avatars[self.user.id] = png

    # ── messages ────────────────────────────────────────────────────────────────────────────

    def starts(self, payload: str = "") -> Message:
        """Press Start in the talk with the bot, or open a link to it."""
        return self.says(self.private, f"/start {payload}".strip())

    def says(
        self,
        chat: Chat,
        text: str,
        *,
        topic: Topic | str | None = None,
        to: Message | None = None,
        via: User | None = None,
        mentions: Sequence["Person"] = (),
        anonymous: bool = False,
    ) -> Message:
        """Write something.

        Args:
            chat: Where.
            text: What.
            topic: In which topic, or its name.
            to: The message that it answers.
            via: The bot through which it was sent inline.
            mentions: Who is named in it without an @name.
            anonymous: Whether in the name of the group.
        """
        assert 0 < units(text) <= TEXT_UNITS, "no app of Telegram sends such a message"
        body = found(Text(text, tuple(_mention(text, one.user) for one in mentions)))
        message = self._draft(chat, Content(body=body), topic=topic, to=to)
        message.via = via
        if anonymous:
            message.author, message.anonymous = GROUP_BOT, True
        return self._post(message)

    def sends_photo(
        self,
        chat: Chat,
        png: bytes,
        caption: str = "",
        *,
        to: Message | None = None,
        topic: Topic | str | None = None,
        forwarded_from: "Person | Chat | str | None" = None,
    ) -> Message:
        """Send a photo, perhaps one of a person, of a channel, or of whom only a name is shown."""
        content = Content(body=found(Text(caption)), media=self._world.files.photo(png))
        message = self._draft(chat, content, topic=topic, to=to)
        message.origin = self._origin(forwarded_from)
        return self._post(message)

    def sends_album(
        self,
        chat: Chat,
        pngs: Sequence[bytes],
        caption: str = "",
        *,
        to: Message | None = None,
        topic: Topic | str | None = None,
    ) -> list[Message]:
        """Send photos as one; each is a message, and the first has the caption."""
        album = str(12_000_000_000_000_000 + next(self._world.numbers))
        said = [caption, *[""] * (len(pngs) - 1)]
        messages: list[Message] = []
        for png, words in zip(pngs, said, strict=True):
            content = Content(body=found(Text(words)), media=self._world.files.photo(png))
            message = self._draft(chat, content, topic=topic, to=to)
            message.album = album
            messages.append(self._post(message))
        return messages

    def sends_file(
        self,
        chat: Chat,
        data: bytes,
        name: str,
        mime: str,
        caption: str = "",
        *,
        to: Message | None = None,
        topic: Topic | str | None = None,
    ) -> Message:
        """Send a file as it is."""
        media = self._world.files.document(Upload(name, mime, data))
        content = Content(body=found(Text(caption)), media=media)
        return self._post(self._draft(chat, content, topic=topic, to=to))

    def edits(self, message: Message, text: str) -> None:
        """Change what was said."""
        assert message.author in (self.user, GROUP_BOT, None), "that is somebody else's"
        message.content = Content(body=found(Text(text)), media=message.content.media)
        message.edit_date = self._world.date
        message.show(self._world.clock())
        self._world.hear(message, edited=True)

    def deletes(self, message: Message) -> None:
        """Take a message away, one's own or as an admin; bots are not told."""
        self._world.remove(message)

    # ── buttons and inline queries ──────────────────────────────────────────────────────────

    def presses(self, label: str, message: Message) -> CallbackQuery:
        """Press a button under a message."""
        button = _button(label, message)
        assert "callback_data" in button, f"{label} opens {button}"
        return self.presses_data(message, str(button["callback_data"]))

    def copies(self, label: str, message: Message) -> str:
        """Press a button that copies, and return what it copied."""
        return str(_button(label, message)["copy_text"]["text"])

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
            else {"message": message.inaccessible if message.deleted else message.raw}
        )
        fields: Json = {"id": query.id, "from": self.user.raw, "data": data, **where}
        world.tell("callback_query", {**fields, "chat_instance": str(message.chat.id)})
        return query

    def looks_up(
        self, text: str, *, offset: str = "", chat_type: str = "supergroup"
    ) -> InlineQuery:
        """Type something behind the name of the bot."""
        world = self._world
        assert world.setting.supports_inline, "nobody can look things up with this bot"
        assert len(text) <= 256, "no app of Telegram sends such a query"
        query = InlineQuery(
            id=str(5_000_000_000_000_000 + next(world.numbers)),
            user=self.user,
            text=text,
            at=world.clock(),
            offset=offset,
            chat_type=chat_type,
        )
        world.inline[query.id] = query
        world.forget_queries(world.inline)
        fields: Json = {"id": query.id, "from": self.user.raw, "query": text, "offset": offset}
        world.tell("inline_query", {**fields, "chat_type": chat_type})
        return query

    def chooses(
        self, query: InlineQuery, result: InlineResult, chat: Chat | None = None
    ) -> Message:
        """Post one of what is offered, by way of the bot, into a chat that it need not be in."""
        world = self._world
        where = chat or Chat(id=-1, kind="group", title="elsewhere", bot_id=world.bot.id)
        message = Message(
            id=world.message_id(where),
            chat=where,
            date=world.date,
            author=self.user,
            content=_offered(world, result.raw),
            via=world.bot,
            markup=result.raw.get("reply_markup"),
        )
        chosen: Json = {"result_id": result.id, "from": self.user.raw, "query": query.text}
        if message.markup is not None:  # else nobody is told which message it is
            message.inline_id = f"AAB{next(world.numbers):08d}-_x"
            world.inline_messages[message.inline_id] = message
            chosen["inline_message_id"] = message.inline_id
        world.add(message)
        world.tell("chosen_inline_result", chosen)
        if chat is not None:
            world.hear(message)
        return message

    # ── with the bot ────────────────────────────────────────────────────────────────────────

    def blocks(self) -> None:
        """Want to hear nothing of the bot any more."""
        self.private.blocked = True
        self._stand(self.private, "member", "kicked")

    def unblocks(self) -> None:
        """Want to hear of it again."""
        self.private.blocked = False
        self._stand(self.private, "kicked", "member")

    def leaves_telegram(self) -> None:
        """Delete one's account."""
        self.private.deactivated = True

    def lets_in(self, chat: Chat) -> None:
        """Let the bot into a group."""
        before, chat.statuses[chat.bot_id] = chat.bot_status, "member"
        self._stand(chat, "left" if before == "member" else before, "member")
        note = self._draft(chat, Content())
        note.service = {"new_chat_members": [self._world.bot.raw]}
        self._post(note)

    def puts_out(self, chat: Chat) -> None:
        """Put the bot out of a group."""
        before, chat.statuses[chat.bot_id] = chat.bot_status, "kicked"
        self._stand(chat, before, "kicked")

    def promotes_bot(self, chat: Chat) -> None:
        """Make the bot an administrator."""
        before, chat.statuses[chat.bot_id] = chat.bot_status, "administrator"
        self._stand(chat, before, "administrator")

    # ── in groups ───────────────────────────────────────────────────────────────────────────

    def joins(self, chat: Chat) -> None:
        """Come into a group, or a channel, where that is not told."""
        chat.add(self.user)
        if chat.kind != "channel":
            self._note(chat, {"new_chat_members": [self.user.raw]})

    def leaves(self, chat: Chat) -> None:
        """Go out of a group or a channel."""
        if chat.kind != "channel":
            self._note(chat, {"left_chat_member": self.user.raw})
        chat.statuses[self.user.id] = "left"

    def closes(self, topic: Topic) -> None:
        """Close a topic."""
        topic.closed = True
        self._note(topic.opened_by.chat, {"forum_topic_closed": {}}, topic)

    def reopens(self, topic: Topic) -> None:
        """Open a topic again."""
        topic.closed = False
        self._note(topic.opened_by.chat, {"forum_topic_reopened": {}}, topic)

    # ── the way of all of it ────────────────────────────────────────────────────────────────

    def _note(self, chat: Chat, service: Json, topic: Topic | None = None) -> Message:
        """Have a service message posted."""
        note = self._draft(chat, Content(), topic=topic)
        note.service = service
        return self._post(note)

    def _stand(self, chat: Chat, before: Status, now: Status) -> None:
        """Tell the bot what it is in a chat by now."""
        if chat.private:
            chat.users.setdefault(chat.bot_id, self._world.bot)
        self._world.tell(
            "my_chat_member",
            {
                "chat": chat.raw,
                "from": self.user.raw,
                "date": self._world.date,
                "old_chat_member": chat.member(chat.bot_id, before),
                "new_chat_member": chat.member(chat.bot_id, now),
            },
        )

    def _origin(self, source: "Person | Chat | str | None") -> Json | None:
        """Return where a forwarded message is from."""
        date = self._world.date - 60
        match source:
            case None:
                return None
            case str():
                return {"type": "hidden_user", "date": date, "sender_user_name": source}
            case Chat():
                return {"type": "channel", "date": date, "chat": source.raw, "message_id": 1}
            case Person():
                return {"type": "user", "date": date, "sender_user": source.user.raw}

    def _draft(
        self,
        chat: Chat,
        content: Content,
        *,
        topic: Topic | str | None = None,
        to: Message | None = None,
    ) -> Message:
        """Return a message that nobody has seen yet."""
        if isinstance(topic, str):
            topic = chat.topics[topic]
        return Message(
            id=self._world.message_id(chat),
            chat=chat,
            date=self._world.date,
            author=None if chat.kind == "channel" else self.user,
            content=content,
            topic=topic or (to.topic if to is not None else None),
            reply_to=to,
        )

    def _post(self, message: Message) -> Message:
        """Put a message into its chat."""
        self._check_may_write(message)
        if message.chat is self.private:
            self.private.started = True
        self._world.add(message)
        self._world.hear(message)
        return message

    def _check_may_write(self, message: Message) -> None:
        """Object where a scene has somebody write what Telegram would not let them."""
        chat = message.chat
        assert not chat.gone, "that chat is no more"
        assert chat.upgraded_to is None, "they talk in the supergroup by now"
        assert not self.private.deactivated, "that account is no more"
        if chat.private:
            assert chat is self.private, "that is somebody else's talk with the bot"
            assert not chat.blocked, "they have blocked the bot"
            return
        status = chat.status(self.user.id)
        assert status not in {"left", "kicked"}, f"{self.name} is not in {chat.title}"
        admin = status in {"administrator", "creator"}
        assert admin or chat.kind != "channel", f"{self.name} may not post in {chat.title}"
        if not admin and message.service is None:
            assert not (message.topic and message.topic.closed), "that topic is closed"
            assert PLURAL[message.content.kind] not in chat.forbids, "that is not allowed there"


def _button(label: str, message: Message) -> Json:
    """Return the button with a label."""
    for row in message.keyboard:
        for button in row:
            if button["text"] == label:
                return button
    raise AssertionError(f"there is no {label} in {message.rows}")


def _offered(world: World, result: Json) -> Content:
    """Return what an inline result posts."""
    said: Json | None = result.get("input_message_content")
    if said is not None:
        source, entities = said["message_text"], said.get("entities", [])
        media = None
    else:
        said, source, entities = result, result.get("caption", ""), result.get("caption_entities")
        media = world.files.known(str(result["photo_file_id"]), "photo")
    body = parsed(str(source), str(said.get("parse_mode", "")), entities or [], world.user)
    return Content(body=body, media=media, preview=said.get("link_preview_options"))


def _mention(text: str, user: User) -> Json:
    """Return the entity that names somebody without an @name."""
    at = text.index(user.name)
    return {
        "type": "text_mention",
        "offset": units(text[:at]),
        "length": units(user.name),
        "user": user.raw,
    }
