"""What becomes of a pressed button."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiosqlite import Connection

from bot import menu, pages, texts
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.errors import DiskFull, NoSuchJob, NoSuchPicture, NotChanged, StudioError
from bot.event import Press, Submission
from bot.follow import Follow, Revision, only
from bot.job import Job, Origin
from bot.parsing.printed import printed
from bot.reply import Reply
from bot.revision import Reviser
from bot.sheet import Sheet, difference
from bot.store.store import Store
from bot.style import Styles
from bot.wording import say

Order = Callable[[Connection, Press | Submission, Revision], Awaitable[None]]
"""Puts what is asked for into the queue: the one door."""
COMMAND = "/draw "


class Presses:
    """Answers presses; what a button means is all in its action, so it outlives a restart."""

    def __init__(self, store: Store, styles: Styles, reviser: Reviser, order: Order) -> None:
        self._store = store
        self._styles = styles
        self._reviser = reviser
        self._order = order

    async def answer(self, db: Connection, press: Press) -> Artwork | None:
        """Do what a button says; return what was deleted, for its files to go after the commit.

        Raises:
            StudioError: It cannot be done; nothing was changed.
        """
        match press.action.verb:
            case Verb.CANCEL:
                await self._cancel(db, press)
            case Verb.REDO:
                await self._redo(db, press)
            case Verb.PAGE:
                reply = await pages.page(self._store, db, press)
                await self._store.outbox.put(db, press.chat, reply)
            case _:
                return await self._on_artwork(db, press)
        return None

    async def submit(self, db: Connection, submission: Submission) -> None:
        """Order what a form asks for; if that cannot be, hand it back with what was filled in.

        Raises:
            StudioError: There is nothing to be changed, or none of it; nothing was changed.
        """
        if submission.action.verb is not Verb.EDIT:
            raise NoSuchPicture(say("这张表格已经不能用了，再按一次按钮吧"))
        artwork, job = await self._artwork(db, submission)
        sheet = Sheet.of(artwork, only(job.request, artwork.number), self._styles)
        try:
            change = sheet.follow(submission.values)
            made = await self._reviser.revised(db, Origin(job.id, artwork.number), change)
            told = difference(made.before.prompt, made.request.prompt)
            await self._order(db, submission, replace(made, difference=told))
        except (DiskFull, NotChanged, NoSuchPicture):
            raise
        except StudioError as error:
            form = sheet.form.filled(sheet.form.parted(submission.values))
            reply = texts.to_fill_in_again(str(error), form, submission.id)
            await self._store.outbox.put(db, submission.chat, reply, job_id=job.id)

    async def _cancel(self, db: Connection, press: Press) -> None:
        job = await self._job(db, press, press.action.target)
        stopped = await self._store.queue.cancel(db, job.id, press.user)
        reply = texts.cancelled(stopped, press.id)
        await self._store.outbox.put(db, stopped.chat, reply, job_id=stopped.id, last=True)

    async def _redo(self, db: Connection, press: Press) -> None:
        job = await self._job(db, press, press.action.target)
        if not await self._may(db, press, job.user.key):
            raise NoSuchJob(say("这是别人的画，只有本人可以按；想改它，就回复它说"))
        again = replace(job.request, seed=None, notes=())
        made = Revision(request=again, parent=Origin(job.id), before=job.request)
        await self._order(db, press, made)

    async def _on_artwork(self, db: Connection, press: Press) -> Artwork | None:
        artwork, job = await self._artwork(db, press)
        change = self._change(press.action)
        if change is not None:
            origin = Origin(job.id, artwork.number)
            await self._order(db, press, await self._reviser.revised(db, origin, change))
            return None
        reply = await self._said(db, press, artwork, job)
        await self._store.outbox.put(db, press.chat, reply, job_id=job.id)
        sure = press.action.verb is Verb.DELETE and press.action.value == menu.SURE
        return artwork if sure else None

    def _change(self, action: Action) -> Follow | None:
        """Return the change of a picture that a button means; None if it means none."""
        match action:
            case Action(verb=Verb.VARY):
                return Follow(vary=True)
            case Action(verb=Verb.UPSCALE, value="2" | "4"):
                return Follow(upscale=True, scale=int(action.value))
            case Action(verb=Verb.EXPAND) if action.value in menu.SIDE_VALUES:
                return Follow(sides=menu.SIDE_VALUES[action.value])
            case Action(verb=Verb.WEAR):
                for style in self._styles:
                    if menu.style_key(style.name) == action.value:
                        return Follow(changes={"styles": (style.name,)})
                raise NoSuchPicture(say("这个风格已经没有了，换一个吧"))
            case Action(verb=Verb.UPSCALE | Verb.EXPAND):
                raise NoSuchPicture(say("这个按钮已经不能用了"))
            case _:
                return None

    async def _said(self, db: Connection, press: Press, artwork: Artwork, job: Job) -> Reply:
        """Do what draws nothing, and return what is said of it."""
        match press.action:
            case Action(verb=Verb.EDIT):
                request = only(job.request, artwork.number)
                return texts.to_edit(Sheet.of(artwork, request, self._styles).form, press)
            case Action(verb=Verb.INFO):
                return texts.made_of(artwork, self._line(artwork, job), press)
            case Action(verb=Verb.ORIGINAL):
                return texts.original(artwork, press)
            case Action(verb=Verb.FAVOUR):
                return texts.favoured(artwork, press, now=await self._favour(db, press, artwork))
            case Action(verb=Verb.DELETE, value=menu.SURE):
                await self._store.gallery.delete(db, artwork.id, press.user.key)
                return texts.deleted(artwork, press)
            case _:
                return self._offer(press, artwork)

    def _offer(self, press: Press, artwork: Artwork) -> Reply:
        """Return the ways in which something can be done."""
        match press.action.verb:
            case Verb.STYLES:
                rows = menu.of_styles(artwork, self._styles)
                return texts.offered(say("换成哪种风格？"), rows, press)
            case Verb.SIDES:
                return texts.offered(say("往哪边扩展？"), menu.of_sides(artwork), press)
            case Verb.DELETE:
                return texts.offered(say("删掉就找不回来了"), menu.of_deletion(artwork), press)
            case _:
                return texts.one_of(artwork, menu.of_one(artwork), press)

    async def _favour(self, db: Connection, press: Press, artwork: Artwork) -> bool:
        """Make it a favourite, or none any more; return which."""
        gallery, user = self._store.gallery, press.user.key
        if await gallery.unfavour(db, artwork.id, user):
            return False
        await gallery.favour(db, artwork.id, user, press.chat.key)
        return True

    def _line(self, artwork: Artwork, job: Job) -> str:
        """Return a line that asks for this one picture again, its seed included.

        No line carries a picture that it was drawn on.
        """
        request = replace(only(job.request, artwork.number), aspect=None)
        if request.source:
            request = replace(request, expand=None, strength=None)
        return printed(request, self._styles, command=COMMAND)

    async def _job(self, db: Connection, press: Press, job_id: int) -> Job:
        """Return a job of the chat in which a button was pressed.

        Raises:
            NoSuchJob: There is none; of other chats nothing is told.
        """
        job = await self._store.queue.get(db, job_id)
        if job is None or job.chat.key != press.chat.key:
            raise NoSuchJob(say("找不到这个任务了"))
        return job

    async def _artwork(self, db: Connection, press: Press | Submission) -> tuple[Artwork, Job]:
        """Return a picture that whoever presses may act on.

        Raises:
            NoSuchPicture: It is gone, of another chat, or somebody else's.
        """
        found = await self._store.gallery.get(db, [press.action.target])
        job = await self._store.queue.get(db, found[0].job_id) if found else None
        if job is None or job.chat.key != press.chat.key:
            raise NoSuchPicture(say("找不到这张画了"))
        if not await self._may(db, press, found[0].owner):
            raise NoSuchPicture(say("这是别人的画，只有本人可以按；想改它，就回复它说"))
        return found[0], job

    async def _may(self, db: Connection, press: Press | Submission, owner: str) -> bool:
        """Return whether whoever presses may: the owner, and others where the chat lets them.

        Nobody else deletes a picture.
        """
        if press.user.key == owner:
            return True
        shared = await self._store.preferences.is_shared(db, press.chat)
        return shared and press.action.verb is not Verb.DELETE
