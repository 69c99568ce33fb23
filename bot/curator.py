"""Puts together what group sessions show: voting sheets, posters, scrolls, replays.

It works beside the line, outside of any transaction: a session says what it wants, and goes on when
it is there. What is asked for stays asked for until it was handed over, whatever happens meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from io import BytesIO

from aiosqlite import Connection
from PIL import Image

from bot import montage
from bot.animation import animated
from bot.artwork import Artwork
from bot.attempt import attempted
from bot.label import assembled, bare, packet_of
from bot.progress import spoken
from bot.referee import Referee
from bot.reply import Plate
from bot.session import TITLES, Caption, Exhibit, Hanging, Hung, Session
from bot.store.store import Store
from bot.veil import veiled
from bot.wording import say

log = logging.getLogger(__name__)

LOOK_S = 0.3
"""How often it is looked for what is wanted; after each commit would be too often."""
POSTER_FRAMES = 24
"""Pictures of a poster; of more, the last."""
WINDOW = 1.6
"""Width of the part of a scroll that is seen as it moves by, to its height."""


class Curator:
    """Knows where pictures are, and how they hang."""

    def __init__(self, store: Store, referee: Referee) -> None:
        self._store = store
        self._referee = referee

    async def run(self) -> None:
        """Put together what is wanted, one after the other, for ever."""
        while True:
            if not await self.work():
                await asyncio.sleep(LOOK_S)

    async def work(self) -> bool:
        """Put together all that is wanted now; False if nothing was."""
        after = 0
        while (id_ := await self._store.read(self._store.sessions.wanting, after)) is not None:
            hanging = await attempted(self._hang(id_))
            if (error := hanging.exception()) is not None:
                await self._referee.give_up(id_, error)
            after = id_
        return after > 0

    async def _hang(self, id_: int) -> None:
        """Hand a session what it wants; of pictures that are gone, what there is left."""
        kept = await self._store.read(self._store.sessions.get, id_)
        if kept is None:
            raise LookupError(id_)
        session, exhibit = kept.session, kept.session.exhibits[0]
        artworks = await self._store.read(self._artworks, session, exhibit)
        with spoken(session.language):
            making = await attempted(asyncio.to_thread(self._made, session, exhibit, artworks))
        plates: tuple[Hanging, ...] = ()
        if (error := making.exception()) is None:
            plates = making.result()
        else:  # it goes on without
            log.error("exhibit %d of session %d", exhibit.mark, id_, exc_info=error)
        await self._store.insist(self._referee.hung, id_, Hung(exhibit.mark, plates))

    async def _artworks(
        self, db: Connection, session: Session, exhibit: Exhibit
    ) -> dict[int, Artwork]:
        captions = [*session.game.captions(session), *session.game.replayed(session)]
        ids = dict.fromkeys([*exhibit.artworks, *(caption.artwork for caption in captions)])
        return {one.id: one for one in await self._store.gallery.get(db, ids)}

    def _made(
        self, session: Session, exhibit: Exhibit, artworks: dict[int, Artwork]
    ) -> tuple[Hanging, ...]:
        wall = Room(self._store, session, artworks)
        match exhibit.form:
            case "bare":
                return wall.bare(exhibit)
            case "sheet":
                return wall.sheet(exhibit)
            case "finale":
                return wall.finale()


class Room:
    """The pictures of one session, and what is made of them; works in a thread."""

    def __init__(self, store: Store, session: Session, artworks: dict[int, Artwork]) -> None:
        self._store = store
        self._session = session
        self._artworks = artworks

    def bare(self, exhibit: Exhibit) -> tuple[Hanging, ...]:
        """Return pictures without what they were made of, hidden as far as they are to be."""
        noise = exhibit.noise or (0.0,) * len(exhibit.artworks)
        pairs = zip(exhibit.artworks, noise, strict=True)
        return tuple(
            self._png(f"bare {id_} {share}", [id_], partial(self._veiled, id_, share))
            for id_, share in pairs
            if id_ in self._artworks
        )

    def sheet(self, exhibit: Exhibit) -> tuple[Hanging, ...]:
        """Return pictures side by side, with marks and nobody's names."""
        pairs = zip(exhibit.artworks, exhibit.marks, strict=True)
        captions = [Caption(artwork=id_, mark=mark) for id_, mark in pairs if id_ in self._artworks]
        ids = [caption.artwork for caption in captions]
        if not ids:
            return ()
        return (
            self._png(
                f"sheet {exhibit.marks}",
                ids,
                lambda: montage.sheet(self._frames(captions), exhibit.title),
            ),
        )

    def finale(self) -> tuple[Hanging, ...]:
        """Return the replay, and what hangs on the wall."""
        game = self._session.game
        captions = [one for one in game.captions(self._session) if one.artwork in self._artworks]
        if not captions:
            return ()
        if game.wall == "scroll":
            return self._scroll(captions)
        replayed = [one for one in game.replayed(self._session) if one.artwork in self._artworks]
        shown = captions[-POSTER_FRAMES:]
        draw = montage.grid if game.wall == "grid" else montage.filmstrip
        foot = game.credits(self._session) if len(captions) > len(shown) else []
        return (
            *self._moving("replay", replayed),
            self._png(
                f"{game.wall} {shown} {foot}",
                [one.artwork for one in shown],
                lambda: draw(self._frames(shown), self._session.called, [self._foot, *foot]),
            ),
        )

    def _moving(self, form: str, captions: Sequence[Caption]) -> tuple[Hanging, ...]:
        """Return the replay; one picture alone does not move."""
        ids = [one.artwork for one in captions]
        if len(ids) < 2:  # noqa: PLR2004
            return ()
        title = self._session.called
        replay = self._gif(
            f"{form} {captions}", ids, lambda: montage.replay(self._frames(captions), title)
        )
        return (replay,)

    def _scroll(self, captions: Sequence[Caption]) -> tuple[Hanging, ...]:
        ids = [one.artwork for one in captions]
        game = self._session.game
        overlap, leftwards = game.overlap(self._session), game.leftwards
        parts = [self._picture(id_) for id_ in ids]
        names = [one.name for one in captions]

        def whole() -> Image.Image:
            return montage.scroll(parts, overlap, names, self._session.called, leftwards=leftwards)

        def moving() -> list[tuple[Image.Image, int]]:
            mounted = whole()
            width = min(mounted.width, round(WINDOW * mounted.height))
            return montage.pan(mounted, width, leftwards=leftwards)

        scroll = self._png(f"scroll {captions}", ids, whole)
        if len(ids) < 2:  # noqa: PLR2004
            return (scroll,)
        return (self._gif(f"pan {captions}", ids, moving), scroll)

    @property
    def _foot(self) -> str:
        """Return what it is, and who was in it, as a line."""
        names = self._session.game.authors(self._session)
        kind = say(TITLES[self._session.game.kind])
        if style := self._session.style:
            kind = f"{kind} · {style}"
        return say("{kind} · {names}", kind=kind, names=say("、").join(names))

    def _veiled(self, id_: int, share: float) -> Image.Image:
        return veiled(self._picture(id_), share, f"{self._session.id} {id_}")

    def _frames(self, captions: Iterable[Caption]) -> list[montage.Frame]:
        return [
            montage.Frame(
                image=self._veiled(one.artwork, one.noise),
                name=one.name,
                words=one.words,
                mark=one.mark,
            )
            for one in captions
        ]

    def _picture(self, id_: int) -> Image.Image:
        """Return a picture as it was drawn: what it is put into is labelled as a whole."""
        return bare(*self._store.gallery.files(self._artworks[id_]))

    def _packet(self, ids: Sequence[int]) -> str:
        return packet_of(self._artworks[ids[0]].path.read_bytes())

    def _png(self, key: str, ids: Sequence[int], draw: Callable[[], Image.Image]) -> Hanging:
        key = self._key(key, ids)
        if (before := self._store.plates.drawn(key)) is not None:
            return _hanging(before)
        image = draw()
        png = assembled(image, self._packet(ids))
        return _hanging(self._store.plates.keep(key, png, image.size))

    def _gif(
        self, key: str, ids: Sequence[int], draw: Callable[[], list[tuple[Image.Image, int]]]
    ) -> Hanging:
        key = self._key(key, ids)
        if (before := self._store.plates.drawn(key, ".gif")) is not None:
            return _hanging(before)
        frames = draw()
        images = [image for image, _ in frames]
        gif = animated(images, self._packet(ids), [duration for _, duration in frames])
        with Image.open(BytesIO(gif), formats=("GIF",)) as image:
            size = image.size
        return _hanging(self._store.plates.keep(key, gif, size, ".gif"))

    def _key(self, key: str, ids: Sequence[int]) -> str:
        """Return all that something is drawn of."""
        hashes = "".join(self._artworks[id_].sha256 for id_ in ids if id_ in self._artworks)
        return f"{key} {self._session.called} {self._foot} {hashes}"


def _hanging(plate: Plate) -> Hanging:
    return Hanging(plate.path.name, plate.width, plate.height)
