"""People on Telegram who ask and go on asking, while the program is killed."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from random import Random  # noqa: TID251  who says what, from a seed

from benchmarks.chat.fault import Fault
from benchmarks.chat.ledger import Ask, Ledger
from benchmarks.chat.program import calls_of, settings
from benchmarks.chat.trap import ANY, Release, Trap
from tests.telegram_api.chat import Chat, Topic
from tests.telegram_api.fault import HangBefore, Planned
from tests.telegram_api.person import Person
from tests.telegram_api.server import FakeTelegram, fake_telegram
from tests.telegram_api.world import Call

CHATS = 8
"""Of each kind: a group takes some ten messages a minute, and all is to come to an end."""
SENTENCES = (("画一只猫", 1), ("画一座山 --steps 4", 1), ("画三张雪地里的企鹅", 3), ("/额度", 0))
MOST = {
    ANY: 20,
    "getUpdates": 4,
    "sendMessage": 3,
    "sendMediaGroup": 1,
    "editMessageMedia": 3,
    "editMessageText": 1,
}
"""When it is killed: at one of so many such calls since the start."""

Place = tuple[Person, Chat, Topic | None]


class Talk:
    """People in several chats."""

    quiet_s = 0.0

    def __init__(self, telegram: FakeTelegram, random: Random) -> None:
        self._telegram = telegram
        self._ledger = Ledger(telegram)
        self._random = random
        self._calls = calls_of(telegram)
        people = [telegram.person(f"人{number}") for number in range(CHATS)]
        self._places = list[Place]()
        for number, person in enumerate(people):
            group = telegram.group(f"群{number}", *people)
            forum = telegram.group(f"论坛{number}", *people, topics=("水墨", "闲聊"))
            topic = list(forum.topics.values())[number % 2]
            self._places += [(person, person.private, None), (person, group, None)]
            self._places += [(person, forum, topic)]
        self._bot = telegram.world.bot

    def environ(self, engine: str) -> dict[str, str]:
        """Return the environment of a program that serves here."""
        return settings(self._telegram, engine)

    def watch(self, trap: Trap | None) -> None:
        """Tell a trap of each call from now on."""

        def hear(call: Call) -> None:
            if trap is None:
                return
            if call.method == "getUpdates":
                trap.up.set()
            trap.hear(call.method, lambda: self._lose(call))

        self._calls.hear = hear

    def says(self) -> None:
        """Have somebody say something."""
        person, chat, topic = self._random.choice(self._places)
        words, pictures = self._random.choice(SENTENCES)
        if not chat.private:
            words = f"丹青，{words}" if pictures else f"{words}@{self._bot.username}"
        self._ledger.asks.append(Ask(person.says(chat, words, topic=topic), pictures))

    def left(self) -> int:
        """Return how much the program has not been told of yet."""
        return len(self._telegram.world.updates.pending)

    def faults(self) -> Iterator[Fault]:
        """Yield what is not as it should be, when nothing is on its way any more."""
        return self._ledger.faults()

    @property
    def seen(self) -> Counter[str]:
        """What was seen meanwhile."""
        return self._ledger.seen

    def _lose(self, call: Call) -> Release:
        planned = Planned(call.method, HangBefore(), 1, call.chat_id)
        return self._telegram.world.faults.plan(planned).release


@asynccontextmanager
async def talk(random: Random) -> AsyncGenerator[Talk]:
    """Open a Telegram with people in it."""
    async with fake_telegram(can_read_all=True) as telegram:
        yield Talk(telegram, random)
