"""What goes with time, and what never does."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiosqlite import Connection
from pydantic import ValidationError

from bot.reply import Reply
from bot.store.limits import GalleryConfig
from bot.store.upkeep import BATCH, DAY_S, UNUSED_S, Upkeep
from tests.bot.gallery_factory import GROUP, Atelier, opened_atelier, put_back
from tests.bot.test_image import a_file


@pytest.fixture
async def atelier(tmp_path: Path) -> AsyncGenerator[Atelier]:
    async with opened_atelier(tmp_path) as atelier:
        yield atelier


async def left(atelier: Atelier) -> list[int]:
    found = await atelier.store.read(atelier.gallery.latest, 1000)
    assert {artwork.sha256 for artwork in found} == {path.stem for path in atelier.files()}
    return sorted(artwork.id for artwork in found)


async def test_nothing_goes_where_nothing_is_said(atelier: Atelier) -> None:
    await atelier.draw("a", "山")
    atelier.clock.now += 10_000 * DAY_S
    assert await Upkeep(atelier.store, GalleryConfig()).retain() == 0
    assert await left(atelier) == [1]


async def test_old_artworks_go_and_favourites_stay(atelier: Atelier) -> None:
    for number in range(2 * BATCH + 3):
        await atelier.draw("a", f"山 {number}")
    await atelier.store.write(atelier.gallery.favour, 2, "t:b", GROUP.key)
    atelier.clock.now += 31 * DAY_S
    await atelier.draw("a", "新的山")
    assert await Upkeep(atelier.store, GalleryConfig(days=30)).retain() == 2 * BATCH + 2
    assert await left(atelier) == [2, 2 * BATCH + 4]
    assert await atelier.find("山", "a") == [2 * BATCH + 4, 2]
    assert await jobs(atelier) == [2, 2 * BATCH + 4]


async def jobs(atelier: Atelier) -> list[int]:
    async def ids(db: Connection) -> list[int]:
        return [row[0] for row in await db.execute_fetchall("SELECT id FROM jobs ORDER BY id")]

    return await atelier.store.read(ids)


async def test_the_oldest_go_until_the_rest_fits(atelier: Atelier) -> None:
    size = 0
    while size < 3 << 20:
        (artwork,) = await atelier.draw("a", "山")
        size += atelier.gallery.pictures.size(artwork.path)
        await fatten(atelier, artwork.id)
        size, _, _ = await atelier.store.read(atelier.gallery.state)
    await atelier.store.write(atelier.gallery.favour, 1, "t:a", GROUP.key)
    before = await left(atelier)
    await Upkeep(atelier.store, GalleryConfig(max_mb=2)).retain()
    after = await left(atelier)
    size, _, _ = await atelier.store.read(atelier.gallery.state)
    assert size <= 2 << 20 < size + (1 << 19)
    assert after == [1, *before[1 - len(after) :]]


async def fatten(atelier: Atelier, id_: int) -> None:
    """Let an artwork count for half a MiB."""

    async def write(db: Connection) -> None:
        await db.execute("UPDATE artworks SET bytes = ? WHERE id = ?", (1 << 19, id_))

    await atelier.store.write(write)


async def test_favourites_stay_even_where_they_alone_are_too_much(atelier: Atelier) -> None:
    for _ in range(3):
        (artwork,) = await atelier.draw("a", "山")
        await fatten(atelier, artwork.id)
        await atelier.store.write(atelier.gallery.favour, artwork.id, "t:b", GROUP.key)
    assert await Upkeep(atelier.store, GalleryConfig(max_mb=1, days=1)).retain() == 0
    assert await left(atelier) == [1, 2, 3]


async def test_what_is_still_on_its_way_stays(atelier: Atelier) -> None:
    (artwork,) = await atelier.draw("a", "山")

    async def undelivered(db: Connection) -> None:
        await db.execute("UPDATE jobs SET state = 'drawn', ended_at = NULL")

    await atelier.store.write(undelivered)
    await fatten(atelier, artwork.id)
    await fatten(atelier, artwork.id)
    atelier.clock.now += 2 * DAY_S
    assert await Upkeep(atelier.store, GalleryConfig(days=1)).retain() == 0
    assert await left(atelier) == [1]
    assert await jobs(atelier) == [1]


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_clock_that_jumps_an_hour_costs_an_hour_at_most(
    atelier: Atelier, jump: float
) -> None:
    upkeep = Upkeep(atelier.store, GalleryConfig(days=1))
    await atelier.draw("a", "一")
    atelier.clock.now += jump
    await atelier.draw("a", "二")
    assert await upkeep.retain() == 0
    atelier.clock.now += DAY_S - 3601
    assert await upkeep.retain() == 0
    atelier.clock.now += 2 * 3602
    assert await upkeep.retain() == 2


async def test_children_of_what_goes_stay_a_family(atelier: Atelier) -> None:
    from bot.job import Origin

    await atelier.draw("a", "一")
    atelier.clock.now += DAY_S
    await atelier.draw("a", "二", parent=Origin(1))
    atelier.clock.now += 10
    await Upkeep(atelier.store, GalleryConfig(days=1)).retain()
    (child,) = await atelier.store.read(atelier.gallery.latest, 9)
    assert (child.id, child.parent_id) == (2, None)
    assert await jobs(atelier) == [2]


async def test_requests_that_came_to_nothing_go_too_and_their_messages(atelier: Atelier) -> None:
    job = await atelier.ask("a", "山")
    await atelier.store.write(atelier.store.queue.cancel, job.id, job.user)
    await atelier.store.write(atelier.store.outbox.put, GROUP, Reply(text="停了"), job_id=job.id)
    open_job = await atelier.ask("a", "河")
    atelier.clock.now += 3 * DAY_S
    await Upkeep(atelier.store, GalleryConfig(days=1)).retain()
    assert await jobs(atelier) == [open_job.id]


async def test_replies_that_were_sent_long_ago_are_dropped_others_not(atelier: Atelier) -> None:
    outbox, store = atelier.store.outbox, atelier.store
    for text in ("一", "二"):
        await store.write(outbox.put, GROUP, Reply(text=text))
    parcel = await store.read(outbox.next, GROUP.key)
    assert parcel is not None
    await store.write(outbox.sent, parcel.delivery, [])
    upkeep = Upkeep(store, GalleryConfig())
    for days, count in ((7, 2), (2, 1)):
        atelier.clock.now += days * DAY_S
        await upkeep.forget()

        async def texts(db: Connection) -> int:
            return len(list(await db.execute_fetchall("SELECT 1 FROM outbox")))

        assert await store.read(texts) == count


async def test_images_that_nothing_names_go_after_a_day(atelier: Atelier, tmp_path: Path) -> None:
    sources = atelier.store.sources
    named, masked, waiting, unused, fresh = (
        sources.keep("source", a_file(size=(8, n))).sha256 for n in range(4, 9)
    )
    await atelier.draw("a", "山", source=named)
    await atelier.ask("b", "山", source=named, mask=masked)
    update = f'{{"images":["{waiting}"]}}'.encode()
    await atelier.store.write(atelier.store.inbox.receive, "t", "1", update)
    for name in (named, masked, waiting, unused):
        put_back(sources.path(name), atelier.clock.now - UNUSED_S - 1)
    put_back(sources.path(fresh), atelier.clock.now - UNUSED_S + 60)
    upkeep = Upkeep(atelier.store, GalleryConfig())
    assert await upkeep.sweep_sources() == 1
    assert [sources.path(name).exists() for name in (named, masked, waiting, unused, fresh)] == [
        True, True, True, False, True,
    ]  # fmt: skip
    put_back(sources.path(waiting), 0.0)
    found = sources.older(sources.path(waiting).parent, 1.0)
    sources.keep("source", sources.read(waiting))  # handed in again meanwhile
    assert sources.remove(found, 1.0) == 0


@pytest.mark.parametrize("key", ["days", "max_mb"])
def test_less_than_nothing_is_refused_in_the_config(key: str) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        GalleryConfig.model_validate({key: -1})
