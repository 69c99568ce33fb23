"""What people asked for, and whether they got it: all of it, and none of it twice unmarked."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.chat.fault import ACCEPTED, APOLOGY, FULL, GIVEN_UP, JOB, MARKED, Fault
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.server import FakeTelegram

UNKNOWABLE = ("there is no text in the message to edit", "there is no caption in the message")
"""Killed while a message became a picture, nobody knows what it shows. After three times the
picture is sent, and the message is to say so, which Telegram refuses if it bears it already; and a
message that was about to show a sketch is edited as if it did, and if that is refused, as words."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody said to the bot."""

    message: Message
    pictures: int
    """That they want; 0: an answer in words."""

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.message.chat.title} {self.message.id} {self.message.text!r}"


@dataclass(slots=True)
class Ledger:
    """Of all that is said on one server."""

    telegram: FakeTelegram
    asks: list[Ask] = field(default_factory=list[Ask])
    seen: Counter[str] = field(default_factory=Counter[str])
    _jobs: dict[tuple[Chat, int], Ask] = field(default_factory=dict[tuple[Chat, int], Ask])

    def faults(self) -> Iterator[Fault]:
        """Yield what is not as it should be, when nothing is on its way any more."""
        for ask in self.asks:
            self.seen["requests"] += 1
            yield from self._answered(ask)
        shown = self._shown()
        for (chat, job), ask in self._jobs.items():
            yield from self._drawn(job, ask, shown[chat, job])
        for chat, job in shown.keys() - self._jobs.keys():
            yield Fault("wrong", f"{chat.title}: #{job} is shown, and nobody asked for it")
        for words in self.telegram.refused:
            if any(one in words for one in UNKNOWABLE):
                self.seen["unknowable"] += 1
            else:
                yield Fault("wrong", f"refused: {words}")

    def _answered(self, ask: Ask) -> Iterator[Fault]:
        """Yield what is wrong with the answers to a message."""
        answers = [m for m in self._said(ask.message.chat) if m.reply_to is ask.message]
        first = [message.edits[0].text for message in answers]
        plain = [text for text in first if not MARKED.match(text)]
        self.seen["repeats"] += len(first) - len(plain)
        if not answers:
            yield Fault("lost", f"{ask}: no answer")
        if any(message.topic is not ask.message.topic for message in answers):
            yield Fault("wrong", f"{ask}: answered in another topic")
        if ask.pictures:
            yield from self._accepted(ask, [MARKED.sub("", text) for text in first])
            plain = [text for text in plain if ACCEPTED.match(text)]
        if len(plain) > 1:
            yield Fault("repeated", f"{ask}: {plain}")

    def _accepted(self, ask: Ask, answers: list[str]) -> Iterator[Fault]:
        """Yield what is wrong with the acceptance of a request."""
        found = {int(match[1]) for text in answers if (match := ACCEPTED.match(text))}
        for job in found:
            self._jobs[ask.message.chat, job] = ask
        if len(found) > 1:
            yield Fault("repeated", f"{ask}: accepted as {found}")
        if not found and any(APOLOGY in text for text in answers):
            self.seen["apologies"] += 1
        elif not found and any(FULL in text for text in answers):
            self.seen["full"] += 1
        elif not found and answers:
            yield Fault("lost", f"{ask}: not accepted, but {answers}")

    def _shown(self) -> dict[tuple[Chat, int], list[Message]]:
        """Return the messages that show the pictures of each job."""
        found = defaultdict[tuple[Chat, int], list[Message]](list)
        for chat in self.telegram.world.chats.values():
            for message in self._said(chat):
                for job in _jobs_in(message):
                    found[chat, job].append(message)
        return found

    def _drawn(self, job: int, ask: Ask, shown: list[Message]) -> Iterator[Fault]:
        """Yield what is wrong with the result of a job."""
        plain = [message for message in shown if not MARKED.match(message.text)]
        self.seen["results"] += bool(shown)
        self.seen["repeats"] += len(shown) - len(plain)
        if not shown:
            told = [m.text for m in self._said(ask.message.chat) if GIVEN_UP.format(job) in m.text]
            yield Fault("lost", f"{ask}: {told or f'nothing is shown of #{job}'}")
        if len(plain) > 1:
            places = [message.id for message in plain]
            yield Fault("repeated", f"{ask}: #{job} is shown in {places}, none marked")
        for message in shown:
            yield from self._whole(message)

    def _whole(self, message: Message) -> Iterator[Fault]:
        """Yield a fault if pictures are missing that a message speaks of, or there are more."""
        together = [m for m in message.chat.messages if m is message or _with(m, message)]
        wanted = sum(self._wanted(message.chat, job) for job in _jobs_in(message))
        if len(together) != wanted:
            words = f"{message.chat.title} {message.id}: {len(together)} pictures, not {wanted}"
            yield Fault("wrong", words)

    def _wanted(self, chat: Chat, job: int) -> int:
        ask = self._jobs.get((chat, job))
        return 0 if ask is None else ask.pictures

    def _said(self, chat: Chat) -> list[Message]:
        return [message for message in chat.messages if message.author is self.telegram.world.bot]


def _jobs_in(message: Message) -> list[int]:
    """Return the jobs whose pictures a message shows."""
    text = MARKED.sub("", message.text)
    if message.content.kind != "photo" or ACCEPTED.match(text):
        return []
    return [int(number) for number in JOB.findall(text)]


def _with(message: Message, other: Message) -> bool:
    return message.album is not None and message.album == other.album
