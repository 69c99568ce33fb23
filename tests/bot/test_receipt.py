"""The line of what was understood."""

from dataclasses import replace

import pytest

from bot.policy import PolicyConfig, settle
from bot.receipt import facts, written
from bot.request import Request
from bot.style import Styles

STYLES = Styles.load()


def receipt(asked: Request) -> str:
    """Write a request's receipt; what is struck through stands between ~~."""
    line, struck = written(facts(asked, settle(asked, STYLES, PolicyConfig())))
    for start, end in reversed(struck):
        line = f"{line[:start]}~~{line[start:end]}~~{line[end:]}"
    return line


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (Request(prompt="猫"), ""),
        (
            Request(
                prompt="猫", aspect="2:3", styles=("水墨",), count=3, avoid="文字,水印", seed=42
            ),
            "竖版 · 水墨 · 3 张 · 不要：文字、水印 · 种子 42",
        ),
        (Request(prompt="猫", aspect="16:9"), "16:9"),
        (Request(prompt="猫", styles=("国画",)), "水墨"),
        (
            Request(prompt="猫", styles=("赛博朋克", "水墨"), weights=(0.6, 0.4)),
            "赛博朋克 0.6＋水墨 0.4",
        ),
        (Request(prompt="猫", steps=30, guidance=7.5, fast=True), "30 步 · 引导 7.5 · 快速"),
        (Request(prompt="猫", upscale=2), "放大 2 倍"),
        (Request(prompt="{红,蓝,绿}灯"), "3 张"),
        (Request(prompt="{春,夏,秋}天", count=2), "~~6 张~~ 4 张"),
        (Request(prompt="猫", width=512, height=768), "512×768"),
    ],
)
def test_what_was_said_is_repeated_and_nothing_else(asked: Request, line: str) -> None:
    assert receipt(asked) == line


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (Request(prompt="猫", count=10), "~~10 张~~ 4 张"),
        (Request(prompt="猫", steps=1000), "~~1000 步~~ 50 步"),
        (Request(prompt="猫", guidance=99), "~~引导 99~~ 引导 20"),
        (Request(prompt="猫", seed=-1), "~~种子 -1~~"),
        (Request(prompt="猫", strength=0.6), "~~重画 0.6~~"),
        (Request(prompt="猫", upscale=3), "~~放大 3 倍~~ 放大 2 倍"),
        (Request(prompt="猫", width=100, height=100_000), "~~100×100000~~ 64×1024"),
        (
            Request(prompt="猫", aspect="2:3", count=9, steps=99),
            "竖版 · ~~9 张~~ 4 张 · ~~99 步~~ 50 步",
        ),
    ],
)
def test_what_is_clamped_is_struck_through(asked: Request, line: str) -> None:
    assert receipt(asked) == line


def test_a_long_list_is_cut_short() -> None:
    asked = Request(prompt="猫", avoid=",".join(["文字"] * 100))
    assert len(receipt(asked)) < 60
    assert receipt(replace(asked, avoid="文字")) == "不要：文字"
