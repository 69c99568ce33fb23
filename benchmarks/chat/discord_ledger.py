"""What people on Discord asked for, and whether they got it: all, in its place, and once."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.chat.fault import ACCEPTED, APOLOGY, GIVEN_UP, JOB, MARKED, Fault
from tests.discord_api.channel import Channel
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.server import FakeDiscord

UNKNOWABLE = "404 10015 Unknown Webhook"
"""Nobody knows whether an interaction that came before the kill was answered, so that more can be
said by way of it; where it was not, that is refused."""

Way = Literal["said", "command", "vary", "favour", "quota"]
DRAWN: tuple[Way, ...] = ("said", "command", "vary")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ask:
    """What somebody wanted of the bot."""

    way: Way
    person: Person
    channel: Channel
    pictures: int = 0
    """That they want; 0: an answer in words."""
    tag: str = ""
    """A word that is in no other request, but in what becomes of its pictures."""
    message: Message | None = None
    """What they said, or whose button they pressed."""
    interaction: Interaction | None = None
    sessions: frozenset[str] = frozenset()
    """The sessions with the bot that were told of it, or keep it for when it is back."""

    def __str__(self) -> str:
        """Return it in words."""
        number = self.interaction.id if self.interaction else self.message and self.message.id
        return f"{self.channel.name} {self.way} {number} {self.tag}".rstrip()


@dataclass(slots=True)
class Ledger:
    """Of all that is wanted on one Discord."""

    discord: FakeDiscord
    asks: list[Ask] = field(default_factory=list[Ask])
    seen: Counter[str] = field(default_factory=Counter[str])
    _jobs: dict[int, Ask] = field(default_factory=dict[int, Ask])

    def faults(self) -> Iterator[Fault]:
        """Yield what is not as it should be, when nothing is on its way any more."""
        for ask in self.asks:
            self.seen["requests"] += 1
            yield from self._drawn(ask) if ask.way in DRAWN else self._told(ask)
        shown = self._shown()
        for job, ask in self._jobs.items():
            yield from self._result(job, ask, shown[job])
        for job in shown.keys() - self._jobs.keys():
            yield Fault("wrong", f"#{job} is shown, and nobody asked for it")
        yield from self._same_files()
        for words in self.discord.refused:
            if UNKNOWABLE in words:
                self.seen["unknowable"] += 1
            else:
                yield Fault("wrong", f"refused: {words}")

    def _is_due(self, ask: Ask) -> bool:
        """Return whether it was promised to be answered."""
        if ask.interaction is not None:
            promised = ask.interaction.answer is not None
            self.seen["unacknowledged"] += not promised
            return promised
        kept = bool(ask.sessions & self.discord.world.sessions.all.keys())
        self.seen["unheard"] += not kept
        return kept

    # ── answers ─────────────────────────────────────────────────────────────────────────────

    def _drawn(self, ask: Ask) -> Iterator[Fault]:
        """Yield what is wrong with the acceptance of a request."""
        answers = list(self._answers(ask))
        first = [_first(message) for message in answers]
        plain = [text for text in first if ACCEPTED.match(text)]
        found = {int(match[1]) for text in map(_bare, first) if (match := ACCEPTED.match(text))}
        self.seen["repeats"] += sum(bool(MARKED.match(text)) for text in first)
        self._jobs |= dict.fromkeys(found, ask)
        due = self._is_due(ask)
        if any(message.channel is not ask.channel for message in answers):
            yield Fault("wrong", f"{ask}: answered elsewhere")
        if len(found) > 1 or len(plain) > 1:
            yield Fault("repeated", f"{ask}: accepted as {sorted(found)}, in {plain}")
        if not found and self._apologies(ask):
            self.seen["apologies"] += 1
        elif due and not found:
            yield Fault("lost", f"{ask}: not accepted, but {first}")

    def _answers(self, ask: Ask) -> Iterator[Message]:
        """Yield the messages that were sent in answer to a request."""
        for message in self._said():
            about = any(ask.tag in text for _, text, _ in message.edits)
            first = _bare(_first(message))
            varies = "改自" in first and message.reply_to is not None
            mine = message.reply_to is ask.message if ask.way == "vary" else not varies
            if about and mine and ACCEPTED.match(first):
                yield message

    def _apologies(self, ask: Ask) -> list[Message]:
        """Return where it was said that a request could not be handled."""
        return [
            message
            for message in self._said()
            if APOLOGY in message.content and message.channel is ask.channel
            if message.reply_to is ask.message or message.interaction in {ask.interaction} - {None}
        ]

    def _told(self, ask: Ask) -> Iterator[Fault]:
        """Yield what is wrong with the answer to what wants words."""
        assert ask.interaction is not None
        there = [*filter(None, [ask.interaction.message]), *ask.interaction.followups]
        if ask.way == "favour":
            there = [*ask.interaction.followups, *self._favours(ask)]
        texts = [_first(message) for message in there if not message.loading]
        plain = [text for text in texts if not MARKED.match(text)]
        self.seen["repeats"] += len(texts) - len(plain)
        if any(not message.ephemeral for message in there if ask.way == "quota"):
            yield Fault("wrong", f"{ask}: what is private is seen by all: {texts}")
        if len(plain) > 1:
            yield Fault("repeated", f"{ask}: {plain}")
        if self._is_due(ask) and not texts and not self._apologies(ask):
            yield Fault("lost", f"{ask}: no answer")

    def _favours(self, ask: Ask) -> list[Message]:
        """Return what was said before all in answer to a press, too late for a whisper."""
        return [
            message
            for message in self._said()
            if message.reply_to is ask.message
            and "收藏" in message.content
            and not message.ephemeral
        ]

    # ── results ─────────────────────────────────────────────────────────────────────────────

    def _shown(self) -> dict[int, list[Message]]:
        """Return the messages that show the pictures of each job."""
        found = defaultdict[int, list[Message]](list)
        for message in self._said():
            for job in _jobs_in(message):
                found[job].append(message)
        return found

    def _result(self, job: int, ask: Ask, shown: Sequence[Message]) -> Iterator[Fault]:
        """Yield what is wrong with the result of a job."""
        plain = [message for message in shown if not MARKED.match(message.content)]
        self.seen["results"] += bool(shown)
        self.seen["repeats"] += len(shown) - len(plain)
        if not shown:
            told = [m.content for m in self._said() if GIVEN_UP.format(job) in m.content]
            yield Fault("lost", f"{ask}: {told or f'nothing is shown of #{job}'}")
        if len(plain) > 1:
            ids = [message.id for message in plain]
            yield Fault("repeated", f"{ask}: #{job} is shown in {ids}, none marked")
        for message in shown:
            if message.channel is not ask.channel or ask.tag not in message.content:
                yield Fault("wrong", f"{ask}: #{job} is shown elsewhere: {message}")
            if len(message.attachments) != ask.pictures:
                count = len(message.attachments)
                yield Fault("wrong", f"{ask}: {count} pictures of #{job}, not {ask.pictures}")

    def _same_files(self) -> Iterator[Fault]:
        """Yield a fault for each picture that is in two messages without a mark."""
        found = defaultdict[str, list[Message]](list)
        for message in self._said():
            if not MARKED.match(message.content):
                for one in message.attachments:
                    found[one.filename].append(message)
        for name, messages in found.items():
            if len(messages) > 1:
                yield Fault("repeated", f"{name} is in {messages}")

    def _said(self) -> Iterator[Message]:
        """Yield all that the bot has said."""
        for channel in self.discord.world.channels.values():
            yield from (m for m in channel.messages.values() if m.author is self.discord.bot)


def _first(message: Message) -> str:
    """Return what a message said first; while the bot "is thinking" it says nothing."""
    return next((text for _, text, _ in message.edits if text), "")


def _bare(text: str) -> str:
    return MARKED.sub("", text)


def _jobs_in(message: Message) -> list[int]:
    """Return the jobs whose pictures a message shows."""
    text = _bare(message.content)
    if not message.attachments or ACCEPTED.match(text):
        return []
    return [int(number) for number in JOB.findall(text)]
