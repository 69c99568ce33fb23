"""What waits for an answer, how long it waited, and what the program asked of the server."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.telegram_api.message import Message
from tests.telegram_api.world import Call

Key = tuple[int, int] | str
"""A message that wants an answer, by its chat and id, or the press of a button."""

SENDS = {"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"}
DONE = "画好了"


@dataclass(slots=True, eq=False)
class Want:
    """What wants an answer."""

    kind: str
    """Empty: how long it takes is not asked."""
    at: float
    """When the server had it, seconds."""
    begun: bool = False
    """Whether a call to answer it has come."""


class Tally:
    """Hears every call."""

    def __init__(self) -> None:
        self.wants = dict[Key, Want]()
        self.took = defaultdict[str, list[float]](list)
        """Seconds from an update to the first call that answers it, by kind."""
        self.calls = Counter[str]()
        """By method; getUpdates are left out."""
        self.statuses = Counter[int]()
        self.counted = Counter[int]()
        """What Telegram counts as messages, in each second."""
        self.polls = 0
        self._open = list[Call]()
        self._drawn = list[Message]()

    def want(self, key: Key, at: float, kind: str = "") -> None:
        """Note that something wants an answer."""
        self.wants[key] = Want(kind, at)

    def want_picture(self, asked: Message) -> None:
        """Note that what answers a message is to become a picture, or to say where it is."""
        self._drawn.append(asked)

    def hear(self, call: Call) -> None:
        """Note a call as it comes."""
        if call.method == "getUpdates":
            self.polls += 1
            return
        self._open.append(call)
        self.calls[call.method] += 1
        self.counted[int(call.at)] += _cost(call)
        want = self.wants.get(_answers(call))
        if want is not None and not want.begun:
            want.begun = True
            if want.kind:
                self.took[want.kind].append(call.at - want.at)

    def settle(self) -> Iterator[Message]:
        """Note what has become of calls; yield messages that show a picture since last time."""
        for call in self._open:
            if call.status:
                self.statuses[call.status] += 1
            if call.status == 200:
                self.wants.pop(_answers(call), None)
        self._open = [call for call in self._open if not call.status]
        found = [(asked, _result(asked)) for asked in self._drawn]
        self._drawn = [asked for asked, result in found if result is None]
        yield from (result for _, result in found if result is not None)

    @property
    def waiting(self) -> int:
        """How much is not answered or drawn yet."""
        return len(self.wants) + len(self._drawn)

    def lost(self) -> Iterator[str]:
        """Yield what is not answered or drawn yet, in words."""
        for key, want in self.wants.items():
            yield f"{key}: {want.kind or 'words after a press'}, {'begun' if want.begun else 'no'}"
        for asked in self._drawn:
            yield f"no answer shows a picture, or where it is: {asked.chat.title} {asked.id}"


def _answers(call: Call) -> Key:
    """Return what a call answers."""
    if call.method == "answerCallbackQuery":
        return str(call.params.get("callback_query_id", ""))
    if call.method not in SENDS or call.chat_id is None:
        return ""
    answered: Any = call.params.get("reply_parameters") or {}
    return (call.chat_id, int(answered.get("message_id", 0)))


def _cost(call: Call) -> int:
    """Return how many messages a call is to Telegram."""
    if call.method == "sendMediaGroup":
        media: Sequence[object] = call.params.get("media", ())
        return len(media)
    return int(call.method.startswith(("send", "edit")))


def _result(asked: Message) -> Message | None:
    """Return the message that answers another and says that the picture is done."""
    answers = (message for message in asked.chat.messages if message.reply_to is asked)
    return next((message for message in answers if message.text.startswith(DONE)), None)
