"""A chat program with edits, several people in it, and a hand on the clock."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from adapters.build import Labels, Sketches, policy
from adapters.config import Config
from bot.app import App
from bot.courier import Courier
from bot.job import State
from bot.label import LabelConfig
from bot.pace import Pace
from bot.painter import Painter
from bot.quota import Quota, QuotaConfig
from bot.reply import Limits
from bot.rules import Rules
from bot.store.limits import QueueConfig
from bot.store.store import Store
from bot.style import Styles
from bot.words.judge import Words
from tests.fakes import PacedEngine, Posted, StrictChat

LIMITS = Limits(edits=True, private_s=1.0, group_s=4.0, turns=1, album=10)
GROUP, PRIVATE = "群一", "阿青"
PATIENCE_S = 20.0
"""Nothing takes so long; a test that waits for what never comes fails then."""


class Hand:
    """A clock that stands where it was put."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let so much time have passed; whoever waits for it need not wait."""
        self.now += seconds
        await asyncio.sleep(0)


class Scene:
    """The whole line; the painter runs, the courier and the clock move when they are told to."""

    def __init__(
        self, store: Store, clock: Hand, chat: StrictChat, *, first_id: int, at_once: int
    ) -> None:
        self.store, self.clock = store, clock
        self.engine = PacedEngine(store.sources.read)
        self.chat = chat
        styles, pace, seeds = Styles.load(), Pace(clock), count(1)
        adapters = {"chat": self.chat}
        self.courier = Courier(store, adapters, Sketches(LabelConfig()), clock.sleep)
        rules = Rules(policy=policy(Config()), quota=Quota(QuotaConfig()), words=Words.load())
        self.app = App(store, adapters, styles, rules, pace, lambda: next(seeds))
        self.painter = Painter(
            *(store, styles, self.engine, self.courier, Labels(LabelConfig()), pace),
            *(self.app.referee, at_once),
        )
        self._ids = count(first_id)

    async def says(self, name: str, text: str, chat: str = GROUP) -> Posted:
        """Somebody says something; returns the bot's answer."""
        return await self._event({"user": name, "text": text, "chat": chat})

    async def answers(self, name: str, text: str, message: Posted) -> Posted:
        """Somebody answers a message; returns the bot's answer."""
        chat = message.delivery.chat.id
        return await self._event({"user": name, "text": text, "chat": chat, "reply_to": message.id})

    async def presses(self, name: str, label: str, message: Posted) -> None:
        """Somebody presses a button under a message."""
        (action,) = {button.action for button in message.buttons if button.label == label}
        chat = message.delivery.chat.id
        await self._event({"user": name, "press": action.pack(), "chat": chat})

    def of(self, job_id: int) -> Posted:
        """Return the message that told a job to be accepted."""
        (found,) = (
            m
            for m in self.chat.messages.values()
            if m.delivery.job_id == job_id and m.delivery.reply.wait is not None
        )
        return found

    @property
    def last(self) -> Posted:
        """The newest message with words."""
        return [message for message in self.chat.messages.values() if message.text][-1]

    async def finishes(self, job_id: int, words: str, steps: int, seconds: float = 0.0) -> None:
        """Let the engine finish a job."""
        await self.draws(words, steps, seconds)
        await self.until(job_id, State.DRAWN)

    async def later(self, seconds: float) -> None:
        """Let some time pass, and the courier do what is due by then."""
        self.clock.now += seconds
        await self.attend()

    async def attend(self) -> None:
        """Let the courier do what is due: replies, then an edit in each chat."""
        for chat in (f"chat:{GROUP}", f"chat:{PRIVATE}"):
            await self.courier.serve(chat)
            await self.courier.refresh(chat)

    async def edited(self, message: Posted, words: str) -> bool:
        """Let the courier edit; return whether a message has these words now."""
        await self.attend()
        return words in message.text

    async def draws(self, words: str, steps: int, seconds: float = 0.0) -> None:
        """Let the engine go some steps with a job, each in so many seconds."""
        for _ in range(steps):
            self.clock.now += seconds
            await self.engine.go(words, 1)

    async def until(self, job_id: int, state: State) -> None:
        """Wait until a job is at a station."""
        await self.see(lambda: self.is_in(job_id, state))

    async def see(self, fact: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                seen, found = self.store.commits, fact()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return
                await self.store.after(seen, 0.01)

    async def is_in(self, job_id: int, state: State) -> bool:
        job = await self.store.read(self.store.queue.get, job_id)
        return job is not None and job.state is state

    async def _event(self, said: dict[str, str]) -> Posted:
        id_ = str(next(self._ids))
        await self.app.hear("chat", id_, json.dumps({"id": id_, **said}).encode())
        while (update := await self.store.read(self.store.inbox.next)) is not None:
            await self.app.receive(update)
        await self.courier.serve(f"chat:{said['chat']}")
        return list(self.chat.messages.values())[-1]


@asynccontextmanager
async def scene(
    folder: Path,
    limits: Limits = LIMITS,
    *,
    chat: StrictChat | None = None,
    clock: Hand | None = None,
    at_once: int = 4,
) -> AsyncGenerator[Scene]:
    """Open a studio on a chat, which may be that of before, and let the painter work.

    Whatever was refused that should not have been asked fails the test.
    """
    clock = clock or Hand()
    chat = chat or StrictChat(clock, limits)
    config = QueueConfig(drawing_per_user=4)
    store = await Store.open(folder, config, ["chat"], clock)
    try:
        first_id = 1000 * (1 + len(chat.messages))  # no message's id comes twice
        played = Scene(store, clock, chat, first_id=first_id, at_once=at_once)
        painting = asyncio.ensure_future(played.painter.run())
        try:
            yield played
        finally:
            painting.cancel()
            await asyncio.wait([painting])
        assert played.chat.refused == []
    finally:
        await store.close()
