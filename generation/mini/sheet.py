"""The sample sheet: eight rows of eight pictures over things, colours, backgrounds and styles.

Run: python -m generation.mini.sheet --to docs/mini/sheet.jpg
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from generation.mini import FOLDER, styles
from generation.mini.caption import TREATMENTS
from generation.mini.evaluation import Painter, Wish

PLAIN = (
    # things
    *("一只小奶猫", "一只企鹅", "一只熊猫", "一条龙"),
    *("一只猫头鹰", "一只狐狸", "一头鲸鱼", "一只青蛙"),
    *("一朵向日葵", "一朵莲花", "一个蘑菇", "一个汉堡"),
    *("一杯咖啡", "一块生日蛋糕", "一块西瓜", "一碗面"),
    # where they are
    *("雪地里的雪人", "草地上的小猪", "海底的章鱼", "星空下的城堡"),
    *("日落时的一艘船", "沙漠里的骆驼", "森林里的小鹿", "雨天，一把伞"),
    *("海边的螃蟹", "花田里的蝴蝶", "城市里的消防车", "雪山下的火车"),
    # in which colour
    *("粉红色的猫头鹰", "蓝色的兔子", "绿色的狮子", "紫色的大象"),
    # how many, and beside what
    *("两只企鹅在雪地里", "三只小猫", "三个气球，蓝色背景", "两条鱼在海底"),
    *("一只猫和一只狗", "左边一朵玫瑰，右边一只兔子", "火箭和月亮，星空", "熊猫和灯笼"),
)  # fmt: skip
"""Asked in no style: five rows."""

STYLED = (
    *("一只老虎", "一条鱼", "一座城堡", "城市里的汽车"),
    *("一朵郁金香", "一只猫", "一朵樱花", "一只狐狸"),
    *("一条龙", "一只公鸡", "一个蘑菇", "一个机器人"),
    *("雪山下的房子", "一匹马", "海边的椰子树", "独角兽"),
    *("一只熊猫", "一朵莲花", "一把宝剑", "雨天的火车"),
    *("日落时的船", "一头大象", "一只蝴蝶", "星空下的熊"),
)  # fmt: skip
"""Asked in the eight styles, by turns: three rows."""

_COLUMNS, _GAP = 8, 6


def wishes() -> list[Wish]:
    """Give what the sheet asks for, row by row."""
    names = tuple(TREATMENTS)
    plain = [Wish(prompt=words, style=None, seed=7 + i) for i, words in enumerate(PLAIN)]
    return plain + [
        Wish(prompt=f"{words}，{names[i % 8]}风", style=names[i % 8], seed=107 + i)
        for i, words in enumerate(STYLED)
    ]


def lay_out(pictures: Sequence[Image.Image], side: int) -> Image.Image:
    """Set square pictures in rows of eight, each `side` pixels wide."""
    rows = -(-len(pictures) // _COLUMNS)
    size = (_COLUMNS * (side + _GAP) + _GAP, rows * (side + _GAP) + _GAP)
    sheet = Image.new("RGB", size, "white")
    for i, picture in enumerate(pictures):
        x, y = (_GAP + part * (side + _GAP) for part in (i % _COLUMNS, i // _COLUMNS))
        sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (x, y))
    return sheet


def main() -> None:
    """Read the command line and draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=FOLDER)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--side", type=int, default=160)
    given = parser.parse_args()
    painter = Painter(given.model, styles(), dtype=torch.float32)
    pictures = painter.draw(wishes(), tell=lambda _: None)
    lay_out(pictures, given.side).save(given.to, quality=88)


if __name__ == "__main__":
    main()
