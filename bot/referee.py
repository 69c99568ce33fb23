"""Carries out what group sessions ask for; all in the transaction of what has happened."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Protocol

import PIL.Image
from aiosqlite import Connection

from bot import notice, texts
from bot.artwork import Artwork
from bot.attempt import attempted
from bot.errors import DiskFull, NotAllowed, NotNow, StudioError
from bot.event import Chat, Image, Message, Press, Submission, User
from bot.follow import Revision
from bot.job import Job, Origin, Share, State
from bot.play import begin, take
from bot.progress import spoken
from bot.reply import Reply
from bot.request import Request
from bot.rules import Rules
from bot.session import (
    TITLES,
    Back,
    Box,
    Draw,
    Drawn,
    Due,
    Effect,
    Hung,
    Kind,
    Member,
    Pressed,
    Say,
    Session,
    Spoke,
    Terms,
    Turn,
    Undrawn,
)
from bot.start import Start
from bot.store.outbox import Part
from bot.store.sessions import Kept
from bot.store.settling import settle
from bot.store.store import Store
from bot.style import Styles
from bot.wording import later, say
from generation.recipe import Picture

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often it is looked for a timer that was set meanwhile; at each commit would be too often."""


class Order(Protocol):
    """The one door to the queue: `App.order`."""

    def __call__(
        self,
        db: Connection,
        user: User,
        chat: Chat,
        reply_to: str,
        request: Request,
        made: Revision | None = None,
        /,
        *,
        share: Share | None = None,
    ) -> Awaitable[Job]:
        """Put a request into the queue."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What somebody opens a session by."""

    message: str
    topic: str = ""
    """The part of the chat that it is in."""


class Referee:
    """Takes to each session what is its own, and does what comes of it."""

    def __init__(
        self, store: Store, styles: Styles, rules: Rules, order: Order, new_seed: Callable[[], int]
    ) -> None:
        self._store = store
        self._styles = styles
        self._rules = rules
        self._order = order
        self._new_seed = new_seed

    # ── what people do ──────────────────────────────────────────────────────────────────────

    async def open(
        self, db: Connection, user: User, chat: Chat, opening: Opening, wanted: Start
    ) -> Session:
        """Open a session for whoever wants one; they are its host.

        Raises:
            NotAllowed: The chat leaves it to others.
            NotNow: One of its kind is played in the chat.
        """
        here = await self._store.preferences.of_chat(db, chat)
        if here.opens == "admins" and not self._rules.roles.leads(user, chat):
            raise NotAllowed(say("这里的局由群主和管理员来开"))
        for kept in await self._store.sessions.here(db, chat.key):
            if kept.session.game.kind == wanted.kind:
                title = say(TITLES[wanted.kind])
                raise NotNow(say("这里已经有一局{kind}在玩了，先把它收了", kind=title))
        self._admit(wanted.theme)
        id_ = await self._store.sessions.add(db, chat, chat, wanted.kind)
        host = Member(key=user.key, name=user.name or user.id)
        session = Session(
            id=id_,
            chat=chat,
            place=chat,
            topic=opening.topic,
            opening=opening.message,
            host=host.key,
            members=(host,),
            theme=wanted.theme,
            request=replace(wanted.request, seed=self._new_seed()),
            terms=_with_host(wanted.terms, host),
            game=wanted.game,
            language=here.language or await self._store.preferences.language(db, user, chat),
            opened_at=self._store.now(),
        )
        with spoken(session.language):
            now = self._store.now()
            session, effects = begin(session, now)
            await self._drawn_for(db, session, effects)
            await self._store.sessions.begun(db, session, now)
            await self.post_board(db, session)
            await self._say(db, session, effects)
        return session

    async def again(self, db: Connection, press: Press, session: Session) -> None:
        """Open another session like one that is over, for whoever presses."""
        if not session.terms.admit(press.user.key):
            raise NotNow(say("这一局只请了几个人玩，想玩就自己开一局：/开局"))
        wanted = Start(
            game=session.game.anew(),
            theme=session.theme,
            request=session.request,
            terms=session.terms,
        )
        opening = Opening(press.id, session.topic)
        await self.open(db, press.user, session.chat, opening, wanted)

    async def hear(self, db: Connection, message: Message) -> bool:
        """Take words to the session that they are meant for; False if there is none.

        Raises:
            StudioError: They are no turn as things are; only of words that were meant so.
        """
        if message.text.startswith(("/", "／")):
            return False
        here = await self._store.sessions.around(db, message.chat.key)
        if any(kept.away_at is not None for kept in here):
            await self.back(db, message.chat)
            here = await self._store.sessions.here(db, message.chat.key)
        if not here:
            return False
        about = await self._about(db, message.chat, message.reply_to)
        here.sort(key=lambda kept: kept.session.id != about)
        for kept in here:
            spoke = _spoken(kept.session, message, answers=kept.session.id == about)
            if spoke is not None and kept.session.game.wants(kept.session, spoke):
                may = message.to_me or await self._store.bans.of(db, message.user) is None
                return may and await self._spoken(db, kept, spoke)
        return False

    async def _about(self, db: Connection, chat: Chat, message: str) -> int | None:
        """Return the session, by id, that a message answers."""
        return await self._store.sessions.about(db, chat.key, message) if message else None

    async def _spoken(self, db: Connection, kept: Kept, spoke: Spoke) -> bool:
        """Take words to a session; False if it does not take what was said to nobody."""
        try:
            await self._play(db, kept, spoke)
        except DiskFull:
            raise
        except StudioError:
            if spoke.to == "all":  # nobody was spoken to, and nobody is told off
                return False
            raise
        return True

    async def press(self, db: Connection, press: Press | Submission, text: str = "") -> None:
        """Take a button or a form of a session to it.

        Raises:
            StudioError: It cannot be done; says why.
        """
        kept = await self._store.sessions.get(db, press.action.target)
        if kept is None or press.chat.key not in {kept.session.chat.key, kept.session.place.key}:
            raise NotNow(say("找不到这一局了"))
        if press.action.value == "again" and isinstance(press, Press):
            await self.again(db, press, kept.session)
            return
        if press.action.value == "show":
            turn = pressed(press.user, "show", press.id)
            await self.show(db, press.chat, kept.session.id, turn)
            return
        await self._play(db, kept, pressed(press.user, press.action.value, press.id, text))

    async def show(self, db: Connection, chat: Chat, id_: int, turn: Pressed) -> None:
        """Show again what came of a session of a chat.

        Raises:
            NotNow: There is none of that number here, or it is not over.
        """
        kept = await self._store.sessions.get(db, id_)
        home = await self._store.sessions.home(db, chat.key)
        if kept is None or kept.session.chat.key != home:
            raise NotNow(say("找不到这一局了"))
        if kept.session.phase != "closed":
            raise NotNow(say("这一局还没收，收局时会挂出来"))
        await self._play(db, kept, turn)

    async def ask(self, db: Connection, chat: Chat, reply_to: str, turn: Pressed) -> None:
        """Do what a command wants of the session that it answers, or else of the newest.

        Raises:
            StudioError: There is none, or it cannot be done; says why.
        """
        here = await self._store.sessions.here(db, chat.key)
        about = await self._about(db, chat, reply_to)
        here.sort(key=lambda kept: (kept.session.id == about, kept.session.id))
        if not here:
            raise NotNow(say("这里没有在玩的局，开一局：/开局"))
        await self._play(db, here[-1], turn)

    async def whisper(self, db: Connection, kind: Kind, turn: Pressed, id_: int = 0) -> Session:
        """Take what a member tells a session in private, and return the session.

        Args:
            db: An open transaction.
            kind: Of the session.
            turn: What they tell.
            id_: The session; 0: the newest that they take part in.

        Raises:
            StudioError: There is none, or it cannot be taken; says why.
        """
        mine = await self._store.sessions.of_member(db, kind, turn.key)
        kept = next((one for one in mine if id_ in {0, one.session.id}), None)
        if kept is None:
            words = later("你没在玩{kind}，先到群里点加入")
            raise NotNow(say(words, kind=say(TITLES[kind])))
        await self._play(db, kept, turn)
        return kept.session

    # ── what becomes of pictures ────────────────────────────────────────────────────────────

    async def canvas(self, job: Job, pictures: Sequence[Picture]) -> Image | None:
        """Return what the next picture is drawn on, made outside of any transaction; None: nothing.

        Raises:
            DiskFull: It cannot be kept.
        """
        if job.share is None or not pictures:
            return None
        kept = await self._store.read(self._store.sessions.get, job.share.session_id)
        if kept is None or not kept.session.game.drawn_on:
            return None
        picture = pictures[-1]
        box = kept.session.game.cut(picture.width, picture.height)
        return await asyncio.to_thread(self._cut, picture, box)

    def _cut(self, picture: Picture, box: Box) -> Image:
        image = PIL.Image.frombytes("RGB", (picture.width, picture.height), picture.rgb)
        file = BytesIO()
        image.crop(box).save(file, "PNG", compress_level=1)
        return self._store.sources.keep_ours("source", file.getvalue())

    async def drawn(
        self,
        db: Connection,
        job: Job,
        artworks: Iterable[Artwork],
        seconds: float,
        canvas: Image | None,
    ) -> None:
        """Hand a session's picture to it; its job is over with that."""
        share = await self._ended(db, job)
        ids = tuple(artwork.id for artwork in artworks)
        turn = Drawn(mark=share.mark, job_id=job.id, artworks=ids, seconds=seconds, canvas=canvas)
        await self._on(db, share.session_id, turn)

    async def undrawn(self, db: Connection, job: Job, words: str) -> None:
        """Tell a session that a picture cannot be had."""
        if job.share is not None:
            await self._on(db, job.share.session_id, Undrawn(mark=job.share.mark, words=words))

    async def _ended(self, db: Connection, job: Job) -> Share:
        assert job.share is not None  # noqa: S101  asked before
        await self._store.queue.move(db, job, State.DELIVERED)
        return job.share

    async def hung(self, db: Connection, session_id: int, turn: Hung) -> None:
        """Hand a session what was put together for it."""
        await self._on(db, session_id, turn)

    # ── time ────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Let timers run out, each once and in order, for ever."""
        while True:
            due = await self._store.read(self._store.sessions.due)
            if due is not None and due[1] <= self._store.now():
                timer = await attempted(self._store.insist(self.due, due[0]))
                if (error := timer.exception()) is not None:
                    await self.give_up(due[0], error)
                continue
            left_s = LOOK_S if due is None else min(LOOK_S, due[1] - self._store.now())
            await asyncio.sleep(max(0.0, left_s))

    async def due(self, db: Connection, session_id: int) -> None:
        """Let the next timer of a session run out, if its time has come."""
        if await self._missed(db, session_id):
            return
        kept = await self._store.sessions.get(db, session_id)
        if kept is None:
            await self._abandon(db, session_id)
        elif kept.session.due_at is not None and kept.session.due_at <= self._store.now():
            await self._play(db, kept, Due(kept.session.next_timer))
        else:  # it was looked at for a picture that it does not wait for
            await self._store.sessions.wake(db, kept.session)

    async def give_up(self, session_id: int, error: BaseException) -> None:
        """Let go of a session in which there is a bug: it costs that session, and no other."""
        log.error("session %d", session_id, exc_info=error)
        await self._store.insist(self._abandon, session_id)

    async def _abandon(self, db: Connection, session_id: int) -> None:
        chat = await self._store.sessions.abandon(db, session_id)
        if chat is not None:
            here = await self._store.preferences.of_chat(db, chat)
            with spoken(here.language or "zh"):
                reply = Reply(text=say("这一局出了意外，已经记下来给管理员看，只好先收了"))
                await self._store.outbox.put(db, chat, reply)

    # ── its place ───────────────────────────────────────────────────────────────────────────

    async def post_board(self, db: Connection, session: Session) -> None:
        """Send the board of a session, as a message that is edited from then on."""
        reply = notice.notice(session, self._store.now())
        part = Part(session.id, board=True)
        reply = replace(reply, to=session.opening or None)
        await self._store.outbox.put(db, session.chat, reply, part=part)

    async def settled(self, db: Connection, session_id: int, place: Chat) -> None:
        """Note where a session is played; in a place of its own, say there what is to be done."""
        kept = await self._store.sessions.get(db, session_id)
        if kept is None:
            return
        await self._store.sessions.framed(db, session_id, place)
        session = replace(kept.session, place=place)
        if place.key == session.chat.key or session.phase != "open":
            return
        with spoken(session.language):
            told = session.game.told(session, self._store.now())
            words = "\n".join([say("这一局在这里玩，说话就行"), *told])
            await self._say(db, session, [Say(text=words)])

    # ── how it is done ──────────────────────────────────────────────────────────────────────

    async def _on(self, db: Connection, session_id: int, turn: Turn) -> None:
        kept = await self._store.sessions.get(db, session_id)
        if kept is not None:
            await self._play(db, kept, turn)

    async def _play(self, db: Connection, kept: Kept, turn: Turn) -> None:
        """Take a turn to a session, keep what it has become, and do what it asks for.

        Raises:
            StudioError: Somebody's turn is not taken; nothing has changed.
        """
        if kept.away_at is not None:
            kept = await self._back(db, kept, kept.away_at)
        with spoken(kept.session.language):
            session, now = kept.session, self._store.now()
            after, effects = take(session, turn, now)
            if isinstance(turn, Spoke | Pressed) and turn.text and after != session:
                self._admit(turn.text)
            failed = await self._drawn_for(
                db, after, effects, strict=isinstance(turn, Spoke | Pressed)
            )
            if after != session:
                await self._store.sessions.save(db, after, turn, now)
            await settle(db, self._store, after, effects)
            await self._say(db, after, effects)
        for undrawn in failed:
            await self._play(db, replace(kept, session=after), undrawn)

    async def back(self, db: Connection, chat: Chat) -> None:
        """Go on with what rested in a chat while the bot could say nothing there."""
        for kept in await self._store.sessions.around(db, chat.key):
            if kept.away_at is not None:
                await self._back(db, kept, kept.away_at)

    async def _back(self, db: Connection, kept: Kept, away_at: float) -> Kept:
        """Go on with a session that rested, with the time that it had left."""
        session_id = kept.session.id
        await self._store.sessions.back(db, session_id)
        here = replace(kept, away_at=None)
        await self._play(db, here, Back(self._store.now() - away_at))
        await self._missed(db, session_id)
        return await self._store.sessions.get(db, session_id) or here

    async def _missed(self, db: Connection, session_id: int) -> bool:
        """Tell a session of pictures that nobody draws any more; False if there are none."""
        found = False
        while undrawn := await self._lost(db, session_id):
            await self._on(db, session_id, undrawn)
            found = True
        return found

    async def _lost(self, db: Connection, session_id: int) -> Undrawn | None:
        """Return a picture that a session waits for though its job was cancelled, or failed."""
        kept = await self._store.sessions.get(db, session_id)
        if kept is None or kept.session.phase != "open":
            return None
        for pending in kept.session.pending:
            job = await self._store.queue.of_session(db, session_id, pending.mark)
            if job is None or job.state in {State.FAILED, State.CANCELLED}:
                with spoken(kept.session.language):
                    return Undrawn(mark=pending.mark, words=say("被取消了"))
        return None

    async def _drawn_for(
        self, db: Connection, session: Session, effects: Iterable[Effect], *, strict: bool = True
    ) -> list[Undrawn]:
        """Order what a session wants drawn; return what could not be.

        Raises:
            StudioError: Something could not be, and it is strict.
        """
        failed = list[Undrawn]()
        for draw in effects:
            if not isinstance(draw, Draw):
                continue
            try:
                await self._ordered(db, session, draw)
            except DiskFull:
                raise
            except StudioError as error:
                if strict:
                    raise
                failed.append(Undrawn(mark=draw.mark, words=str(error)))
        return failed

    async def _ordered(self, db: Connection, session: Session, draw: Draw) -> None:
        user = _user(draw.member, session.name_of(draw.member))
        pending = next((one for one in session.pending if one.mark == draw.mark), None)
        made = None
        if draw.parent is not None and await self._store.queue.get(db, draw.parent.job_id):
            parent, before = Origin(draw.parent.job_id), draw.request
            made = Revision(request=draw.request, parent=parent, before=before)
        share = Share(session_id=session.id, mark=draw.mark, held=draw.held)
        to = pending.message if pending else ""
        await self._order(db, user, session.place, to, draw.request, made, share=share)

    async def _say(self, db: Connection, session: Session, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if not isinstance(effect, Say):
                continue
            place = session.chat if effect.home else session.place
            here = place.key == session.chat.key
            plate = effect.plate and self._store.plates.find(
                effect.plate.name, effect.plate.width, effect.plate.height
            )
            shows = bool(effect.artworks or plate)
            reply = Reply(
                text=texts.marked(effect.text) if shows else effect.text,
                artworks=await self._store.gallery.get(db, effect.artworks),
                plate=plate,
                buttons=effect.buttons,
                to=effect.to or (session.opening if here else "") or None,
                aside=effect.aside,
                form=effect.form,
                link=effect.link,
                originals=effect.file,
            )
            part, job_id = Part(session.id), effect.job_id
            await self._store.outbox.put(db, place, reply, job_id=job_id, part=part)

    def _admit(self, words: str) -> None:
        """See that words are taken here.

        Raises:
            NotWanted: They are not.
        """
        if self._rules.words is not None and words:
            self._rules.words.admit(Request(prompt=words))


def _spoken(session: Session, message: Message, *, answers: bool) -> Spoke | None:
    """Return what was said to a session, or where it is played; None if it was said elsewhere."""
    played = message.chat.key == session.place.key and message.topic == session.topic
    if not (played or answers):
        return None
    own = session.place.key != session.chat.key or not session.chat.group
    to = "all"
    if answers or (own and message.to_me):
        to = "session"
    elif message.to_me:
        to = "bot"
    name = message.user.name or message.user.id
    return Spoke(
        key=message.user.key,
        name=name,
        text=message.text,
        message=message.id,
        answers=message.reply_to,
        to=to,
        own=own,
    )


def _with_host(terms: Terms, host: Member) -> Terms:
    """Return terms in which the host is invited, if only some are."""
    if not terms.by_invitation:
        return replace(terms, invited=())
    return replace(terms, invited=tuple(dict.fromkeys([host.key, *terms.invited])))


def pressed(user: User, value: str, message: str, text: str = "", whom: str = "") -> Pressed:
    """Return what somebody wants of a session by a button or a command."""
    name = user.name or user.id
    return Pressed(key=user.key, name=name, value=value, message=message, text=text, whom=whom)


def _user(key: str, name: str) -> User:
    platform, _, id_ = key.partition(":")
    return User(platform, id_, name)
