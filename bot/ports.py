"""What the bot needs of the world outside."""

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.event import Attachment, Chat, Event, User
from bot.reply import Delivery, Edit, Limits, Sent, Status
from generation.recipe import Picture, Progress, Recipe


class Engine(Protocol):
    """Turns recipes into pictures, elsewhere."""

    async def draw(
        self, recipes: Sequence[Recipe], tell: Callable[[Progress], None], *, owner: str = ""
    ) -> list[Picture]:
        """Return one picture for each recipe, in order; cancelling the call stops the drawing.

        Args:
            recipes: What to draw; the engine batches them as it can, and finds the files of
                sources and masks itself.
            tell: Is told of each step, from the event loop.
            owner: Key of the user whom it is drawn for; the engine shares its steps among them.

        Raises:
            EngineError: A recipe cannot be drawn, or the engine is gone.
        """
        ...


class Adapter(Protocol):
    """Speaks to one platform."""

    def to_event(self, body: bytes) -> Event | None:
        """Return the event in a raw update as the inbox keeps it, or None if it is of no use.

        Raises:
            ValueError: This is no update of this platform.
        """
        ...

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        """Send a reply, in as many messages as the platform needs.

        Returns those messages, when the platform has them.

        Raises:
            NotSent: It did not go out, or nobody knows.
            ChatMoved: The chat has another id by now.
        """
        ...

    @property
    def limits(self) -> Limits:
        """What the platform can do with messages."""
        ...

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        """Make a message show something else, once the platform has it.

        Returns the message, and which picture it shows now.

        Raises:
            MessageGone: It is deleted, too old to be edited, or cannot become this.
            NotSent: It does not show it, or nobody knows.
            ChatMoved: The chat has another id by now.
        """
        ...

    async def fetch(self, attachment: Attachment) -> bytes:
        """Return a picture that came with a message, a file as the platform has it.

        Called outside of any transaction.

        Raises:
            BadImage: It is larger than the platform hands out, or not there any more.
            NotSent: The platform does not answer.
        """
        ...

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        """Return what somebody is in a group: "owner", "admin"; those that an event told stay.

        Called outside of any transaction, where it matters; remembered for a while.

        Raises:
            NotSent: The platform does not answer.
        """
        ...

    async def avatar(self, user: User) -> bytes | None:
        """Return somebody's avatar, a file as the platform has it; None if there is none to be had.

        Called outside of any transaction, and only for who is named in a message: its author, who
        is mentioned in it, or whose message it answers.

        Raises:
            NotSent: The platform does not answer.
        """
        ...

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        """Keep a message of ours in sight in its chat, or no more; nobody is called for it.

        It may be asked for twice. A platform without such a thing does nothing.

        Raises:
            NotSent: It is not kept so: hopeless where the bot may not, or the message is gone.
        """
        ...

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        """Open a place of its own for what belongs to a message of ours: a thread.

        It may be asked for twice, and is the same then.

        Args:
            chat: Where the message is.
            message: The platform's id of it.
            title: What the place is called; cut to what the platform takes.

        Returns the place; None: the platform has no such thing there, or the bot may not.

        Raises:
            NotSent: The platform does not answer.
        """
        ...

    async def show(self, status: Status) -> None:
        """Show where a job is, on a platform without edits; may drop what comes too often."""
        ...
