"""Data to learn from: what is read, what is left out, and the sentences that say so."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generation.errors import BadData, EngineError
from generation.training.dataset import Dataset, Sample, read
from generation.training.note import NAMED, Notes, Unusable
from generation.training.picture import MOST_BYTES, decode, examine
from generation.training.table import scan
from tests.generation.data_factory import b64, fill, huge_png, packed, picture, png, row


def captions(data: Dataset) -> dict[str, str]:
    return {sample.name: sample.caption for sample in data.samples}


def said(data: Dataset) -> str:
    return "\n".join(data.notes)


def pair(name: str, seed: int, caption: str = "一只猫") -> dict[str, bytes | str]:
    return {f"{name}.png": png(seed), f"{name}.txt": caption}


GOOD = pair("好", 1) | pair("也好", 2, "一条狗")


# folders with .txt


def test_pictures_of_all_kinds_are_found_with_the_captions_beside_them(tmp_path: Path) -> None:
    fill(tmp_path, {
        "a.JPG": packed(picture(1), "JPEG"), "a.txt": "一只猫\n在雪地里\r\n",
        "b.jpeg": packed(picture(2), "JPEG"), "b.TXT": "一条狗",
        "下层/c.PNG": png(3), "下层/c.txt": "兔子",
        "下层/再下/d.webp": packed(picture(4), "WEBP"), "下层/再下/d.txt": "鱼",
        "e.bmp": packed(picture(5), "BMP"), "e.txt": "鸟",
        "README.md": "不是图片", ".DS_Store": b"\0", "._a.JPG": b"\0\5\x16\7", ".藏/f.png": png(6),
        "__MACOSX/._a.jpg": b"\0",
    })  # fmt: skip
    data = read(tmp_path)
    assert captions(data) == {
        "a.JPG": "一只猫 在雪地里",
        "b.jpeg": "一条狗",
        "下层/c.PNG": "兔子",
        "下层/再下/d.webp": "鱼",
        "e.bmp": "鸟",
    }
    assert data.notes == ()
    assert [sample.name for sample in data.samples] == sorted(captions(data))


def test_a_sample_opens_upright_rgb_and_on_white(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter
    clear = Image.new("RGBA", (10, 6), (255, 0, 0, 0))
    fill(tmp_path, {"turned.jpg": packed(picture(1, (12, 8)), "JPEG", exif=exif),
                    "clear.png": packed(clear)})  # fmt: skip
    clear_one, turned = read(tmp_path, caption="猫").samples
    assert (turned.width, turned.height) == turned.open().size == (8, 12)
    assert (clear_one.width, clear_one.height) == (10, 6)
    assert clear_one.open().mode == "RGB"
    assert clear_one.open().getcolors() == [(60, (255, 255, 255))]


def test_what_a_file_is_counts_and_not_its_name(tmp_path: Path) -> None:
    fill(tmp_path, {"really_png.jpg": png(1), "really_gif.png": packed(picture(2), "GIF")})
    data = read(tmp_path, caption="猫")
    assert list(captions(data)) == ["really_png.jpg"]
    assert "图片打不开或不完整，1 个没有用上：really_gif.png" in data.notes


BAD: dict[str, tuple[bytes, str]] = {
    "空.png": (b"", "文件是空的"),
    "切断.png": (png(9)[:-30], "图片打不开或不完整"),
    "切断.jpg": (packed(picture(9, (300, 300)), "JPEG")[:-900], "图片打不开或不完整"),
    "切断.webp": (packed(picture(9, (300, 300)), "WEBP")[:-60], "图片打不开或不完整"),
    "切断.bmp": (packed(picture(9), "BMP")[:-60], "图片打不开或不完整"),
    "翻了一位.png": (png(9)[:60] + bytes([png(9)[60] ^ 8]) + png(9)[61:], "图片打不开或不完整"),
    "不是.jpg": (b"<html>404</html>", "图片打不开或不完整"),
    "巨大.png": (huge_png(60_000), "图片太大（最多 8000 万像素、200 MB）"),
    "很大.png": (huge_png(9_100), "图片太大（最多 8000 万像素、200 MB）"),
    "略大.png": (huge_png(9_600), "图片太大（最多 8000 万像素、200 MB）"),
    "动.gif": (packed(picture(9), "GIF"), "是不支持的图片格式"),
    "苹果.heic": (b"ftypheic", "是不支持的图片格式"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_named_and_the_good_ones_are_used(name: str, tmp_path: Path) -> None:
    content, words = BAD[name]
    data = read(fill(tmp_path, GOOD | {name: content}), caption="猫")
    assert list(captions(data)) == ["也好.png", "好.png"]
    assert data.notes == (f"{words}，1 个没有用上：{name}",)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_alone_is_an_error_that_says_what_to_do(name: str, tmp_path: Path) -> None:
    content, words = BAD[name]
    with pytest.raises(BadData, match="没有一张能用的图片，1 个都没有用上") as caught:
        read(fill(tmp_path, {name: content}), caption="猫")
    assert f"{words} 1 个（{name}），请" in str(caught.value)


def test_a_file_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    fill(tmp_path, GOOD)
    with (tmp_path / "长.bmp").open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # sparse: takes no space
    assert "200 MB），1 个没有用上：长.bmp" in said(read(tmp_path, caption="猫"))


def test_a_pipe_by_a_pictures_name_is_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, GOOD)
    os.mkfifo(tmp_path / "管.png")
    os.mkfifo(tmp_path / "好2.txt")
    fill(tmp_path, {"好2.png": png(3)})
    data = read(tmp_path, caption="猫")
    assert "不是普通文件，1 个没有用上：管.png" in data.notes
    assert "说明文字读不懂或太长，1 个没有用上：好2.png" in data.notes


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [picture(1), picture(2)]
    for kind in ("PNG", "WEBP"):
        lossless = {"lossless": True} if kind == "WEBP" else {}
        content = packed(
            frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **lossless
        )
        folder = fill(tmp_path / kind, GOOD | {"动.png": content})
        fill(folder, {"好.png": png(5)})
        data = read(folder, caption="猫")
        assert data.notes == ("是动图，只用第一帧（1 个）：动.png",)
        moving = next(sample for sample in data.samples if sample.name == "动.png")
        assert moving.open().tobytes() == frames[0].tobytes()


def test_the_same_picture_is_learned_once(tmp_path: Path) -> None:
    saved_again = packed(picture(1), "PNG", compress_level=0)
    assert saved_again != png(1)
    fill(tmp_path, {"甲.png": png(1), "乙.png": png(1), "丙.bmp": packed(picture(1), "BMP"),
                    "丁.png": saved_again, "戊.png": png(2)})  # fmt: skip
    data = read(tmp_path, caption="猫")
    assert list(captions(data)) == ["丁.png", "戊.png"]
    (note,) = data.notes
    assert note.startswith("和前面的图片一样，3 个没有用上：")
    assert "丙.bmp（同 丁.png）" in note


def test_of_two_alike_the_one_with_a_caption_is_kept(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": png(1), "b.png": png(1), "b.txt": "猫", **GOOD})
    assert "b.png" in captions(read(tmp_path))


def test_the_same_pixels_in_another_shape_are_another_picture(tmp_path: Path) -> None:
    tall, wide = Image.new("RGB", (4, 8)), Image.new("RGB", (8, 4))
    fill(tmp_path, {"a.png": packed(tall), "b.png": packed(wide)})
    assert len(read(tmp_path, caption="猫").samples) == 2


# captions


def test_a_picture_without_caption_is_left_out_by_name(tmp_path: Path) -> None:
    data = read(fill(tmp_path, GOOD | {"没有.png": png(3), "空白.png": png(4), "空白.txt": " \n"}))
    assert data.notes == ("没有说明文字，2 个没有用上：没有.png、空白.png",)


def test_one_caption_may_serve_all_that_have_none(tmp_path: Path) -> None:
    data = read(fill(tmp_path, GOOD | {"没有.png": png(3)}), caption=" 一张\n水墨画 ")
    assert captions(data)["没有.png"] == "一张 水墨画"
    assert captions(data)["好.png"] == "一只猫"
    assert data.notes == ()


def test_captions_need_not_be(tmp_path: Path) -> None:
    data = read(fill(tmp_path, {"a.png": png(1), "b.png": png(2)}), need_captions=False)
    assert captions(data) == {"a.png": "", "b.png": ""}


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + "一只猫".encode(), "一只猫\r\n".encode()])
def test_captions_with_a_byte_order_mark_or_windows_line_ends(
    content: bytes, tmp_path: Path
) -> None:
    data = read(fill(tmp_path, GOOD | {"好.txt": content}))
    assert captions(data)["好.png"] == "一只猫"
    assert data.notes == ()


@pytest.mark.parametrize("words", ["一只猫", "猫", "联通", "雪地里的猫，水墨画", "a 一只猫"])
def test_captions_in_gb18030_are_read_and_noted(words: str, tmp_path: Path) -> None:
    data = read(fill(tmp_path, GOOD | {"好.txt": words.encode("gb18030")}))
    assert captions(data)["好.png"] == words
    assert data.notes == ("不是 UTF-8，按 GB18030 读了（1 个）：好.txt",)


@pytest.mark.parametrize(
    "words",
    ["café", "cafe\u0301", "naïve café × 2", "кошка", "кошка и cat", "γάτα", "°·×", "cat", "猫",
     "3×猫"],
)  # fmt: skip
def test_captions_in_utf8_are_taken_as_they_are(words: str, tmp_path: Path) -> None:
    data = read(fill(tmp_path, GOOD | {"好.txt": words}))
    assert captions(data)["好.png"] == words
    assert data.notes == ()


@pytest.mark.parametrize(
    "content",
    [b"\xff\xff\xff", "一只猫".encode("utf-16"), b"cat\0dog", "猫" * 10_001, "猫" * 500_000],
)
def test_a_caption_that_is_no_text_leaves_its_picture_out(
    content: bytes | str, tmp_path: Path
) -> None:
    data = read(fill(tmp_path, GOOD | pair("坏", 3) | {"坏.txt": content}), caption="猫")
    assert data.notes == ("说明文字读不懂或太长，1 个没有用上：坏.png",)


def test_a_spare_caption_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="给所有图片的那句说明"):
        read(fill(tmp_path, GOOD), caption="猫\0")


# metadata


def test_captions_from_metadata_jsonl(tmp_path: Path) -> None:
    fill(tmp_path, {
        "a.png": png(1), "下/b.png": png(2), "下/c.png": png(3), "下/c.txt": "写在旁边的",
        "下/d.png": png(4), "d2.png": png(5),
        "metadata.jsonl": '{"file_name": "a.png", "text": "猫", "id": 7}\r\n\n'
                          '{"file_name": "./下/b.png", "text": "狗"}\n'
                          '{"file_name": "d2.png", "text": null}',
        "下/metadata.jsonl": '\ufeff{"file_name": "d.png", "text": "鱼"}\n',
    })  # fmt: skip
    data = read(tmp_path)
    assert captions(data) == {
        "a.png": "猫",
        "下/b.png": "狗",
        "下/c.png": "写在旁边的",
        "下/d.png": "鱼",
    }
    assert data.notes == ("没有说明文字，1 个没有用上：d2.png",)


def test_captions_from_metadata_csv_with_other_columns(tmp_path: Path) -> None:
    rows = '\ufeffimage,说明,n\r\na.png,"猫, 和""狗""\n两只",1\r\nb.png,鱼\r\n'
    fill(tmp_path, {"a.png": png(1), "b.png": png(2), "metadata.csv": rows})
    data = read(tmp_path, caption_column="说明", image_column="image")
    assert captions(data) == {"a.png": '猫, 和"狗" 两只', "b.png": "鱼"}
    assert data.notes == ()


def test_bad_lines_of_metadata_are_named(tmp_path: Path) -> None:
    lines = [
        '{"file_name": "a.png", "text": "猫"}',
        '{"file_name": "../外面.png", "text": "偷"}',
        '{"file_name": "/etc/passwd", "text": "偷"}',
        '{"file_name": "下/../../外面.png", "text": "偷"}',
        '{"file_name": "..\\\\外面.png", "text": "偷"}',
        '{"file_name": "没有.png", "text": "无"}',
        '{"file_name": "a.png", "text": "又一只"}',
        '{"file_name": "b.png", "text": "狗"',
        '["a.png", "猫"]',
        '{"text": "谁"}',
        '{"file_name": "b.png", "text": 3}',
        '{"file_name": "b.png\\u0000", "text": "零"}',
        '{"file_name": "b.png", "text": "狗"}',
        "[" * 100_000,
    ]
    fill(tmp_path, {"外面.png": png(8)})
    folder = fill(tmp_path / "里", {"a.png": png(1), "b.png": png(2),
                                    "metadata.jsonl": "\n".join(lines)})  # fmt: skip
    data = read(folder)
    assert captions(data) == {"a.png": "猫", "b.png": "狗"}
    notes = said(data)
    assert (
        "指到文件夹外面，5 个没有用上：metadata.jsonl:2（../外面.png）、"
        "metadata.jsonl:3（/etc/passwd）、metadata.jsonl:4（下/../../外面.png）" in notes
    )
    assert "写了但没有这个文件，1 个没有用上：metadata.jsonl:6（没有.png）" in notes
    assert "metadata 的这一行读不懂，5 个没有用上：metadata.jsonl:8、metadata.jsonl:9" in notes
    assert "metadata 里写了两次，用第一次的（1 个）：metadata.jsonl:7（a.png）" in notes
    assert len(data.notes) == 4


def test_of_several_captions_the_first_is_used(tmp_path: Path) -> None:
    line = '{"file_name": "c.png", "text": ["猫", "一只猫"]}'
    data = read(fill(tmp_path, GOOD | {"c.png": png(3), "metadata.jsonl": line}))
    assert captions(data)["c.png"] == "猫"
    assert data.notes == ("有几句说明，用第一句（1 个）：metadata.jsonl:1",)


def test_a_picture_that_was_refused_is_named_once(tmp_path: Path) -> None:
    lines = [f'{{"file_name": "{name}", "text": "猫"}}' for name in ("a.gif", "b.png", "c.gif")]
    fill(tmp_path, GOOD | {"a.gif": packed(picture(5), "GIF"), "metadata.jsonl": "\n".join(lines)})
    (tmp_path / "b.png").symlink_to("/etc/passwd")
    assert set(read(tmp_path).notes) == {
        "是不支持的图片格式，1 个没有用上：a.gif",
        "指到文件夹外面，1 个没有用上：b.png",
        "写了但没有这个文件，1 个没有用上：metadata.jsonl:3（c.gif）",
    }


def test_a_missing_column_is_told_with_those_there_are(tmp_path: Path) -> None:
    line = '{"file_name": "c.png", "caption": "猫"}'
    fill(tmp_path, GOOD | {"c.png": png(3), "metadata.jsonl": line})
    data = read(tmp_path)
    assert "metadata.jsonl 里没有 text 这一列，有的是：file_name、caption" in data.notes
    assert "没有说明文字，1 个没有用上：c.png" in data.notes


def test_names_in_another_form_of_unicode_are_the_same(tmp_path: Path) -> None:
    line = '{"file_name": "caf\u00e9.png", "text": "咖啡"}'
    fill(tmp_path, GOOD | {"cafe\u0301.png": png(3), "metadata.jsonl": line})
    assert "咖啡" in captions(read(tmp_path)).values()


def test_of_two_metadata_files_the_jsonl_is_read(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": png(1), "b.png": png(2), "b.txt": "狗",
                    "metadata.jsonl": '{"file_name": "a.png", "text": "猫"}',
                    "metadata.csv": "file_name,text\na.png,鱼\n"})  # fmt: skip
    data = read(tmp_path)
    assert captions(data)["a.png"] == "猫"
    assert data.notes == ("旁边已有 metadata.jsonl，没有读（1 个）：metadata.csv",)


def test_a_csv_that_is_none_is_named(tmp_path: Path) -> None:
    fill(tmp_path, GOOD | {"metadata.csv": b"\xff\xff\xff"})
    assert "metadata 的这一行读不懂，1 个没有用上：metadata.csv" in read(tmp_path).notes


# links


def test_links_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    out = fill(tmp_path / "外", {"私.png": png(7), "私.txt": "秘密", "夹/x.png": png(8)})
    folder = fill(tmp_path / "里", GOOD | {"又.png": png(3)})
    (folder / "偷.png").symlink_to(out / "私.png")
    (folder / "又.txt").symlink_to(out / "私.txt")
    (folder / "夹").symlink_to(out / "夹")
    (folder / "断.png").symlink_to(folder / "没有.png")
    (folder / "圈.png").symlink_to("圈.png")
    data = read(folder)
    assert list(captions(data)) == ["也好.png", "好.png"]
    assert set(data.notes) >= {
        "没有说明文字，1 个没有用上：又.png",
        "说明文件指到文件夹外面，没有读（1 个）：又.txt",
        "是指向文件夹的链接，没有进去（1 个）：夹",
    }
    assert "不是普通文件，1 个没有用上：断.png" in data.notes
    assert "指到文件夹外面，2 个没有用上：偷.png、圈.png" in data.notes
    assert "秘密" not in said(data) + str(captions(data))


def test_links_within_the_folder_and_to_the_folder_are_followed(tmp_path: Path) -> None:
    folder = fill(tmp_path / "里", GOOD | {"库/z": png(3), "连.txt": "鱼"})
    (folder / "连.png").symlink_to(folder / "库" / "z")
    (tmp_path / "门").symlink_to(folder)
    data = read(tmp_path / "门")
    assert captions(data)["连.png"] == "鱼"
    assert data.notes == ()


# tables


def test_a_table_with_a_broken_row_among_good_ones(tmp_path: Path) -> None:
    rows = [
        row("一只猫", 1),
        "一条狗\t" + b64(png(2))[:-9] + "!!!!",
        "没有制表符",
        row("", 3),
        "不是图片\t" + b64(b"hello, world, this is no picture"),
        "",
        row("兔子", 4),
        "切断\t" + b64(png(5)[:-40]),
        "空\t",
        row("猫又来了", 1),
    ]
    data = read(fill(tmp_path, {"data.tsv": "\n".join(rows)}) / "data.tsv")
    assert captions(data) == {"data.tsv:1": "一只猫", "data.tsv:7": "兔子"}
    assert set(data.notes) == {
        "base64 解不开，1 个没有用上：data.tsv:2",
        "行里没有制表符，1 个没有用上：data.tsv:3",
        "没有说明文字，1 个没有用上：data.tsv:4",
        "图片打不开或不完整，2 个没有用上：data.tsv:5、data.tsv:8",
        "文件是空的，1 个没有用上：data.tsv:9",
        "和前面的图片一样，1 个没有用上：data.tsv:10（同 data.tsv:1）",
    }
    assert data.samples[1].open().tobytes() == picture(4).tobytes()


def test_a_table_with_byte_order_mark_windows_ends_and_titles(tmp_path: Path) -> None:
    plain, marked = tmp_path / "a.tsv", tmp_path / "b.tsv"
    plain.write_text(f"{row('猫', 1)}\n{row('狗', 2)}\n", encoding="utf-8", newline="")
    marked.write_text(
        f"\ufefftext\timage\r\n{row('猫', 1)}\r\n{row('狗', 2)}\r\n", encoding="utf-8", newline=""
    )
    bare = tmp_path / "c.tsv"
    bare.write_text(f"\ufeff{row('猫', 1)}\r\n{row('狗', 2)}", encoding="utf-8", newline="")
    for path in (plain, marked, bare):
        data = read(path)
        assert [sample.caption for sample in data.samples] == ["猫", "狗"]
        assert [sample.open().tobytes() for sample in data.samples] == [
            picture(1).tobytes(), picture(2).tobytes()]  # fmt: skip
        assert data.notes == ()
        assert data.digest == read(plain).digest
    assert [sample.name for sample in read(marked).samples] == ["b.tsv:2", "b.tsv:3"]


@pytest.mark.parametrize(
    "form",
    ["{text}\t{image}", "{id}\t{text}\t{image}", "{text}\t{id}\t{image}", "{image}\t{text}",
     "{image}\t{id}\t{text}", " {text} \t {image} "],
)  # fmt: skip
def test_the_picture_may_be_in_any_column(form: str, tmp_path: Path) -> None:
    rows = [form.format(id=100 + i, text=f"第{i}只猫", image=b64(png(i))) for i in (1, 2)]
    path = fill(tmp_path, {"data.tsv": "\n".join(rows)}) / "data.tsv"
    assert [sample.caption for sample in read(path).samples] == ["第1只猫", "第2只猫"]


def test_titles_say_which_column_is_the_caption(tmp_path: Path) -> None:
    titles = "caption\timage\tsource"
    rows = [titles, *(f"猫{i}\t{b64(png(i))}\thttps://a.example/{i}" for i in (1, 2))]
    path = fill(tmp_path, {"data.tsv": "\n".join(rows)}) / "data.tsv"
    data = read(path, caption_column="caption")
    assert [sample.caption for sample in data.samples] == ["猫1", "猫2"]


def test_base64_for_urls_and_without_padding(tmp_path: Path) -> None:
    seeds = [seed for seed in range(60) if set("+/") & set(b64(png(seed)))][:2]
    rows = [f"猫\t{base64.urlsafe_b64encode(png(seed)).decode().rstrip('=')}" for seed in seeds]
    data = read(fill(tmp_path, {"data.tsv": "\n".join(rows)}) / "data.tsv")
    assert len(data.samples) == 2
    assert data.notes == ()


def test_a_table_in_gb18030_is_read_line_by_line(tmp_path: Path) -> None:
    content = row("一只猫", 1).encode("gb18030") + b"\n" + row("一条狗", 2).encode()
    data = read(fill(tmp_path, {"data.tsv": content}) / "data.tsv")
    assert [sample.caption for sample in data.samples] == ["一只猫", "一条狗"]
    assert data.notes == ("不是 UTF-8，按 GB18030 读了（1 个）：data.tsv:1",)


def test_a_line_too_long_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    with path.open("wb") as file:
        file.write(row("猫", 1).encode() + b"\n")
        file.write(b"A" * (1 << 20) + b"\n" + row("狗", 2).encode() + b"\n" + row("鱼", 3).encode())
    notes = Notes()
    found = list(scan(path, notes, caption_column="text", most_line_bytes=10_000))
    assert [(each.name, each.caption) for each in found] == [
        ("data.tsv:1", "猫"), ("data.tsv:3", "狗"), ("data.tsv:4", "鱼")]  # fmt: skip
    assert [each.origin.read() for each in found] == [png(1), png(2), png(3)]
    assert "行太长（最多 300 MB），1 个没有用上：data.tsv:2" in notes.sentences()


def test_a_table_with_nothing_of_use_says_why(tmp_path: Path) -> None:
    path = fill(tmp_path, {"data.tsv": "猫\tAAA!\n狗\n鱼\tBBB!\n"}) / "data.tsv"
    with pytest.raises(BadData) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path} 里没有一张能用的图片，3 个都没有用上："
        "base64 解不开 2 个（data.tsv:1、data.tsv:3），请重新导出这些行；"
        "行里没有制表符 1 个（data.tsv:2），请每行写成 文字<TAB>base64 图片"
    )


# what is no data at all


def test_what_is_no_data_is_refused_by_name(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": png(1), "b.zip": b"PK\3\4\0\0", "c.tsv": "", "空/x.md": "",
                    "d.tsv": row("猫", 1).encode("utf-16")})  # fmt: skip
    os.mkfifo(tmp_path / "管")
    for name, words in {
        "没有": "没有 .*没有 这个文件夹或文件",
        "a.png/没有": "没有 .* 这个文件夹或文件",
        "a.png": "是一张图片，请给它所在的文件夹",
        "b.zip": "不是文字表格",
        "c.tsv": "里没有一行数据",
        "d.tsv": "是 UTF-16 编码的，请另存为 UTF-8",
        "空": "里没有图片（JPEG、PNG、WEBP、BMP）",
        "管": "既不是文件夹，也不是普通文件",
        "长" * 300: "读不出来",
    }.items():
        with pytest.raises(BadData, match=words):
            read(tmp_path / name)
    assert issubclass(BadData, EngineError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    fill(tmp_path, GOOD | {"锁.png": png(3), "data.tsv": row("猫", 1)})
    for name in ("锁.png", "data.tsv"):
        (tmp_path / name).chmod(0)
    assert "读不出来，1 个没有用上：锁.png" in read(tmp_path, caption="猫").notes
    with pytest.raises(BadData, match="读不出来"):
        read(tmp_path / "data.tsv")


def test_one_picture_is_enough_and_noted(tmp_path: Path) -> None:
    data = read(fill(tmp_path, pair("独", 1)))
    assert len(data.samples) == 1
    assert data.notes[0].startswith("只有 1 张图片")


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    fill(tmp_path, GOOD | {f"{i:02}.png": png(i) for i in range(10, 25)})
    (note_,) = read(tmp_path).notes
    assert note_.startswith("没有说明文字，15 个没有用上：10.png、11.png")
    assert note_.endswith("19.png 等")
    assert note_.count(".png") == NAMED


def test_names_that_cannot_be_printed_are_made_so(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\n\x1b[31m.png"
    Path(os.fsdecode(path)).write_bytes(png(1))
    (sample,) = read(tmp_path, caption="猫").samples
    assert sample.name == "???[31m.png"
    assert sample.open().size == (12, 8)


# anything at all

WHOLE = [packed(picture(1), "PNG"), packed(picture(1), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"),
         packed(picture(1), "WEBP"), packed(picture(1), "BMP"),
         packed(picture(1).convert("P"), "PNG", transparency=b"\0\x80\xff"),
         packed(picture(1).convert("L"), "PNG")]  # fmt: skip


@given(
    whole=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6),
    end=st.floats(0, 1),
)
def test_a_harmed_picture_is_seen_or_refused(
    whole: bytes, changes: list[tuple[float, int]], end: float
) -> None:
    data = bytearray(whole[: round(len(whole) * end)] if end < 0.5 else whole)
    for where, value in changes:
        if data:
            data[int(where * (len(data) - 1))] = value
    try:
        seen = examine(bytes(data))
    except Unusable:
        return
    assert decode(bytes(data)).size == (seen.width, seen.height)
    assert min(seen.width, seen.height) > 0


CELLS = st.one_of(
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=12),
    st.sampled_from(
        [b64(png(1)).encode(), b64(png(2))[:-7].encode(), b"text", b"image", b"7", b""]
    ),
)


@given(
    rows=st.lists(st.lists(CELLS, max_size=4), max_size=6), end=st.sampled_from([b"\n", b"\r\n"])
)
def test_any_table_is_read_or_refused(rows: list[list[bytes]], end: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "data.tsv")
        path.write_bytes(end.join(b"\t".join(cells) for cells in rows))
        try:
            data = read(path)
        except BadData:
            return
        for sample in data.samples:
            assert sample.open().size == (12, 8)
            assert sample.caption == sample.caption.strip() != ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=2) | st.dictionaries(st.text(max_size=4), some, max_size=2)
    ),
)
ENTRIES = st.fixed_dictionaries(
    {}, optional={"file_name": st.sampled_from(["a.png", "../a.png", "", "."]) | JSON, "text": JSON}
)


@given(rows=st.lists(ENTRIES | JSON, max_size=5))
def test_any_metadata_is_read_or_noted(rows: list[object]) -> None:
    with TemporaryDirectory() as folder:
        lines = "\n".join(json.dumps(row) for row in rows)
        fill(Path(folder), {"a.png": png(1), "metadata.jsonl": lines})
        (sample,) = read(Path(folder), caption="猫").samples
        assert sample.caption


# sameness


def test_the_digest_is_of_pictures_captions_and_their_order(tmp_path: Path) -> None:
    def digest(name: str, files: dict[str, bytes | str]) -> str:
        return read(fill(tmp_path / name, files)).digest

    first = digest("1", pair("a", 1) | pair("b", 2))
    assert digest("same", pair("a", 1) | pair("b", 2)) == first
    assert digest("renamed", pair("x", 1) | pair("y", 2)) == first
    others = [
        digest("caption", pair("a", 1, "两只猫") | pair("b", 2)),
        digest("picture", pair("a", 1) | pair("b", 3)),
        digest("order", pair("b", 1) | pair("a", 2)),
        digest("fewer", pair("a", 1)),
    ]
    assert len({first, *others}) == 5


def test_a_picture_that_has_changed_since_is_refused_by_name(tmp_path: Path) -> None:
    fill(tmp_path, GOOD)
    sample = read(tmp_path).samples[0]
    fill(tmp_path, {sample.name: png(9)})
    with pytest.raises(BadData, match=f"图片 {sample.name} 在训练开始后变了"):
        sample.open()
    (tmp_path / sample.name).unlink()
    with pytest.raises(BadData, match=f"图片 {sample.name} 现在不是普通文件"):
        sample.open()


def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    heard: list[int] = []
    read(fill(tmp_path, GOOD | {"坏.png": b"x"}), caption="猫", tell=heard.append)
    assert heard == [1, 2, 3]


def test_no_torch_is_needed_to_read_data() -> None:
    code = (
        "import sys, generation.training.dataset, generation.training.bucket;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sample_is_small(tmp_path: Path) -> None:
    import pickle

    (sample, *_) = read(fill(tmp_path, GOOD)).samples
    assert isinstance(sample, Sample)
    assert len(pickle.dumps(sample)) < 2_000
