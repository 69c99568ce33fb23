"""The fake: a Telegram that is there for one test."""

import re
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import web

from tests.telegram_api.chat import FORBIDS, Chat, Topic
from tests.telegram_api.fault import Fault, Planned
from tests.telegram_api.flood import Flood
from tests.telegram_api.handling import handle
from tests.telegram_api.hooking import bringing
from tests.telegram_api.message import Message
from tests.telegram_api.person import Person
from tests.telegram_api.refusal import Json
from tests.telegram_api.update import Update
from tests.telegram_api.user import User
from tests.telegram_api.world import Call, Setting, World

PATIENCE_S = 20.0
MOST_BYTES = 80 << 20
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")
FIRST_PERSON, FIRST_GROUP = 100_001, 1_001
SUPERGROUPS = -1_000_000_000_000


class FakeTelegram:
    """A Telegram with people in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.port = 0
        self.routes: list[web.RouteDef] = []
        """More than Telegram has."""
        self.people: dict[str, Person] = {}
        """By name; the newest of one name."""
        self._people = count(FIRST_PERSON)
        self._groups = count(FIRST_GROUP)
        self._runner: web.AppRunner | None = None

    # ── where it is ─────────────────────────────────────────────────────────────────────────

    @property
    def token(self) -> str:
        return self.world.setting.token

    @property
    def bot(self) -> User:
        return self.world.bot

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
        app.router.add_routes(self.routes)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
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
        token = request.match_info["token"]
        if token != self.token:
            known = TOKEN.fullmatch(token) is not None
            return _no(401, "Unauthorized") if known else _no(404, "Not Found")
        return await handle(self.world, request.match_info["method"], request)

    async def _file(self, request: web.Request) -> web.Response:
        found = self.world.files.at(request.match_info["path"])
        if request.match_info["token"] != self.token or found is None:
            return _no(404, "Not Found")
        return web.Response(body=found)

    # ── who is there ────────────────────────────────────────────────────────────────────────

    def person(
        self, name: str, username: str | None = None, language: str | None = "zh-hans"
    ) -> Person:
        """Return somebody new."""
        user = User(id=next(self._people), name=name, username=username, language=language)
        person = self.people[name] = Person(self.world, user)
        return person

    def group(
        self,
        title: str,
        *people: Person,
        admins: Sequence[Person] = (),
        topics: Sequence[str] = (),
        upgradable: bool = False,
    ) -> Chat:
        """Return a group that the bot has been in for long.

        Args:
            title: What it is called.
            people: Who is in it.
            admins: Who runs it; the first of them, or of all, made it.
            topics: Of a forum.
            upgradable: True for a basic group.
        """
        number = next(self._groups)
        chat = Chat(
            id=-number if upgradable else SUPERGROUPS - number,
            kind="group" if upgradable else "supergroup",
            title=title,
            bot_id=self.bot_id,
            is_forum=bool(topics),
            last_id=1,  # 1 is the General topic of a forum
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

    def channel(self, title: str, *people: Person, username: str | None = None) -> Chat:
        """Return a channel that the bot may post in."""
        chat = Chat(
            id=SUPERGROUPS - next(self._groups),
            kind="channel",
            title=title,
            bot_id=self.bot_id,
            username=username,
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
        moved = (
            (old, {"migrate_to_chat_id": new.id}),
            (new, {"migrate_from_chat_id": old.id}),
        )
        for chat, service in moved:
            note = Message(
                id=self.world.message_id(chat),
                chat=chat,
                date=self.world.date,
                author=next(user for user in old.users.values() if not user.is_bot),
                service=service,
            )
            self.world.hear(self.world.add(note))
        old.upgraded_to = new.id
        return new

    def forbid(self, chat: Chat, *kinds: str) -> None:
        """Let members send no text, photos, documents, videos or media any more."""
        assert set(kinds) <= FORBIDS, f"one can forbid {sorted(FORBIDS)}"
        chat.forbids |= set(kinds)

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
        return [message for message in chat.messages if message.by_bot]

    @property
    def calls(self) -> list[Call]:
        """All calls, in order."""
        return list(self.world.calls)

    @property
    def updates(self) -> list[Update]:
        """What the bot was given, fetched or not; the newest thousand."""
        return list(self.world.told)

    @property
    def refused(self) -> list[str]:
        """What should never have been asked."""
        return self.world.refused

    async def until(self, fact: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
        """Wait until something is so; it is looked at after every call.

        Raises:
            TimeoutError: It is not so by then; it says what was called last.
        """
        deadline = time.monotonic() + timeout_s
        while not (found := fact()):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"not so after {timeout_s} s; {self._lately()}")
            await self.world.moved(min(left_s, 0.2))
        return found

    def _lately(self) -> str:
        """Return what was called last, but for polls."""
        calls = [call for call in self.world.calls if call.method != "getUpdates"][-8:]
        told = "; ".join(f"{call.method} {call.status} {call.description}" for call in calls)
        return f"refused: {self.refused}; lately called: {told}"

    # ── what goes wrong ─────────────────────────────────────────────────────────────────────

    @property
    def flood(self) -> Flood:
        """The limits on sending."""
        return self.world.flood

    def fail_next(
        self, method: str | None, fault: Fault, times: int = 1, chat: Chat | None = None
    ) -> Planned:
        """Have the next calls of a method, or of any but getUpdates, go wrong."""
        where = None if chat is None else chat.id
        return self.world.faults.plan(Planned(method, fault, times, where))

    def release(self) -> None:
        """Cut the connections of all that hang."""
        self.world.faults.release()

    def flood_all(self, seconds: float) -> None:
        """Want silence everywhere."""
        self.world.flood.close_all(seconds)

    def after_a_week(self, *, lower: bool | None = None) -> None:
        """Begin anew with the numbers of updates, after a week of silence."""
        self.world.updates.after_a_week(lower=lower)

    def arrives(self, kind: str, payload: Json) -> Update | None:
        """Give the bot an update of any kind, also of one that nobody knows yet."""
        return self.world.tell(kind, payload)

    def burst(self, sayings: Iterable[tuple[Person, Chat, str]]) -> list[Message]:
        """Have many people say something at the same moment: it comes as one batch."""
        return [person.says(chat, text) for person, chat, text in sayings]

    def redeliver(self, *updates: Update) -> None:
        """Bring updates once more that were confirmed, in this order."""
        self.world.updates.repeat(updates)

    def disorder(self) -> None:
        """Bring the next batch backwards."""
        self.world.updates.disordered = True


def _no(status: int, description: str) -> web.Response:
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response(body, status=status)


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
