"""One request and its answer: the terminal's face to `danqing draw`."""

import asyncio
import sys
from collections.abc import Callable, Sequence

from adapters.console.face import Hear
from adapters.console.inbound import from_line
from adapters.console.outbound import to_lines
from bot.event import Image
from bot.reply import Delivery, Status


class Once:
    """Says one thing, waits until it is answered for good, and keeps the answer."""

    def __init__(
        self,
        text: str,
        images: Sequence[Image] = (),
        *,
        user: str,
        new_id: Callable[[], str],
        now: Callable[[], float],
        quiet: bool,
    ) -> None:
        """Set up the face.

        Args:
            text: What is said.
            images: What comes with it.
            user: Who says it.
            new_id: Makes an id that no line ever had.
            now: Seconds since the epoch, UTC.
            quiet: Whether standard output is left to whoever reads `answer`.
        """
        self._text, self._images = text, images
        self._user = user
        self._id = new_id()
        self._now = now
        self._quiet = quiet
        self._answered = asyncio.Event()
        self.heard_at = 0.0
        """Seconds since the epoch, UTC."""
        self.answer: Delivery | None = None
        """The pictures, or why there are none."""

    async def run(self, hear: Hear) -> None:
        """Ask, and return when the answer is there."""
        self.heard_at = self._now()
        update = from_line(self._text, self._id, self._user, images=self._images)
        await hear(self._id, update)
        await self._answered.wait()

    async def send(self, delivery: Delivery) -> None:
        """Keep the answer to what was asked; print also what was still owed from before."""
        mine = delivery.reply.to == self._id
        out = sys.stdout if mine and not self._quiet else sys.stderr
        for line in to_lines(delivery):
            print(line, file=out, flush=True)
        if mine and (delivery.last or delivery.job_id is None):
            self.answer = delivery
            self._answered.set()

    async def show(self, status: Status) -> None:
        """Show nothing: whoever wants to watch chats."""
