"""What a platform has already is not handed to it again, and is forgotten with its artwork."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiosqlite import Connection

from bot import texts
from bot.artwork import Artwork
from bot.courier import Courier
from bot.event import Chat, User
from bot.job import Job
from bot.reply import Reply, Sent
from bot.store import privacy
from bot.store.limits import GalleryConfig
from bot.store.upkeep import DAY_S, Upkeep
from tests.bot.gallery_factory import Atelier, opened_atelier
from tests.fakes import StrictChat
from tests.flow.scene import LIMITS

GROUP = Chat("t", "group", group=True)


class Shop:
    """An atelier, and a chat program that keeps what it is sent."""

    def __init__(self, atelier: Atelier) -> None:
        self.atelier, self.store = atelier, atelier.store
        self.chat = StrictChat(atelier.clock, LIMITS)
        self.courier = Courier(self.store, {"t": self.chat})

    async def sends(self, *artworks: Artwork) -> None:
        """Have artworks sent to whoever asks for them."""
        reply = Reply(text="画", artworks=artworks)
        await self.store.write(self.store.outbox.put, GROUP, reply)
        await self.courier.serve(GROUP.key)

    async def ends(self, job: Job, artworks: tuple[Artwork, ...]) -> None:
        """Have a job end, in its own message where that is there."""
        reply, put = texts.finished(job, artworks), self.store.outbox.put
        await self.store.write(put, GROUP, reply, job_id=job.id, last=True)

    async def opens(self, job: Job) -> None:
        opening = Reply(text="收到 马上", wait=(3, 5))
        await self.store.write(self.store.outbox.put, GROUP, opening, job_id=job.id)
        await self.courier.serve(GROUP.key)

    async def known(self, platform: str = "t") -> dict[str, str]:
        """Return all that is known of a platform."""

        async def read(db: Connection) -> dict[str, str]:
            statement = "SELECT sha256, reference FROM uploads WHERE platform = ?"
            return {row[0]: row[1] for row in await db.execute_fetchall(statement, (platform,))}

        return await self.store.read(read)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncGenerator[Shop]:
    async with opened_atelier(tmp_path) as atelier:
        shop = Shop(atelier)
        yield shop
        assert shop.chat.refused == []


async def test_what_was_sent_once_is_not_uploaded_again(shop: Shop) -> None:
    one, two = await shop.atelier.draw("a", "山", count=2)
    await shop.sends(one)
    await shop.sends(one, two)
    await shop.sends(two)
    assert shop.chat.uploads == [one.sha256, two.sha256]


async def test_it_is_remembered_after_a_restart_and_on_no_other_platform(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        shop = Shop(atelier)
        (artwork,) = await atelier.draw("a", "山")
        await shop.sends(artwork)
    async with opened_atelier(tmp_path) as atelier:
        of = atelier.store.uploads.of
        files = [artwork.sha256, "0" * 64]
        assert await atelier.store.read(of, "t", files) == {artwork.sha256: "file 0"}
        assert await atelier.store.read(of, "u", files) == {}
        assert await atelier.store.read(of, "t", []) == {}


async def test_a_picture_that_a_message_became_is_remembered(shop: Shop) -> None:
    job = await shop.atelier.ask("a", "山")
    await shop.opens(job)
    artworks = await shop.store.write(shop.atelier.enter, job, shop.atelier.write(job))
    await shop.ends(job, artworks)
    await shop.courier.serve(GROUP.key)
    (message,) = shop.chat.messages.values()
    assert message.pictures == 1
    await shop.sends(*artworks)
    assert shop.chat.uploads == [artworks[0].sha256]


async def test_an_edit_says_what_is_uploaded_already(shop: Shop) -> None:
    job = await shop.atelier.ask("a", "山")
    await shop.opens(job)
    artworks = await shop.store.write(shop.atelier.enter, job, shop.atelier.write(job))
    await shop.sends(*artworks)
    await shop.ends(job, artworks)
    await shop.courier.serve(GROUP.key)
    assert [message.pictures for message in shop.chat.messages.values()] == [1, 1]
    assert shop.chat.uploads == [artworks[0].sha256]


async def test_pictures_that_go_together_are_remembered_each(shop: Shop) -> None:
    jobs = [await shop.atelier.ask(who, f"山 {who}") for who in "ab"]
    found = [
        await shop.store.write(shop.atelier.enter, job, shop.atelier.write(job)) for job in jobs
    ]
    await shop.sends(*found[1])  # it is known before the album goes out
    for job, artworks in zip(jobs, found, strict=True):
        await shop.ends(job, artworks)
    await shop.courier.serve(GROUP.key)
    assert [message.pictures for message in shop.chat.messages.values()] == [1, 2, 0, 0]
    files = [artworks[0].sha256 for artworks in found]
    assert shop.chat.uploads == [files[1], files[0]]
    assert set(await shop.known()) == set(files)


async def test_a_reference_that_works_no_more_gives_way_to_a_new_one(shop: Shop) -> None:
    (artwork,) = await shop.atelier.draw("a", "山")
    await shop.store.write(shop.store.uploads.put, "t", [Sent("m", 0, ((artwork.sha256, "old"),))])
    await shop.sends(artwork)
    assert await shop.known() == {artwork.sha256: "file 0"}


async def test_what_is_no_artwork_is_not_remembered(shop: Shop) -> None:
    await shop.store.write(shop.store.uploads.put, "t", [Sent("m", None, (("f" * 64, "sketch"),))])
    assert await shop.known() == {}


async def test_it_goes_with_the_artwork_that_is_deleted(shop: Shop) -> None:
    one, two = await shop.atelier.draw("a", "山", count=2)
    await shop.sends(one, two)
    await shop.store.write(shop.atelier.gallery.delete, one.id, "t:a")
    assert set(await shop.known()) == {two.sha256}


async def test_it_goes_with_the_artwork_that_is_too_old(shop: Shop) -> None:
    await shop.sends(*await shop.atelier.draw("a", "山"))
    shop.atelier.clock.now += 31 * DAY_S
    await Upkeep(shop.store, GalleryConfig(days=30)).retain()
    assert await shop.known() == {}


async def test_it_goes_with_whoever_is_forgotten(shop: Shop) -> None:
    (mine,) = await shop.atelier.draw("a", "山")
    (theirs,) = await shop.atelier.draw("b", "河")
    await shop.sends(mine, theirs)
    await privacy.forget(shop.store, User("t", "a"), lambda _, __: None)
    assert set(await shop.known()) == {theirs.sha256}


async def test_one_that_is_removed_while_it_is_sent_leaves_nothing(shop: Shop) -> None:
    (artwork,) = await shop.atelier.draw("a", "山")
    reply, outbox = Reply(text="画", artworks=(artwork,)), shop.store.outbox
    await shop.store.write(outbox.put, GROUP, reply)
    (parcel,) = await shop.store.read(outbox.waiting, GROUP.key)
    await shop.store.write(shop.atelier.gallery.delete, artwork.id, "t:a")
    messages = [Sent("m", 0, ((artwork.sha256, "late"),))]
    await shop.store.write(outbox.sent, parcel.delivery, messages)
    assert await shop.known() == {}


async def test_it_stays_while_another_artwork_is_the_same_file(shop: Shop) -> None:
    one, two = await shop.atelier.draw("a", "山", count=2)
    await shop.sends(one)

    async def make_the_same(db: Connection) -> None:
        await db.execute("UPDATE artworks SET sha256 = ? WHERE id = ?", (one.sha256, two.id))

    await shop.store.write(make_the_same)
    await shop.store.write(shop.atelier.gallery.delete, one.id, "t:a")
    assert set(await shop.known()) == {one.sha256}
    await shop.store.write(shop.atelier.gallery.delete, two.id, "t:a")
    assert await shop.known() == {}


async def test_where_copies_of_ones_pictures_are_is_handed_out(shop: Shop, tmp_path: Path) -> None:
    (mine,) = await shop.atelier.draw("a", "山")
    (theirs,) = await shop.atelier.draw("b", "河")
    await shop.sends(mine, theirs)
    found = await shop.store.read(privacy.export, tmp_path, "t:a", tmp_path / "out")
    told = (tmp_path / "out" / "uploads.jsonl").read_text("utf-8")
    assert found.others == 1
    assert mine.sha256 in told
    assert theirs.sha256 not in told
