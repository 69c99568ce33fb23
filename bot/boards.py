"""Keeps the boards of group sessions as they should be: one message each, which is edited."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiosqlite import Connection

from bot.attempt import attempted, ended
from bot.channel import Channels
from bot.errors import ChatMoved, MessageGone, NotSent
from bot.event import Chat
from bot.notice import notice
from bot.ports import Adapter
from bot.progress import spoken
from bot.referee import Referee
from bot.reply import Edit, Limits, Reply
from bot.session import Session
from bot.store.leaving import leave
from bot.store.moving import move
from bot.store.sessions import Kept
from bot.store.store import Store

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often it is looked what a board should show: what is left of a turn goes down."""
REST_S = 15.0
"""So long a board is left as it is that could not be edited."""
STALE_S = 5.0
"""How long a board is taken to be right that has not changed."""
TOGETHER = 10
AGAIN_S = 60.0
"""A board that was deleted comes again, but not sooner after the last."""


@dataclass(slots=True)
class Board:
    """A board, and what it shows."""

    kept: Kept
    changes: int
    shown: Reply | None = None
    """None: nobody knows."""
    looked_at: float | None = None
    """When it was last compared with what it should show; None: not since the session changed."""
    rests_until: float = 0.0
    """It is left as it is until then: it could not be edited."""

    @property
    def session(self) -> Session:
        """Whose it is."""
        return self.kept.session

    def wanted(self, now: float) -> Reply:
        """Return what it should show."""
        with spoken(self.session.language):
            return notice(self.session, now)


class Boards:
    """Edits boards, pins them, and opens places of their own for what is played."""

    def __init__(
        self,
        store: Store,
        adapters: Mapping[str, Adapter],
        channels: Channels,
        referee: Referee,
    ) -> None:
        """Begin.

        Args:
            store: Where sessions are kept.
            adapters: By platform.
            channels: That all calls go through.
            referee: Posts a board anew, and is told where a session is played.
        """
        self._store = store
        self._adapters = adapters
        self._channels = channels
        self._referee = referee
        self._boards = dict[int, Board]()
        self._busy = dict[int, asyncio.Task[None]]()
        """What is being done to the board of a session."""
        self._posted = dict[int, float]()
        """When a board was last sent again, by session."""

    async def run(self) -> None:
        """Edit what is due, for ever; a slow chat keeps no other waiting."""
        try:
            while True:
                await self.look()
                for board in await self._due():
                    id_ = board.session.id
                    task = asyncio.ensure_future(self._attend(board))
                    self._busy[id_] = task
                    task.add_done_callback(lambda done, id_=id_: self._attended(id_, done))
                await asyncio.sleep(LOOK_S)
        finally:
            await ended(*self._busy.values())

    async def refresh(self) -> None:
        """Bring every board up to date for which its platform has room."""
        await self.look()
        for board in await self._due():
            await self._attend(board)

    async def look(self) -> None:
        """Learn which boards there are, and what has changed; send those that are missing."""
        for id_ in await self._store.read(self._store.sessions.boardless):
            await self._missing(id_)
        shown = await self._store.read(self._store.sessions.shown)
        self._boards = {id_: board for id_, board in self._boards.items() if id_ in shown}
        for id_, changes in shown.items():
            board = self._boards.get(id_)
            if board is None or board.changes != changes:
                await self._changed(id_, changes, board)

    async def _missing(self, id_: int) -> None:
        """Send a board that is not there, but not again soon."""
        now = self._store.now()
        if now - self._posted.get(id_, -AGAIN_S) < AGAIN_S:
            return
        self._posted = {one: at for one, at in self._posted.items() if now - at < AGAIN_S}
        self._posted[id_] = now
        posting = await attempted(self._store.insist(self._post_again, id_))
        if (error := posting.exception()) is not None:
            await self._referee.give_up(id_, error)

    async def _changed(self, id_: int, changes: int, before: Board | None) -> None:
        """Learn what there is to be shown of a session."""
        kept = await self._store.read(self._store.sessions.get, id_)
        if kept is None:
            await self._referee.give_up(id_, LookupError(id_))
            return
        if kept.session.chat.platform not in self._adapters:
            return
        self._boards[id_] = new = Board(kept, changes)
        if before is not None and before.kept.board == kept.board:
            new.shown, new.rests_until = before.shown, before.rests_until
        elif kept.board and not kept.framed:  # nobody has edited it yet
            new.shown = await self._store.read(self._store.outbox.board, id_, kept.board)

    async def _due(self) -> list[Board]:
        """Return the boards that should show something else, and may.

        What has not changed is only compared now and then: time goes by on it.
        """
        now, found = self._store.now(), list[Board]()
        for number, board in enumerate(self._boards.values()):
            rests = board.kept.away_at is not None or now < board.rests_until
            if rests or board.session.id in self._busy:
                continue
            stale = board.looked_at is None or now - board.looked_at >= STALE_S
            if not stale or not self._channels.spare(self._limits(board), board.session.chat):
                continue
            if not board.kept.framed or board.shown != board.wanted(now):
                found.append(board)
            else:
                board.looked_at = now
            if number % TOGETHER == 0:
                await asyncio.sleep(0)  # hundreds of boards are not composed in one go
        return found

    def _limits(self, board: Board) -> Limits:
        return self._adapters[board.session.chat.platform].limits

    def _attended(self, id_: int, done: asyncio.Task[None]) -> None:
        self._busy.pop(id_)
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("the board of session %d", id_, exc_info=error)  # a bug costs one edit

    async def _attend(self, board: Board) -> None:
        try:
            async with self._channels.to(board.session.chat.key).turn:
                if not self._channels.spare(self._limits(board), board.session.chat):
                    return  # another board of the chat came first
                await self._frame(board)
                await self._edit(board)
        except NotSent as error:
            self._hush(board, error)
            if error.final:
                await self._store.insist(leave, self._store, board.session.chat.key)
        except ChatMoved as error:
            moved = replace(board.session.chat, id=error.to)
            await self._store.insist(move, self._store, board.session.chat.key, moved.key)

    async def _frame(self, board: Board) -> None:
        """Pin a new board, and open its place, as far as that can be."""
        session, kept = board.session, board.kept
        if kept.framed or kept.board is None:
            return
        adapter = self._adapters[session.chat.platform]
        self._channels.count(adapter.limits, session.chat)
        try:
            await adapter.pin(session.chat, kept.board, on=session.phase == "open")
        except NotSent as error:
            if not (error.hopeless or error.refused):
                raise
            log.info("the board of session %d is not pinned: %s", session.id, error)
        place: Chat | None = None
        if session.phase == "open" and session.place.key == session.chat.key:
            with spoken(session.language):
                title = session.title
            place = await adapter.branch(session.chat, kept.board, title)
        await self._store.insist(self._referee.settled, session.id, place or session.place)
        board.kept = replace(kept, framed=True)

    async def _edit(self, board: Board) -> None:
        """Have a board show what it should; one that is gone is sent anew."""
        session, message = board.session, board.kept.board
        adapter, now = self._adapters[session.chat.platform], self._store.now()
        wanted = board.wanted(now)
        if not adapter.limits.edits or message is None:
            await self._over(board)
            return
        if board.shown != wanted:
            self._channels.count(adapter.limits, session.chat)
            edit = Edit(message=message, chat=session.chat, reply=wanted, job_id=None)
            try:
                with spoken(session.language):
                    await adapter.edit(edit)
            except MessageGone as error:
                log.info("the board of session %d is gone: %s", session.id, error)
                await self._store.insist(self._store.sessions.unboarded, session.id)
                return
            finally:
                channel = self._channels.to(session.chat.key)
                channel.called(adapter.limits, session.chat, self._store.now())
            board.shown = wanted
        await self._over(board)

    async def _post_again(self, db: Connection, session_id: int) -> None:
        kept = await self._store.sessions.get(db, session_id)
        adapter = kept and self._adapters.get(kept.session.chat.platform)
        if kept is None or adapter is None or not adapter.limits.edits:
            return
        with spoken(kept.session.language):
            await self._referee.post_board(db, kept.session)

    async def _over(self, board: Board) -> None:
        """Let go of the board of a session that is over, once it says so."""
        session = board.session
        if session.phase != "closed" or board.kept.board is None:
            return
        adapter = self._adapters[session.chat.platform]
        try:
            await adapter.pin(session.chat, board.kept.board, on=False)
        except NotSent as error:
            log.info("the board of session %d stays pinned: %s", session.id, error)
        await self._store.insist(self._store.sessions.unboarded, session.id)

    def _hush(self, board: Board, error: NotSent) -> None:
        log.info("the board of session %d waits: %s", board.session.id, error)
        board.rests_until = self._store.now() + REST_S
        if error.retry_after_s:
            channel = self._channels.to(board.session.chat.key)
            channel.hush(error.retry_after_s, self._store.now())
