"""Updates on their way to the bot, and the long poll that fetches them."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random  # noqa: TID251  the first number, from a seed

from tests.telegram_api.refusal import Json, Refusal

KINDS = {
    "message", "edited_message", "channel_post", "edited_channel_post", "business_connection",
    "business_message", "edited_business_message", "deleted_business_messages", "guest_message",
    "message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll",
    "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
    "removed_chat_boost", "managed_bot",
}  # fmt: skip
ASKED_FOR = {"chat_member", "message_reaction", "message_reaction_count"}
"""These come only to who names them."""
KEPT_S = 24 * 3600.0
KEPT_SHORTER_S = {"inline_query": 30.0, "callback_query": 150.0, "chosen_inline_result": 600.0}
"""So long Telegram keeps for the bot what it has not fetched; what was pressed is soon gone."""
LONGEST_POLL_S = 50


@dataclass(slots=True, eq=False)
class Update:
    """One update."""

    id: int
    kind: str
    payload: Json
    at: float
    again: bool = False
    """It comes once more, whatever was confirmed."""

    @property
    def until(self) -> float:
        """When it is dropped if nobody has fetched it."""
        return self.at + KEPT_SHORTER_S.get(self.kind, KEPT_S)

    @property
    def raw(self) -> Json:
        return {"update_id": self.id, self.kind: self.payload}


class Updates:
    """What the bot has not confirmed yet, in the order in which it comes."""

    def __init__(self, clock: Callable[[], float], random: Random) -> None:
        self._clock = clock
        self._random = random
        self.pending: list[Update] = []
        self.allowed: frozenset[str] | None = None
        """What was asked for last; None for the default."""
        self.next_id = random.randrange(10**8, 9 * 10**8)
        self.disordered = False
        """The next batch comes backwards."""
        self.arrived = asyncio.Event()
        """Set whenever something comes; whoever waits clears it."""
        self._poll: asyncio.Future[None] | None = None

    def add(self, kind: str, payload: Json) -> Update | None:
        """Append an update, if the bot wants such ones."""
        if not self._wanted(kind):
            return None
        update = Update(self.next_id, kind, payload, self._clock())
        self.next_id += 1
        self._append(update)
        return update

    def repeat(self, updates: Iterable[Update]) -> None:
        """Append what was there before, in this order, with the same numbers."""
        for update in updates:
            self._append(Update(update.id, update.kind, update.payload, self._clock(), again=True))

    def after_a_week(self, *, lower: bool | None = None) -> None:
        """Choose the next number at random."""
        if lower is None:
            lower = bool(self._random.randrange(2))
        low, high = (1, self.next_id - 1) if lower else (self.next_id + 1, 2**31 - 2)
        self.next_id = self._random.randrange(low, high)

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Remember what the bot wants; None leaves it as it was, nothing is the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) & KINDS or None

    def _wanted(self, kind: str) -> bool:
        if self.allowed is None or kind not in KINDS:
            return kind not in ASKED_FOR
        return kind in self.allowed

    def _append(self, update: Update) -> None:
        self.pending.append(update)
        self.arrived.set()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def confirm(self, offset: int) -> None:
        """Forget what is below an offset; from the end if it is negative."""
        if offset < 0:
            self.pending = self.pending[offset:]
        elif offset > 0:
            self.pending = [u for u in self.pending if u.id >= offset or u.again]

    def take(self, limit: int) -> list[Json]:
        """Return the next of them; they stay until they are confirmed."""
        batch = self.pending[:limit]
        if self.disordered and batch:
            batch.reverse()
            self.disordered = False
        for update in batch:
            update.again = False
        return [update.raw for update in batch]

    def forget_old(self) -> None:
        """Drop what nobody fetched in time."""
        now = self._clock()
        if any(now > update.until for update in self.pending):
            self.pending = [update for update in self.pending if now <= update.until]

    def end_poll(self, refusal: Refusal) -> None:
        """End a poll that waits."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(refusal)

    async def poll(self, offset: int, limit: int, timeout_s: float) -> list[Json]:
        """Return the next updates, and wait for one if there is none.

        Raises:
            Refusal: Another poll began.
        """
        self.forget_old()
        self.confirm(offset)
        self.end_poll(
            Refusal(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
                benign=True,
            )
        )
        if not self.pending and timeout_s > 0:
            await self._wait(min(timeout_s, LONGEST_POLL_S))
        return self.take(limit)

    async def _wait(self, timeout_s: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(poll, timeout_s)
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None
