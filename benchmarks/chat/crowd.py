"""Two hundred chats, half of them private, and what people do in them."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random  # noqa: TID251  who does what, from a seed

from benchmarks.chat.tally import Tally
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.person import Person
from tests.telegram_api.server import FakeTelegram

CHATS = 200
MEMBERS = 5
"""People in a group."""
FRESH = 40
"""Pictures that are pressed: the newest."""
SEEN = 8
"""Of the messages of a chat, so many of the newest are on the screen."""

WEIGHTS = {
    "chatter": 35.0,
    "favour": 32.0,
    "command": 16.6,
    "request": 10.0,
    "info": 4.0,
    "vary": 2.0,
    "history": 0.4,
}
"""What people do, of a hundred things. A request is two calls, a page of history up to seven, a
word in passing none that counts: together about half of what Telegram takes in a second."""

CHATTER = ("今天好热", "晚上吃什么", "哈哈哈哈", "这张好看", "谁有空一起打球？", "好的👌", "早")
COMMANDS = ("/队列", "/额度", "/帮助")
HISTORY = "/历史"
THINGS = ("一只猫", "雪地里的企鹅", "一座山", "星空下的房子", "海底的鱼", "一条小船", "竹林")
MANNERS = ("", "，水墨风", "，像素风", "，竖版", " --steps 10", "，不要文字")


@dataclass(slots=True, eq=False)
class Shown:
    """A picture that is pressed."""

    message: Message
    person: Person
    """Whose it is."""
    asked: bool = False
    """Whether something was asked of it already that is answered with a message."""


class Crowd:
    """People who talk, ask and press."""

    def __init__(self, telegram: FakeTelegram, tally: Tally) -> None:
        self._world = telegram.world
        self._tally = tally
        self._random = Random(1)  # noqa: S311  no secret
        self._people = [telegram.person(f"人{n}") for n in range(CHATS // 2)]
        self._groups = list[tuple[Chat, list[Person]]]()
        for number in range(CHATS // 2):
            members = self._random.sample(self._people, MEMBERS)
            self._groups.append((telegram.group(f"群{number}", *members), members))
        self._pictures = deque[Shown](maxlen=FRESH)
        self._askers = dict[Message, Person]()
        """Who asked for pictures that are on their way, by what these answer."""
        self.updates = 0

    async def lives(self, seconds: float, rate: float) -> None:
        """Do things for so long, so many a second, at times that nobody foresees."""
        clock = self._world.clock
        at = clock()
        end = at + seconds
        while (at := at + self._random.expovariate(rate)) < end:
            await asyncio.sleep(max(0.0, at - clock()))
            self._act()

    def see(self) -> None:
        """See what was drawn."""
        for message in self._tally.settle():
            assert message.reply_to is not None
            person = self._askers.pop(message.reply_to)
            if message.buttons and message.content.kind == "photo":
                self._pictures.append(Shown(message, person))

    def _act(self) -> None:
        (kind,) = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        acts: dict[str, Callable[[], bool]] = {
            "chatter": self._chats,
            "favour": lambda: self._presses("⭐ 收藏"),
            "info": lambda: self._presses("ℹ️ 参数", asks=True),
            "vary": lambda: self._presses("🎲 变化", asks=True, draws=True),
            "request": self._asks,
            "history": lambda: self._commands(HISTORY),
            "command": lambda: self._commands(self._random.choice(COMMANDS)),
        }
        if not acts[kind]():  # there is nothing to press yet
            acts["chatter"]()
        self.updates += 1

    def _chats(self) -> bool:
        chat, members = self._random.choice(self._groups)
        self._random.choice(members).says(chat, self._random.choice(CHATTER))
        return True

    def _commands(self, words: str) -> bool:
        chat, person = self._somewhere()
        whose = "" if chat.private else f"@{self._world.bot.username}"
        self._wants(person.says(chat, words + whose), "command")
        return True

    def _asks(self) -> bool:
        chat, person = self._somewhere()
        called = "" if chat.private else "丹青，"
        words = f"{called}画{self._random.choice(THINGS)}{self._random.choice(MANNERS)}"
        message = person.says(chat, words)
        self._wants(message, "request")
        self._wants_picture(message, person)
        return True

    def _presses(self, label: str, *, asks: bool = False, draws: bool = False) -> bool:
        """Press a button; False if there is none.

        Args:
            label: On the button.
            asks: Whether a message answers it, besides what is said in passing.
            draws: Whether that becomes a picture.
        """
        there = [
            shown
            for shown in self._pictures
            if shown.message in shown.message.chat.messages[-SEEN:] and not (asks and shown.asked)
        ]
        if not there:
            return False
        shown = self._random.choice(there)
        message = shown.message
        if asks:
            shown.asked = True
            self._tally.want((message.chat.id, message.id), self._world.clock())
        if draws:
            self._wants_picture(message, shown.person)
        query = shown.person.presses(label, message)
        self._tally.want(query.id, query.at, "press")
        return True

    def _somewhere(self) -> tuple[Chat, Person]:
        """Return a chat, private or not, and somebody in it."""
        if self._random.random() < 0.5:
            person = self._random.choice(self._people)
            return person.private, person
        chat, members = self._random.choice(self._groups)
        return chat, self._random.choice(members)

    def _wants(self, message: Message, kind: str) -> None:
        self._tally.want((message.chat.id, message.id), message.edits[0].at, kind)

    def _wants_picture(self, message: Message, person: Person) -> None:
        self._askers[message] = person
        self._tally.want_picture(message)
