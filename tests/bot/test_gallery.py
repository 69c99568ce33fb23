"""The gallery: pages, favourites, deletion, families, and the files that go with rows."""

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncGenerator
from io import BytesIO
from pathlib import Path

import pytest
from aiosqlite import Connection
from PIL import Image

from bot.event import Chat
from bot.job import Origin
from bot.label import LabelConfig, label, thumbnail
from bot.store import gallery as gallery_
from bot.store.limits import GalleryConfig
from bot.store.pictures import digest
from bot.store.store import FILE, Store
from bot.store.upkeep import STRAY_S, Upkeep
from tests.bot.gallery_factory import GROUP, Atelier, Hand, a_picture, opened_atelier, put_back

ELSEWHERE = Chat("t", "elsewhere", group=True)
ALONE = Chat("t", "a")


@pytest.fixture
async def atelier(tmp_path: Path) -> AsyncGenerator[Atelier]:
    async with opened_atelier(tmp_path) as atelier:
        yield atelier


async def test_pages_are_newest_first_and_follow_each_other(atelier: Atelier) -> None:
    for number in range(5):
        await atelier.draw("a", f"山 {number}")
    await atelier.draw("b", "河")
    store, gallery = atelier.store, atelier.gallery
    first = await store.read(gallery.of_user, "t:a", limit=3)
    assert [artwork.id for artwork in first] == [5, 4, 3]
    second = await store.read(gallery.of_user, "t:a", first[-1].id, limit=3)
    assert [artwork.id for artwork in second] == [2, 1]
    here = await store.read(gallery.of_chat, GROUP.key, limit=2)
    assert [artwork.id for artwork in here] == [6, 5]
    assert await store.read(gallery.of_chat, ELSEWHERE.key) == ()
    assert (first[0].chat, first[0].owner, first[0].number) == (GROUP.key, "t:a", 0)


@pytest.mark.parametrize("statement", ["OF_USER", "OF_CHAT", "FAVOURITES"])
async def test_a_page_is_one_walk_down_an_index(atelier: Atelier, statement: str) -> None:
    async def plan(db: Connection) -> list[str]:
        asked = f"EXPLAIN QUERY PLAN {getattr(gallery_, statement)}"
        return [row["detail"] for row in await db.execute_fetchall(asked, ("a", 9, 1))]

    steps = await atelier.store.read(plan)
    assert all(step.startswith("SEARCH") for step in steps), steps


async def test_ids_of_others_are_not_found(atelier: Atelier) -> None:
    ((mine,), (theirs,)) = [await atelier.draw(who, "山", ELSEWHERE) for who in ("a", "b")]
    store, gallery = atelier.store, atelier.gallery
    for asked in (theirs.id, 99, 0, -1, 2**70):
        assert await store.read(gallery.seen, asked, "t:a", GROUP.key) is None
        assert await store.write(gallery.favour, asked, "t:a", GROUP.key) is None
        assert await store.write(gallery.delete, asked, "t:a") is None
        assert not await store.write(gallery.unfavour, asked, "t:a")
        assert await store.read(gallery.children, asked, "t:a", GROUP.key) == ()
    # in their chat it is seen, and still not mine to delete
    assert await store.read(gallery.seen, theirs.id, "t:a", ELSEWHERE.key) == theirs
    assert await store.write(gallery.delete, theirs.id, "t:a") is None
    assert await store.read(gallery.seen, mine.id, "t:a", GROUP.key) == mine


async def test_favourites_are_kept_once_and_paged(atelier: Atelier) -> None:
    for number in range(4):
        await atelier.draw("b", f"山 {number}")
    store, gallery = atelier.store, atelier.gallery
    for id_ in (2, 4, 1, 4):
        assert await store.write(gallery.favour, id_, "t:a", GROUP.key) is not None
    found = await store.read(gallery.favourites, "t:a", limit=2)
    assert [artwork.id for artwork in found] == [4, 2]
    assert [one.id for one in await store.read(gallery.favourites, "t:a", 2)] == [1]
    assert await store.read(gallery.is_favourite, 4, "t:a")
    assert await store.write(gallery.unfavour, 4, "t:a")
    assert not await store.write(gallery.unfavour, 4, "t:a")
    await store.write(gallery.delete, 2, "t:b")
    assert [one.id for one in await store.read(gallery.favourites, "t:a")] == [1]


async def test_what_is_deleted_is_gone_with_its_files(atelier: Atelier) -> None:
    (first, second) = await atelier.draw("a", "山", count=2)
    store, gallery = atelier.store, atelier.gallery
    before, _, _ = await store.read(gallery.state)
    assert before == sum(path.stat().st_size for path in atelier.files())
    gone = await store.write(gallery.delete, first.id, "t:a")
    assert gone == first
    gallery.remove_files([first])
    assert {path.stem for path in atelier.files()} == {second.sha256}
    assert await store.read(gallery.of, first.job_id) == (second,)
    assert second.number == 1
    assert await store.write(gallery.delete, first.id, "t:a") is None
    after, _, _ = await store.read(gallery.state)
    assert after == sum(path.stat().st_size for path in atelier.files())


async def family(atelier: Atelier) -> None:
    """1 ← 2 ← 3 ← 5, and 2 ← 4."""
    await atelier.draw("a", "一")
    for job, prompt in ((1, "二"), (2, "三"), (2, "四"), (3, "五")):
        await atelier.draw("a", prompt, parent=Origin(job))


async def test_a_family_tree_is_read_both_ways(atelier: Atelier) -> None:
    await family(atelier)
    store, gallery = atelier.store, atelier.gallery
    down = await store.read(gallery.children, 1, "t:a", GROUP.key)
    assert [(one.id, one.parent_id) for one in down] == [(2, 1), (3, 2), (4, 2), (5, 3)]
    assert [one.id for one in await store.read(gallery.ancestors, 5, "t:a", "")] == [3, 2, 1]
    assert [one.id for one in await store.read(gallery.children, 1, "t:a", "", 1)] == [2]
    assert [one.id for one in await store.read(gallery.ancestors, 5, "t:a", "", 2)] == [3, 2]


async def test_a_family_without_its_middle_stays_a_family(atelier: Atelier) -> None:
    await family(atelier)
    store, gallery = atelier.store, atelier.gallery
    await store.write(gallery.delete, 2, "t:a")
    assert [one.id for one in await store.read(gallery.ancestors, 5, "t:a", "")] == [3, 1]
    assert [one.id for one in await store.read(gallery.children, 1, "t:a", "")] == [3, 4, 5]
    await store.write(gallery.delete, 1, "t:a")
    assert (await store.read(gallery.get, [3]))[0].parent_id is None


async def test_those_of_a_family_that_one_may_not_see_are_left_out(atelier: Atelier) -> None:
    await atelier.draw("a", "一")
    await atelier.draw("b", "二", ELSEWHERE, parent=Origin(1))
    await atelier.draw("b", "三", parent=Origin(2))
    store, gallery = atelier.store, atelier.gallery
    assert [one.id for one in await store.read(gallery.children, 1, "t:a", GROUP.key)] == [3]
    assert [one.id for one in await store.read(gallery.ancestors, 3, "t:a", GROUP.key)] == [1]


async def test_a_part_of_a_set_keeps_its_place_when_another_is_deleted(atelier: Atelier) -> None:
    await atelier.draw("a", "山", count=3)
    await atelier.store.write(atelier.gallery.delete, 1, "t:a")
    (child,) = await atelier.draw("a", "河", parent=Origin(1, 1))
    (orphan,) = await atelier.draw("a", "湖", parent=Origin(1, 0))
    assert (child.parent_id, orphan.parent_id) == (2, None)


# ── files ────────────────────────────────────────────────────────────────────────────────────


async def test_files_are_named_for_what_is_in_them(atelier: Atelier, tmp_path: Path) -> None:
    (artwork,) = await atelier.draw("a", "山")
    name = artwork.sha256
    assert artwork.path == tmp_path / "pictures" / name[:2] / f"{name}.png"
    assert digest(artwork.path.read_bytes()) == name
    png, cover = atelier.gallery.files(artwork)
    assert png.startswith(b"\x89PNG")
    assert cover.startswith(b"\x89PNG")


@pytest.mark.parametrize("size", [(64, 64), (1024, 768), (1024, 1024), (2048, 128), (64, 512)])
def test_a_thumbnail_is_small_and_labelled(size: tuple[int, int]) -> None:
    picture = a_picture("山", size=size)
    small = thumbnail(label(picture, "p-1", LabelConfig()), 320)
    with Image.open(BytesIO(small)) as image:
        assert image.format == "WEBP"
        assert max(image.size) <= 320 or min(image.size) == 64
        assert abs(image.width * size[1] - image.height * size[0]) <= max(size)
        assert b"TC260:AIGC" in image.info["xmp"]
        assert b"danqing" not in image.info["xmp"].replace(b"p-1", b"")  # nor prompt nor recipe
        corner = image.convert("L").crop((image.width // 2, image.height // 2, *image.size))
        levels = set(corner.tobytes())
        assert min(levels) < 25
        assert max(levels) > 230


def test_the_words_on_a_thumbnail_are_looked_for() -> None:
    """On noise, the worst ground for a lossy format, they are still as drawn."""
    noise = os.urandom(1024 * 1024 * 3)
    picture = a_picture("山", size=(1024, 1024))
    png = label(type(picture)(recipe=picture.recipe, width=1024, height=1024, rgb=noise, seconds=0),
                "p-1", LabelConfig())  # fmt: skip
    assert thumbnail(png, 320)


async def test_a_thumbnail_is_made_when_the_picture_is_kept_or_when_it_is_missing(
    atelier: Atelier,
) -> None:
    (artwork,) = await atelier.draw("a", "山")
    path = atelier.gallery.pictures.thumbnail_path(artwork.path)
    made = path.read_bytes()
    path.unlink()
    assert atelier.gallery.thumbnail(artwork) == path
    assert path.read_bytes() == made


async def test_pictures_of_the_first_version_keep_their_paths(tmp_path: Path) -> None:
    old = tmp_path / "pictures" / "0000"
    async with opened_atelier(tmp_path) as atelier:
        (artwork,) = await atelier.draw("a", "山")
        for file in atelier.gallery.pictures.files(artwork.path):
            place = tmp_path / file.relative_to(tmp_path).parts[0] / "0000"
            place.mkdir(exist_ok=True)
            shutil.move(file, place / f"1-0{file.suffix}")
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("UPDATE artworks SET path = 'pictures/0000/1-0.png'")
    file.close()
    shutil.copy(old / "1-0.png", old / "7-0.png")  # of an attempt that was never entered
    async with opened_atelier(tmp_path, aged(tmp_path)) as atelier:
        await Upkeep(atelier.store, GalleryConfig()).sweep()
        (artwork,) = await atelier.store.read(atelier.gallery.latest, 9)
        assert artwork.path == old / "1-0.png"
        assert all(atelier.gallery.files(artwork))
        assert sorted(path.name for path in old.iterdir()) == ["1-0.png"]


def aged(data: Path) -> Hand:
    """Return a clock at which all files there are older than strays may be."""
    clock = Hand()
    for path in data.rglob("*"):
        if path.is_file():
            put_back(path, clock.now - STRAY_S - 1)
    return clock


async def swept(data: Path, clock: Hand) -> list[str]:
    """Open, sweep, and return the names of the files that are left."""
    async with opened_atelier(data, clock) as atelier:
        await Upkeep(atelier.store, GalleryConfig()).sweep()
        return sorted({path.stem for path in atelier.files()})


async def test_files_of_attempts_that_came_to_nothing_are_swept_in_time(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        (kept,) = await atelier.draw("a", "山")
        lost = atelier.write(await atelier.ask("a", "河"))
    names = sorted((kept.sha256, lost[0].sha256))
    clock = aged(tmp_path)
    for path in tmp_path.rglob(f"{lost[0].sha256}*"):
        put_back(path, clock.now)
    assert await swept(tmp_path, clock) == names  # of an attempt just now
    assert await swept(tmp_path, aged(tmp_path)) == [kept.sha256]


async def test_a_clock_that_jumps_an_hour_takes_nothing_that_is_being_written(
    tmp_path: Path,
) -> None:
    async with opened_atelier(tmp_path) as atelier:
        job = await atelier.ask("a", "山")
        written = atelier.write(job)
        upkeep = Upkeep(atelier.store, GalleryConfig())
        for path in atelier.files():
            put_back(path, atelier.clock.now)
        for jump in (2 * STRAY_S, -STRAY_S, 3 * STRAY_S):
            atelier.clock.now += jump
            assert await upkeep.sweep() == 0
        artworks = await atelier.store.write(atelier.enter, job, written)
        atelier.gallery.entered(written)
        atelier.clock.now += STRAY_S
        assert await upkeep.sweep() == 0
        assert all(atelier.gallery.files(artworks[0]))


async def test_what_is_written_again_while_it_is_asked_about_is_not_swept(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        job = await atelier.ask("a", "山")
        written = atelier.write(job)
        atelier.gallery.entered(written)  # as after a restart: nobody knows of it
        pictures, folder = atelier.gallery.pictures, written[0].path.parent
        doomed = pictures.doom(folder, float("inf"))
        assert doomed == [written[0].path]
        atelier.write(job)
        assert pictures.sweep(doomed, []) == 0
        assert written[0].path.exists()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.bot.gallery_factory import opened_atelier

async def main():
    async with opened_atelier(Path(sys.argv[1])) as atelier:
        (kept,) = await atelier.draw("a", "山")
        job = await atelier.ask("a", "河")
        if sys.argv[2] == "file":  # its files are there, its row is not
            atelier.write(job)
        else:  # its row is gone, its files are not
            await atelier.store.write(atelier.gallery.delete, kept.id, "t:a")
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize(("between", "left"), [("file", 1), ("row", 0)])
async def test_a_kill_between_file_and_row_leaves_no_file_for_good(
    tmp_path: Path, between: str, left: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path), between
    )
    assert await process.wait() == -signal.SIGKILL
    (tmp_path / "pictures" / "2-0.part").write_bytes(b"half")
    assert len(await swept(tmp_path, aged(tmp_path))) == left
    async with opened_atelier(tmp_path) as atelier:
        found = await atelier.store.read(atelier.gallery.latest, 9)
        assert len(found) == left
        assert all(all(atelier.gallery.files(artwork)) for artwork in found)
        assert not list(tmp_path.rglob("*.part"))


async def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        job = await atelier.ask("a", "山")
        (tmp_path / "pictures").mkdir()
        (tmp_path / "pictures" / "1-0.part").symlink_to("/dev/full")
        with pytest.raises(OSError, match="No space left"):
            atelier.write(job)
        assert atelier.files() == []


async def test_the_painter_leaves_files_rows_and_words(tmp_path: Path) -> None:
    from tests.conftest import opened_studio

    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画两张雪地里的企鹅，水墨风")
        await studio.paint_all()
        store: Store = studio.store
        found = await store.read(store.gallery.search, "企鹅 水墨", user="console:阿青")
        assert [artwork.id for artwork in found] == [2, 1]
        assert all(all(store.gallery.files(artwork)) for artwork in found)
        assert not store.gallery.pictures.unsettled
