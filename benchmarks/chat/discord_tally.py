"""What was asked of the bot on Discord, when it first answered, and when that was there."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.chat.fault import ACCEPTED
from tests.discord_api.channel import Channel
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.server import FakeDiscord

When = float | None
"""On the clock of the server; None: not yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Want:
    """What somebody wants."""

    kind: str
    interaction: Interaction
    there_at: Callable[[], When]
    """When what was asked for was there."""


class Tally:
    """Knows what is asked for, and looks what has become of it."""

    def __init__(self, discord: FakeDiscord) -> None:
        self._discord = discord
        self.open = list[Want]()
        self.first = defaultdict[str, list[float]](list)
        """Seconds from an interaction to its first answer, by kind."""
        self.took = defaultdict[str, list[float]](list)
        """Seconds from an interaction until what was asked for was there, by kind."""
        self.unanswered = list[Interaction]()
        self.accepted = 0
        """Requests that were drawn, or are to be."""
        self.refused = 0
        """Requests that there was no room for."""
        self._drawn = list[Message]()
        self._replies = defaultdict[tuple[int, str], list[float]](list)
        self._read = dict[Channel, int]()
        self._nth = Counter[tuple[int, str]]()

    # ── what is asked ───────────────────────────────────────────────────────────────────────

    def whisper(self, kind: str, used: Interaction) -> None:
        """Note something that is answered for whoever asked alone, beside."""
        self._want(kind, used, lambda: _first_at(used.followups[0]) if used.followups else None)

    def command(self, kind: str, used: Interaction) -> None:
        """Note something that is answered in its own message."""
        self._want(kind, used, lambda: _first_at(used.message))

    def choices(self, kind: str, used: Interaction) -> None:
        """Note that somebody types."""
        self._want(kind, used, lambda: None if used.choices is None else used.acknowledged_at)

    def reply(self, kind: str, used: Interaction, head: str) -> None:
        """Note a press that is answered in the channel by words that begin so."""
        assert used.source is not None
        key = used.source.id, head
        self._nth[key] += 1
        number = self._nth[key]

        def there_at() -> When:
            found = self._replies[key]
            return found[number - 1] if len(found) >= number else None

        self._want(kind, used, there_at)

    def picture(self, kind: str, used: Interaction) -> None:
        """Note a request."""
        self._want(kind, used, lambda: self._accepted_at(used))

    def _want(self, kind: str, used: Interaction, there_at: Callable[[], When]) -> None:
        self.open.append(Want(kind, used, there_at))

    def _accepted_at(self, used: Interaction) -> When:
        at = _first_at(used.message)
        if at is not None and used.message is not None:
            accepted = any(ACCEPTED.match(text) for _, text, _ in used.message.edits)
            self.accepted += accepted
            self.refused += not accepted
            if accepted:
                self._drawn.append(used.message)
        return at

    # ── what became of it ───────────────────────────────────────────────────────────────────

    def settle(self) -> Iterator[Message]:
        """Note what is there by now; yield messages that show a picture since last time."""
        self._read_channels()
        self.open = [want for want in self.open if not self._is_settled(want)]
        done = [message for message in self._drawn if not ACCEPTED.match(message.content)]
        self._drawn = [message for message in self._drawn if ACCEPTED.match(message.content)]
        yield from (message for message in done if message.attachments)

    def _is_settled(self, want: Want) -> bool:
        used = want.interaction
        if used.failed:
            self.unanswered.append(used)
            return True
        at = want.there_at()
        if at is None or used.latency_s is None:
            return False
        self.first[want.kind].append(used.latency_s)
        self.took[want.kind].append(at - used.at)
        return True

    def _read_channels(self) -> None:
        """Note what the bot has answered to messages in channels since last time."""
        for channel in self._discord.world.channels.values():
            newest = self._read.get(channel, 0)
            for message in reversed(channel.messages.values()):
                if message.id <= newest:
                    break
                self._read[channel] = max(message.id, self._read.get(channel, 0))
                if message.reply_to is not None and not message.ephemeral:
                    self._replied(message, message.reply_to)

    def _replied(self, message: Message, to: Message) -> None:
        head = next((one for one in HEADS if message.content.startswith(one)), "")
        self._replies[to.id, head].append(message.edits[0].at)
        self._replies[to.id, head].sort()

    @property
    def waiting(self) -> int:
        """How much is not there yet."""
        return len(self.open) + len(self._drawn)

    def lost(self) -> Iterator[str]:
        """Yield what is not there yet, in words."""
        for want in self.open:
            yield f"{want.kind}: {want.interaction}"
        for message in self._drawn:
            yield f"no picture: {message}"

    @property
    def answers(self) -> list[float]:
        """Seconds from each interaction to its first answer."""
        return [seconds for took in self.first.values() for seconds in took]


HEADS = ("换成哪种风格", "编号")
"""Beginnings of what is said in answer to buttons."""


def _first_at(message: Message | None) -> When:
    """Return since when a message has something to show."""
    if message is None:
        return None
    return next((at for at, text, files in message.edits if text or files), None)
