"""Strangers' pictures in their own process: a picture or a sentence, and the next is opened."""

import os
import signal
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot import sandbox
from bot.decoder import Decoder
from bot.errors import BadImage
from bot.image import Opened, open_plainly
from bot.wording import LANGUAGE
from tests.bot.test_image import RED, WHITE, a_file, announcing, opened

NO_USE = "不是能用的图片"


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    found = Decoder()
    yield found
    found.close()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def a_bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that holds so many pixels across and down, all of them there."""
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def with_text(length: int) -> bytes:
    """A PNG with a compressed text that is that long when it is unpacked."""
    whole = a_file()
    return (
        whole[:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(length), 9)) + whole[33:]
    )


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return a_file(size=(6, 4), kind="JPEG", exif=exif)


def animated(kind: str) -> bytes:
    more = [Image.new("RGB", (6, 4), (0, 255, 0))] * 30
    return a_file(kind=kind, save_all=True, append_images=more, lossless=True)


def with_profile(size: int) -> bytes:
    return a_file(icc_profile=os.urandom(size))


def jpeg_with_much_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    return a_file(kind="JPEG", exif=exif)


ODD: dict[str, tuple[bytes, tuple[int, int] | str]] = {
    "a bomb": (a_bomb(12_000), "12000×12000 像素，最多 4000 万"),
    "as large as allowed": (a_bomb(6_000), (2048, 2048)),
    "a huge header": (announcing(60_000, 60_000), NO_USE),
    "a wide header": (announcing(20_000, 100), "20000×100 像素"),
    "no pixels": (announcing(600, 600), NO_USE),
    "an animated PNG": (animated("PNG"), (6, 4)),
    "an animated WebP": (animated("WEBP"), (6, 4)),
    "ink": (a_file("CMYK", colour=(0, 0, 0, 0), kind="JPEG"), (6, 4)),
    "16 bits": (a_file("I;16", colour=300), (6, 4)),
    "a palette, partly clear": (a_file("P", colour=0, transparency=0), (6, 4)),
    "a large profile": (with_profile(500 << 10), (6, 4)),
    "a huge profile": (with_profile(2 << 20), NO_USE),
    "much EXIF": (jpeg_with_much_exif(), (6, 4)),
    "a text that unpacks to 200 MB": (with_text(200 << 20), NO_USE),
    "turned right": (turned(6), (4, 6)),
    "turned about": (turned(3), (6, 4)),
    "turned by no number": (turned(77), (6, 4)),
    "a PNG and a ZIP": (a_file() + b"PK\x05\x06" + bytes(18), (6, 4)),
    "a JPEG and a script": (a_file(kind="JPEG") + b"<script>alert(1)</script>", (6, 4)),
    "a GIF that says PNG": (b"\x89PNG\r\n\x1a\n" + a_file(kind="GIF"), NO_USE),
    "a PNG behind a GIF": (a_file(kind="GIF") + a_file(), NO_USE),
    "RIFF, but sound": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(24), NO_USE),
    "a PDF": (b"%PDF-1.7\n" + bytes(64), NO_USE),
}


@pytest.mark.parametrize(("content", "found"), ODD.values(), ids=ODD)
def test_what_is_odd_is_a_picture_or_a_sentence(
    decoder: Decoder, content: bytes, found: tuple[int, int] | str
) -> None:
    if isinstance(found, str):
        with pytest.raises(BadImage, match=found):
            decoder.open(content)
    else:
        assert decoder.open(content).size == found
    assert decoder.open(a_file()).size == (6, 4), "and the next one is opened"


def test_a_picture_is_what_it_is_in_this_process(decoder: Decoder) -> None:
    for content in (a_file(), a_file("RGBA", colour=(255, 0, 0, 0)), turned(6)):
        assert decoder.open(content) == open_plainly(content)


SEEDS = [
    a_file(size=(40, 30)),
    a_file("P", size=(40, 30), colour=3, transparency=1),
    a_file("RGBA", size=(40, 30), colour=(9, 9, 9, 99)),
    a_file(kind="JPEG", size=(40, 30), exif=Image.Exif()),
    a_file(kind="JPEG", size=(40, 30), progressive=True),
    a_file(kind="WEBP", size=(40, 30)),
    a_file(kind="WEBP", size=(40, 30), lossless=True),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    content=st.sampled_from(SEEDS),
    flips=st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 7)), max_size=12),
    end=st.integers(0, 10**4),
)
def test_what_is_damaged_is_a_picture_or_a_sentence(
    decoder: Decoder, content: bytes, flips: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(content)
    for at, bit in flips:
        damaged[at % len(damaged)] ^= 1 << bit
    try:
        found = decoder.open(bytes(damaged[:end] if end else damaged))
    except BadImage:
        return
    assert opened(found.png).size == found.size


def test_its_memory_stays_within_bounds(decoder: Decoder) -> None:
    for _ in range(3):
        decoder.open(a_bomb(6_000))
    pid = decoder.pid
    assert pid is not None
    assert psutil.Process(pid).memory_info().rss < sandbox.MEMORY_BYTES / 4


def test_a_process_that_ends_costs_one_picture() -> None:
    decoder = Decoder()
    first = decoder.open(a_file())
    pid = decoder.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it is in the middle of a picture, as far as anyone can tell
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(decoder.open, a_file())
        while not any(isinstance(one, threading.Timer) for one in threading.enumerate()):
            time.sleep(0.001)  # nothing else tells that the picture is handed over
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(BadImage, match="打不开：这个文件有问题"):
            waiting.result()
    assert decoder.open(a_file()) == first
    assert decoder.pid not in (None, pid)
    decoder.close()


def test_a_process_that_hangs_is_ended_by_the_clock() -> None:
    decoder = Decoder(limit_s=3.0)
    decoder.open(a_file())
    pid = decoder.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(BadImage, match="打不开"):
        decoder.open(a_file())
    assert not psutil.pid_exists(pid)
    decoder.close()


def test_many_at_once_take_turns() -> None:
    decoder = Decoder()
    colours = [(level, 0, 0) for level in range(0, 250, 10)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(decoder.open, [a_file(colour=colour) for colour in colours]))
    assert [opened(one.png).getpixel((0, 0)) for one in found] == colours
    decoder.close()


def test_it_can_open_no_file_and_has_no_secret(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANQING_TELEGRAM_TOKEN", "1:secret")
    fresh = Decoder()
    fresh.open(a_file())
    process = psutil.Process(fresh.pid)
    assert process.num_fds() <= sandbox.DESCRIPTORS
    assert process.rlimit(psutil.RLIMIT_NOFILE) == (sandbox.DESCRIPTORS,) * 2
    assert process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert process.rlimit(psutil.RLIMIT_AS)[1] == sandbox.MEMORY_BYTES
    assert "DANQING_TELEGRAM_TOKEN" not in process.environ()
    fresh.close()


def test_it_is_gone_when_it_is_closed_or_forgotten() -> None:
    decoder = Decoder()
    decoder.open(a_file())
    pids = [decoder.pid]
    decoder.close()
    decoder.close()
    decoder.open(a_file())
    pids.append(decoder.pid)
    del decoder
    assert [pid for pid in pids if pid and psutil.pid_exists(pid)] == []


def test_it_speaks_the_readers_language(decoder: Decoder) -> None:
    token = LANGUAGE.set("en")
    try:
        with pytest.raises(BadImage, match="is not a usable picture"):
            decoder.open(b"")
    finally:
        LANGUAGE.reset(token)


def hole(size: tuple[int, int], box: tuple[int, int, int, int]) -> bytes:
    image, file = Image.new("RGBA", size, RED), BytesIO()
    image.paste((0, 0, 0, 0), box)
    image.save(file, "PNG")
    return file.getvalue()


def test_where_it_is_clear_is_told() -> None:
    found = open_plainly(hole((40, 20), (10, 5, 20, 15)))
    mask = opened(found.clear)
    assert mask.getbbox() == (10, 5, 20, 15)
    assert opened(found.png).getpixel((12, 8)) == WHITE


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (0, 0, 40, 20)])
def test_what_is_clear_nowhere_or_everywhere_says_nothing(box: tuple[int, int, int, int]) -> None:
    assert open_plainly(hole((40, 20), box)).clear == b""


def test_a_clear_part_turns_with_the_picture(tmp_path: Path) -> None:
    image, exif = Image.open(BytesIO(hole((40, 20), (0, 0, 10, 10)))), Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    found: Opened = open_plainly((tmp_path / "a.png").read_bytes())
    assert found.size == (20, 40)
    assert opened(found.clear).getbbox() == (10, 0, 20, 10)


def test_texts_beside_a_picture_do_not_come_along(decoder: Decoder) -> None:
    texts = PngInfo()
    texts.add_text("Comment", "where I live")
    assert b"where I live" not in decoder.open(a_file(pnginfo=texts)).png
