"""The fake: a Telegram that is there for one test."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import web

from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.fault import Fault, Planned
from tests.telegram_api.handling import handle
from tests.telegram_api.hooking import bringing
from tests.telegram_api.message import Message
from tests.telegram_api.person import Person
from tests.telegram_api.update import Update
from tests.telegram_api.user import User
from tests.telegram_api.world import Call, Setting, World

PATIENCE_S = 20.0
MOST_BYTES = 80 << 20


class FakeTelegram:
    """A Telegram with people in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.port = 0
        self._people = count(100_001)
        self._groups = count(1_001)
        self._runner: web.AppRunner | None = None

    # ── where it is ─────────────────────────────────────────────────────────────────────────

    @property
    def token(self) -> str:
        return self.world.setting.token

    @property
    def bot_id(self) -> int:
        return self.world.bot.id

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/bot"

    @property
    def base_file_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/file/bot"

    async def comes_up(self) -> None:
        """Listen, at the same port as before."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def goes_down(self) -> None:
        """Listen no more; who waits is hung up on."""
        self.world.faults.release()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            body = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            return web.json_response(body, status=401)
        return await handle(self.world, request.match_info["method"], request)

    async def _file(self, request: web.Request) -> web.Response:
        found = self.world.files.at(request.match_info["path"])
        if request.match_info["token"] != self.token or found is None:
            body = {"ok": False, "error_code": 404, "description": "Not Found"}
            return web.json_response(body, status=404)
        return web.Response(body=found)

    # ── who is there ────────────────────────────────────────────────────────────────────────

    def person(
        self, name: str, username: str | None = None, language: str | None = "zh-hans"
    ) -> Person:
        """Return somebody new."""
        user = User(id=next(self._people), name=name, username=username, language=language)
        return Person(self.world, user)

    def group(
        self,
        title: str,
        *people: Person,
        admins: Sequence[Person] = (),
        topics: Sequence[str] = (),
        upgradable: bool = False,
    ) -> Chat:
        """Return a group with the bot in it."""
        number = next(self._groups)
        chat = Chat(
            id=-number if upgradable else -1_000_000_000_000 - number,
            kind="group" if upgradable else "supergroup",
            title=title,
            bot_id=self.bot_id,
            is_forum=bool(topics),
        )
        chat.add(self.world.bot)
        for person in people:
            chat.add(person.user, "administrator" if person in admins else "member")
        if people:
            chat.statuses[(admins or people)[0].user.id] = "creator"
        self.world.chats[chat.id] = chat
        for topic in topics:
            self._open(chat, topic, (admins or people)[0])
        return chat

    def channel(self, title: str, *people: Person) -> Chat:
        """Return a channel that the bot may post in."""
        chat = Chat(
            id=-1_000_000_000_000 - next(self._groups),
            kind="channel",
            title=title,
            bot_id=self.bot_id,
        )
        chat.add(self.world.bot, "administrator")
        for person in people:
            chat.add(person.user, "creator")
        self.world.chats[chat.id] = chat
        return chat

    def upgrade(self, old: Chat) -> Chat:
        """Make a basic group a supergroup, which has an id of its own."""
        new = self.group(old.title)
        new.users |= old.users
        new.statuses |= old.statuses
        old.upgraded_to = new.id
        said = (
            (old, {"migrate_to_chat_id": new.id}),
            (new, {"migrate_from_chat_id": old.id}),
        )
        for chat, service in said:
            author = next(iter(old.users.values()))
            self.world.hear(
                Message(
                    id=self.world.message_id(chat),
                    chat=chat,
                    date=self.world.date,
                    author=author,
                    service=service,
                )
            )
        return new

    def _open(self, chat: Chat, name: str, by: Person) -> None:
        message = Message(
            id=self.world.message_id(chat),
            chat=chat,
            date=self.world.date,
            author=by.user,
            service={"forum_topic_created": {"name": name, "icon_color": 7322096}},
        )
        topic = Topic(message.id, name, message)
        message.topic = topic
        chat.topics[name] = topic
        self.world.add(message)

    # ── what happened ───────────────────────────────────────────────────────────────────────

    def messages(self, chat: Chat) -> list[Message]:
        """Return what is to be seen in a chat, newest last."""
        return list(chat.messages)

    def said(self, chat: Chat) -> list[Message]:
        """Return what the bot has said there."""
        bot = self.world.bot
        return [m for m in chat.messages if m.author == bot or (m.author is None and m.markup)]

    @property
    def calls(self) -> list[Call]:
        """All calls, in order."""
        return list(self.world.calls)

    @property
    def refused(self) -> list[str]:
        """What should never have been asked."""
        return self.world.refused

    async def until(self, fact: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
        """Wait until something is so; it is looked at after every call."""
        async with asyncio.timeout(timeout_s):
            while not (found := fact()):
                await self.world.moved(0.2)
        return found

    # ── what goes wrong ─────────────────────────────────────────────────────────────────────

    def fail_next(
        self, method: str | None, fault: Fault, times: int = 1, chat: Chat | None = None
    ) -> Planned:
        """Have the next calls of a method, or of any but getUpdates, go wrong."""
        where = None if chat is None else chat.id
        return self.world.faults.plan(Planned(method, fault, times, where))

    def flood_all(self, seconds: float) -> None:
        """Want silence everywhere."""
        self.world.flood.close_all(seconds)

    def after_a_week(self, *, lower: bool | None = None) -> None:
        """Begin anew with the numbers of updates, after a week of silence."""
        self.world.updates.after_a_week(lower=lower)

    def redeliver(self, *updates: Update) -> None:
        """Bring updates once more that were confirmed."""
        self.world.updates.repeat(updates)


@asynccontextmanager
async def fake_telegram(
    clock: Callable[[], float] | None = None, **setting: Any
) -> AsyncGenerator[FakeTelegram]:
    """Open a Telegram; see `Setting` for what it can be told."""
    telegram = FakeTelegram(World(Setting(**setting), clock))
    await telegram.comes_up()
    try:
        async with bringing(telegram.world):
            yield telegram
    finally:
        await telegram.goes_down()
