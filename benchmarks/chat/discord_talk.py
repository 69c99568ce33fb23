"""People on Discord who ask, press and go on asking, while the program is killed."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from random import Random  # noqa: TID251  who says what, from a seed
from typing import Any

from benchmarks.chat.discord_ledger import Ask, Ledger, Way
from benchmarks.chat.discord_program import settings
from benchmarks.chat.fault import Fault
from benchmarks.chat.trap import ANY, Release, Trap
from tests.discord_api.channel import Channel
from tests.discord_api.fault import HangBefore, Planned
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.server import FakeDiscord, fake_discord
from tests.discord_api.world import Call

PEOPLE = 8
THINGS = (("一只猫", 1), ("一座山 --steps 4", 1), ("雪地里的企鹅", 3))
WAYS: dict[Way, int] = {"said": 35, "command": 30, "vary": 15, "favour": 10, "quota": 10}
BUTTONS: dict[Way, str] = {"vary": "🎲 变化", "favour": "⭐ 收藏"}
UP = {"IDENTIFY", "RESUME"}
MOST = {
    ANY: 24,
    "GATEWAY RESUME": 1,
    "POST /interactions/{interaction_id}/{interaction_token}/callback": 4,
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": 3,
    "POST /webhooks/{webhook_id}/{webhook_token}": 2,
    "POST /channels/{channel_id}/messages": 4,
    "PATCH /channels/{channel_id}/messages/{message_id}": 4,
}
"""When it is killed: at one of so many such calls since the start."""


class Talk:
    """People in servers, threads, and private."""

    quiet_s = 1.5

    def __init__(self, discord: FakeDiscord, random: Random) -> None:
        self._discord = discord
        self._world = discord.world
        self._random = random
        self._ledger = Ledger(discord)
        people = [discord.person(f"人{number}") for number in range(PEOPLE)]
        self._places = list[tuple[Person, Channel]]()
        for number, person in enumerate(people):
            channel = discord.server(f"群{number}", *people).channel("画画")
            thread = channel.thread("接龙")
            self._places += [(person, person.direct), (person, channel), (person, thread)]
        self._pressed = set[tuple[str, Message]]()

    def environ(self, engine: str) -> dict[str, str]:
        """Return the environment of a program that serves here."""
        return settings(self._discord, engine)

    def watch(self, trap: Trap | None) -> None:
        """Tell a trap of each call from now on."""

        def hear(call: Call) -> None:
            if trap is None:
                return
            if call.route in UP:
                trap.up.set()
            trap.hear(call.name, lambda: self._lose(call))

        self._world.hear = hear

    def says(self) -> None:
        """Have somebody say something, or want something by a command or a button."""
        (way,) = self._random.choices(list(WAYS), list(WAYS.values()))
        if way in BUTTONS and self._presses(way):
            return
        person, channel = self._random.choice(self._places)
        if not self._world.commands.of(None) or way == "said":
            self._says(person, channel)
        elif way == "quota":
            used = person.commands(channel, "额度")
            self._note(way="quota", person=person, channel=channel, interaction=used)
        else:
            self._commands(person, channel)

    def left(self) -> int:
        """Return whether the program has not been told of all yet."""
        return int(not self._discord.connected)

    def faults(self) -> Iterator[Fault]:
        """Yield what is not as it should be, when nothing is on its way any more."""
        return self._ledger.faults()

    @property
    def seen(self) -> Counter[str]:
        """What was seen meanwhile."""
        sessions = Counter(identifies=self._discord.identifies, resumes=self._discord.resumes)
        return self._ledger.seen + sessions

    def _says(self, person: Person, channel: Channel) -> None:
        words, pictures, tag = self._wish()
        count = "" if pictures == 1 else "三张"
        named = [] if channel.is_direct else [self._discord.bot]
        message = person.says(channel, f"画{count}{words}", mentions=named)
        told = {"pictures": pictures, "tag": tag, "message": message}
        self._note(way="said", person=person, channel=channel, **told)

    def _commands(self, person: Person, channel: Channel) -> None:
        words, pictures, tag = self._wish()
        used = person.commands(channel, "画", 描述=words, 张数=pictures)
        told = {"pictures": pictures, "tag": tag, "interaction": used}
        self._note(way="command", person=person, channel=channel, **told)

    def _presses(self, way: Way) -> bool:
        """Press a button that was not pressed yet; False if there is none."""
        label = BUTTONS[way]
        there = [
            (ask, message)
            for ask in self._ledger.asks
            for message in ask.channel.messages.values()
            if ask.tag and ask.tag in message.content and label in message.buttons
            if (label, message) not in self._pressed
        ]
        if not there:
            return False
        ask, message = self._random.choice(there)
        self._pressed.add((label, message))
        used = ask.person.presses(label, message)
        told: dict[str, Any] = {"message": message, "interaction": used}
        if way == "vary":
            told |= {"pictures": 1, "tag": ask.tag}
        self._note(way=way, person=ask.person, channel=ask.channel, **told)
        return True

    def _wish(self) -> tuple[str, int, str]:
        """Return what is to be drawn, how many, and the word by which it is known again."""
        words, pictures = self._random.choice(THINGS)
        tag = "".join(self._random.choice(part) for part in ("kvz", "aou") * 6)
        thing, _, rest = words.partition(" ")
        return f"{thing} {tag} {rest}".rstrip(), pictures, tag

    def _note(self, **told: Any) -> None:
        sessions = frozenset(self._world.sessions.all)
        self._ledger.asks.append(Ask(sessions=sessions, **told))

    def _lose(self, call: Call) -> Release:
        if call.method == "GATEWAY":  # what is said there is always heard
            return lambda: None
        planned = Planned(call.name, HangBefore(), 1, call.channel_id)
        return self._world.faults.plan(planned).release


@asynccontextmanager
async def talk(random: Random) -> AsyncGenerator[Talk]:
    """Open a Discord with people in it."""
    async with fake_discord() as discord:
        yield Talk(discord, random)
