"""A store with artworks in it, made as the painter makes them."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.event import Chat, User
from bot.job import Job, Origin, State
from bot.label import LabelConfig, covered, label
from bot.request import Request
from bot.store.gallery import Written
from bot.store.limits import QueueConfig
from bot.store.store import Store
from generation.recipe import Picture, Recipe

GROUP = Chat("t", "group", group=True)
SIZE_PX = 64


class Hand:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Atelier:
    """A store, and the few things that these tests do to it."""

    def __init__(self, store: Store, clock: Hand) -> None:
        self.store, self.clock = store, clock
        self.gallery = store.gallery

    async def ask(
        self,
        who: str,
        prompt: str,
        chat: Chat = GROUP,
        parent: Origin | None = None,
        **said: object,
    ) -> Job:
        """Put a request into the queue."""
        request = Request(prompt=prompt, seed=1, **said)  # pyright: ignore[reportArgumentType]
        user = User("t", who, who)
        queue = self.store.queue
        await self.store.write(queue.submit, user, chat, f"m{prompt}", request, 1.0, parent)
        job = await self.store.write(queue.claim)
        assert job is not None
        return job

    async def draw(
        self,
        who: str,
        prompt: str,
        chat: Chat = GROUP,
        *,
        parent: Origin | None = None,
        count: int = 1,
        styles: tuple[str, ...] = (),
        source: str = "",
    ) -> tuple[Artwork, ...]:
        """Ask for pictures, and have them drawn and delivered."""
        job = await self.ask(who, prompt, chat, parent, count=count, styles=styles, source=source)
        written = self.write(job)
        artworks = await self.store.write(self.enter, job, written)
        self.gallery.entered(written)
        return artworks

    def write(self, job: Job) -> list[Written]:
        """Write the pictures of a job to disk, and no more."""
        pictures = [a_picture(job.request.prompt, n) for n in range(job.request.count)]
        pngs = [
            label(picture, f"p-{job.id}-{number}", LabelConfig())
            for number, picture in enumerate(pictures)
        ]
        covers = [covered(picture) for picture in pictures]
        return self.gallery.write(job, [picture.recipe for picture in pictures], pngs, covers)

    async def enter(
        self, db: Connection, job: Job, written: Sequence[Written]
    ) -> tuple[Artwork, ...]:
        drawn = await self.store.queue.move(db, job, State.DRAWN)
        assert drawn is not None
        artworks = await self.gallery.keep(db, job, written)
        await self.store.queue.move(db, drawn, State.DELIVERED)
        return artworks

    async def find(self, words: str, user: str = "", **among: object) -> list[int]:
        """Return the ids that a search finds."""
        scope = {"user": f"t:{user}"} if user else {}
        found = await self.store.read(self.gallery.search, words, **scope, **among)  # pyright: ignore[reportArgumentType]
        return [artwork.id for artwork in found]

    def files(self) -> list[Path]:
        """Return all files of artworks."""
        data = self.gallery.pictures.path("0").parents[2]
        kinds = ("pictures", "covered", "thumbnails")
        return sorted(path for kind in kinds for path in (data / kind).rglob("*") if path.is_file())


def put_back(path: Path, at: float) -> None:
    """Let a file be as old as that."""
    os.utime(path, (at, at))


def a_picture(prompt: str, number: int = 0, size: tuple[int, int] = (SIZE_PX, SIZE_PX)) -> Picture:
    """Return a picture whose pixels are the digest of its words, over and over."""
    width, height = size
    recipe = Recipe(
        model="mini", prompt=prompt, width=width, height=height, steps=2, guidance=4.0,
        sampler="euler", seed=number,
    )  # fmt: skip
    digest = sha256(f"{prompt}{number}".encode("utf-8", "replace")).digest()
    length = width * height * 3
    rgb = (digest * (length // len(digest) + 1))[:length]
    return Picture(recipe=recipe, width=width, height=height, rgb=rgb, seconds=0.0)


@asynccontextmanager
async def opened_atelier(data: Path, clock: Hand | None = None) -> AsyncGenerator[Atelier]:
    clock = clock or Hand()
    limits = QueueConfig(drawing_per_user=1000, drawing_per_chat=1000)
    store = await Store.open(data, limits, ["t"], clock)
    try:
        yield Atelier(store, clock)
    finally:
        await store.close()
