"""Backups of a folder in use; and what a backup that is not as it was written is told."""

import io
import json
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from adapters.cli import main
from bot.errors import BackupBroken, FolderInUse, NewerStore, StoreBusy, StoreDamaged
from bot.store.backup import MANIFEST, back_up, restore
from bot.store.database import snapshot
from bot.store.store import FILE
from tests.bot.gallery_factory import GROUP, opened_atelier
from tests.bot.test_image import a_file


async def filled(data: Path) -> Path:
    """Make a data folder with all that belongs into a backup, and return it."""
    async with opened_atelier(data) as atelier:
        await atelier.draw("a", "雪地里的企鹅", count=2)
        await atelier.store.write(atelier.gallery.favour, 1, "t:b", GROUP.key)
        image = atelier.store.sources.keep("source", a_file())
        await atelier.draw("b", "改一改", source=image.sha256)
    (data / "styles.toml").write_text("# 自己的画风\n", encoding="utf-8")
    (data / "loras").mkdir()
    (data / "loras" / "水墨.safetensors").write_bytes(b"lora")
    return data


def content(data: Path) -> dict[str, bytes]:
    """All files of a data folder that a backup has, by name."""
    skipped = {"thumbnails"}
    return {
        name: path.read_bytes()
        for path in sorted(data.rglob("*"))
        if path.is_file()
        and (name := path.relative_to(data).as_posix()).partition("/")[0] not in skipped
        and not name.startswith("danqing.")
    }


async def test_what_was_backed_up_in_use_is_all_there_again(tmp_path: Path) -> None:
    data, backup, new = await filled(tmp_path / "data"), tmp_path / "b.tar", tmp_path / "new"
    async with opened_atelier(data) as atelier:
        await atelier.draw("a", "还在日志里的河")  # in the -wal, not in the file
        count = back_up(data, backup)
        await atelier.draw("a", "以后的山")
        before = content(data)
    assert restore(backup, new) == count
    after = content(new)
    later = {name for name in before if name not in after}
    assert {name: before[name] for name in after} == after
    assert {name.partition("/")[0] for name in later} == {"pictures", "covered"}
    async with opened_atelier(new) as atelier:
        found = await atelier.store.read(atelier.gallery.latest, 9)
        assert found[0].recipe.prompt == "还在日志里的河"
        assert len(found) == 4
        for artwork in found:
            assert all(atelier.gallery.files(artwork))
            assert atelier.gallery.thumbnail(artwork).exists()
        assert await atelier.find("企鹅", "a") == [2, 1]
        assert await atelier.store.read(atelier.gallery.is_favourite, 1, "t:b")
    assert list(tmp_path.glob("*.part")) == []


def test_a_copy_is_of_one_moment_however_many_commits_come_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with sqlite3.connect(path) as db:
        db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER, much BLOB)")
        db.executemany("INSERT INTO t VALUES (?, randomblob(3000))", [(n,) for n in range(500)])
    counts = db.execute("SELECT count(*) FROM t").fetchone()
    stop, commits = threading.Event(), list[int]()

    def write() -> None:
        with sqlite3.connect(path) as other:
            while not stop.is_set():
                other.execute("INSERT INTO t VALUES (-1, randomblob(3000))")
                other.commit()
                commits.append(1)
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not commits:
            pass
        snapshot(path, tmp_path / "copy", pages=8, pause_s=0.001)
    finally:
        stop.set()
        writer.join()
    db.close()
    with sqlite3.connect(tmp_path / "copy") as copy:
        (found,) = copy.execute("SELECT count(*) FROM t").fetchone()
        assert counts[0] <= found < counts[0] + len(commits)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()


def cut(backup: Path, share: float) -> None:
    whole = backup.read_bytes()
    backup.write_bytes(whole[: int(len(whole) * share)])


def one_bit(backup: Path) -> None:
    whole = bytearray(backup.read_bytes())
    whole[whole.index(b"\x89PNG") + 200] ^= 1
    backup.write_bytes(whole)


def rewritten(backup: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> None:
    """Write the tar file again after a change to its members."""
    with tarfile.open(backup) as tar:
        members = [(one, (tar.extractfile(one) or io.BytesIO()).read()) for one in tar]
    change(members)
    with tarfile.open(backup, "w") as tar:
        for info, body in members:
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))


def without_one(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[3]


def another_order(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[3], members[4] = members[4], members[3]


def without_manifest(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    assert members[-1][0].name == MANIFEST
    del members[-1]


def leading_out(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[3][0].name = "pictures/../../out.png"


def to_the_root(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[3][0].name = "/tmp/out.png"  # noqa: S108  refused


def a_link(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[3][0].type, members[3][0].linkname = tarfile.SYMTYPE, "/etc/passwd"


def twice(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(4, members[3])


def headless(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[0]


def no_tar(backup: Path) -> None:
    backup.write_bytes(b"no tar" * 1000)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (partial(cut, share=0.9), "truncated"),
        (partial(cut, share=0.5), "truncated"),
        (partial(cut, share=0), "strange"),
        (one_bit, "altered"),
        (partial(rewritten, change=without_one), "altered"),
        (partial(rewritten, change=another_order), "altered"),
        (partial(rewritten, change=without_manifest), "truncated"),
        (partial(rewritten, change=leading_out), "strange"),
        (partial(rewritten, change=to_the_root), "strange"),
        (partial(rewritten, change=a_link), "strange"),
        (partial(rewritten, change=twice), "strange"),
        (partial(rewritten, change=headless), "strange"),
        (no_tar, "strange"),
    ],
    ids=["cut at the end", "cut in half", "empty", "a bit", "one gone", "another order",
         "no manifest", "leads out", "to the root", "a link", "twice", "headless", "no tar"],
)  # fmt: skip
async def test_what_is_not_as_it_was_written_is_refused_and_changes_nothing(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    backup, new = tmp_path / "b.tar", tmp_path / "new"
    back_up(await filled(tmp_path / "data"), backup)
    damage(backup)
    with pytest.raises(BackupBroken) as refused:
        restore(backup, new)
    assert refused.value.args == (backup, reason)
    assert not new.exists()
    assert not list(tmp_path.rglob("out.png"))


async def test_any_cut_is_found_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opened_atelier(data) as atelier:
        await atelier.draw("a", "山")
    back_up(data, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "b.tar") as tar:
        end = [one.offset_data + one.size for one in tar][-1]
    for length in (*range(0, end, max(1, end // 23)), end - 1):
        (tmp_path / "cut.tar").write_bytes(whole[:length])
        with pytest.raises(BackupBroken):
            restore(tmp_path / "cut.tar", tmp_path / "new")


async def test_a_folder_with_something_in_it_stays_as_it_is(tmp_path: Path) -> None:
    data, backup = await filled(tmp_path / "data"), tmp_path / "b.tar"
    back_up(data, backup)
    before = content(data)
    with pytest.raises(FolderInUse):
        restore(backup, data)
    assert content(data) == before
    (tmp_path / "half" / "pictures").mkdir(parents=True)
    with pytest.raises(FolderInUse):
        restore(backup, tmp_path / "half")


async def test_nothing_is_restored_where_the_studio_runs(tmp_path: Path) -> None:
    backup = tmp_path / "b.tar"
    back_up(await filled(tmp_path / "data"), backup)
    async with opened_atelier(tmp_path / "other"):
        with pytest.raises(StoreBusy):
            restore(backup, tmp_path / "other")


async def test_a_newer_database_and_a_newer_form_are_refused(tmp_path: Path) -> None:
    data, backup = await filled(tmp_path / "data"), tmp_path / "b.tar"
    with sqlite3.connect(data / FILE) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    back_up(data, backup)
    with pytest.raises(NewerStore):
        restore(backup, tmp_path / "new")

    def newer(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[0] = (members[0][0], json.dumps({"form": 2}).encode())

    rewritten(backup, newer)
    with pytest.raises(NewerStore):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


async def test_a_damaged_database_is_no_backup(tmp_path: Path) -> None:
    data = await filled(tmp_path / "data")
    (data / FILE).write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    with pytest.raises(StoreDamaged):
        back_up(data, tmp_path / "b.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


async def test_a_backup_is_never_written_over(tmp_path: Path) -> None:
    data, backup = await filled(tmp_path / "data"), tmp_path / "b.tar"
    backup.write_text("mine")
    with pytest.raises(FolderInUse):
        back_up(data, backup)
    assert backup.read_text() == "mine"


async def test_a_full_disk_leaves_no_half_of_a_backup(tmp_path: Path) -> None:
    data = await filled(tmp_path / "data")
    (tmp_path / "b.tar.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        back_up(data, tmp_path / "b.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def said(words: Iterable[object], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out + err


async def test_the_commands_say_what_they_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, backup, new = await filled(tmp_path / "data"), tmp_path / "b.tar", tmp_path / "new"
    code, words = said(["backup", backup, "--data", data], capsys)
    assert (code, words) == (0, f"{backup}: the database and 9 files\n")
    code, words = said(["restore", backup, "--data", new], capsys)
    assert (code, words) == (0, f"{new}: the database and 9 files are back\n")
    shutil.rmtree(new)
    cut(backup, 0.7)
    code, words = said(["restore", backup, "--data", new], capsys)
    assert (code, words) == (1, f"{backup}: this backup is cut off; nothing was restored\n")
    code, words = said(["restore", tmp_path / "none.tar", "--data", new], capsys)
    assert (code, words) == (1, f"{tmp_path / 'none.tar'}: No such file or directory\n")
    code, words = said(["backup", tmp_path / "c.tar", "--data", new], capsys)
    assert (code, words) == (1, f"{new}: no data yet\n")
