"""A chat platform in this process that counts what it is asked to do."""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from bot.action import Action
from bot.event import Attachment, Chat, Event, Message, Press, Submission, User
from bot.reply import Delivery, Edit, Limits, Sent, Status

MINUTE_S = 60.0


@dataclass(slots=True)
class Counted:
    """Calls to a chat: how many, and the most in any minute."""

    at_s: deque[float] = field(default_factory=deque[float])
    most: int = 0

    def call(self, calls: int) -> None:
        """Count some."""
        now = monotonic()
        self.at_s.extend([now] * calls)
        while self.at_s[0] < now - MINUTE_S:
            self.at_s.popleft()
        self.most = max(self.most, len(self.at_s))


class Platform:
    """Takes what is sent, and shows nothing."""

    def __init__(self, limits: Limits, heard: Callable[[Delivery], object], round_: str) -> None:
        """Begin.

        Args:
            limits: What it takes, and how often.
            heard: Is told of each message.
            round_: What ids of its messages begin with.
        """
        self.limits = limits
        self._heard = heard
        self._round = round_
        self._posted = 0
        self.calls: dict[str, Counted] = {}
        self.edits = 0
        self.sent = 0

    def to_event(self, body: bytes) -> Event | None:
        """Return what somebody does."""
        said = json.loads(body)
        chat, user = (
            Chat("chat", said["chat"], group=True),
            User("chat", said["user"], said["user"]),
        )
        if "press" in said:
            return Press(id=said["id"], chat=chat, user=user, action=Action.unpack(said["press"]))
        if "submit" in said:
            action = Action.unpack(said["submit"])
            values = {"words": said["text"]}
            return Submission(id=said["id"], chat=chat, user=user, action=action, values=values)
        return Message(id=said["id"], chat=chat, user=user, text=said["text"], to_me=said["to_me"])

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        """Take a message."""
        reply = delivery.reply
        pictures = len(reply.artworks)
        self._count(delivery.chat, 0 if reply.aside else pictures + 1 if pictures > 1 else 1)
        self.sent += 1
        self._posted += 1
        self._heard(delivery)
        return [Sent(f"{self._round}-{self._posted}")]

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        """Take an edit."""
        self._count(edit.chat, 1)
        self.edits += 1
        return [Sent(edit.message)]

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        """Take a pin."""
        del message, on
        self._count(chat, 1)

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        """Have no threads."""
        del chat, message, title
        return None

    async def fetch(self, attachment: Attachment) -> bytes:
        """Have nothing."""
        raise NotImplementedError(attachment)

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        """Return none."""
        del user, chat
        return ()

    async def avatar(self, user: User) -> bytes | None:
        """Return none."""
        del user
        return None

    async def show(self, status: Status) -> None:
        """Show nothing."""
        del status

    @property
    def most_a_minute(self) -> int:
        """The most calls to one chat in any minute."""
        return max((counted.most for counted in self.calls.values()), default=0)

    def _count(self, chat: Chat, calls: int) -> None:
        if calls:
            self.calls.setdefault(chat.key, Counted()).call(calls)
