"""Two hundred people in a hundred channels of twenty servers, and what they ask of the bot."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251  who does what, from a seed

from benchmarks.chat.discord_tally import Tally
from tests.discord_api.channel import Channel
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.server import FakeDiscord

SERVERS, CHANNELS, PEOPLE = 20, 5, 200
MEMBERS = 20
"""People in a server."""
FRESH = 200
"""Pictures that are pressed: the newest."""
EACH = 3
"""Requests in such a channel before it begins."""
ALBUM = 7
"""Pictures that a painter has from before: more than a page."""

WEIGHTS = {
    "favour": 40.0,
    "complete": 17.0,
    "draw": 8.0,
    "info": 6.0,
    "style": 3.0,
    "page": 5.0,
    "队列": 6.0,
    "额度": 6.0,
    "设置": 5.0,
    "历史": 4.0,
}
"""What people do, of a hundred things. Half of it is answered with words of its own; that is near
what the courier lets through in a second."""

OWN = 0.4
"""So often it is one's own picture that is pressed; what others press is refused in a whisper."""

TYPED = ("", "水", "油", "像", "s", "没有")
THINGS = ("一只猫", "雪地里的企鹅", "一座山", "星空下的房子", "海底的鱼", "一条小船", "竹林")


@dataclass(slots=True, eq=False)
class Shown:
    """A picture that is pressed."""

    message: Message
    owner: Person
    others: Sequence[Person]
    """Who else sees it."""


class Crowd:
    """People who ask, type and press."""

    def __init__(self, discord: FakeDiscord, tally: Tally, busy: int) -> None:
        self._busy = busy
        self._steps = min(20, 5 * busy)
        self._discord = discord
        self._tally = tally
        self._random = Random(1)  # noqa: S311  no secret
        people = [discord.person(f"人{number}") for number in range(PEOPLE)]
        self._channels = list[tuple[Channel, list[Person]]]()
        for number in range(SERVERS):
            start = number * PEOPLE // SERVERS
            members = (people[start:] + people[:start])[:MEMBERS]
            server = discord.server(f"群{number}", *members)
            places = [server.channel(f"画画{n}") for n in range(CHANNELS)]
            self._channels += [(channel, members) for channel in places]
        self._members = dict(self._channels)
        self._painters = list[tuple[Person, Channel]]()
        self._pictures = deque[Shown](maxlen=FRESH)
        self._people = {person.user: person for person in people}
        self._histories = deque[tuple[Person, Interaction]](maxlen=20)
        self.interactions = 0
        self.shown = 0

    # ── before ──────────────────────────────────────────────────────────────────────────────

    async def paint(self, painters: int) -> None:
        """Have some people draw, so that there is something to press."""
        await asyncio.gather(*[self._album(number) for number in range(painters)])

    async def _album(self, number: int) -> None:
        places = self._channels[number * CHANNELS : (number + 1) * CHANNELS]
        person = places[0][1][0]
        self._painters += [(person, channel) for channel, _ in places]
        for turn in range(ALBUM):
            channel, members = places[turn % CHANNELS]
            thing = self._random.choice(THINGS)
            used = person.commands(channel, "画", 描述=thing, 步数=1)
            await self._discord.until(lambda used=used: used.message and used.message.buttons[3:])
            assert used.message is not None
            self._pictures.append(Shown(used.message, person, members))

    async def fill(self) -> None:
        """Have so much asked for in the busy channels that the engine draws all the time."""
        for number in range(self._busy):
            channel, members = self._channels[CHANNELS * number]
            for person in members[1 : 1 + EACH]:
                thing, count = self._random.choice(THINGS), min(2, self._busy)
                used = person.commands(channel, "画", 描述=thing, 张数=count, 步数=self._steps)
                self._tally.picture("draw", used)
                await self._discord.until(lambda used=used: used.message and used.message.content)

    # ── meanwhile ───────────────────────────────────────────────────────────────────────────

    async def lives(self, seconds: float, rate: float) -> None:
        """Do things for so long, so many a second, at times that nobody foresees."""
        clock = self._discord.world.clock
        at = clock()
        end = at + seconds
        while (at := at + self._random.expovariate(rate)) < end:
            await asyncio.sleep(max(0.0, at - clock()))
            self._act()

    def see(self) -> None:
        """See what was drawn."""
        for message in self._tally.settle():
            self.shown += 1
            assert message.interaction is not None
            owner = self._people[message.interaction.person]
            if "⭐ 收藏" in message.buttons:  # it is one picture
                self._pictures.append(Shown(message, owner, self._members[message.channel]))

    def _act(self) -> None:
        (kind,) = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        acts: dict[str, Callable[[], None]] = {
            "favour": self._favours,
            "complete": self._types,
            "draw": self._draws,
            "info": lambda: self._presses("info", "ℹ️ 参数", "编号"),
            "style": lambda: self._presses("style", "🎨 换风格", "换成哪种风格"),
            "page": self._turns_page,
            "历史": self._looks_back,
        }
        acts.get(kind, lambda: self._commands(kind))()
        self.interactions += 1

    def _favours(self) -> None:
        shown = self._random.choice(self._pictures)
        person = self._random.choice(shown.others)
        self._tally.whisper("favour", person.presses("⭐ 收藏", shown.message))

    def _presses(self, kind: str, label: str, head: str) -> None:
        shown = self._random.choice(self._pictures)
        own = self._random.random() < OWN
        person = shown.owner if own else self._random.choice(shown.others)
        used = person.presses(label, shown.message)
        if person is shown.owner:
            self._tally.reply(kind, used, head)
        else:
            self._tally.whisper("refused press", used)

    def _types(self) -> None:
        channel, members = self._random.choice(self._channels)
        person, typed = self._random.choice(members), self._random.choice(TYPED)
        used = person.completes(channel, "画", "风格", typed, 描述="一只猫")
        self._tally.choices("complete", used)

    def _draws(self) -> None:
        channel, members = self._channels[CHANNELS * self._random.randrange(self._busy)]
        person = self._random.choice(members)
        used = person.commands(channel, "画", 描述=self._random.choice(THINGS), 步数=self._steps)
        self._tally.picture("draw", used)

    def _commands(self, name: str) -> None:
        channel, members = self._random.choice(self._channels)
        used = self._random.choice(members).commands(channel, name)
        self._tally.command("command", used)

    def _looks_back(self) -> None:
        person, channel = self._random.choice(self._painters)
        if self._random.random() > OWN:
            channel, members = self._random.choice(self._channels)
            person = self._random.choice(members)
        used = person.commands(channel, "历史")
        self._histories.append((person, used))
        self._tally.command("history", used)

    def _turns_page(self) -> None:
        """Go on in a history; where none is open, open one."""
        there = [
            (person, used.message)
            for person, used in self._histories
            if used.message is not None and "更早的" in used.message.buttons
        ]
        if not there:
            self._looks_back()
            return
        person, message = self._random.choice(there)
        self._tally.whisper("page", person.presses("更早的", message))
