"""Group sessions played by hand: a chat with edits, an engine that draws at once, a hand on the
clock; the middle is real, down to the file."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from adapters.build import Labels, policy
from adapters.config import Config
from bot.app import App
from bot.boards import Boards
from bot.courier import Courier
from bot.curator import Curator
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.quota import Quota, QuotaConfig
from bot.reply import Limits
from bot.role import RoleConfig, Roles
from bot.rules import Rules
from bot.session import Session
from bot.store.limits import QueueConfig
from bot.store.store import Store
from bot.style import Styles
from bot.words.judge import Words
from tests.fakes import FakeEngine, Posted, StrictChat
from tests.flow.scene import GROUP, LIMITS, Hand

ALBUMS = LIMITS


class Game:
    """A chat in which people play; nothing moves but when it is told to."""

    def __init__(
        self, store: Store, clock: Hand, chat: StrictChat, first_id: int, quota: QuotaConfig
    ) -> None:
        self.store, self.clock, self.chat = store, clock, chat
        self.engine = FakeEngine(store.sources.read)
        styles, pace, seeds = Styles.load(), Pace(clock), count(1)
        adapters = {"chat": chat}
        self.courier = Courier(store, adapters, sleep=clock.sleep)
        roles = Roles({"operator": RoleConfig(users=("chat:管理员",), operator=True)})
        rules = Rules(
            policy=policy(Config()),
            quota=Quota(quota, roles),
            roles=roles,
            words=Words.load(),
        )
        self.app = App(store, adapters, styles, rules, pace, lambda: next(seeds))
        self.painter = Painter(
            *(store, styles, self.engine, self.courier, Labels(LabelConfig()), pace),
            *(self.app.referee, 4),
        )
        self.boards = Boards(store, adapters, self.courier.channels, self.app.referee)
        self.curator = Curator(store, self.app.referee)
        self._ids = count(first_id)

    # ── what people do ──

    async def says(
        self, name: str, text: str, chat: str = GROUP, *, to_me: bool = True, **more: object
    ) -> Posted:
        """Somebody says something; returns what the chat shows last."""
        said = {"user": name, "text": text, "chat": chat, "to_me": to_me}
        return await self._event({**said, **more})

    async def murmurs(self, name: str, text: str, chat: str = GROUP) -> Posted:
        """Somebody says something to nobody in particular."""
        return await self.says(name, text, chat, to_me=False)

    async def answers(self, name: str, text: str, message: Posted) -> Posted:
        """Somebody answers a message."""
        chat = message.delivery.chat.id
        return await self._event(
            {"user": name, "text": text, "chat": chat, "reply_to": message.id, "to_me": True}
        )

    async def presses(self, name: str, label: str, message: Posted | None = None) -> Posted:
        """Somebody presses a button, of the board if not of another message."""
        message = message or self.board
        (action,) = {one.action for one in message.buttons if label in one.label}
        chat = message.delivery.chat.id
        return await self._event({"user": name, "press": action.pack(), "chat": chat})

    async def fills_in(self, name: str, form: str, chat: str = GROUP, **values: str) -> Posted:
        """Somebody hands in a form."""
        return await self._event({"user": name, "submit": form, "values": values, "chat": chat})

    # ── what goes on ──

    async def paints(self, most: int = 100) -> Posted:
        """Have all that is asked for drawn, one after the other, and told."""
        for _ in range(most):
            job = await self.store.write(self.store.queue.claim)
            if job is None:
                break
            await self.painter.paint(job)
        return await self.settles()

    async def settles(self) -> Posted:
        """Put together what is wanted, and tell what is to be told; returns what is shown last."""
        await self.curator.work()
        await self._deliver()
        return self.last

    async def later(self, seconds: float) -> Posted:
        """Let so much time pass, and what runs out meanwhile run out when it does."""
        until = self.clock.now + seconds
        while (due := await self.store.read(self.store.sessions.due)) and due[1] <= until:
            self.clock.now = max(self.clock.now, due[1])
            await self.store.write(self.app.referee.due, due[0])
            await self.settles()
        self.clock.now = max(self.clock.now, until)
        await self.settles()
        return self.last

    async def shows_boards(self) -> Posted:
        """Let boards be brought up to date; time passes until there is room for it."""
        for _ in range(3):
            self.clock.now += LIMITS.group_s
            await self.boards.refresh()
        await self._deliver()
        return self.board

    # ── what is seen ──

    @property
    def board(self) -> Posted:
        """The newest board."""
        return [one for one in self.chat.messages.values() if "🎨" in one.text[:8]][-1]

    @property
    def last(self) -> Posted:
        """The newest message that is no board."""
        shown = [one for one in self.chat.messages.values() if "🎨" not in one.text[:8]]
        return ([one for one in shown if one.text] or [self.board])[-1]

    @property
    def texts(self) -> list[str]:
        """All that was said, but boards."""
        return [one.text for one in self.chat.messages.values() if "🎨" not in one.text[:8]]

    async def session(self, id_: int = 1) -> Session:
        """Return a session as it is kept."""
        kept = await self.store.read(self.store.sessions.get, id_)
        assert kept is not None
        return kept.session

    async def _event(self, said: dict[str, object]) -> Posted:
        id_ = str(next(self._ids))
        await self.app.hear("chat", id_, json.dumps({"id": id_, **said}).encode())
        while (update := await self.store.read(self.store.inbox.next)) is not None:
            await self.app.receive(update)
        await self._deliver()
        return self.last

    async def _deliver(self) -> None:
        """Have all that waits told; time passes where that waits for its time."""
        before = dict[str, int]()
        while chats := await self.store.read(self.store.outbox.chats):
            self.clock.now += 1.0 if chats == before else 0.0
            before = chats
            for chat in chats:
                await self.courier.serve(chat, passing=True)
                await self.courier.serve(chat)


@asynccontextmanager
async def game(
    folder: Path,
    *,
    chat: StrictChat | None = None,
    clock: Hand | None = None,
    limits: Limits = ALBUMS,
    queue: QueueConfig | None = None,
    quota: QuotaConfig | None = None,
) -> AsyncGenerator[Game]:
    """Open a studio on a chat, which may be that of before.

    Whatever was refused that should not have been asked fails the test.
    """
    clock = clock or Hand()
    chat = chat or StrictChat(clock, limits)
    store = await Store.open(folder, queue or QueueConfig(drawing_per_user=4), ["chat"], clock)
    try:
        first_id = 1000 * (1 + len(chat.messages))
        played = Game(store, clock, chat, first_id, quota or QuotaConfig())
        yield played
        assert played.chat.refused == [], played.chat.refused
    finally:
        await store.close()
