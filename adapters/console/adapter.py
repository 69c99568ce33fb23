"""The terminal as a platform: a studio for people, lines for everything else."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from adapters.console import inbound
from adapters.console.config import ConsoleConfig
from adapters.console.face import Face, Hear, Take
from adapters.console.guide import Guide
from adapters.console.lines import Lines
from adapters.console.outbound import sent_as
from adapters.console.terminal import attributes, depth_of, graphics_of
from bot.errors import MessageGone, NotSent
from bot.event import Attachment, Chat, Event, User
from bot.reply import Delivery, Edit, Limits, Sent, Status

LIMITS = Limits(edits=False)


class ConsoleAdapter:
    """Speaks to whoever is at this machine, through one of two faces."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.gone = asyncio.Event()
        """Set when nobody reads any more: there is nothing left to talk for."""

    async def run(self, hear: Hear) -> None:
        """Hear what is typed, until the end of input or until the user leaves."""
        await self._face.run(hear)

    def to_event(self, body: bytes) -> Event | None:
        """Return the event in a raw update as the inbox keeps it.

        Raises:
            ValueError: This is no update of the console.
        """
        return inbound.to_event(body)

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        """Print a reply; it is flushed when the call returns.

        Raises:
            NotSent: The terminal is gone.
        """
        try:
            await self._face.send(delivery)
        except NotSent:
            self.gone.set()
            raise
        return sent_as(delivery)

    @property
    def limits(self) -> Limits:
        """What a terminal can do: what is printed stays as it is."""
        return LIMITS

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        """Refuse.

        Raises:
            MessageGone: Always.
        """
        raise MessageGone(f"what was printed stays as it is: {edit.message}")

    async def fetch(self, attachment: Attachment) -> bytes:
        """Refuse.

        Raises:
            NotSent: Always; what is named at the prompt was taken in before.
        """
        raise NotSent(f"nothing is attached to a line: {attachment.ref}")

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        """Return none but what an event tells: whoever sits here runs the studio."""
        del chat
        return user.roles

    async def avatar(self, user: User) -> bytes | None:
        """Return none: nobody at a terminal has an avatar."""
        del user
        return None

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        """Do nothing: what is printed moves up."""
        del chat, message, on

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        """Return none: a terminal is one place."""
        del chat, message, title
        return None

    async def show(self, status: Status) -> None:
        """Show where a job is, below the prompt."""
        await self._face.show(status)


def open_console(  # noqa: PLR0913  all but two are named
    config: ConsoleConfig,
    guide: Guide,
    *,
    user: str,
    history: Path,
    json: bool,
    take: Take,
    new_id: Callable[[], str],
    clock: Callable[[], float],
    environ: Mapping[str, str] = os.environ,
) -> ConsoleAdapter:
    """Return the adapter for standard input and output.

    A person gets the studio if both are a terminal; else, and for JSON, lines go in and out.

    Args:
        config: How the studio looks.
        guide: What it tells of itself.
        user: Who types.
        history: File of the lines that were typed.
        json: Whether each reply is one line of JSON.
        take: Takes in files that are named at the prompt; lines from elsewhere open none.
        new_id: Makes an id that no line ever had.
        clock: Monotonic seconds.
        environ: Says what the terminal can show.
    """
    source, sink = _descriptor(sys.stdin), _descriptor(sys.stdout)
    if json or not (os.isatty(source) and os.isatty(sink)):
        return ConsoleAdapter(Lines(source, sink, user=user, json=json, new_id=new_id, clock=clock))
    from adapters.console.picture import Easel
    from adapters.console.studio import Studio

    typed = ""

    def ask() -> str:
        nonlocal typed
        answer, typed = attributes(source, sink)
        return answer

    graphics = graphics_of(environ, ask) if config.pictures == "auto" else config.pictures
    easel = Easel(graphics=graphics, depth=depth_of(environ))
    return ConsoleAdapter(
        Studio(
            *(config, guide, easel),
            user=user,
            history=history,
            take=take,
            new_id=new_id,
            typed=typed,
        )
    )


def _descriptor(stream: TextIO | None) -> int:
    """Return the descriptor of a standard stream.

    One that was closed before the start stands for an empty file that cannot be written: its
    number may belong to something else by now.
    """
    return os.open(os.devnull, os.O_RDONLY) if stream is None else stream.fileno()
