"""What the two faces of the terminal have in common."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from bot.event import Image, Role
from bot.reply import Delivery, Status

Hear = Callable[[str, bytes], Awaitable[None]]
"""Takes the id and the raw update of a line; returns when it is on disk.

A StudioError that it raises is shown to the user.
"""

Take = Callable[[Role, Path], Image]
"""Takes in a file of this machine; returns when it is on disk, so it belongs in a thread.

A StudioError that it raises is shown to the user.
"""


class Face(Protocol):
    """One way of talking through a terminal."""

    async def run(self, hear: Hear) -> None:
        """Hear what is typed, until the end of input or until the user leaves."""
        ...

    async def send(self, delivery: Delivery) -> None:
        """Print a reply; it is flushed when the call returns.

        Raises:
            NotSent: The terminal is gone.
        """
        ...

    async def show(self, status: Status) -> None:
        """Show where a job is."""
        ...
