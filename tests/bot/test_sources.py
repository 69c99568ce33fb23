"""Images are kept once, under the name of what is in them, and nothing else is opened."""

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.errors import BadImage, DiskFull
from bot.event import Image
from bot.store.sources import Sources
from tests.bot.test_image import a_file, opened


def test_what_is_taken_in_can_be_read_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "猫 猫.jpg").write_bytes(a_file(size=(6, 4), kind="JPEG"))
    sources = Sources(tmp_path / "data")
    image = sources.take("source", tmp_path / "猫 猫.jpg")
    png = sources.read(image.sha256)
    assert image == Image(
        role="source", sha256=hashlib.sha256(png).hexdigest(), width=6, height=4
    )  # fmt: skip
    assert opened(png).size == (6, 4)
    path = tmp_path / "data" / "sources" / image.sha256[:2] / image.sha256
    assert path.read_bytes() == png


def test_the_same_picture_is_kept_once_also_when_many_hand_it_in(tmp_path: Path) -> None:
    sources, content = Sources(tmp_path), a_file(size=(40, 40))
    with ThreadPoolExecutor(8) as threads:
        images = list(threads.map(sources.keep, ["source"] * 32, [content] * 32))
    assert len(set(images)) == 1
    (kept,) = [path for path in (tmp_path / "sources").rglob("*") if path.is_file()]
    assert kept.name == images[0].sha256


def test_a_damaged_file_is_not_read_and_is_mended_by_handing_it_in_again(tmp_path: Path) -> None:
    sources = Sources(tmp_path)
    image = sources.keep("source", a_file())
    path = tmp_path / "sources" / image.sha256[:2] / image.sha256
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="damaged"):
        sources.read(image.sha256)
    assert sources.keep("source", a_file()) == image
    assert sources.read(image.sha256)


@pytest.mark.parametrize("name", ["", "../danqing.db", "a" * 63, "A" * 64, "a" * 64, "/etc/passwd"])
def test_a_name_that_is_none_leads_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        Sources(tmp_path).read(name)


def nothing(_: Path) -> None:
    pass


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_text(path: Path) -> None:
    path.write_text("no picture")


def a_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(21 << 20)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, "原图打不开：没有文件"),
        (Path.mkdir, "原图打不开：没有文件"),
        (os.mkfifo, "原图打不开：没有文件"),
        (a_device, "原图打不开：没有文件"),
        (a_text, "原图不是能用的图片"),
        (a_large, "有 21.0 MB，最多 20 MB"),
    ],
    ids=["missing", "a folder", "a pipe", "a device", "a text", "large"],
)
def test_a_file_that_cannot_be_drawn_on_is_refused_in_words(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path / "a.png")
    with pytest.raises(BadImage, match=words):
        Sources(tmp_path / "data").take("source", tmp_path / "a.png")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("path", ["a\0.png", "~nobody-of-this-name/a.png", "长" * 5000])
def test_a_path_that_cannot_be_is_refused_in_words(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadImage, match="遮罩打不开"):
        Sources(tmp_path).take("mask", Path(path))


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    sources = Sources(tmp_path)
    image = sources.keep("source", a_file())
    path = tmp_path / "sources" / image.sha256[:2] / image.sha256
    path.unlink()
    part = f"{path.name}.{os.getpid()}-{threading.get_ident()}.part"
    path.with_name(part).symlink_to("/dev/full")  # every write to it says: no space left
    with pytest.raises(DiskFull, match="磁盘满了"):
        sources.keep("source", a_file())
    assert list(path.parent.iterdir()) == []
